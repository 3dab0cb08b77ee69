"""The kinds of fields that frames are made of: what fits, and what becomes of it.

Owns the checks of types, sizes, counts and order of one decoded value; never knows which frame it stands in. Lists come
out as tuples, so that a frame cannot be changed. Source: docs/reference/gossip.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, cast

from ledger.encoding import INTEGER_MAX, Value
from ledger.hashing import HASH_SIZE_BYTES


class FieldKind(Protocol):
    """What a field may hold."""

    def fits(self, value: Value) -> bool:
        """Whether a decoded value is of this kind."""

    def made(self, value: Any) -> Any:
        """The field of a frame that a fitting value stands for."""

    def plain(self, field: Any) -> Value:
        """The value that stands for a field of a frame: the way back."""


@dataclass(frozen=True, slots=True)
class Number:
    """An integer from `minimum` to `maximum`."""

    minimum: int = 0
    maximum: int = INTEGER_MAX

    def fits(self, value: Value) -> bool:
        """Whether it is an integer (no bool) of the range."""
        return type(value) is int and self.minimum <= value <= self.maximum

    def made(self, value: Any) -> Any:
        """The integer itself."""
        return value

    def plain(self, field: Any) -> Value:
        """The integer, also where the field is one of an enumeration."""
        return int(field)


@dataclass(frozen=True, slots=True)
class Octets:
    """A byte string of `size_bytes_min` to `size_bytes_max`."""

    size_bytes_max: int
    size_bytes_min: int = 0

    def fits(self, value: Value) -> bool:
        """Whether it is a byte string of such a size."""
        return type(value) is bytes and self.size_bytes_min <= len(value) <= self.size_bytes_max

    def made(self, value: Any) -> Any:
        """The byte string itself."""
        return value

    def plain(self, field: Any) -> Value:
        """The byte string itself."""
        return cast(bytes, field)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def fits(self, value: Value) -> bool:
        """Whether it is one of the two."""
        return type(value) is bool

    def made(self, value: Any) -> Any:
        """The flag itself."""
        return value

    def plain(self, field: Any) -> Value:
        """The flag itself."""
        return cast(bool, field)


@dataclass(frozen=True, slots=True)
class Row:
    """A list of exactly these kinds, which `make` puts together."""

    kinds: tuple[FieldKind, ...]
    make: Callable[..., Any]

    def fits(self, value: Value) -> bool:
        """Whether it is such a list."""
        if type(value) is not list or len(value) != len(self.kinds):
            return False
        return all(kind.fits(item) for kind, item in zip(self.kinds, value, strict=True))

    def made(self, value: Any) -> Any:
        """What `make` makes of the items."""
        return self.make(*[kind.made(item) for kind, item in zip(self.kinds, value, strict=True)])

    def plain(self, field: Any) -> Value:
        """A list of the items."""
        return [kind.plain(item) for kind, item in zip(self.kinds, field, strict=True)]


@dataclass(frozen=True, slots=True)
class ListOf:
    """`count_min` to `count_max` items of one kind; with `ascending` each larger than the one before it.

    Ascending order is also "each once". Rows are compared by their first item.
    """

    item: FieldKind
    count_max: int
    count_min: int = 0
    ascending: bool = False

    def fits(self, value: Value) -> bool:
        """Whether it is such a list."""
        if type(value) is not list or not self.count_min <= len(value) <= self.count_max:
            return False
        if not all(self.item.fits(item) for item in value):
            return False
        return not self.ascending or _is_ascending(value)

    def made(self, value: Any) -> Any:
        """A tuple of the items."""
        return tuple(self.item.made(item) for item in value)

    def plain(self, field: Any) -> Value:
        """A list of the items."""
        return [self.item.plain(item) for item in field]


def _is_ascending(items: list[Any]) -> bool:
    keys = [item[0] for item in items] if items and type(items[0]) is list else items
    return all(one < other for one, other in pairwise(keys))


HASH = Octets(HASH_SIZE_BYTES, HASH_SIZE_BYTES)

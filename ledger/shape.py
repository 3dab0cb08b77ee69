"""Maps of a fixed shape: a class says which items there are, of which types; they are read and written in one go.

Owns the base class of such maps and how they are read. For what is read and written in every transaction; anything
else is a plain dict. Invariants: written, a shape is the canonical map of its items (`ledger.encoding`), those that
have their defaults left out; read, its items are of the declared types and nothing else is there. What a declaration
leaves open, such as the items of a `dict`, is for the class to vouch for.
Source: docs/adr/0001-canonical-messagepack.md.
"""

from collections.abc import Callable
from typing import Annotated, Any, Self, TypeVar

import msgspec

from ledger.encoding import encode_checked
from ledger.errors import DecodingError, EncodingError
from ledger.hashing import HASH_SIZE_BYTES

HashBytes = Annotated[bytes, msgspec.Meta(min_length=HASH_SIZE_BYTES, max_length=HASH_SIZE_BYTES)]

Whole = TypeVar("Whole")


class Shape(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A map; its items are the attributes of a subclass, by their names or as its `rename` says.

    A default is to be a constant (None, "", 0, ()): what is equal to it is not written. Not to be changed once made.
    """

    def changed(self, **items: Any) -> Self:
        """The same map but for these items."""
        return msgspec.structs.replace(self, **items)


def reader_of(whole: type[Whole]) -> Callable[[bytes], Whole]:
    """What reads values of a type, such as a `tuple[int, Shape]`, from bytes that this node has written itself.

    The returned function raises `DecodingError`: the bytes are no such value; the store is damaged. That they are
    canonical is not asked (`ledger.encoding.decode_own`).

    Cost: about 0.8 µs for a record of ten items, a fifth of reading a map and looking at each item.
    """
    read = msgspec.msgpack.Decoder(whole).decode

    def read_whole(data: bytes) -> Whole:
        try:
            return read(data)
        except (ValueError, OverflowError, RecursionError) as error:
            raise DecodingError(
                "the bytes are not of the form that they should have: {reason}", reason=str(error)
            ) from error

    return read_whole


def canonical_reader_of(whole: type[Whole]) -> Callable[[bytes], Whole | None]:
    """What reads values of a type from anybody's bytes: None of those that are not the canonical bytes of one.

    No array may be open in length but in what a declaration leaves open: the library makes room for what is announced.
    Of what is left open the types, integers and depth are not judged (`ledger.encoding.check_decoded` does).

    Cost: about 0.7 µs for a map of seven items.
    """
    read = msgspec.msgpack.Decoder(whole).decode

    def read_whole(data: bytes) -> Whole | None:
        try:
            found = read(data)
            # Duplicate keys, keys out of order and every longer way to write something show here.
            return found if encode_checked(found) == data else None
        # What was left open may hold keys that are no texts: the library cannot put them in order.
        except (ValueError, TypeError, OverflowError, RecursionError, EncodingError):
            return None

    return read_whole

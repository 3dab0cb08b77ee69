"""The arguments of an operation: which there are, of which type, and for whose eyes.

Owns the types, their checks and the classes of data. Never looks at state. Invariant: what is for anyone's or
the ledger's own eyes stands in the clear, everything else only as the commitment of a detached value, so that no
operation can be declared that puts a member's name on the ledger as anything but public.
Source: docs/protocol.md, section 4; docs/reference/contracts.md, "Arguments".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from contracts.argument_reasons import (
    DUPLICATE,
    MISSING,
    NOT_DETACHED,
    OUT_OF_RANGE,
    PATTERN,
    TOO_LONG,
    TOO_MANY,
    UNKNOWN,
    WRONG_TYPE,
)
from contracts.errors import ContractError, Refusal
from ledger.detached import is_commitment
from ledger.encoding import INTEGER_MAX, INTEGER_MIN, Value
from ledger.hashing import HASH_SIZE_BYTES, Hash

# For anyone, and for the rules: these stand in the clear on every node.
CLEAR_CLASSES = frozenset(("public", "ledger"))
# For members, for members of the unit, for nobody without a recorded reading; `role:<name>` comes on top.
DETACHED_CLASSES = frozenset(("members", "unit", "sealed"))

IDENTIFIER_LENGTH_MAX = 128
# What concerns more at once is several transactions; it also keeps the search for duplicates small.
LIST_COUNT_MAX = 256

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ROLE_CLASS = re.compile(r"role:[a-z][a-z0-9-]{0,31}")
# Parts between slashes, none empty and none that begins with a dot: fit for addresses, file names and record keys.
_IDENTIFIER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+:-]*(?:/[A-Za-z0-9_][A-Za-z0-9._@+:-]*)*")
# Control characters (C0, DEL, C1): a text that moves the cursor or hides itself has no place in a record.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# As JSON has it: texts, whole numbers, truth values, lists and maps of them.
Description: TypeAlias = dict[str, object]


class ArgumentType(Protocol):
    """What a value has to be."""

    def check(self, name: str, value: Value) -> None:
        """Refuse `value` for the argument `name`.

        Raises:
            Refusal: `arguments.` and what is wrong.
        """

    def describe(self) -> Description:
        """The type and its bounds, for documents and forms."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text of `size_bytes_min` to `size_bytes_max` bytes of UTF-8, without control characters.

    `pattern` must match the whole text. `multiline` allows line breaks and tabs.
    """

    size_bytes_max: int
    size_bytes_min: int = 1
    pattern: str | None = None
    multiline: bool = False
    _form: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        form = None if self.pattern is None else re.compile(self.pattern, re.ASCII)
        object.__setattr__(self, "_form", form)

    def check(self, name: str, value: Value) -> None:
        """Refuse what is no such text."""
        if type(value) is not str:
            raise Refusal(*WRONG_TYPE, argument=name, expected="text")
        size = len(value) if value.isascii() else len(value.encode())
        if size > self.size_bytes_max:
            raise Refusal(*TOO_LONG, argument=name, size=size, limit=self.size_bytes_max)
        if size < self.size_bytes_min:
            raise Refusal(*OUT_OF_RANGE, argument=name, least=self.size_bytes_min, most=self.size_bytes_max)
        # What is printable holds no control character; most texts are.
        if not value.isprintable() and (_CONTROL_BUT_BREAKS if self.multiline else _CONTROL).search(value):
            raise Refusal(*PATTERN, argument=name, pattern="no control characters")
        form = self._form
        if form is not None and not form.fullmatch(value):
            raise Refusal(*PATTERN, argument=name, pattern=form.pattern)

    def describe(self) -> Description:
        """The bounds in bytes."""
        description: Description = {
            "type": "text",
            "size_bytes_min": self.size_bytes_min,
            "size_bytes_max": self.size_bytes_max,
            "multiline": self.multiline,
        }
        return description | {"pattern": self.pattern} if self.pattern is not None else description


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from `least` to `most`, both included."""

    least: int = INTEGER_MIN
    most: int = INTEGER_MAX

    def check(self, name: str, value: Value) -> None:
        """Refuse what is no such number; a truth value is none."""
        if type(value) is not int:
            raise Refusal(*WRONG_TYPE, argument=name, expected="integer")
        if not self.least <= value <= self.most:
            raise Refusal(*OUT_OF_RANGE, argument=name, least=self.least, most=self.most)

    def describe(self) -> Description:
        """The range."""
        return {"type": "integer", "least": self.least, "most": self.most}


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    def check(self, name: str, value: Value) -> None:
        """Refuse what is neither."""
        if type(value) is not bool:
            raise Refusal(*WRONG_TYPE, argument=name, expected="boolean")

    def describe(self) -> Description:
        """Nothing but the type."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Identifier:
    """The name of a unit, a person, a kind: ASCII, case counts, parts between slashes such as `district/branch-1`."""

    length_max: int = IDENTIFIER_LENGTH_MAX

    def check(self, name: str, value: Value) -> None:
        """Refuse what cannot be part of a record's id."""
        if type(value) is not str:
            raise Refusal(*WRONG_TYPE, argument=name, expected="identifier")
        if len(value) > self.length_max:
            raise Refusal(*TOO_LONG, argument=name, size=len(value), limit=self.length_max)
        if not _IDENTIFIER.fullmatch(value):
            raise Refusal(*PATTERN, argument=name, pattern="letters, digits and ._@+:- between slashes")

    def describe(self) -> Description:
        """The bound on its length."""
        return {"type": "identifier", "length_max": self.length_max}


@dataclass(frozen=True, slots=True)
class HashValue:
    """A hash of 32 bytes."""

    def check(self, name: str, value: Value) -> None:
        """Refuse what has another type or size."""
        if type(value) is not bytes or len(value) != HASH_SIZE_BYTES:
            raise Refusal(*WRONG_TYPE, argument=name, expected="hash of 32 bytes")

    def describe(self) -> Description:
        """Nothing but the type."""
        return {"type": "hash"}


@dataclass(frozen=True, slots=True)
class Octets:
    """A byte string of exactly `size_bytes`, such as a key or a signature."""

    size_bytes: int

    def check(self, name: str, value: Value) -> None:
        """Refuse what has another type or size."""
        if type(value) is not bytes or len(value) != self.size_bytes:
            raise Refusal(*WRONG_TYPE, argument=name, expected=f"byte string of {self.size_bytes}")

    def describe(self) -> Description:
        """The size."""
        return {"type": "octets", "size_bytes": self.size_bytes}


@dataclass(frozen=True, slots=True)
class Bytes:
    """1 to `size_bytes_max` bytes; what they mean is for the operation to find out."""

    size_bytes_max: int

    def check(self, name: str, value: Value) -> None:
        """Refuse what has another type, no bytes or too many."""
        if type(value) is not bytes:
            raise Refusal(*WRONG_TYPE, argument=name, expected="bytes")
        if len(value) > self.size_bytes_max:
            raise Refusal(*TOO_LONG, argument=name, size=len(value), limit=self.size_bytes_max)
        if not value:
            raise Refusal(*OUT_OF_RANGE, argument=name, least=1, most=self.size_bytes_max)

    def describe(self) -> Description:
        """The bound on their number."""
        return {"type": "bytes", "size_bytes_max": self.size_bytes_max}


@dataclass(frozen=True, slots=True)
class Detached:
    """The commitment of a value that lies beside the envelope, `{"#": 32 bytes}`; the value is never looked at."""

    def check(self, name: str, value: Value) -> None:
        """Refuse a value that stands in the clear, and anything else."""
        if not is_commitment(value):
            raise Refusal(*NOT_DETACHED, argument=name)

    def describe(self) -> Description:
        """Nothing but the type; who may read the value is the argument's class."""
        return {"type": "detached"}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of at most `count_max` values of one type; none twice if `distinct`."""

    item: Text | Integer | Boolean | Identifier | HashValue
    count_max: int
    distinct: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.count_max <= LIST_COUNT_MAX:
            raise ContractError("a list argument holds 1 to {limit} values", limit=LIST_COUNT_MAX)

    def check(self, name: str, value: Value) -> None:
        """Refuse what is no list, too long a list, and the first item that does not fit."""
        if type(value) is not list:
            raise Refusal(*WRONG_TYPE, argument=name, expected="list")
        if len(value) > self.count_max:
            raise Refusal(*TOO_MANY, argument=name, count=len(value), limit=self.count_max)
        check = self.item.check
        for item in value:
            check(name, item)
        if self.distinct and any(item in value[:position] for position, item in enumerate(value)):
            raise Refusal(*DUPLICATE, argument=name)

    def describe(self) -> Description:
        """The item's description and the bound."""
        return {
            "type": "list",
            "item": self.item.describe(),
            "count_max": self.count_max,
            "distinct": self.distinct,
        }


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name (`[a-z][a-z0-9_]*`), its type, the class of those who may read it."""

    name: str
    type: ArgumentType
    data_class: str
    optional: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ContractError("{name!r} cannot be the name of an argument", name=self.name)
        clear = self.data_class in CLEAR_CLASSES
        if not clear and self.data_class not in DETACHED_CLASSES and not _ROLE_CLASS.fullmatch(self.data_class):
            raise ContractError(
                "the argument {name} has the unknown class {found}", name=self.name, found=self.data_class
            )
        if clear == isinstance(self.type, Detached):
            raise ContractError(
                "the argument {name} of class {found} must be detached if and only if its class is neither public"
                " nor ledger",
                name=self.name,
                found=self.data_class,
            )

    def describe(self) -> Description:
        """Everything a form needs."""
        return {"name": self.name, "class": self.data_class, "optional": self.optional} | self.type.describe()


class Arguments:
    """A transaction's arguments after the check: what is asked for by its type is of that type.

    Asking for an argument that is not declared so is a bug of the contract and ends in an `AssertionError`.
    """

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Value]) -> None:
        """`values` are checked already and must not be changed."""
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """A text or identifier."""
        value = self._values[name]
        assert isinstance(value, str), name
        return value

    def optional_text(self, name: str) -> str | None:
        """A text or identifier; None where the argument was left out."""
        value = self._values.get(name)
        assert value is None or isinstance(value, str), name
        return value

    def optional_integer(self, name: str) -> int | None:
        """A whole number; None where the argument was left out."""
        value = self._values.get(name)
        assert value is None or isinstance(value, int), name
        return value

    def optional_value(self, name: str) -> Value:
        """The canonical value as it stands in the transaction; None where the argument was left out."""
        return self._values.get(name)

    def integer(self, name: str) -> int:
        """A whole number."""
        value = self._values[name]
        assert isinstance(value, int), name
        return value

    def boolean(self, name: str) -> bool:
        """A truth value."""
        value = self._values[name]
        assert isinstance(value, bool), name
        return value

    def hash(self, name: str) -> Hash:
        """A hash of 32 bytes."""
        value = self._values[name]
        assert isinstance(value, bytes), name
        return value

    def octets(self, name: str) -> bytes:
        """A byte string."""
        value = self._values[name]
        assert isinstance(value, bytes), name
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts or identifiers; empty where the argument was left out."""
        value = self._values.get(name, [])
        assert isinstance(value, list), name
        return [item for item in value if isinstance(item, str)]

    def integers(self, name: str) -> list[int]:
        """A list of whole numbers; empty where the argument was left out."""
        value = self._values.get(name, [])
        assert isinstance(value, list), name
        return [item for item in value if type(item) is int]

    def map(self, name: str) -> dict[str, Value]:
        """A map, such as the fields of a record; empty where the argument was left out. Not to be changed."""
        value = self._values.get(name, {})
        assert isinstance(value, dict), name
        return value

    def given(self, names: Iterable[str]) -> dict[str, Value]:
        """Those of `names` that were given, with their canonical values."""
        values = self._values
        found: dict[str, Value] = {}
        # No comprehension, which is a function that is made and called each time.
        for name in names:
            if name in values:
                found[name] = values[name]
        return found

    def value(self, name: str) -> Value:
        """The canonical value as it stands in the transaction, such as a commitment map."""
        return self._values[name]


class Declaration:
    """The arguments that one operation takes."""

    __slots__ = ("_checks", "_required", "arguments")

    def __init__(self, arguments: Iterable[Argument]) -> None:
        """Declare them, in the order of documents.

        Raises:
            ContractError: two have one name.
        """
        self.arguments = tuple(arguments)
        # What checks the value of each.
        self._checks = {argument.name: argument.type.check for argument in self.arguments}
        self._required = frozenset(argument.name for argument in self.arguments if not argument.optional)
        if len(self._checks) != len(self.arguments):
            raise ContractError("an operation declares two arguments of one name")

    def check(self, values: dict[str, Value]) -> Arguments:
        """The arguments, if they are as declared.

        Raises:
            Refusal: `arguments.` and what is wrong, with the argument's name; missing ones come first.
        """
        if not values.keys() >= self._required:
            raise self._missing(values)
        checks = self._checks
        for name, value in values.items():
            if name not in checks:
                raise Refusal(*UNKNOWN, argument=name)
            checks[name](name, value)
        return Arguments(values)

    def _missing(self, values: dict[str, Value]) -> Refusal:
        """Names the first argument, in the order of documents, that is missing."""
        missing = [one.name for one in self.arguments if not one.optional and one.name not in values]
        return Refusal(*MISSING, argument=missing[0])

"""The types of rules, and the values that stand for them.

Owns the types and the two questions about them: which fits where another is wanted, and which can be compared. Never
looks at a value but in `conforms`. Invariant: the values are those of the ledger's encoding, so that a record is used
as it was read:

    boolean bool · integer, money, date, time int · text, enum, reference str · hash bytes · record a map
    list a list · optional the value, or None

Money is in the smallest unit, a date in days since 1970-01-01, a time in milliseconds since 1970 UTC.
Source: docs/reference/rules.md, "Types".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from keyword import iskeyword
from typing import TypeAlias

from contracts.rules.errors import RuleDeclarationError
from ledger.encoding import INTEGER_MAX, INTEGER_MIN

RuleValue: TypeAlias = "bool | int | str | bytes | Sequence[RuleValue] | Mapping[str, RuleValue] | None"

# A list longer than this costs all the fuel of a rule at one visit, so it is of no use.
LIST_COUNT_MAX = 10_000

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def is_rule_name(name: str) -> bool:
    """Whether names, fields and functions may be called so: small ASCII letters, and no word of the language."""
    return _NAME.fullmatch(name) is not None and not iskeyword(name)


def check_rule_name(name: str) -> None:
    """Refuse a name that no expression could contain.

    Raises:
        RuleDeclarationError
    """
    if not is_rule_name(name):
        raise RuleDeclarationError(
            "{name} cannot be a name in rules: small ASCII letters, digits and _ (64 at most), and no word of Python",
            name=repr(name),
        )


@dataclass(frozen=True, slots=True)
class ScalarType:
    """A type without parts; there are the seven below."""

    name: str

    def __str__(self) -> str:
        return self.name


BOOLEAN = ScalarType("boolean")
INTEGER = ScalarType("integer")
MONEY = ScalarType("money")
TEXT = ScalarType("text")
DATE = ScalarType("date")
TIME = ScalarType("time")
HASH = ScalarType("hash")


@dataclass(frozen=True, slots=True)
class EnumType:
    """One of several texts, compared with literals that have to be among them."""

    name: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.values or len(set(self.values)) != len(self.values):
            raise RuleDeclarationError("the enum {name} has no values, or one of them twice", name=self.name)

    def __str__(self) -> str:
        return f"enum {self.name}"


@dataclass(frozen=True, slots=True)
class ReferenceType:
    """The id of a record of one kind."""

    kind: str

    def __str__(self) -> str:
        return f"reference to {self.kind}"


@dataclass(frozen=True, slots=True)
class RecordType:
    """A map with typed fields; make it with `record_type`."""

    name: str
    fields: tuple[tuple[str, "Type"], ...]

    def field(self, name: str) -> "Type | None":
        """The type of the field `name`; None if there is none."""
        return dict(self.fields).get(name)

    def __str__(self) -> str:
        return f"record {self.name}"


@dataclass(frozen=True, slots=True)
class ListType:
    """At most `count_max` values of one type, none of them missing."""

    item: "Type"
    count_max: int

    def __post_init__(self) -> None:
        if not 1 <= self.count_max <= LIST_COUNT_MAX or isinstance(self.item, OptionalType):
            raise RuleDeclarationError(
                "a list holds 1 to {limit} values, and none of them is optional", limit=LIST_COUNT_MAX
            )

    def __str__(self) -> str:
        return f"list of {self.item}"


@dataclass(frozen=True, slots=True)
class OptionalType:
    """A value that need not be there."""

    item: "Type"

    def __post_init__(self) -> None:
        if isinstance(self.item, OptionalType):
            raise RuleDeclarationError("an optional type is not made optional again")

    def __str__(self) -> str:
        return f"optional {self.item}"


@dataclass(frozen=True, slots=True)
class LiteralType:
    """Only for parameters of functions: a text written out in the rule that is one of these, such as a role's name."""

    values: frozenset[str]

    def __str__(self) -> str:
        return "one of " + ", ".join(f'"{value}"' for value in sorted(self.values))


@dataclass(frozen=True, slots=True)
class FractionType:
    """What `fraction` gives: exact, and only to be compared with values of the type `of` (integer or money)."""

    of: "Type"

    def __str__(self) -> str:
        return f"fraction of {self.of}"


Type: TypeAlias = (
    ScalarType | EnumType | ReferenceType | RecordType | ListType | OptionalType | LiteralType | FractionType
)

ORDERED = frozenset((INTEGER, MONEY, DATE, TIME))
NUMBERS = frozenset((INTEGER, MONEY))


def record_type(name: str, fields: Mapping[str, Type]) -> RecordType:
    """A record type of `fields`, in their order.

    Raises:
        RuleDeclarationError: a field's name cannot stand in an expression.
    """
    for field in fields:
        check_rule_name(field)
    return RecordType(name, tuple(fields.items()))


def check_declarable(one: Type) -> None:
    """Refuse a type that values of an environment cannot have: fractions, and literals of a list, also inside of it.

    Raises:
        RuleDeclarationError
    """
    if isinstance(one, LiteralType | FractionType):
        raise RuleDeclarationError("no value has the type {found}: it is for functions only", found=str(one))
    if isinstance(one, OptionalType | ListType):
        check_declarable(one.item)
    elif isinstance(one, RecordType):
        for _, field in one.fields:
            check_declarable(field)


def fits(found: Type, wanted: Type) -> bool:
    """Whether a value of type `found` can stand where `wanted` is asked for."""
    if found == wanted:
        return True
    if isinstance(wanted, OptionalType):
        return fits(found.item if isinstance(found, OptionalType) else found, wanted.item)
    if isinstance(wanted, ListType) and isinstance(found, ListType):
        return found.count_max <= wanted.count_max and fits(found.item, wanted.item)
    return wanted == TEXT and isinstance(found, ReferenceType | LiteralType)


def joined(one: Type, other: Type) -> Type | None:
    """The type that both fit into; None if there is none."""
    if isinstance(one, ListType) and isinstance(other, ListType):
        item = joined(one.item, other.item)
        return None if item is None else ListType(item, max(one.count_max, other.count_max))
    if fits(one, other):
        return other
    if fits(other, one):
        return one
    return TEXT if fits(one, TEXT) and fits(other, TEXT) else None


def has_equality(one: Type) -> bool:
    """Whether values can be told apart by `==`: everything but records, lists, fractions and optional values."""
    return isinstance(one, ScalarType | EnumType | ReferenceType | LiteralType)


def can_equal(one: Type, other: Type) -> bool:
    """Whether `==` between the two makes sense."""
    if not has_equality(one) or not has_equality(other):
        return False
    return fits(one, other) or fits(other, one)


def conforms(value: object, wanted: Type) -> bool:
    """Whether `value` is of the type `wanted`, as every value that an environment gives has to be.

    For engines and tests: the evaluator relies on it and does not ask. Cost: linear in the size of the value.
    """
    match wanted:
        case OptionalType(item):
            return value is None or conforms(value, item)
        case RecordType():
            return isinstance(value, Mapping) and all(conforms(value.get(name), of) for name, of in wanted.fields)
        case ListType(item):
            if not isinstance(value, list | tuple) or len(value) > wanted.count_max:
                return False
            return all(conforms(one, item) for one in value)
        case EnumType() | LiteralType():
            return isinstance(value, str) and value in wanted.values
        case ReferenceType():
            return isinstance(value, str)
        case ScalarType():
            return _conforms_scalar(value, wanted)
        case FractionType():
            return False


def _conforms_scalar(value: object, wanted: ScalarType) -> bool:
    if wanted == BOOLEAN:
        return isinstance(value, bool)
    if wanted == TEXT:
        return isinstance(value, str)
    if wanted == HASH:
        return isinstance(value, bytes)
    return type(value) is int and INTEGER_MIN <= value <= INTEGER_MAX

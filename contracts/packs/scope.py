"""What the rules of a record type may speak of: names and functions with their types.

Owns the translation of fields and parameters into types of the rule language, and the signatures of the functions that
the record engine supplies. Never evaluates. Invariant: what stands beside the ledger (a detached field) has no name
here. Source: docs/reference/packs.md, "What rules speak of".
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from contracts.ballots.comparison import COUNTS
from contracts.packs.record_type import TypeDefinition
from contracts.packs.rule_names import VOTE_NAMES, foreign_function, parameter_name
from contracts.packs.used import Uses
from contracts.rules.scope import Parameter, Scope, Signature
from contracts.rules.types import (
    BOOLEAN,
    DATE,
    HASH,
    INTEGER,
    MONEY,
    TEXT,
    TIME,
    EnumType,
    ListType,
    LiteralType,
    OptionalType,
    ReferenceType,
    Type,
)
from contracts.units.tree import DEPTH_MAX

_SCALARS: dict[str, Type] = {
    "boolean": BOOLEAN,
    "date": DATE,
    "hash": HASH,
    "integer": INTEGER,
    "money": MONEY,
    "person": TEXT,
    "text": TEXT,
    "time": TIME,
    "unit": TEXT,
}
# As the rule language counts: 20 for a read of the state.
_READ_FUEL = 20
# The lists of holidays are read, and looked through by halves.
_DAYS_FUEL = 40
# Two hundred bytes and more are encoded and hashed.
_HASH_FUEL = 30
# An attendance list and its eight pages.
_LIST_FUEL = 9 * _READ_FUEL
# A ballot with its terms and its result is a larger record than most.
_BALLOT_FUEL = 2 * _READ_FUEL
# A unit's books, its roll, and eight sheets of dues.
_DUES_FUEL = 10 * _READ_FUEL
# Each level of the tree is a read.
_WALK_FUEL = DEPTH_MAX * _READ_FUEL
# Looking for an office can take two reads, a delegation's grantor included.
_ROLE_FUEL = 60

_BALLOT = Parameter("ballot", INTEGER)
_BALLOT_FUNCTIONS = (
    Signature("ballot_casting", (_BALLOT,), OptionalType(TEXT), _BALLOT_FUEL),
    Signature("ballot_concerns", (_BALLOT,), BOOLEAN, _BALLOT_FUEL),
    Signature("ballot_count", (Parameter("count", LiteralType(frozenset(COUNTS))), _BALLOT), INTEGER, _BALLOT_FUEL),
    Signature("ballot_elected", (_BALLOT, Parameter("person", TEXT)), BOOLEAN, _BALLOT_FUEL),
    Signature("ballot_outcome", (_BALLOT,), OptionalType(TEXT), _BALLOT_FUEL),
    Signature("ballot_tellers", (_BALLOT,), INTEGER, _BALLOT_FUEL),
    Signature("ballot_votes", (_BALLOT, Parameter("option", TEXT)), INTEGER, _BALLOT_FUEL),
)


class TypedField(Protocol):
    """A field as far as its type goes: one of this record type, or of another one."""

    @property
    def type(self) -> str:
        """Its type, `list of` included."""

    @property
    def values(self) -> Collection[str]:
        """What an enum can be."""

    @property
    def kind(self) -> str | None:
        """What a reference leads to."""

    @property
    def count_max(self) -> int | None:
        """The bound of a list."""


class ForeignField(NamedTuple):
    """A field of another kind of record."""

    kind: str
    field: str


def type_of(name: str, field: TypedField) -> Type:
    """The type that rules know a field's value by."""
    item = field.type.removeprefix("list of ")
    found: Type
    if item == "enum":
        found = EnumType(name, tuple(sorted(field.values)))
    elif item == "reference":
        found = ReferenceType(field.kind or "")
    else:
        found = _SCALARS[item]
    return ListType(found, field.count_max or 1) if field.type != item else found


def parameter_type(name: str) -> Type:
    """The type that rules know a parameter of the type `name` by."""
    return _SCALARS[name]


def foreign_functions(uses: Uses) -> dict[str, ForeignField]:
    """The functions that look into fields of other types: `club_member_fee(id)` is `fee` of a `club-member`."""
    return {
        foreign_function(kind, name): ForeignField(kind, name) for kind, fields in uses.types.items() for name in fields
    }


def scope_of(
    definition: TypeDefinition,
    present: Collection[str] = (),
    *,
    votes: bool = False,
    functions: Collection[Signature] | None = None,
) -> Scope:
    """What rules of this type may speak of.

    Args:
        definition: Consistent in its fields, parameters and uses.
        present: Names of fields that are there for sure, beside the required ones.
        votes: Whether the counts of a vote are there.
        functions: `functions_of(definition)`, for who asks for several scopes of a type.
    """
    names: dict[str, Type] = {
        "unit": TEXT,
        "state": TEXT,
        "record_id": ReferenceType(definition.kind),
        "since_days": INTEGER,
        "today": DATE,
        "now": TIME,
        "sender_person": OptionalType(TEXT),
    }
    if votes:
        names |= dict.fromkeys(VOTE_NAMES, INTEGER)
    for name, field in definition.fields.items():
        if not field.is_detached:
            found = type_of(name, field)
            names[name] = found if field.required or name in present else OptionalType(found)
    for name, parameter in definition.parameters.items():
        names[parameter_name(name)] = parameter_type(parameter.type)
    return Scope(names, functions_of(definition) if functions is None else functions)


def functions_of(definition: TypeDefinition) -> list[Signature]:
    """The functions that rules of this type may call; the same for all of them."""
    uses, own_kind = definition.uses, definition.kind
    person, unit, record = Parameter("person", TEXT), Parameter("in_unit", TEXT), Parameter("record", TEXT)
    known_kind = Parameter("kind", LiteralType(frozenset((own_kind, *uses.types))))
    found = [
        Signature("record_state", (known_kind, record), OptionalType(TEXT), _READ_FUEL),
        Signature("record_unit", (known_kind, record), OptionalType(TEXT), _READ_FUEL),
        *_BALLOT_FUNCTIONS,
        Signature("top_unit", (), TEXT, _WALK_FUEL),
        Signature("commitment_of", (Parameter("salt", HASH), Parameter("words", TEXT)), HASH, _HASH_FUEL),
        Signature("is_working_day", (Parameter("day", DATE),), BOOLEAN, _DAYS_FUEL),
        Signature("working_days_between", (Parameter("first", DATE), Parameter("last", DATE)), INTEGER, _DAYS_FUEL),
        Signature("has_signed_in", (Parameter("session", INTEGER), person), BOOLEAN, _LIST_FUEL),
        Signature("dues_owed_since", (person,), OptionalType(DATE), _DUES_FUEL),
    ]
    if uses.roles:
        role = Parameter("role", LiteralType(frozenset(uses.roles)))
        found += [
            Signature("ballot_asked", (role, _BALLOT), BOOLEAN, _BALLOT_FUEL),
            Signature("has_role", (role, person), BOOLEAN, _ROLE_FUEL),
            Signature("has_role_in", (role, person, unit), BOOLEAN, _ROLE_FUEL),
            Signature("role_count", (role,), INTEGER, _READ_FUEL),
            Signature("role_since", (role, person), OptionalType(TIME), _ROLE_FUEL),
            Signature("role_since_in", (role, person, unit), OptionalType(TIME), _ROLE_FUEL),
            Signature("signed_in", (role, Parameter("session", INTEGER)), INTEGER, _READ_FUEL),
        ]
    if uses.counters:
        counter = Parameter("counter", LiteralType(frozenset(uses.counters)))
        found += [
            Signature("counter", (counter,), INTEGER, _READ_FUEL),
            Signature("counter_of", (counter, Parameter("key", TEXT)), INTEGER, _READ_FUEL),
        ]
    for name, (kind, field) in foreign_functions(uses).items():
        of = type_of(field, uses.types[kind][field])
        found.append(Signature(name, (record,), OptionalType(of), _READ_FUEL))
    return found


def fields_present(definition: TypeDefinition, transitions: Collection[str]) -> frozenset[str]:
    """The fields that are there whenever one of these transitions is judged, because each of them requires it."""
    required: Mapping[str, frozenset[str]] = {
        name: frozenset(definition.transitions[name].requires) for name in transitions
    }
    return frozenset.intersection(*required.values()) if required else frozenset()

"""A record type: its fields, its states, the transitions between them and the rules that guard these.

Owns the definition and its canonical bytes. Invariants: whatever `decode` returns is consistent in itself (every name
is declared, every state can be reached, every rule fits the types), and `encode` gives the very same bytes again. A
definition holds all that executing it needs; only the roles and the other types that it names are elsewhere. Source:
docs/reference/packs.md, "Record types".
"""

from dataclasses import dataclass, field
from functools import lru_cache

from contracts.packs.check import Check
from contracts.packs.fault import Faults, PackFault
from contracts.packs.field import Field
from contracts.packs.form import Form
from contracts.packs.limits import (
    ARTICLE_SIZE_BYTES_MAX,
    CHECKS_MAX,
    FIELDS_MAX,
    ID_FIELDS_MAX,
    PARAMETERS_MAX,
    PART_SIZE_BYTES_MAX,
    RULES_MAX,
    STATES_MAX,
    TRANSITIONS_MAX,
)
from contracts.packs.names import FIELD_NAME, FIELD_NAME_HINT, NAME, NAME_HINT
from contracts.packs.parameter import Parameter
from contracts.packs.rule import Rule
from contracts.packs.transition import Transition
from contracts.packs.used import Uses
from contracts.packs.words import Words, read_title
from ledger.encoding import Value, decode, encode
from ledger.errors import DecodingError, EncodingError
from ledger.hashing import Hash, tagged_hash

# In the place of field names: the records of a unit are counted from 1.
NUMBERED = ("number",)


@dataclass(frozen=True, slots=True)
class State:
    """A state that a record can be in. `final`: nothing leads out of it. `amendable`: fields may be corrected in it."""

    name: str
    title: Words
    final: bool = False
    amendable: bool = False

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {"title": self.title.to_value()}
        for key, flag in (("final", self.final), ("amendable", self.amendable)):
            if flag:
                value[key] = True
        return value

    @classmethod
    def read(cls, name: str, value: Value, path: str, faults: Faults) -> "State":
        """The state in the map `value`."""
        form = Form(value, path, faults)
        state = cls(name, read_title(form), form.boolean("final"), form.boolean("amendable"))
        form.close()
        return state


@dataclass(frozen=True, slots=True)
class TypeDefinition:
    """One record type of a pack.

    `id`: names of fields, or `("number",)`. `subject`: the field with the person whom a record is about. `parameters`:
    those that this type uses. `uses`: what its rules take from elsewhere in the pack.
    `migration`: which state of the version before becomes which, where the name is not the same. `checks`: what is
    looked at in every period by itself.
    """

    kind: str
    title: Words
    id: tuple[str, ...]
    fields: dict[str, Field]
    states: dict[str, State]
    transitions: dict[str, Transition]
    rules: dict[str, Rule] = field(default_factory=dict)
    article: str = ""
    subject: str | None = None
    parameters: dict[str, Parameter] = field(default_factory=dict)
    uses: Uses = field(default_factory=Uses)
    migration: dict[str, str] = field(default_factory=dict)
    checks: dict[str, Check] = field(default_factory=dict)

    @property
    def is_numbered(self) -> bool:
        """Whether its records are counted in their unit."""
        return self.id == NUMBERED

    def creating(self) -> tuple[Transition, ...]:
        """The transitions that make a record, in the order of names."""
        return tuple(one for one in self.transitions.values() if one.creates)

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {
            "field": {name: one.to_value() for name, one in self.fields.items()},
            "id": list(self.id),
            "kind": self.kind,
            "state": {name: one.to_value() for name, one in self.states.items()},
            "title": self.title.to_value(),
            "transition": {name: one.to_value() for name, one in self.transitions.items()},
        }
        if self.article:
            value["article"] = self.article
        if self.subject is not None:
            value["subject"] = self.subject
        if self.rules:
            value["rule"] = {name: one.to_value() for name, one in self.rules.items()}
        if self.parameters:
            value["parameter"] = {name: one.to_value() for name, one in self.parameters.items()}
        if uses := self.uses.to_value():
            value["uses"] = uses
        if self.migration:
            value["migration"] = dict(self.migration)
        if self.checks:
            value["check"] = {name: one.to_value() for name, one in self.checks.items()}
        return value

    def encode(self) -> bytes:
        """The bytes of the part.

        Raises:
            PackFault: they would be more than a part may have.
        """
        try:
            data = encode(self.to_value())
        except EncodingError as error:
            raise PackFault(
                "the definition of {kind} has no canonical form: {reason}", kind=self.kind, reason=error
            ) from None
        if len(data) > PART_SIZE_BYTES_MAX:
            raise PackFault(
                "the definition of {kind} has {size} bytes, allowed are {limit}; make two types of it or shorten texts",
                kind=self.kind,
                size=len(data),
                limit=PART_SIZE_BYTES_MAX,
            ).at(f"type.{self.kind}")
        return data

    @classmethod
    def read(cls, value: Value, path: str, faults: Faults) -> "TypeDefinition":
        """The definition in the map `value`; what it says is not yet checked against itself."""
        form = Form(value, path, faults)
        subject = form.matching("subject", FIELD_NAME, FIELD_NAME_HINT, optional=True)
        found = cls(
            kind=form.matching("kind", NAME, NAME_HINT),
            title=read_title(form),
            id=form.names("id", FIELD_NAME, FIELD_NAME_HINT, ID_FIELDS_MAX, least=1),
            fields=form.table("field", FIELD_NAME, FIELD_NAME_HINT, FIELDS_MAX, Field.read),
            states=form.table("state", NAME, NAME_HINT, STATES_MAX, State.read, least=1),
            transitions=form.table("transition", NAME, NAME_HINT, TRANSITIONS_MAX, Transition.read, least=1),
            rules=form.table("rule", NAME, NAME_HINT, RULES_MAX, Rule.read),
            article=form.text("article", ARTICLE_SIZE_BYTES_MAX, optional=True),
            subject=subject or None,
            parameters=form.table("parameter", NAME, NAME_HINT, PARAMETERS_MAX, Parameter.read),
            uses=Uses.read(form.form("uses")),
            migration=form.table("migration", NAME, NAME_HINT, STATES_MAX, _read_state_name),
            checks=form.table("check", NAME, NAME_HINT, CHECKS_MAX, Check.read),
        )
        form.close()
        return found

    @classmethod
    def decode(cls, data: bytes) -> "TypeDefinition":
        """The definition in the bytes of a part; consistent in itself. Shared: nobody changes the maps in it.

        Raises:
            PackFault: the first thing that is wrong. Nothing else is ever raised.

        Cost: about 3 ms for each kilobyte the first time, most of it for rules.
        """
        return _decoded(data)


# A part is read when it is published, when the pack that lists it is, and when it comes into force: the parts of the
# largest pack and of the one that it takes the place of.
@lru_cache(maxsize=64)
def _decoded(data: bytes) -> TypeDefinition:
    from contracts.packs.type_check import check_type

    try:
        value = decode(data, PART_SIZE_BYTES_MAX)
    except DecodingError as error:
        raise PackFault("the bytes are no part of a pack: {reason}", reason=error) from None
    faults = Faults(strict=True)
    definition = TypeDefinition.read(value, "", faults)
    check_type(definition, "", faults)
    if definition.encode() != data:
        raise PackFault("the part is not in its one canonical form")
    return definition


def part_hash(data: bytes) -> Hash:
    """The hash by which a part is known."""
    return tagged_hash("pack-part", data)


def _read_state_name(_name: str, value: Value, path: str, faults: Faults) -> str:
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    faults.add(PackFault("the name of a state is wanted here"), path)
    return ""

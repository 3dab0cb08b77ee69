"""The fields that a transition is given: which it may set, and whether what they name is there.

Owns the checks that need the state or the transition; what a single value may be is for the definition of its field to
say (`contracts.packs.field`). Invariant: what passed names only units, persons and records that are there.
Source: docs/reference/records.md, "Fields".
"""

from typing import NamedTuple

from contracts.errors import Refusal
from contracts.members.person import KIND_PERSON
from contracts.packs.effect import SetField
from contracts.packs.field import Field
from contracts.packs.record_type import TypeDefinition
from contracts.packs.transition import Transition
from contracts.record import Record
from contracts.records.identity import is_record_id
from contracts.records.reasons import (
    FIELD_MISSING,
    FIELD_NOT_SET,
    FIELD_PERSON,
    FIELD_REFERENCE,
    FIELD_STATE,
    FIELD_UNIT,
    FIELD_UNKNOWN,
)
from contracts.run_context import RunContext
from contracts.units.tree import KIND_UNIT
from ledger.encoding import Value

_NAMING = frozenset(("reference", "person", "unit"))


def changed_values(
    context: RunContext,
    definition: TypeDefinition,
    transition: Transition,
    state: str,
    values: dict[str, Value],
    given: dict[str, Value],
) -> dict[str, Value]:
    """The values of a record after a transition has set what it was given.

    Args:
        state: The record's before the transition; "" where it is created.
        values: Before the transition; left as they are.
        given: By name of field; None takes a value away.

    Raises:
        Refusal: `records.field-` or `packs.field-` and what is wrong, with the field's name.
    """
    kind = definition.kind
    after = dict(values)
    for name, value in given.items():
        field = definition.fields.get(name)
        if field is None:
            raise Refusal(*FIELD_UNKNOWN, kind=kind, field=name)
        if name not in transition.sets:
            known = ", ".join(transition.sets) or "-"
            raise Refusal(*FIELD_NOT_SET, transition=transition.name, kind=kind, field=name, known=known)
        if state == transition.to and name in values and state not in field.states:
            raise Refusal(*FIELD_STATE, kind=kind, field=name, state=state)
        if value is None:
            after.pop(name, None)
        else:
            check_value(context, field, value)
            after[name] = value
    return after


def check_value(context: RunContext, field: Field, value: Value) -> None:
    """Refuse a value that the field cannot hold, or that names what is not there.

    Raises:
        Refusal: `packs.field-` or `records.field-` and what is wrong.
    """
    field.check(value)
    if field.item_type in _NAMING and not field.is_detached:
        for one in value if isinstance(value, list) else (value,):
            assert isinstance(one, str), "the field has checked it"
            _check_named(context, field, one)


class Needed(NamedTuple):
    """The fields without which a transition is not taken, in the order of looking.

    `judged`: when it is judged, without those that its effects give a value later. `taken`: when its effects are done.
    """

    judged: tuple[str, ...]
    taken: tuple[str, ...]


def needed_fields(definition: TypeDefinition, transition: Transition) -> Needed:
    """What this transition needs, and, where it creates the record, what the record always needs."""
    always = [name for name, field in definition.fields.items() if field.required] if transition.creates else []
    taken = (*transition.requires, *always)
    set_later = {one.field for one in transition.effects if isinstance(one, SetField)}
    return Needed(tuple(name for name in taken if name not in set_later), taken)


def check_present(
    definition: TypeDefinition, transition: Transition, needed: tuple[str, ...], values: dict[str, Value]
) -> None:
    """Refuse a record whose `values` lack one of those `needed`.

    Raises:
        Refusal: `records.field-missing`.
    """
    for name in needed:
        if name not in values:
            raise Refusal(*FIELD_MISSING, transition=transition.name, kind=definition.kind, field=name)


def is_there(context: RunContext, kind: str, record_id: str) -> bool:
    """Whether there is such a record; one whose creation still waits for approvals is not there."""
    if not is_record_id(record_id):
        return False
    content = context.content(kind, record_id)
    return content is not None and Record.decode_own(content).fields.get("state") != ""


def _check_named(context: RunContext, field: Field, value: str) -> None:
    if field.item_type == "person":
        # An applicant need not be enrolled: whom a field may name is the pack's to say.
        if field.enrolled and not is_there(context, KIND_PERSON, value):
            raise Refusal(*FIELD_PERSON, field=field.name, value=value)
    elif field.item_type == "unit":
        if not is_there(context, KIND_UNIT, value):
            raise Refusal(*FIELD_UNIT, field=field.name, value=value)
    else:
        assert field.kind is not None, "a reference names a kind"
        if not is_there(context, field.kind, value):
            raise Refusal(*FIELD_REFERENCE, field=field.name, wanted=field.kind, value=value)

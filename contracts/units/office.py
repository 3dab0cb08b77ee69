"""Offices: who holds which role in a unit, since when, until when; being a member is the office `member`.

Owns the record `office/<unit>/<role>/<person>` and the question whether an office is held. Never judges who asks for a
change, reports no events, and never asks whether the person is known: honorary offices outlive a membership. Contracts
that borrow `BORROWED_FOR_OFFICES` give and end offices through these functions. Invariants: an office is held while its
record says so, its term runs and its unit is active; a delegated one, while its giver holds it too; what is held in
one's own right is counted (`contracts.units.role_count`), what is delegated is not; no record is ever removed.
Source: docs/reference/units.md, "Offices".
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from contracts.errors import Reason, Refusal
from contracts.record import Record
from contracts.units.role_count import ENDS_TOO_MANY, KIND_ROLE_COUNT, count_office, uncount_office
from contracts.units.tree import active_unit, find_unit, is_active, unit_subject
from ledger.encoding import Value

if TYPE_CHECKING:
    from contracts.run_context import RunContext

KIND_OFFICE = "office"
STATE_HELD = "held"
STATE_ENDED = "ended"
# What a contract has to borrow to give and end offices.
BORROWED_FOR_OFFICES = frozenset((KIND_OFFICE, KIND_ROLE_COUNT))

HELD = Reason("units.office-held", "{person} is {role} of the unit {unit} already")
NOT_HELD = Reason("units.office-not-held", "{person} is not {role} of the unit {unit}")
SINCE_LATER = Reason("units.term-later", "the office would begin at {since} ms, and it is {now} ms; give it then")
TERM_EMPTY = Reason("units.term-empty", "the office would end at {until} ms, not after its beginning at {since} ms")
DELEGATED = Reason(
    "units.office-delegated",
    "{person} is {role} of the unit {unit} for {delegator} only; revoke the delegation instead",
)

OFFICE_REASONS = (HELD, NOT_HELD, SINCE_LATER, TERM_EMPTY, DELEGATED, ENDS_TOO_MANY)


def office_id(unit: str, role: str, person: str) -> str:
    """The id of the record of an office that a person holds or held."""
    return f"{unit}/{role}/{person}"


def person_subject(person: str) -> str:
    """The subject in whose chain everything that concerns the person is linked."""
    return f"person/{person}"


def is_held(context: "RunContext", unit: str, role: str, person: str) -> bool:
    """Whether the person holds the office now, in their own right or for somebody who does.

    Cost: one read if not; two if so, three for a delegated one.
    """
    content = context.content(KIND_OFFICE, office_id(unit, role, person))
    if content is None:
        return False
    record = _office(content)
    if not runs(record, context.time_ms) or not is_active(context, unit):
        return False
    delegator = record.fields.get("delegated_by")
    return delegator is None or _is_own(context, unit, role, delegator)


def held_since(context: "RunContext", unit: str, role: str, person: str) -> int | None:
    """Since when the person has held the office, milliseconds since 1970 UTC; None if they do not hold it now."""
    if not is_held(context, unit, role, person):
        return None
    record = context.read(KIND_OFFICE, office_id(unit, role, person))
    assert record is not None
    since = record.fields["since"]
    assert isinstance(since, int)
    return since


def appoint(
    context: "RunContext",
    unit: str,
    role: str,
    person: str,
    since_ms: int,
    until_ms: int | None,
    basis: str = "",
    body: Value = None,
) -> None:
    """Let a person hold an office in their own right; also one who held it before, or holds it for somebody.

    Args:
        context: The transaction or timer under way.
        unit: An active unit.
        role: As `contracts.units.names.ROLE`.
        person: As `contracts.units.names.PERSON`.
        since_ms: Not after the block's time; earlier for what is recorded later.
        until_ms: The term, exclusive; None for an indefinite time. May be over already: history is recorded so.
        basis: The rule or decision that gives it, in words or as an id; "" for none.
        body: The commitment of a detached value about it; None for none.

    Raises:
        Refusal: `units.not-found`, `units.not-active`, `units.office-held`, `units.term-later`, `units.term-empty`,
            `units.terms-too-many`.
    """
    active_unit(context, unit)
    if since_ms > context.time_ms:
        raise Refusal(*SINCE_LATER, since=since_ms, now=context.time_ms)
    if until_ms is not None and until_ms <= since_ms:
        raise Refusal(*TERM_EMPTY, since=since_ms, until=until_ms)
    if _is_own(context, unit, role, person):
        raise Refusal(*HELD, unit=unit, role=role, person=person)
    fields: dict[str, Value] = {"basis": basis} if basis else {}
    if body is not None:
        fields["body"] = body
    fields["since"] = since_ms
    if until_ms is not None:
        fields["until"] = until_ms
    count_office(context, unit, role, until_ms)
    write_office(context, unit, role, person, STATE_HELD, fields)


def release(context: "RunContext", unit: str, role: str, person: str, basis: str = "", body: Value = None) -> None:
    """End an office that a person holds in their own right. What was delegated of it ends with it.

    Raises:
        Refusal: `units.not-found`, `units.office-not-held`, or `units.office-delegated`.
    """
    find_unit(context, unit)
    record = context.read(KIND_OFFICE, office_id(unit, role, person))
    if record is None or not runs(record, context.time_ms):
        raise Refusal(*NOT_HELD, unit=unit, role=role, person=person)
    delegator = record.fields.get("delegated_by")
    if isinstance(delegator, str):
        raise Refusal(*DELEGATED, unit=unit, role=role, person=person, delegator=delegator)
    until = record.fields.get("until")
    assert until is None or isinstance(until, int)
    uncount_office(context, unit, role, until)
    kept: dict[str, Value] = {name: record.fields[name] for name in ("since", "until") if name in record.fields}
    if basis:
        kept["basis"] = basis
    if body is not None:
        kept["body"] = body
    write_office(context, unit, role, person, STATE_ENDED, kept)


# Those who act in one hour; each transaction asks for its sender's office again, and for its reviewers'.
@lru_cache(maxsize=4096)
def _office(content: bytes) -> Record:
    """The office in the bytes of its record; shared, so never to be changed."""
    return Record.decode_own(content)


def own_office(context: "RunContext", unit: str, role: str, person: str) -> Record | None:
    """The record of an office that the person holds now in their own right, but for the state of its unit; one read."""
    record = context.read(KIND_OFFICE, office_id(unit, role, person))
    if record is None or not runs(record, context.time_ms) or "delegated_by" in record.fields:
        return None
    return record


def runs(record: Record, time_ms: int) -> bool:
    """Whether the record of an office says that it is held at this time; of its unit and its giver it knows nothing."""
    fields = record.fields
    until = fields.get("until")
    return fields["state"] == STATE_HELD and (until is None or (isinstance(until, int) and time_ms < until))


def write_office(
    context: "RunContext", unit: str, role: str, person: str, state: str, fields: dict[str, Value]
) -> None:
    """Write the record of an office as it is from now on, and link its unit and its person."""
    fields |= {"height": context.height, "person": person, "role": role, "state": state}
    fields |= {"time": context.time_ms, "unit": unit}
    context.put(KIND_OFFICE, office_id(unit, role, person), fields)
    context.link(unit_subject(unit))
    context.link(person_subject(person))


def _is_own(context: "RunContext", unit: str, role: str, person: Value) -> bool:
    return isinstance(person, str) and own_office(context, unit, role, person) is not None

"""The operations on offices: appoint, release, delegate, revoke a delegation.

Owns who may ask for them and what delegation is: somebody who holds an office lets a member of the same unit act for
them for a time. Never lets anybody give themselves an office by virtue of another one. Invariants: a delegation ends
within `DELEGATION_DAYS_MAX` days and with its giver's own term; what was delegated is not delegated on; membership and
a vote are one's own. Source: docs/reference/units.md, "Delegation".
"""

from contracts.arguments import Arguments
from contracts.authority.actor import ADMINISTRATOR, ROLE_MEMBER
from contracts.authority.judgement import Subject, require
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.units.office import (
    HELD,
    KIND_OFFICE,
    NOT_HELD,
    STATE_ENDED,
    STATE_HELD,
    appoint,
    is_held,
    office_id,
    own_office,
    person_subject,
    release,
    runs,
    write_office,
)
from contracts.units.tree import active_unit
from ledger.encoding import Value

DAY_MS = 86_400_000
# An absence, not a change of office: a quarter of a year.
DELEGATION_DAYS_MAX = 90
# What belongs to a person alone.
PERSONAL_ROLES = frozenset((ROLE_MEMBER, "voter"))

OWN_APPOINTMENT = Reason(
    "units.own-appointment", "{person} cannot give an office to themselves as {actor}; somebody else has to"
)
NO_PERSON = Reason("units.no-person", "the member {member} acts for no person, so it holds no office")
NOT_DELEGABLE = Reason("units.not-delegable", "being {role} is personal; it cannot be delegated")
TO_ONESELF = Reason("units.delegated-to-oneself", "{person} cannot delegate an office to themselves")
NOT_A_MEMBER = Reason("units.not-a-member", "{person} is no member of the unit {unit}; an office stays within its unit")
TOO_LONG = Reason(
    "units.delegation-too-long",
    "the delegation may end at {latest} ms at the latest: {days} days from now, or the term",
)
IN_THE_PAST = Reason("units.delegation-over", "the delegation would end at {until} ms, and it is {now} ms")
NO_DELEGATION = Reason("units.no-delegation", "{person} is not {role} of the unit {unit} for somebody else")

APPOINTING_REASONS = (
    OWN_APPOINTMENT,
    NO_PERSON,
    NOT_DELEGABLE,
    TO_ONESELF,
    NOT_A_MEMBER,
    TOO_LONG,
    IN_THE_PAST,
    NO_DELEGATION,
)
APPOINTING_EVENTS = frozenset(("units.appointed", "units.released", "units.delegated", "units.delegation-revoked"))


def appoint_person(context: Context, arguments: Arguments) -> None:
    """Let a person hold an office of the unit, now or since an earlier moment, for a term or an indefinite time."""
    unit, role, person = _named(arguments)
    active_unit(context, unit)
    actor = require(context, Subject(unit=unit))
    if actor.kind != ADMINISTRATOR and context.sender.person == person:
        raise Refusal(*OWN_APPOINTMENT, person=person, actor=str(actor))
    since = arguments.integer("since") if "since" in arguments else context.time_ms
    until = arguments.integer("until") if "until" in arguments else None
    appoint(context, unit, role, person, since, until, _basis(arguments), _body(arguments))
    context.emit("units.appointed", {"person": person, "role": role, "unit": unit})


def release_person(context: Context, arguments: Arguments) -> None:
    """End a person's office."""
    unit, role, person = _named(arguments)
    active_unit(context, unit)
    require(context, Subject(unit=unit))
    release(context, unit, role, person, _basis(arguments), _body(arguments))
    context.emit("units.released", {"person": person, "role": role, "unit": unit})


def delegate(context: Context, arguments: Arguments) -> None:
    """Let a member of the unit act in the sender's own office until a moment."""
    unit, role, person = _named(arguments)
    until = arguments.integer("until")
    giver = context.sender.person
    if giver is None:
        raise Refusal(*NO_PERSON, member=context.sender.id.hex())
    active_unit(context, unit)
    require(context, Subject(unit=unit, person=giver))
    if role in PERSONAL_ROLES:
        raise Refusal(*NOT_DELEGABLE, role=role)
    if person == giver:
        raise Refusal(*TO_ONESELF, person=person)
    own = own_office(context, unit, role, giver)
    if own is None:
        raise Refusal(*NOT_HELD, unit=unit, role=role, person=giver)
    _check_end(context, until, own.fields.get("until"))
    if not is_held(context, unit, ROLE_MEMBER, person):
        raise Refusal(*NOT_A_MEMBER, unit=unit, person=person)
    if is_held(context, unit, role, person):
        raise Refusal(*HELD, unit=unit, role=role, person=person)
    fields: dict[str, Value] = {"delegated_by": giver, "since": context.time_ms, "until": until}
    write_office(context, unit, role, person, STATE_HELD, fields)
    context.link(person_subject(giver))
    context.emit("units.delegated", {"by": giver, "person": person, "role": role, "unit": unit})


def revoke_delegation(context: Context, arguments: Arguments) -> None:
    """End a delegation before its time: its giver may, who got it may, and whoever else may end offices."""
    unit, role, person = _named(arguments)
    record = context.read(KIND_OFFICE, office_id(unit, role, person))
    giver = None if record is None else record.fields.get("delegated_by")
    if record is None or not isinstance(giver, str) or not runs(record, context.time_ms):
        raise Refusal(*NO_DELEGATION, unit=unit, role=role, person=person)
    # Both are whom the delegation is about.
    about = person if context.sender.person == person else giver
    require(context, Subject(unit=unit, person=about))
    fields: dict[str, Value] = {"delegated_by": giver, "since": record.fields["since"], "until": record.fields["until"]}
    write_office(context, unit, role, person, STATE_ENDED, fields)
    context.link(person_subject(giver))
    context.emit("units.delegation-revoked", {"by": giver, "person": person, "role": role, "unit": unit})


def _check_end(context: Context, until: int, term: Value) -> None:
    if until <= context.time_ms:
        raise Refusal(*IN_THE_PAST, until=until, now=context.time_ms)
    latest = context.time_ms + DELEGATION_DAYS_MAX * DAY_MS
    if isinstance(term, int):
        latest = min(latest, term)
    if until > latest:
        raise Refusal(*TOO_LONG, latest=latest, days=DELEGATION_DAYS_MAX)


def _named(arguments: Arguments) -> tuple[str, str, str]:
    return arguments.text("unit"), arguments.text("role"), arguments.text("person")


def _basis(arguments: Arguments) -> str:
    return arguments.text("basis") if "basis" in arguments else ""


def _body(arguments: Arguments) -> Value:
    return arguments.value("body") if "body" in arguments else None

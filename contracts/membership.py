"""The contract `membership`: who is a member of a unit, in which role, since when.

Owns the records `membership/<unit>/<person>`. Never removes one: whoever left is there as `left`, and may come back.
Persons are pseudonyms; what names them is a detached value. Invariants: nobody joins who is a member, nobody leaves or
gets another role who is none; what a record tells happened in the order in which it was written, by the events' own
times. Source: docs/reference/contracts.md, "membership".
"""

from contracts.arguments import Argument, Arguments, Integer, Text
from contracts.authority.judgement import Subject, require
from contracts.context import Context
from contracts.contract import Contract, Operation
from contracts.errors import Reason, Refusal
from contracts.record import Record
from contracts.units.names import BODY_ARGUMENT, NAME_PATTERN, PERSON_ARGUMENT, UNIT_ARGUMENT
from contracts.units.office import person_subject
from contracts.units.tree import KIND_UNIT, unit_subject
from ledger.encoding import Value

KIND_MEMBERSHIP = "membership"
STATE_ACTIVE = "active"
STATE_LEFT = "left"

UNIT_UNKNOWN = Reason("membership.unit-unknown", "there is no unit {unit}; create it first, with units.create")
MEMBER_ALREADY = Reason("membership.member-already", "{person} is a member of the unit {unit} already")
NOT_A_MEMBER = Reason("membership.not-a-member", "{person} is no member of the unit {unit}")
SAME_ROLE = Reason("membership.same-role", "{person} has the role {role} in the unit {unit} already")
TOO_EARLY = Reason(
    "membership.too-early",
    "the last event about {person} in the unit {unit} happened at {last} ms, this one at {found} ms: hand in events in"
    " the order in which they happened",
)


def membership_id(unit: str, person: str) -> str:
    """The id of the record of a person's membership."""
    return f"{unit}/{person}"


def join(context: Context, arguments: Arguments) -> None:
    """Make a person a member of the unit; also one who was a member before."""
    record = _checked(context, arguments)
    unit, person, at = arguments.text("unit"), arguments.text("person"), arguments.integer("at")
    if record is not None and record.fields["state"] == STATE_ACTIVE:
        raise Refusal(*MEMBER_ALREADY, unit=unit, person=person)
    joins = 0 if record is None else record.fields["joins"]
    assert isinstance(joins, int)
    fields: dict[str, Value] = {
        "joined": at,
        "joins": joins + 1,
        "person": person,
        "role": arguments.text("role"),
        "state": STATE_ACTIVE,
        "unit": unit,
    }
    _write(context, arguments, fields)
    context.emit("membership.joined", {"person": person, "unit": unit})


def leave(context: Context, arguments: Arguments) -> None:
    """End a person's membership of the unit; the role in the record is the one that ended."""
    record = _member(context, arguments)
    _write(context, arguments, record.fields | {"state": STATE_LEFT})
    context.emit("membership.left", {"person": arguments.text("person"), "unit": arguments.text("unit")})


def change_role(context: Context, arguments: Arguments) -> None:
    """Give a member another role in the unit."""
    record = _member(context, arguments)
    unit, person, role = (arguments.text(name) for name in ("unit", "person", "role"))
    if record.fields["role"] == role:
        raise Refusal(*SAME_ROLE, unit=unit, person=person, role=role)
    _write(context, arguments, record.fields | {"role": role})
    context.emit("membership.role-changed", {"person": person, "role": role, "unit": unit})


def _checked(context: Context, arguments: Arguments) -> Record | None:
    """The person's membership so far, if the sender may change it and time does not run backwards."""
    unit, person, at = arguments.text("unit"), arguments.text("person"), arguments.integer("at")
    require(context, Subject(unit=unit, person=person))
    if context.read(KIND_UNIT, unit) is None:
        raise Refusal(*UNIT_UNKNOWN, unit=unit)
    record = context.read(KIND_MEMBERSHIP, membership_id(unit, person))
    if record is not None:
        last = record.fields["at"]
        assert isinstance(last, int)
        if at < last:
            raise Refusal(*TOO_EARLY, unit=unit, person=person, last=last, found=at)
    return record


def _member(context: Context, arguments: Arguments) -> Record:
    record = _checked(context, arguments)
    if record is None or record.fields["state"] != STATE_ACTIVE:
        raise Refusal(*NOT_A_MEMBER, unit=arguments.text("unit"), person=arguments.text("person"))
    return record


def _write(context: Context, arguments: Arguments, fields: dict[str, Value]) -> None:
    """Write what follows from the event, with its own time; what was said of an earlier event is not kept."""
    fields = fields | {"at": arguments.integer("at"), "height": context.height}
    fields.pop("body", None)
    if "body" in arguments:
        fields["body"] = arguments.value("body")
    unit, person = arguments.text("unit"), arguments.text("person")
    context.put(KIND_MEMBERSHIP, membership_id(unit, person), fields)
    context.link(unit_subject(unit))
    context.link(person_subject(person))


# What a member is called in a list of members; the offices of `units` have names of a narrower form.
_ROLE = Argument("role", Text(64, pattern=NAME_PATTERN), "ledger")
_AT = Argument("at", Integer(), "ledger")
_EVENT = (_AT, BODY_ARGUMENT)
_ADMINISTRATOR = ("administrator",)

MEMBERSHIP = Contract(
    name="membership",
    summary="Who is a member of a unit, in which role, since when",
    kinds=frozenset((KIND_MEMBERSHIP,)),
    events=frozenset(("membership.joined", "membership.left", "membership.role-changed")),
    reasons=(UNIT_UNKNOWN, MEMBER_ALREADY, NOT_A_MEMBER, SAME_ROLE, TOO_EARLY),
    operations=(
        Operation(
            "join",
            "Make a person a member of a unit",
            (UNIT_ARGUMENT, PERSON_ARGUMENT, _ROLE, *_EVENT),
            join,
            actors=_ADMINISTRATOR,
        ),
        Operation(
            "leave",
            "End a person's membership of a unit",
            (UNIT_ARGUMENT, PERSON_ARGUMENT, *_EVENT),
            leave,
            actors=_ADMINISTRATOR,
        ),
        Operation(
            "role",
            "Give a member another role",
            (UNIT_ARGUMENT, PERSON_ARGUMENT, _ROLE, *_EVENT),
            change_role,
            actors=_ADMINISTRATOR,
        ),
    ),
)

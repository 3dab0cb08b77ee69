"""The contract `unit`: the units of an organisation, who holds an office in one, and when it meets regularly.

Owns the records `unit/<unit>`, `office/<unit>/<role>/<person>` and `regular-meeting/<unit>/<number>`. Never removes
one: an office that ended and a meeting that was cancelled stay and say so. Never asks whether who holds an office is a
member: honorary offices outlive a membership, and who may hold one is for packs to say. Invariants: a parent of a unit
was there before it, so parents never form a ring; the regular meetings of a unit are numbered from 1 without gaps.
Source: docs/reference/contracts.md, "unit".
"""

from contracts.arguments import Argument, Arguments, Detached, Identifier, Integer, Text
from contracts.context import Context
from contracts.contract import Contract, Operation
from contracts.errors import Reason, Refusal
from contracts.record import Record
from ledger.encoding import Value

KIND_UNIT = "unit"
KIND_OFFICE = "office"
KIND_MEETING = "regular-meeting"
STATE_ACTIVE = "active"
STATE_HELD = "held"
STATE_ENDED = "ended"
STATE_SCHEDULED = "scheduled"
STATE_CANCELLED = "cancelled"

# With this many digits, the order of ids is the order of numbers.
NUMBER_DIGITS = 6
NUMBER_MAX = 10**NUMBER_DIGITS - 1
NAME_SIZE_BYTES_MAX = 200
WHEN_SIZE_BYTES_MAX = 100
# One part of an id, without a slash: `<unit>/<role>/<person>` can be read in one way only, though a unit has slashes.
NAME_PATTERN = r"[A-Za-z0-9_][A-Za-z0-9._@+:-]*"
PERSON = Text(64, pattern=NAME_PATTERN)
ROLE = Text(64, pattern=NAME_PATTERN)

NOT_ALLOWED = Reason("unit.not-allowed", "only an administrator of the network can found units, fill offices and plan")
NOT_FOUND = Reason("unit.not-found", "there is no unit {unit}; found it first, or see `list unit` for what there is")
EXISTS = Reason("unit.exists", "the unit {unit} was founded already")
HELD = Reason("unit.office-held", "{person} is {role} of the unit {unit} already")
NOT_HELD = Reason("unit.office-not-held", "{person} is not {role} of the unit {unit}")
MEETING_NOT_FOUND = Reason("unit.meeting-not-found", "the unit {unit} has no regular meeting {number}")
MEETING_CANCELLED = Reason("unit.meeting-cancelled", "the regular meeting {number} of the unit {unit} is cancelled")
PLAN_FULL = Reason("unit.plan-full", "the unit {unit} has planned {count} meetings, the most there can be")


def office_id(unit: str, role: str, person: str) -> str:
    """The id of the record of an office that a person holds or held."""
    return f"{unit}/{role}/{person}"


def meeting_id(unit: str, number: int) -> str:
    """The id of a unit's regular meeting: the unit, a slash, the number in six digits."""
    return f"{unit}/{number:0{NUMBER_DIGITS}d}"


def found(context: Context, arguments: Arguments) -> None:
    """Found a unit, under a parent or at the top."""
    _check_sender(context)
    unit = arguments.text("unit")
    if context.read(KIND_UNIT, unit) is not None:
        raise Refusal(*EXISTS, unit=unit)
    fields: dict[str, Value] = {
        "height": context.height,
        "kind": arguments.text("kind"),
        "meetings": 0,
        "name": arguments.text("name"),
        "state": STATE_ACTIVE,
        "time": context.time_ms,
        "unit": unit,
    }
    context.link(_subject(unit))
    if "parent" in arguments:
        parent = arguments.text("parent")
        _unit(context, parent)
        fields["parent"] = parent
        context.link(_subject(parent))
    context.create(KIND_UNIT, unit, fields)
    context.emit("unit.founded", {"unit": unit})


def appoint(context: Context, arguments: Arguments) -> None:
    """Let a person hold an office of the unit; also one who held it before."""
    _check_sender(context)
    unit, role, person = (arguments.text(name) for name in ("unit", "role", "person"))
    _unit(context, unit)
    office = context.read(KIND_OFFICE, office_id(unit, role, person))
    if office is not None and office.fields["state"] == STATE_HELD:
        raise Refusal(*HELD, unit=unit, role=role, person=person)
    _write_office(context, arguments, STATE_HELD)
    context.emit("unit.appointed", {"person": person, "role": role, "unit": unit})


def release(context: Context, arguments: Arguments) -> None:
    """End a person's office."""
    _check_sender(context)
    unit, role, person = (arguments.text(name) for name in ("unit", "role", "person"))
    _unit(context, unit)
    office = context.read(KIND_OFFICE, office_id(unit, role, person))
    if office is None or office.fields["state"] != STATE_HELD:
        raise Refusal(*NOT_HELD, unit=unit, role=role, person=person)
    _write_office(context, arguments, STATE_ENDED)
    context.emit("unit.released", {"person": person, "role": role, "unit": unit})


def schedule(context: Context, arguments: Arguments) -> None:
    """Plan a regular meeting of the unit; when it is stays the text that people wrote."""
    _check_sender(context)
    unit = arguments.text("unit")
    record = _unit(context, unit)
    count = record.fields["meetings"]
    assert isinstance(count, int)
    if count >= NUMBER_MAX:
        raise Refusal(*PLAN_FULL, unit=unit, count=count)
    number = count + 1
    context.put(KIND_UNIT, unit, record.fields | {"meetings": number})
    context.create(
        KIND_MEETING,
        meeting_id(unit, number),
        {
            "clock": arguments.text("clock"),
            "day": arguments.text("day"),
            "frequency": arguments.text("frequency"),
            "number": number,
            "state": STATE_SCHEDULED,
            "title": arguments.text("title"),
            "unit": unit,
            "zone": arguments.text("zone"),
        },
    )
    context.link(_subject(unit))
    context.emit("unit.meeting-scheduled", {"number": number, "unit": unit})


def cancel(context: Context, arguments: Arguments) -> None:
    """Cancel a regular meeting of the unit, once."""
    _check_sender(context)
    unit, number = arguments.text("unit"), arguments.integer("number")
    _unit(context, unit)
    record = context.read(KIND_MEETING, meeting_id(unit, number))
    if record is None:
        raise Refusal(*MEETING_NOT_FOUND, unit=unit, number=number)
    if record.fields["state"] != STATE_SCHEDULED:
        raise Refusal(*MEETING_CANCELLED, unit=unit, number=number)
    context.put(KIND_MEETING, meeting_id(unit, number), record.fields | {"state": STATE_CANCELLED})
    context.link(_subject(unit))
    context.emit("unit.meeting-cancelled", {"number": number, "unit": unit})


def _check_sender(context: Context) -> None:
    if not context.sender.is_administrator:
        raise Refusal(*NOT_ALLOWED)


def _unit(context: Context, unit: str) -> Record:
    record = context.read(KIND_UNIT, unit)
    if record is None:
        raise Refusal(*NOT_FOUND, unit=unit)
    return record


def _write_office(context: Context, arguments: Arguments, state: str) -> None:
    unit, role, person = (arguments.text(name) for name in ("unit", "role", "person"))
    fields: dict[str, Value] = {
        "height": context.height,
        "person": person,
        "role": role,
        "state": state,
        "time": context.time_ms,
        "unit": unit,
    }
    if "body" in arguments:
        fields["body"] = arguments.value("body")
    context.put(KIND_OFFICE, office_id(unit, role, person), fields)
    context.link(_subject(unit))
    context.link(f"person/{person}")


def _subject(unit: str) -> str:
    return f"unit/{unit}"


_UNIT = Argument("unit", Identifier(), "ledger")
_ROLE = Argument("role", ROLE, "ledger")
_PERSON = Argument("person", PERSON, "ledger")
_BODY = Argument("body", Detached(), "unit", optional=True)

UNIT = Contract(
    name="unit",
    summary="Units of the organisation, their offices and regular meetings",
    kinds=frozenset((KIND_UNIT, KIND_OFFICE, KIND_MEETING)),
    events=frozenset(
        ("unit.founded", "unit.appointed", "unit.released", "unit.meeting-scheduled", "unit.meeting-cancelled")
    ),
    reasons=(NOT_ALLOWED, NOT_FOUND, EXISTS, HELD, NOT_HELD, MEETING_NOT_FOUND, MEETING_CANCELLED, PLAN_FULL),
    operations=(
        Operation(
            "found",
            "Found a unit",
            (
                _UNIT,
                Argument("kind", Text(64, pattern=NAME_PATTERN), "ledger"),
                Argument("name", Text(NAME_SIZE_BYTES_MAX), "public"),
                Argument("parent", Identifier(), "ledger", optional=True),
            ),
            found,
        ),
        Operation("appoint", "Let a person hold an office of a unit", (_UNIT, _ROLE, _PERSON, _BODY), appoint),
        Operation("release", "End a person's office", (_UNIT, _ROLE, _PERSON, _BODY), release),
        Operation(
            "schedule",
            "Plan a regular meeting of a unit",
            (
                _UNIT,
                Argument("title", Text(NAME_SIZE_BYTES_MAX), "public"),
                Argument("day", Text(WHEN_SIZE_BYTES_MAX), "public"),
                Argument("clock", Text(WHEN_SIZE_BYTES_MAX), "public"),
                Argument("zone", Text(WHEN_SIZE_BYTES_MAX), "public"),
                Argument("frequency", Text(WHEN_SIZE_BYTES_MAX), "public"),
            ),
            schedule,
        ),
        Operation(
            "cancel",
            "Cancel a regular meeting of a unit",
            (_UNIT, Argument("number", Integer(1, NUMBER_MAX), "ledger")),
            cancel,
        ),
    ),
)

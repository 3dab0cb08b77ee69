"""Regular meetings of a unit, in the words that people wrote.

Owns the records `regular-meeting/<unit>/<number>`. Never removes one: a meeting that was cancelled stays and says so.
Invariant: the regular meetings of a unit are numbered from 1 without gaps. Source: docs/reference/units.md, "Regular
meetings".
"""

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.units.tree import KIND_UNIT, active_unit, unit_subject

KIND_MEETING = "regular-meeting"
STATE_SCHEDULED = "scheduled"
STATE_CANCELLED = "cancelled"

# With this many digits, the order of ids is the order of numbers.
NUMBER_DIGITS = 6
NUMBER_MAX = 10**NUMBER_DIGITS - 1

MEETING_NOT_FOUND = Reason("units.meeting-not-found", "the unit {unit} has no regular meeting {number}")
MEETING_CANCELLED = Reason("units.meeting-cancelled", "the regular meeting {number} of the unit {unit} is cancelled")
PLAN_FULL = Reason("units.plan-full", "the unit {unit} has planned {count} meetings, the most there can be")

MEETING_REASONS = (MEETING_NOT_FOUND, MEETING_CANCELLED, PLAN_FULL)
MEETING_EVENTS = frozenset(("units.meeting-scheduled", "units.meeting-cancelled"))


def meeting_id(unit: str, number: int) -> str:
    """The id of a unit's regular meeting: the unit, a slash, the number in six digits."""
    return f"{unit}/{number:0{NUMBER_DIGITS}d}"


def schedule(context: Context, arguments: Arguments) -> None:
    """Plan a regular meeting of the unit; when it is stays the text that people wrote."""
    unit = arguments.text("unit")
    fields = active_unit(context, unit).fields
    require(context, Subject(unit=unit))
    count = fields["meetings"]
    assert isinstance(count, int)
    if count >= NUMBER_MAX:
        raise Refusal(*PLAN_FULL, unit=unit, count=count)
    number = count + 1
    context.put(KIND_UNIT, unit, fields | {"meetings": number})
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
    context.link(unit_subject(unit))
    context.emit("units.meeting-scheduled", {"number": number, "unit": unit})


def cancel(context: Context, arguments: Arguments) -> None:
    """Cancel a regular meeting of the unit, once."""
    unit, number = arguments.text("unit"), arguments.integer("number")
    active_unit(context, unit)
    require(context, Subject(unit=unit))
    record = context.read(KIND_MEETING, meeting_id(unit, number))
    if record is None:
        raise Refusal(*MEETING_NOT_FOUND, unit=unit, number=number)
    if record.fields["state"] != STATE_SCHEDULED:
        raise Refusal(*MEETING_CANCELLED, unit=unit, number=number)
    context.put(KIND_MEETING, meeting_id(unit, number), record.fields | {"state": STATE_CANCELLED})
    context.link(unit_subject(unit))
    context.emit("units.meeting-cancelled", {"number": number, "unit": unit})

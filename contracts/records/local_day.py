"""Which day it is where the rules are made: the block's time, moved by the pack's own offset from UTC.

Owns the reading of the parameter `utc-offset-minutes` and the counting of days in a state. Never reads a clock. A day
is a day of the organisation's calendar: at 00:30 in Beijing it is that day already, though UTC has the one before.
Source: docs/reference/records.md, "Days".
"""

from contracts.calendar.dates import DAY_MS, Day, day_at, start_ms
from contracts.calendar.working_days import WorkingCalendar
from contracts.packs.record_type import TypeDefinition
from contracts.packs.rule_names import PARAMETER_UTC_OFFSET

# From UTC-12 to UTC+14.
OFFSET_MINUTES_MIN = -12 * 60
OFFSET_MINUTES_MAX = 14 * 60


def utc_offset_minutes(definition: TypeDefinition, time_ms: int) -> int:
    """How far local time is ahead of UTC by the pack's parameter; 0 without one."""
    parameter = definition.parameters.get(PARAMETER_UTC_OFFSET)
    if parameter is None:
        return 0
    value = parameter.value_on(time_ms // DAY_MS)
    if type(value) is not int:
        return 0
    return min(max(value, OFFSET_MINUTES_MIN), OFFSET_MINUTES_MAX)


def local_day(definition: TypeDefinition, time_ms: int) -> Day:
    """The day that it is by the pack's own time."""
    return day_at(time_ms, utc_offset_minutes(definition, time_ms))


def days_between(since_ms: int, now_ms: int, offset_minutes: int) -> int:
    """How many days have begun since the day of `since_ms`; 0 on that day itself."""
    return day_at(now_ms, offset_minutes) - day_at(since_ms, offset_minutes)


def due_ms(today: Day, days: int, calendar: WorkingCalendar | None, offset_minutes: int) -> int:
    """When a term of so many days that begins today has run out: the end of its last day, today not counted.

    Days that the calendar says are worked are counted; every day, without one.
    """
    last = today + days if calendar is None else calendar.add_working_days(today, days)
    return start_ms(last + 1, offset_minutes)

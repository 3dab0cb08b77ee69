"""What rules compute with dates: the calendar of the ledger, with the errors of an evaluation.

Owns nothing but the translation: the arithmetic is `contracts.calendar.dates`, which refuses what leaves the years 1 to
9999. Invariant: every function here gives a whole number, or raises `DateOutOfRangeError`.
Source: docs/reference/calendar.md, "Days"; docs/reference/rules.md, "Dates".
"""

from collections.abc import Callable

from contracts.calendar import dates as calendar
from contracts.calendar.dates import DAY_MAX, DAY_MIN
from contracts.errors import Refusal
from contracts.rules.arithmetic import checked_integer
from contracts.rules.errors import DateOutOfRangeError

_MILLISECONDS_PER_MINUTE = 60_000


def _in_range(compute: Callable[..., int]) -> Callable[..., int]:
    def computed(*arguments: int) -> int:
        try:
            return compute(*arguments)
        except Refusal:
            raise DateOutOfRangeError("a date lies before the year 1 or after the year 9999") from None

    return computed


add_days = _in_range(calendar.add_days)
add_months = _in_range(calendar.add_months)
months_between = _in_range(calendar.months_between)
years_between = _in_range(calendar.years_between)
# A time and the offset from UTC in minutes.
date_of = _in_range(calendar.day_at)
year_of = _in_range(lambda day: calendar.date_of(day).year)
month_of = _in_range(lambda day: calendar.date_of(day).month)
day_of = _in_range(lambda day: calendar.date_of(day).day)


def days_between(start: int, end: int) -> int:
    """Days from `start` to `end`; negative if `end` comes before.

    Raises:
        IntegerOverflowError: of two values that are no dates at all.
    """
    return checked_integer(end - start)


def is_date(day: int) -> bool:
    """Whether `day` lies in the years 1 to 9999."""
    return DAY_MIN <= day <= DAY_MAX


def parsed_date(text: str) -> int | None:
    """The date that `text` writes as YYYY-MM-DD; None if it writes none."""
    try:
        return calendar.parse_date(text)
    except Refusal:
        return None


def written_date(day: int) -> str:
    """A date as YYYY-MM-DD; what is none as a number of days."""
    return calendar.format_date(day) if is_date(day) else f"day {day}"


def written_time(time_ms: int) -> str:
    """A time in UTC, to the minute; what is outside of the calendar in milliseconds."""
    day, rest_ms = divmod(time_ms, calendar.DAY_MS)
    if not is_date(day):
        return f"{time_ms} ms"
    minutes = rest_ms // _MILLISECONDS_PER_MINUTE
    return f"{written_date(day)} {minutes // 60:02}:{minutes % 60:02} UTC"

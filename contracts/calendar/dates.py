"""Days and dates of the Gregorian calendar, as whole numbers: no clock, no time zones, the same on every machine.

Owns the arithmetic on days, months and weekdays. Never knows what day it is, never looks at a time zone database (its
versions differ between machines): who means a local day gives the offset from UTC in minutes, as data. Invariants: a
`Day` is the number of days since 1970-01-01 and lies in the years 1 to 9999; every function is total on such days, or
raises a `Refusal`, because what it is given may come from a transaction. Source: the days-to-civil algorithm is
Howard Hinnant's, "chrono-Compatible Low-Level Date Algorithms"; docs/reference/calendar.md.
"""

import re
from typing import NamedTuple, TypeAlias

from contracts.calendar.reasons import NOT_A_DATE, OUT_OF_RANGE
from contracts.errors import Refusal

# Days since 1970-01-01; days before are negative.
Day: TypeAlias = int
# 0 is Monday, 6 is Sunday, as in ISO 8601 less one.
Weekday: TypeAlias = int
# Months since January of the year 0: `year * 12 + month - 1`.
MonthIndex: TypeAlias = int

DAY_MS = 86_400_000
MINUTE_MS = 60_000
DAYS_PER_WEEK = 7
MONTHS_PER_YEAR = 12
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(DAYS_PER_WEEK)

# What four digits can write, and what other software can read.
YEAR_MIN = 1
YEAR_MAX = 9999
# 0001-01-01 and 9999-12-31.
DAY_MIN = -719_162
DAY_MAX = 2_932_896
# The widest offsets in use are -12:00 and +14:00.
OFFSET_MINUTES_MAX = 14 * 60

# From 0000-03-01, where a cycle of 400 years begins, to 1970-01-01.
_ERA_START_DAYS = 719_468
_DAYS_PER_ERA = 146_097
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_FEBRUARY = 2
_DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Date(NamedTuple):
    """A day as people write it; `month` and `day` count from 1."""

    year: int
    month: int
    day: int


def day_of(year: int, month: int, day: int) -> Day:
    """The day of a date.

    Raises:
        Refusal: `calendar.not-a-date`, such as for 30 February.
    """
    if not (YEAR_MIN <= year <= YEAR_MAX and 1 <= month <= MONTHS_PER_YEAR and 1 <= day <= days_in_month(year, month)):
        raise Refusal(*NOT_A_DATE, text=f"{year}-{month}-{day}")
    # The year begins in March, so that the leap day is its last.
    shifted_year = year - (month <= _FEBRUARY)
    era, year_of_era = divmod(shifted_year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _DAYS_PER_ERA + day_of_era - _ERA_START_DAYS


def date_of(day: Day) -> Date:
    """Year, month and day of the month.

    Raises:
        Refusal: `calendar.out-of-range`.
    """
    era, day_of_era = divmod(check_day(day) + _ERA_START_DAYS, _DAYS_PER_ERA)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    month = (shifted_month + 2) % 12 + 1
    year = era * 400 + year_of_era + (month <= _FEBRUARY)
    return Date(year, month, day_of_year - (153 * shifted_month + 2) // 5 + 1)


def check_day(day: int) -> Day:
    """`day` itself, if it lies in the years 1 to 9999.

    Raises:
        Refusal: `calendar.out-of-range`.
    """
    if not DAY_MIN <= day <= DAY_MAX:
        raise Refusal(*OUT_OF_RANGE)
    return day


def parse_date(text: str) -> Day:
    """The day that an ISO date such as `2026-08-31` names.

    Raises:
        Refusal: `calendar.not-a-date`.
    """
    match = _DATE.fullmatch(text)
    if match is None:
        raise Refusal(*NOT_A_DATE, text=text)
    year, month, day = (int(part) for part in match.groups())
    return day_of(year, month, day)


def format_date(day: Day) -> str:
    """The day as an ISO date, `2026-08-31`."""
    date = date_of(day)
    return f"{date.year:04}-{date.month:02}-{date.day:02}"


def day_at(time_ms: int, offset_minutes: int = 0) -> Day:
    """The day on which a moment (ms since 1970 UTC) falls where clocks are `offset_minutes` ahead of UTC."""
    day = (time_ms + offset_minutes * MINUTE_MS) // DAY_MS
    return day if DAY_MIN <= day <= DAY_MAX else check_day(day)


def start_ms(day: Day, offset_minutes: int = 0) -> int:
    """The moment at which `day` begins where clocks are `offset_minutes` ahead of UTC."""
    return check_day(day) * DAY_MS - offset_minutes * MINUTE_MS


def add_days(day: Day, count: int) -> Day:
    """`count` days later, or earlier if it is negative."""
    return check_day(check_day(day) + count)


def weekday_of(day: Day) -> Weekday:
    """0 for Monday to 6 for Sunday."""
    # 1970-01-01 was a Thursday.
    return (day + THURSDAY) % DAYS_PER_WEEK


def is_leap_year(year: int) -> bool:
    """Whether the year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    return 29 if month == _FEBRUARY and is_leap_year(year) else _DAYS_IN_MONTH[month - 1]


def month_of(day: Day) -> MonthIndex:
    """The month, counted from January of the year 0."""
    date = date_of(day)
    return date.year * MONTHS_PER_YEAR + date.month - 1


def month_bounds(month: MonthIndex) -> tuple[Day, Day]:
    """The first and the last day of a month.

    Raises:
        Refusal: `calendar.out-of-range`.
    """
    year, month_offset = divmod(month, MONTHS_PER_YEAR)
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise Refusal(*OUT_OF_RANGE)
    first = day_of(year, month_offset + 1, 1)
    return first, first + days_in_month(year, month_offset + 1) - 1


def day_in_month(month: MonthIndex, day_of_month: int) -> Day:
    """The day of that number, or the month's last where it is shorter.

    Args:
        month: Months since January of the year 0.
        day_of_month: 1 to 31.
    """
    first, last = month_bounds(month)
    return min(first + day_of_month - 1, last)


def add_months(day: Day, count: int) -> Day:
    """The same day of the month `count` months later (earlier if negative); the last one where a month is shorter.

    31 January plus one month is 28 February, or 29 in a leap year; plus two it is 31 March. It follows that adding
    twice is not always the same as adding once: count from the first day, as contracts that recur do.
    """
    return day_in_month(month_of(day) + count, date_of(day).day)


def add_years(day: Day, count: int) -> Day:
    """The same date `count` years later; 28 February for 29 February where the year has none."""
    return add_months(day, count * MONTHS_PER_YEAR)


def months_between(first: Day, last: Day) -> int:
    """How many whole months have passed from `first` to `last`; negative if `last` comes before.

    The largest n with `add_months(first, n) <= last`; the other way round it is the same number, negated.
    """
    if last < first:
        return -months_between(last, first)
    count = month_of(last) - month_of(first)
    return count if add_months(first, count) <= last else count - 1


def years_between(first: Day, last: Day) -> int:
    """How many whole years have passed from `first` to `last`; negative if `last` comes before.

    Somebody's age on the day `last` who was born on the day `first`: a year older from the birthday on, who was born
    on 29 February from 28 February on where there is no other.
    """
    months = months_between(first, last)
    return months // MONTHS_PER_YEAR if months >= 0 else -(-months // MONTHS_PER_YEAR)


def nth_weekday(month: MonthIndex, weekday: Weekday, ordinal: int) -> Day | None:
    """The n-th Monday, Tuesday, ... of a month; None for a fifth that it does not have.

    Args:
        month: Months since January of the year 0.
        weekday: 0 for Monday to 6 for Sunday.
        ordinal: 1 to 5, or -1 for the last.
    """
    first, last = month_bounds(month)
    if ordinal < 0:
        return last - (weekday_of(last) - weekday) % DAYS_PER_WEEK
    day = first + (weekday - weekday_of(first)) % DAYS_PER_WEEK + (ordinal - 1) * DAYS_PER_WEEK
    return day if day <= last else None

"""The civil calendar: days since 1970-01-01 to year, month and day, and back.

Owns every computation with dates. Never reads a clock, never knows a time zone. Invariant: dates lie between
0001-01-01 and 9999-12-31 in the proleptic Gregorian calendar; whatever would leave that range is an error. Source: the
algorithms `days_from_civil` and `civil_from_days` of H. Hinnant, with eras of 400 years that begin on 1 March.
"""

import re

from contracts.rules.errors import DateOutOfRangeError

MILLISECONDS_PER_MINUTE = 60_000
MILLISECONDS_PER_DAY = 86_400_000
DATE_MIN = -719_162
DATE_MAX = 2_932_896
_DAYS_PER_ERA = 146_097
# From 0000-03-01, where the eras begin, to 1970-01-01.
_EPOCH = 719_468
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def checked_date(days: int) -> int:
    """`days`, if it is a date.

    Raises:
        DateOutOfRangeError
    """
    if DATE_MIN <= days <= DATE_MAX:
        return days
    raise DateOutOfRangeError("a date lies before the year 1 or after the year 9999")


def civil(days: int) -> tuple[int, int, int]:
    """Year, month and day of a date.

    Raises:
        DateOutOfRangeError
    """
    era, day_of_era = divmod(checked_date(days) + _EPOCH, _DAYS_PER_ERA)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return year_of_era + era * 400 + (month <= 2), month, day


def days_from_civil(year: int, month: int, day: int) -> int:
    """The date of a year (1 to 9999), month and day that exist."""
    shifted_year = year - (month <= 2)
    era, year_of_era = divmod(shifted_year, 400)
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _DAYS_PER_ERA + day_of_era - _EPOCH


def month_length(year: int, month: int) -> int:
    """How many days the month has."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else _MONTH_DAYS[month - 1]


def add_days(days: int, count: int) -> int:
    """The date `count` days later, or earlier if it is negative.

    Raises:
        DateOutOfRangeError
    """
    return checked_date(checked_date(days) + count)


def add_months(days: int, count: int) -> int:
    """The same day `count` months later (or earlier); the month's last day where it has no such day.

    Raises:
        DateOutOfRangeError
    """
    year, month, day = civil(days)
    year, month_index = divmod(year * 12 + month - 1 + count, 12)
    if not 1 <= year <= 9999:
        raise DateOutOfRangeError("a date lies before the year 1 or after the year 9999")
    month = month_index + 1
    return days_from_civil(year, month, min(day, month_length(year, month)))


def months_between(start: int, end: int) -> int:
    """Complete months from `start` to `end`: the greatest n for which `add_months(start, n) <= end`.

    Negative if `end` is before `start`: the complete months from `end` to `start`, with a minus.

    Raises:
        DateOutOfRangeError
    """
    if end < start:
        return -months_between(end, start)
    start_year, start_month, start_day = civil(start)
    end_year, end_month, end_day = civil(end)
    months = (end_year - start_year) * 12 + end_month - start_month
    return months - (end_day < min(start_day, month_length(end_year, end_month)))


def years_between(start: int, end: int) -> int:
    """Complete years from `start` to `end`: the complete months by 12, towards zero.

    Raises:
        DateOutOfRangeError
    """
    months = months_between(start, end)
    return months // 12 if months >= 0 else -(-months // 12)


def date_of(time_ms: int, utc_offset_minutes: int) -> int:
    """The local date of a time.

    Raises:
        DateOutOfRangeError
    """
    return checked_date((time_ms + utc_offset_minutes * MILLISECONDS_PER_MINUTE) // MILLISECONDS_PER_DAY)


def parsed_date(text: str) -> int | None:
    """The date that `text` writes as YYYY-MM-DD; None if it writes none."""
    found = _ISO_DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) for part in found.groups())
    if year < 1 or not 1 <= month <= 12 or not 1 <= day <= month_length(year, month):
        return None
    return days_from_civil(year, month, day)


def written_date(days: int) -> str:
    """A date as YYYY-MM-DD; what is outside of the calendar as a count of days."""
    if not DATE_MIN <= days <= DATE_MAX:
        return f"day {days}"
    year, month, day = civil(days)
    return f"{year:04}-{month:02}-{day:02}"

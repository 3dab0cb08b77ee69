"""A period as people write it at the command line: a year, a quarter, a month, a day of it.

Owns the forms. Never knows the periods of an index: the day that is written says which one is meant.
"""

import re

from cli.errors import UsageError
from contracts.calendar.dates import Day, day_of
from contracts.rules.dates import parsed_date

_YEAR = re.compile(r"[0-9]{4}")
_QUARTER = re.compile(r"([0-9]{4})-[Qq]([1-4])")
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def first_day(text: str) -> Day:
    """The first day of what is written: `2026`, `2026-Q3`, `2026-08`, `2026-08-31`.

    Raises:
        UsageError: none of these.
    """
    typed = text.strip()
    if _YEAR.fullmatch(typed) and int(typed):
        return day_of(int(typed), 1, 1)
    if (found := _QUARTER.fullmatch(typed)) and int(found[1]):
        return day_of(int(found[1]), 3 * int(found[2]) - 2, 1)
    if (found := _MONTH.fullmatch(typed)) and int(found[1]):
        return day_of(int(found[1]), int(found[2]), 1)
    day = parsed_date(typed)
    if day is None:
        raise UsageError(
            "{text} is no period: write 2026, 2026-Q3, 2026-08 or a day such as 2026-08-31", text=repr(text)
        )
    return day

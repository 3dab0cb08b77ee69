"""Months of dues, as whole numbers such as 202603 and as texts such as 2026-03.

Owns the two forms and the way between them. Both are in the order of time when compared as they are.
"""

import re
from typing import TypeAlias

from contracts.calendar.dates import MONTHS_PER_YEAR, YEAR_MAX, Day, date_of, day_of, format_date
from contracts.errors import Refusal
from contracts.treasury.reasons import PERIOD

# `year * 100 + month`.
Month: TypeAlias = int

PERIOD_PATTERN = r"[0-9]{4}-[0-9]{2}"
_FORM = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)


def parse_month(text: str) -> Month:
    """The month that `2026-03` names.

    Raises:
        Refusal: `treasury.period`.
    """
    found = _FORM.fullmatch(text)
    if found is None or found[1] == "0000":
        raise Refusal(*PERIOD, period=text)
    return int(found[1]) * 100 + int(found[2])


def format_month(month: Month) -> str:
    """The month as `2026-03`."""
    return f"{month // 100:04}-{month % 100:02}"


def month_of_day(day: Day) -> Month:
    """The month in which a day lies."""
    date = date_of(day)
    return date.year * 100 + date.month


def first_day(month: Month) -> Day:
    """The first day of a month."""
    return day_of(month // 100, month % 100, 1)


def first_date(month: Month) -> str:
    """The first day of a month as a text, 2026-03-01."""
    return f"{format_month(month)}-01"


def last_date(month: Month) -> str:
    """A text that no date of the month is after, and each of the next one is."""
    return f"{format_month(month)}-31"


def months_apart(first: Month, last: Month) -> int:
    """How many months `last` is after `first`; negative if it is before."""
    return (last // 100 - first // 100) * MONTHS_PER_YEAR + last % 100 - first % 100


def later(month: Month, count: int) -> Month:
    """The month `count` months later; the last there is if it would be beyond the calendar."""
    index = min((month // 100) * MONTHS_PER_YEAR + month % 100 - 1 + count, YEAR_MAX * MONTHS_PER_YEAR + 11)
    return index // MONTHS_PER_YEAR * 100 + index % MONTHS_PER_YEAR + 1


def written(day: Day) -> str:
    """A day as a text."""
    return format_date(day)

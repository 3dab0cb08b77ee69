"""A recurrence: how time is cut into periods, and how often something has to take place in each.

Owns the canonical form, the periods, and the days that a rule fixes. Never knows what took place, or when anybody began
to count. Invariants: periods have no gaps and do not overlap, and their indices ascend with time; every day is in
exactly one. A period counts as held by what falls anywhere into it, not by the exact day: meetings move. So "the third
Wednesday of the month" is one meeting in each calendar month. Source: docs/reference/calendar.md, "Recurrences".
"""

from dataclasses import dataclass
from typing import TypeAlias

from contracts.calendar.dates import (
    DAYS_PER_WEEK,
    SUNDAY,
    Day,
    day_in_month,
    month_bounds,
    month_of,
    nth_weekday,
)
from contracts.calendar.reasons import RECURRENCE_INVALID
from contracts.errors import Refusal
from ledger.encoding import Value

OF_DAYS = "days"
OF_MONTHS = "months"

# Ten years: what recurs more rarely is a date, and no rhythm.
EVERY_MAX = {OF_DAYS: 3660, OF_MONTHS: 120}
# Once a day for a year.
TIMES_MAX = 366
# Every day of a month.
ON_MAX = 31
ORDINALS = frozenset((1, 2, 3, 4, 5, -1))
DAY_OF_MONTH_MAX = 31

# `[offset]` in a period of days, from its first, 0;
# `[month, day]` or `[month, ordinal, weekday]` in a period of months, from its first month, 0.
DayRule: TypeAlias = tuple[int, ...]
_RULE_OF_DAYS, _RULE_OF_MONTH_DAY, _RULE_OF_WEEKDAY = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Periods of `every` days or months, one of which begins at `start`, and what is needed in each.

    Attributes:
        of: `days` or `months`.
        every: The length of a period, at least 1.
        start: 0 to `every` - 1: days since 1970-01-01, or months since January of the year 0, less whole periods.
        times: How often in a period, where the days do not matter.
        on: The days that the rule fixes, ascending; `times` is then their number. 31 is the last day of any month,
            a fifth weekday only counts where the month has one, -1 is the last.

    Raises:
        Refusal: `calendar.recurrence-invalid`.
    """

    of: str
    every: int
    start: int = 0
    times: int = 1
    on: tuple[DayRule, ...] = ()

    def __post_init__(self) -> None:
        _check("of", self.of in EVERY_MAX)
        _check("every", 1 <= self.every <= EVERY_MAX[self.of])
        _check("from", 0 <= self.start < self.every)
        _check("times", 1 <= self.times <= TIMES_MAX)
        if self.on:
            _check("times", self.times == len(self.on))
            _check("on", len(self.on) <= ON_MAX and all(map(self._is_rule, self.on)))
            _check("on", all(first < second for first, second in zip(self.on, self.on[1:], strict=False)))

    def _is_rule(self, rule: DayRule) -> bool:
        if not rule or not 0 <= rule[0] < self.every:
            return False
        if self.of == OF_DAYS:
            return len(rule) == _RULE_OF_DAYS
        if len(rule) == _RULE_OF_MONTH_DAY:
            return 1 <= rule[1] <= DAY_OF_MONTH_MAX
        return len(rule) == _RULE_OF_WEEKDAY and rule[1] in ORDINALS and 0 <= rule[2] <= SUNDAY

    def period_of(self, day: Day) -> int:
        """The index of the period in which `day` lies."""
        place = day if self.of == OF_DAYS else month_of(day)
        return (place - self.start) // self.every

    def period_bounds(self, index: int) -> tuple[Day, Day]:
        """The first and the last day of a period.

        Raises:
            Refusal: `calendar.out-of-range`.
        """
        first = self.start + index * self.every
        last = first + self.every - 1
        return (first, last) if self.of == OF_DAYS else (month_bounds(first)[0], month_bounds(last)[1])

    def expected_days(self, index: int) -> tuple[Day, ...] | None:
        """The days in a period that the rule fixes, ascending; None where it fixes none.

        Empty where the period has no such day, such as a fifth Monday.
        """
        if not self.on:
            return None
        first = self.start + index * self.every
        days = {day for rule in self.on if (day := self._day(first, rule)) is not None}
        return tuple(sorted(days))

    def needed_in(self, index: int) -> int:
        """How often it has to take place in a period; 0 where the days that the rule fixes do not exist."""
        days = self.expected_days(index)
        return self.times if days is None else len(days)

    def _day(self, first: int, rule: DayRule) -> Day | None:
        if self.of == OF_DAYS:
            return first + rule[0]
        if len(rule) == _RULE_OF_MONTH_DAY:
            return day_in_month(first + rule[0], rule[1])
        return nth_weekday(first + rule[0], rule[2], rule[1])

    def encode_value(self) -> dict[str, Value]:
        """The canonical map: `of`, `every`, `from`, and `on` or `times`."""
        value: dict[str, Value] = {"every": self.every, "from": self.start, "of": self.of}
        return value | ({"on": [list(rule) for rule in self.on]} if self.on else {"times": self.times})

    @classmethod
    def decode(cls, value: Value) -> "Recurrence":
        """The recurrence in a canonical map.

        Raises:
            Refusal: `calendar.recurrence-invalid`, with the part that is wrong. Nothing else is ever raised.
        """
        _check("of", isinstance(value, dict))
        assert isinstance(value, dict)
        unknown = value.keys() - {"every", "from", "of", "on", "times"}
        _check(min(unknown, default="of"), not unknown)
        of, on = value.get("of"), value.get("on")
        if not isinstance(of, str):
            raise Refusal(*RECURRENCE_INVALID, part="of")
        every, start = _integer(value, "every"), _integer(value, "from")
        if on is None:
            _check("on", "on" not in value)
            return cls(of, every, start, _integer(value, "times"))
        # One of the two, so that there is one form of every recurrence.
        _check("times", "times" not in value)
        rules = tuple(map(_rule, on)) if isinstance(on, list) else ()
        _check("on", bool(rules))
        return cls(of, every, start, len(rules), rules)


def weeks(count: int, first: Day, times: int = 1, on: tuple[DayRule, ...] = ()) -> Recurrence:
    """Periods of `count` weeks from Monday to Sunday, one of which begins in the week of `first`.

    Raises:
        Refusal: `calendar.recurrence-invalid`.
    """
    _check("every", count >= 1)
    every = count * DAYS_PER_WEEK
    # 1970-01-01 was a Thursday, so the Monday of its week is three days before.
    monday = (first + 3) // DAYS_PER_WEEK * DAYS_PER_WEEK - 3
    return Recurrence(OF_DAYS, every, monday % every, len(on) or times, on)


def _check(part: str, holds: bool) -> None:
    if not holds:
        raise Refusal(*RECURRENCE_INVALID, part=part)


def _integer(value: dict[str, Value], part: str) -> int:
    found = value.get(part)
    if type(found) is not int:
        raise Refusal(*RECURRENCE_INVALID, part=part)
    return found


def _rule(value: Value) -> DayRule:
    if not isinstance(value, list):
        raise Refusal(*RECURRENCE_INVALID, part="on")
    rule = tuple(item for item in value if type(item) is int)
    _check("on", len(rule) == len(value))
    return rule

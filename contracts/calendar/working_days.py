"""Working days: weekdays, less holidays, plus the weekend days that are worked instead.

Owns the counting. Never knows which days are holidays: states announce them a year at a time, and a network records
what it goes by. Invariant: a calendar has at least one working weekday, so every count ends.
Source: docs/reference/calendar.md, "Working days".
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from contracts.calendar.dates import DAYS_PER_WEEK, SATURDAY, Day, Weekday, check_day, weekday_of
from contracts.calendar.reasons import TOO_FAR
from contracts.errors import ContractError, Refusal

# Four years of them: deadlines are of days or weeks. A longer one is one of months.
WORKING_DAYS_MAX = 1000
# Thirty years of lists with some forty entries each.
LISTED_DAYS_MAX = 1200

MONDAY_TO_FRIDAY = frozenset(range(SATURDAY))


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Which days are worked.

    A day is worked if it is one of `make_up_days`, or if it falls on one of `weekdays` and is none of `holidays`.
    """

    holidays: frozenset[Day] = frozenset()
    make_up_days: frozenset[Day] = frozenset()
    weekdays: frozenset[Weekday] = MONDAY_TO_FRIDAY
    # Those of both lists that make a difference, ascending.
    _off: tuple[Day, ...] = field(init=False, repr=False, compare=False)
    _on: tuple[Day, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.weekdays or not self.weekdays <= frozenset(range(DAYS_PER_WEEK)):
            raise ContractError("a calendar of working days needs one to seven weekdays, from 0 to 6")
        if len(self.holidays) > LISTED_DAYS_MAX or len(self.make_up_days) > LISTED_DAYS_MAX:
            raise ContractError("a calendar of working days lists at most {limit} days", limit=LISTED_DAYS_MAX)
        if self.holidays & self.make_up_days:
            raise ContractError("a day cannot be a holiday and be worked instead of one")
        off = sorted(day for day in self.holidays if weekday_of(day) in self.weekdays)
        on = sorted(day for day in self.make_up_days if weekday_of(day) not in self.weekdays)
        object.__setattr__(self, "_off", tuple(off))
        object.__setattr__(self, "_on", tuple(on))

    @classmethod
    def of(cls, holidays: Iterable[Day], make_up_days: Iterable[Day] = ()) -> "WorkingCalendar":
        """Monday to Friday, with these exceptions."""
        return cls(frozenset(holidays), frozenset(make_up_days))

    def is_working_day(self, day: Day) -> bool:
        """Whether `day` is worked."""
        if day in self.make_up_days:
            return True
        return weekday_of(day) in self.weekdays and day not in self.holidays

    def add_working_days(self, day: Day, count: int) -> Day:
        """The `count`-th working day after `day`, which is not counted; before it if negative; `day` itself for 0.

        What was posted on Monday for five working days may come down after next Monday.

        Raises:
            Refusal: `calendar.too-far` above 1,000 days, `calendar.out-of-range`.

        Cost: about 0.3 µs for each day passed, whether worked or not.
        """
        if abs(count) > WORKING_DAYS_MAX:
            raise Refusal(*TOO_FAR, count=count, limit=WORKING_DAYS_MAX)
        step = 1 if count > 0 else -1
        for _ in range(abs(count)):
            day += step
            # Ends after a week and the holidays in it: there is a working weekday.
            while not self.is_working_day(check_day(day)):
                day += step
        return check_day(day)

    def working_days_between(self, first: Day, last: Day) -> int:
        """How many working days come after `first`, up to `last` itself; negative if `last` comes before `first`.

        It undoes `add_working_days`: for a working day `last`, that many working days after `first` is `last`. Whole
        weeks are not walked through, so any two days may be given; about 2 µs.
        """
        if last < first:
            # The other way round, the day that is not counted is the other one.
            worked = self.working_days_between(last, first)
            return -(worked + self.is_working_day(last) - self.is_working_day(first))
        check_day(first)
        weeks, rest = divmod(check_day(last) - first, DAYS_PER_WEEK)
        count = weeks * len(self.weekdays)
        count += sum(weekday_of(day) in self.weekdays for day in range(last - rest + 1, last + 1))
        count -= bisect_right(self._off, last) - bisect_right(self._off, first)
        return count + bisect_right(self._on, last) - bisect_right(self._on, first)

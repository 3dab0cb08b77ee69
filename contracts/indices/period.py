"""The period that an index is about, by the organisation's calendar.

Owns whether a day or a moment lies in it. Never knows what is counted.
"""

from dataclasses import dataclass

from contracts.calendar.dates import Day, day_at, format_date, start_ms
from contracts.calendar.recurrence import Recurrence


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, counted by clocks that are `offset_minutes` ahead of UTC."""

    first: Day
    last: Day
    offset_minutes: int = 0

    @property
    def begin_ms(self) -> int:
        """Its first moment."""
        return start_ms(self.first, self.offset_minutes)

    @property
    def end_ms(self) -> int:
        """The first moment after it."""
        return start_ms(self.last + 1, self.offset_minutes)

    @property
    def text(self) -> str:
        """Both days, as people write them."""
        return f"{format_date(self.first)}/{format_date(self.last)}"

    def has_day(self, day: Day) -> bool:
        """Whether the day lies in it."""
        return self.first <= day <= self.last

    def has_time(self, time_ms: int) -> bool:
        """Whether the moment lies in it."""
        return self.has_day(day_at(time_ms, self.offset_minutes))

    def ends_of(self, recurrence: Recurrence) -> range:
        """The indices of those periods of a recurrence whose last day lies in it."""
        first, last = recurrence.period_of(self.first), recurrence.period_of(self.last)
        return range(first, last + (recurrence.period_bounds(last)[1] <= self.last))


def period_with(every: Recurrence, day: Day, offset_minutes: int) -> Period:
    """The period of `every` that a day lies in."""
    first, last = every.period_bounds(every.period_of(day))
    return Period(first, last, offset_minutes)


def last_complete(every: Recurrence, now_ms: int, offset_minutes: int) -> Period:
    """The last period of `every` that is over."""
    first, _ = every.period_bounds(every.period_of(day_at(now_ms, offset_minutes)))
    return period_with(every, first - 1, offset_minutes)

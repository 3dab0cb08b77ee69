"""From people's words about a rhythm to a recurrence, or to the reason why they say none that could be checked.

Owns what is concluded from the words. Never guesses: what can be read in two ways, contradicts itself, or has a word
that is not known, is not understood, and says why. Never part of executing a block: whoever plans something sends the
recurrence, so that what words mean can be learnt better without any node disagreeing about the past.
Source: docs/reference/calendar.md, "Words", with every text of a real organisation's 102 regular meetings.
"""

import re
from dataclasses import dataclass

from contracts.calendar import chinese, english
from contracts.calendar.dates import (
    DAYS_PER_WEEK,
    MONTHS_PER_YEAR,
    Day,
    Weekday,
    check_day,
    day_of,
    format_date,
    month_of,
    weekday_of,
)
from contracts.calendar.facts import DAY, GAP, HALF_YEAR, MONTH, QUARTER, YEAR, Facts, Period, take
from contracts.calendar.reasons import (
    ALTERNATING,
    AS_NEEDED,
    CONTRADICTION,
    NO_FREQUENCY,
    OTHER_DAY,
    RELATIVE_DAY,
    TOO_LONG_TEXT,
    TWO_MEANINGS,
    UNKNOWN_WORDS,
    WHICH_MONTH,
)
from contracts.calendar.recurrence import OF_DAYS, OF_MONTHS, DayRule, Recurrence, weeks
from contracts.errors import Refusal

# Twice the longest text that the ledger keeps of a meeting.
TEXT_LENGTH_MAX = 200

_MONTHS = {MONTH: 1, QUARTER: 3, HALF_YEAR: 6, YEAR: MONTHS_PER_YEAR}
# A leap year: 29 February may be meant.
_SOME_LEAP_YEAR = 2000
_WORD = re.compile(r"[^\W_]+")
# Punctuation of both languages, to that of one.
_PLAIN = str.maketrans("，。；：（）０１２３４５６７８９", ",.;:()0123456789")


@dataclass(frozen=True, slots=True)
class Understood:
    """A rhythm, and the day from which on the words say that it began, if they do."""

    recurrence: Recurrence
    start: Day | None = None


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Why nothing can be checked by these words; `reason` has a code, a text and its values."""

    reason: Refusal


def understand(frequency: str, day: str, since: Day) -> Understood | NotUnderstood:
    """What `frequency` (such as "biweekly", "每月第一个星期三") and `day` ("Wednesday", may be empty) mean.

    Args:
        frequency: English or Chinese, as people wrote it.
        day: A weekday, which one of a month, a first day; of the same meeting.
        since: The day from which on it is to be checked: periods of several weeks, months or years begin with the
            week, month or year of this day, unless the words themselves name a first day.
    """
    try:
        check_day(since)
        facts = _merged(frequency, day)
        (start,) = facts.starts or (None,)
        if start is not None and facts.weekdays and weekday_of(start) not in facts.weekdays:
            raise Refusal(*OTHER_DAY, frequency=format_date(start), day=day or frequency)
        return Understood(_recurrence(facts, since, start), start)
    except Refusal as refusal:
        refusal.forget_origin()
        return NotUnderstood(refusal)


def _facts(text: str) -> Facts:
    if len(text) > TEXT_LENGTH_MAX:
        raise Refusal(*TOO_LONG_TEXT, size=len(text), limit=TEXT_LENGTH_MAX)
    facts = Facts(text)
    plain = text.translate(_PLAIN).lower()
    for filler in chinese.FILLERS:
        plain = plain.replace(filler, "")
    left = take(take(plain, english.PHRASES, facts), chinese.PHRASES, facts)
    if facts.as_needed:
        raise Refusal(*AS_NEEDED, words=facts.as_needed)
    if facts.two_meanings:
        raise Refusal(*TWO_MEANINGS, words=facts.two_meanings)
    if facts.relative:
        raise Refusal(*RELATIVE_DAY, words=facts.relative)
    unknown = [word for word in _WORD.findall(left.replace(GAP, " ")) if word not in english.FILLERS]
    if unknown:
        raise Refusal(*UNKNOWN_WORDS, words=" ".join(unknown))
    return facts


def _merged(frequency: str, day: str) -> Facts:
    """The facts of both texts together, where they do not contradict each other."""
    one, other = _facts(frequency), _facts(day)
    for first, second in ((_all_weekdays(one), _all_weekdays(other)), (one.ordinals, other.ordinals)):
        if first and second and first != second:
            raise Refusal(*OTHER_DAY, frequency=frequency, day=day)
    facts = Facts(
        frequency,
        periods=one.periods | other.periods,
        times=one.times | other.times,
        weekdays=_all_weekdays(one) | _all_weekdays(other),
        every_weekday=one.every_weekday or other.every_weekday,
        ordinals=one.ordinals | other.ordinals,
        month_days=one.month_days | other.month_days,
        year_days=one.year_days | other.year_days,
        starts=one.starts | other.starts,
        alternates=one.alternates or other.alternates,
        once_or_twice=one.once_or_twice or other.once_or_twice,
    )
    if not facts.periods:
        # "every second Tuesday" is one of a month or one in two weeks; without more, no frequency was said.
        raise Refusal(*(TWO_MEANINGS if facts.ordinals else NO_FREQUENCY), words=frequency)
    kinds_of_days = sum(map(bool, (facts.ordinals, facts.month_days, facts.year_days)))
    several = len(facts.periods) > 1 or len(facts.times) > 1 or len(facts.starts) > 1
    if several or kinds_of_days > 1:
        raise Refusal(*CONTRADICTION, words=frequency)
    return facts


def _all_weekdays(facts: Facts) -> set[Weekday]:
    ordinals = {weekday for _, weekday in facts.ordinals}
    if ordinals and facts.weekdays and ordinals != facts.weekdays:
        raise Refusal(*CONTRADICTION, words=facts.words)
    return ordinals or facts.weekdays


def _recurrence(facts: Facts, since: Day, start: Day | None) -> Recurrence:
    (period,) = facts.periods
    if period.length < 1:
        raise Refusal(*CONTRADICTION, words=facts.words)
    if facts.once_or_twice and len(facts.weekdays) != 1:
        # With one weekday it cannot be twice a week.
        raise Refusal(*TWO_MEANINGS, words=facts.once_or_twice)
    if period.unit in _MONTHS:
        found = _of_months(facts, period, since if start is None else start)
    elif facts.ordinals or facts.month_days or facts.year_days:
        raise Refusal(*CONTRADICTION, words=facts.words)
    else:
        found = _of_days(facts, period, since, start)
    if facts.alternates and found.of == OF_DAYS and found.every <= DAYS_PER_WEEK:
        raise Refusal(*ALTERNATING)
    return found


def _of_days(facts: Facts, period: Period, since: Day, start: Day | None) -> Recurrence:
    first = since if start is None else start
    (times,) = facts.times or (1,)
    if period.unit == DAY:
        if facts.weekdays:
            raise Refusal(*CONTRADICTION, words=facts.words)
        return Recurrence(OF_DAYS, period.length, first % period.length, times)
    several = len(facts.weekdays) > 1 and not facts.every_weekday and times != len(facts.weekdays)
    if several:
        # "weekly" on "Monday, Thursday": both, or now here and now there?
        raise Refusal(*TWO_MEANINGS, words=facts.words)
    # In which of several weeks it falls is known only with the first day.
    fixed = period.length == 1 or start is not None
    on: tuple[DayRule, ...] = tuple((weekday,) for weekday in sorted(facts.weekdays)) if fixed else ()
    if on and facts.times and times != len(on):
        if len(on) > 1 or period.length > 1:
            raise Refusal(*CONTRADICTION, words=facts.words)
        on = ()
    return weeks(period.length, first, times, on)


def _of_months(facts: Facts, period: Period, first: Day) -> Recurrence:
    per_unit = _MONTHS[period.unit]
    every = per_unit * period.length
    # A single quarter, half-year or year is one of the calendar's.
    begin = 0 if period.length == 1 else month_of(first) // per_unit * per_unit
    on = _days_of_months(facts, period)
    (times,) = facts.times or (len(on) or 1,)
    if on and times != len(on):
        raise Refusal(*CONTRADICTION, words=facts.words)
    return Recurrence(OF_MONTHS, every, begin % every, times, on)


def _days_of_months(facts: Facts, period: Period) -> tuple[DayRule, ...]:
    if facts.year_days:
        if period != (YEAR, 1):
            raise Refusal(*CONTRADICTION, words=facts.words)
        for month, day in facts.year_days:
            try:
                day_of(_SOME_LEAP_YEAR, month, day)
            except Refusal as refusal:
                raise Refusal(*UNKNOWN_WORDS, words=facts.words) from refusal
        return tuple(sorted((month - 1, day) for month, day in facts.year_days))
    if (facts.ordinals or facts.month_days) and period != (MONTH, 1):
        raise Refusal(*WHICH_MONTH)
    rules = [(0, ordinal, weekday) for ordinal, weekday in sorted(facts.ordinals)]
    return (*rules, *((0, day) for day in sorted(facts.month_days)))

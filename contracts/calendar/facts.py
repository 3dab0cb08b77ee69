"""What a text about a rhythm says, piece by piece, before anything is concluded from it.

Owns the pieces, and the walk over a text with a table of phrases: each phrase that is found is noted and taken out, and
what is left in the end was not understood. Never concludes (`contracts.calendar.words` does).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from contracts.calendar.dates import Day, Weekday

DAY, WEEK, MONTH, QUARTER, HALF_YEAR, YEAR = "day", "week", "month", "quarter", "half-year", "year"

# Takes the place of what was understood, so that the words around it do not join.
GAP = " ; "


class Period(NamedTuple):
    """So many of a unit, such as two weeks."""

    unit: str
    length: int


@dataclass(slots=True)
class Facts:
    """Everything that a text says.

    Attributes:
        words: The text itself.
        periods: How long the periods are; more than one contradict each other.
        times: How often in a period.
        weekdays: Weekdays that it names without saying which of a month.
        every_weekday: Whether all of them are meant, as in "every Monday and Thursday".
        ordinals: Weekdays of a month: (which, weekday).
        month_days: Days of a month; 31 for the last.
        year_days: Days of a year: (month, day).
        starts: From when on.
        alternates: Whether it takes turns with something else.
        as_needed: The words that say that there is no rhythm.
        two_meanings: The words that can be read in two ways.
        once_or_twice: The word of this kind that a single weekday makes clear: "biweekly".
        relative: The words that count a day from another day.
    """

    words: str
    periods: set[Period] = field(default_factory=set)
    times: set[int] = field(default_factory=set)
    weekdays: set[Weekday] = field(default_factory=set)
    every_weekday: bool = False
    ordinals: set[tuple[int, Weekday]] = field(default_factory=set)
    month_days: set[int] = field(default_factory=set)
    year_days: set[tuple[int, int]] = field(default_factory=set)
    starts: set[Day] = field(default_factory=set)
    alternates: bool = False
    as_needed: str = ""
    two_meanings: str = ""
    once_or_twice: str = ""
    relative: str = ""


Note: TypeAlias = Callable[[Facts, re.Match[str]], None]


class Phrase(NamedTuple):
    """A way to say something, and what is noted when it is found."""

    pattern: re.Pattern[str]
    note: Note


def phrase(pattern: str, note: Note) -> Phrase:
    """A phrase; patterns are of small ASCII letters and match anywhere."""
    return Phrase(re.compile(pattern), note)


def take(text: str, phrases: Sequence[Phrase], facts: Facts) -> str:
    """Note every phrase in `text`, in the order of the table; what is left of the text."""
    for pattern, note in phrases:
        # Bounded by the text: every match takes something out, and nothing is put in that a phrase would match.
        for match in pattern.finditer(text):
            note(facts, match)
        text = pattern.sub(GAP, text)
    return text

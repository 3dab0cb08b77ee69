"""The people of an invented organisation: since when they are members, and what their dues go by.

Owns how incomes and categories are spread; what is owed follows from the pack's table and is not computed here.
"""

from dataclasses import dataclass
from random import Random

from contracts.calendar.dates import Day, day_of

# How many of a thousand pay by which category of the table of dues; a base follows where the category has one.
_CATEGORIES = (("wage", 680), ("pension", 230), ("farmer", 50), ("student", 25), ("relief", 15))
# The middle of what people earn in a month, in fen, and how far it is spread (of the logarithm).
_MIDDLE_FEN = {"wage": 620_000, "pension": 380_000}
_SPREAD = {"wage": 0.45, "pension": 0.35}
# Agrees with the branch on 0.20 to 1.00 yuan.
_AGREED = "farmer"
_EARLIEST_JOINED = day_of(1975, 7, 1)


@dataclass(frozen=True, slots=True)
class InventedMember:
    """One member; `base_fen` is None where the category goes by no base. Days count from 1970-01-01."""

    person: str
    name: str
    joined_on: Day
    full_on: Day
    category: str
    base_fen: int | None


def invented_member(person: str, name: str, begin: Day, chance: Random) -> InventedMember:
    """A full member by the day `begin`, on which the history begins."""
    joined_on = chance.randrange(_EARLIEST_JOINED, begin - 400)
    category = chance.choices([one for one, _ in _CATEGORIES], [weight for _, weight in _CATEGORIES])[0]
    base = None
    if category == _AGREED:
        base = 10 * chance.randint(2, 10)
    elif category in _MIDDLE_FEN:
        # Whole yuan, as people tell it.
        base = int(_MIDDLE_FEN[category] * chance.lognormvariate(0, _SPREAD[category])) // 100 * 100
    return InventedMember(person, name, joined_on, joined_on + 365, category, base)

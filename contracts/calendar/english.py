"""The English ways to say how often something takes place.

Owns the table of phrases, the longest and most special first. Never concludes anything; what can be read in two ways
is noted as such. Source: docs/reference/calendar.md, "Words".
"""

import re

from contracts.calendar.dates import Weekday, day_of
from contracts.calendar.facts import DAY, HALF_YEAR, MONTH, QUARTER, WEEK, YEAR, Facts, Period, Phrase, phrase

_WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5, "sun": 6}
_WEEKDAYS = {name: number for number, name in enumerate(_WEEKDAY_NAMES)} | _SHORT
_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTHS = {name[:size]: number for number, name in enumerate(_MONTH_NAMES, 1) for size in (3, 4, len(name))}
_ORDINALS = {
    **{"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1},
    **{"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5},
}
_NUMBERS = {
    **{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9},
    **{"ten": 10, "eleven": 11, "twelve": 12, "once": 1, "twice": 2, "thrice": 3},
}
_UNITS = {
    **{"day": (DAY, 1), "week": (WEEK, 1), "fortnight": (WEEK, 2), "month": (MONTH, 1)},
    **{"quarter": (QUARTER, 1), "half-year": (HALF_YEAR, 1), "half year": (HALF_YEAR, 1), "year": (YEAR, 1)},
}
_ADVERBS = {
    **{"daily": (DAY, 1), "weekly": (WEEK, 1), "fortnightly": (WEEK, 2), "monthly": (MONTH, 1)},
    **{"quarterly": (QUARTER, 1), "half-yearly": (HALF_YEAR, 1), "semi-annually": (HALF_YEAR, 1)},
    **{"semiannually": (HALF_YEAR, 1), "yearly": (YEAR, 1), "annually": (YEAR, 1), "annual": (YEAR, 1)},
}


def _any(words: object) -> str:
    assert isinstance(words, dict)
    return "(?:" + "|".join(sorted(words, key=lambda word: (-len(word), word))) + ")"


_W = rf"\b{_any(_WEEKDAYS)}s?\b"
_O = rf"\b{_any(_ORDINALS)}\b"
_N = rf"(?:\b{_any(_NUMBERS)}\b|\b[0-9]{{1,3}}\b)"
_U = rf"{_any(_UNITS)}s?\b"
_AND = r"\s*(?:,|&|/|\band\b)+\s*(?:\bthe\s+)?"
_MONTH = rf"\b{_any(_MONTHS)}\b\.?"
_DAY = r"\b([0-9]{1,2})(?:st|nd|rd|th)?\b"
_FROM = r"(?:\bstarting(?:\s+(?:on|from))?|\bbeginning(?:\s+on)?|\bfrom|\bsince|\bstart date:?)"


def _weekday(word: str) -> Weekday:
    return _WEEKDAYS[word] if word in _WEEKDAYS else _WEEKDAYS[word.removesuffix("s")]


def _number(word: str) -> int:
    return _NUMBERS[word] if word in _NUMBERS else int(word)


def _period(word: str, count: int = 1) -> Period:
    unit, per_unit = (_UNITS | _ADVERBS)[word.removesuffix("s")]
    return Period(unit, per_unit * count)


def _note_start(facts: Facts, match: re.Match[str]) -> None:
    groups = match.groupdict()
    facts.starts.add(day_of(int(groups["year"]), _month(groups["month"]), int(groups["day"])))
    if groups.get("weekday"):
        facts.weekdays.add(_weekday(groups["weekday"]))


def _month(word: str) -> int:
    return int(word) if word.isdigit() else _MONTHS[word.removesuffix(".")]


def _note_ordinals(facts: Facts, match: re.Match[str]) -> None:
    *ordinals, weekday = re.findall(rf"{_O}|{_W}", match[0])
    facts.ordinals |= {(_ORDINALS[word], _weekday(weekday)) for word in ordinals}


def _note_every_weekday(facts: Facts, match: re.Match[str]) -> None:
    facts.weekdays |= {_weekday(word) for word in re.findall(_W, match[0])}
    facts.every_weekday = True
    facts.periods.add(Period(WEEK, 1))


def _note_every_other_weekday(facts: Facts, match: re.Match[str]) -> None:
    facts.weekdays.add(_weekday(match[1]))
    facts.periods.add(Period(WEEK, 2))


def _note_times(facts: Facts, match: re.Match[str]) -> None:
    facts.times.add(_number(match[1]))
    facts.periods.add(_period(match[2]))


def _note_only_times(facts: Facts, match: re.Match[str]) -> None:
    facts.times.add(_number(match[1]))


def _note_every(facts: Facts, match: re.Match[str]) -> None:
    word = match[1]
    count = _ORDINALS[word] if word in _ORDINALS else 2 if word == "other" else _number(word)
    facts.periods.add(_period(match[2], count))


def _note_period(facts: Facts, match: re.Match[str]) -> None:
    facts.periods.add(_period(match[1]))


def _note_biweekly(facts: Facts, match: re.Match[str]) -> None:
    facts.periods.add(Period(WEEK, 2))
    facts.once_or_twice = match[0]


def _note_two_meanings(facts: Facts, match: re.Match[str]) -> None:
    facts.two_meanings = match[0]


def _note_as_needed(facts: Facts, match: re.Match[str]) -> None:
    facts.as_needed = match[0]


def _note_alternates(facts: Facts, _match: re.Match[str]) -> None:
    facts.alternates = True


def _note_relative(facts: Facts, match: re.Match[str]) -> None:
    facts.relative = match[0].strip()


def _note_month_day(facts: Facts, match: re.Match[str]) -> None:
    facts.month_days.add(int(match[1]))


def _note_last_day(facts: Facts, _match: re.Match[str]) -> None:
    facts.month_days.add(31)
    facts.periods.add(Period(MONTH, 1))


def _note_first_day(facts: Facts, _match: re.Match[str]) -> None:
    facts.month_days.add(1)
    facts.periods.add(Period(MONTH, 1))


def _note_day_of_month(facts: Facts, match: re.Match[str]) -> None:
    facts.month_days.add(int(match[1]))
    facts.periods.add(Period(MONTH, 1))


def _note_year_day(facts: Facts, match: re.Match[str]) -> None:
    groups = match.groupdict()
    facts.year_days.add((_month(groups["month"]), int(groups["day"])))


def _note_weekday(facts: Facts, match: re.Match[str]) -> None:
    facts.weekdays.add(_weekday(match[0]))


def _note_nothing(_facts: Facts, _match: re.Match[str]) -> None:
    """What says nothing about how often."""


_D = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?\b"
_M = rf"(?P<month>{_MONTH})"
_Y = r"(?P<year>[0-9]{4})\b"
_START_WEEKDAY = rf"(?:(?P<weekday>{_W}),?\s+)?"

PHRASES: tuple[Phrase, ...] = (
    # A link in Markdown, a condition for those who come, whose turn it is in the other week.
    phrase(r"\(\[[^\]]*\]\([^)]*\)\)", _note_nothing),
    phrase(r"\byou must [^,;.]*", _note_nothing),
    phrase(r"\b(?:as needed|on demand|ad[ -]hoc|on request|irregular(?:ly)?|if needed|when needed)\b", _note_as_needed),
    phrase(
        r"\b(?:interleaved|interleaving|alternating|alternates|alternate)\b(?: (?:with|between) [^,;]*)?",
        _note_alternates,
    ),
    phrase(rf"{_W},?\s*(?:after|before|following) the {_O} {_W}", _note_relative),
    phrase(rf"{_FROM}\s+{_START_WEEKDAY}{_M}\s*{_D},?\s+{_Y}", _note_start),
    phrase(rf"{_FROM}\s+{_START_WEEKDAY}{_D}\s+{_M},?\s+{_Y}", _note_start),
    phrase(rf"{_FROM}\s+{_START_WEEKDAY}{_Y}-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})\b", _note_start),
    phrase(rf"\b{_Y}\s+start date:?\s*{_M}\s*{_D}", _note_start),
    # Without "of the month" or the like, no period is noted, and "every second Tuesday" stays what it is: unclear.
    phrase(rf"(?:\b(?:every|each)\s+)?{_O}(?:{_AND}{_O})*\s+{_W}", _note_ordinals),
    phrase(rf"\bevery other\s+({_W})", _note_every_other_weekday),
    phrase(rf"\b(?:every|each)\s+{_W}(?:{_AND}{_W})*", _note_every_weekday),
    phrase(rf"\bevery\s+(other|second|third|fourth|{_N})\s+({_U})", _note_every),
    phrase(rf"({_N})(?:\s+times?)?\s+(?:a|an|per|each|every|in a|in each)\s+({_U})", _note_times),
    phrase(rf"({_N})\s+times\s+({_any(_ADVERBS)})\b", _note_times),
    phrase(r"\bbi-?weekly\b", _note_biweekly),
    phrase(r"\b(?:bi-?monthly|bi-?annual(?:ly)?|bi-?yearly|semi-?weekly|semi-?monthly)\b", _note_two_meanings),
    phrase(rf"\b({_any(_ADVERBS)})\b", _note_period),
    phrase(r"\b(?:on )?(?:the )?last day of (?:the|each|every) month\b", _note_last_day),
    phrase(r"\b(?:on )?(?:the )?first day of (?:the|each|every) month\b", _note_first_day),
    phrase(r"\b([0-9]{1,2})(?:st|nd|rd|th)(?: day)? of (?:the|each|every) month\b", _note_day_of_month),
    phrase(rf"\b(?:on |in )?{_M}\s*{_D}", _note_year_day),
    phrase(rf"\b(?:on )?(?:the )?{_D}(?: of)?\s+{_M}", _note_year_day),
    phrase(r"\b(?:on )?the ([0-9]{1,2})(?:st|nd|rd|th)\b", _note_month_day),
    phrase(rf"(?:\b(?:of|in) the|(?:\b(?:of|in) )?\b(?:every|each))\s+({_U})", _note_period),
    phrase(rf"\bat least\s+({_N})(?:\s+times?)?", _note_only_times),
    phrase(_W, _note_weekday),
)

# What may stand between phrases without meaning anything of its own.
FILLERS = frozenset(("on", "at", "the", "of", "and", "in", "a", "least", "meeting", "meetings", "held"))

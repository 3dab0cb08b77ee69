"""Comparisons of named counts with a share of another: quorums and majorities, exact.

Owns their text form and their judgement, in whole numbers: nothing is ever rounded. Never knows where counts come from.
Invariants: "more than half of due" is `>1/2 of due`, and exactly half does not satisfy it; a text that parses prints as
itself. Source: docs/reference/ballots.md, "Quorum and majority".

    quorum    = COUNT share          present>=4/5 of due
    threshold = share                >1/2 of valid
    share     = (">" | ">=") NUMERATOR "/" DENOMINATOR " of " COUNT
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

DUE = "due"
ISSUED = "issued"
PRESENT = "present"
REPRESENTED = "represented"
RETURNED = "returned"
VALID = "valid"
EXPRESSED = "expressed"
# The counts that a result names, from the whole electorate to those who took a side.
COUNTS = (DUE, ISSUED, PRESENT, REPRESENTED, RETURNED, VALID, EXPRESSED)

_COUNT = "|".join(COUNTS)
# Up to four digits: `667/1000`; more is not a rule that people state.
_SHARE = rf"(>=?)([1-9][0-9]{{0,3}})/([1-9][0-9]{{0,3}}) of ({_COUNT})"
THRESHOLD_PATTERN = _SHARE
QUORUM_PATTERN = rf"({_COUNT}){_SHARE}"
SURPLUS_PATTERN = r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})"
_THRESHOLD = re.compile(THRESHOLD_PATTERN)
_QUORUM = re.compile(QUORUM_PATTERN)
_SURPLUS = re.compile(SURPLUS_PATTERN)


@dataclass(frozen=True, slots=True)
class Share:
    """More than (`strict`), or at least, `numerator`/`denominator` of the count `of`."""

    strict: bool
    numerator: int
    denominator: int
    of: str

    def holds(self, number: int, counts: Mapping[str, int]) -> bool:
        """Whether `number` is that much of the count."""
        found, wanted = number * self.denominator, counts[self.of] * self.numerator
        return found > wanted if self.strict else found >= wanted


def parse_threshold(text: str) -> Share:
    """The share that a vote has to reach. The text fits `THRESHOLD_PATTERN`."""
    match = _THRESHOLD.fullmatch(text)
    assert match is not None, "the argument's type has checked the form"
    return _share(*match.groups())


def parse_quorum(text: str) -> tuple[str, Share]:
    """The count that has to be large enough, and the share that it has to be. The text fits `QUORUM_PATTERN`."""
    match = _QUORUM.fullmatch(text)
    assert match is not None, "the argument's type has checked the form"
    left, *share = match.groups()
    return left, _share(*share)


def candidates_least(surplus: str, seats: int) -> int:
    """How many candidates there have to be for so many seats if they are to outnumber them by this share."""
    match = _SURPLUS.fullmatch(surplus)
    assert match is not None, "the argument's type has checked the form"
    numerator, denominator = int(match[1]), int(match[2])
    # Rounded up: 5 seats and a fifth ask for 6, 4 seats and a fifth for 5.
    return seats - (-seats * numerator // denominator)


def _share(sign: str, numerator: str, denominator: str, of: str) -> Share:
    return Share(sign == ">", int(numerator), int(denominator), of)

"""The single transferable vote as Scotland's councils count it: weighted inclusive Gregory, five decimal places.

Owns quota, stages, transfers and the choice among equals. Never uses chance: what the rules leave to lots is decided by
the order in which the options stand, for which lots are drawn before the voting. Invariants: no votes are made, a few
hundred-thousandths are lost to truncation; who reached the quota keeps it; nobody is excluded while a surplus waits.
Source: The Scottish Local Government Elections Order 2007 (SSI 2007/42), schedule 1, rules 45 to 52.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

# Votes are counted in hundred-thousandths, as rule 48(3) wants five decimal places.
UNIT = 100_000

FIRST = "first"
SURPLUS = "surplus"
EXCLUSION = "exclusion"
LAST = "last"

# Options in the order of preference, and how many papers say just this.
Profile: TypeAlias = Mapping[tuple[int, ...], int]


class Stage(NamedTuple):
    """One stage of the count.

    `what` is `first` (preferences), `surplus` or `exclusion` of `option`, or `last` (rule 52: nobody is left to
    compete with). `votes` (in hundred-thousandths, by option) and `exhausted` are as at the end of the stage;
    `elected` those who reached the quota in it, in order; `by_lot` whether `option` was chosen among equals by the
    order of the options.
    """

    what: str
    option: int | None
    votes: tuple[int, ...]
    exhausted: int
    elected: tuple[int, ...]
    by_lot: bool


class Count(NamedTuple):
    """A finished count: the quota in whole votes, the stages, and who is elected, in the order of election."""

    quota: int
    stages: tuple[Stage, ...]
    elected: tuple[int, ...]


class _Parcel(NamedTuple):
    """Papers alike: their order of preference, the place in it that counts now, how many, what each is worth."""

    order: tuple[int, ...]
    place: int
    number: int
    value: int


def scottish_count(profile: Profile, option_count: int, seats: int) -> Count:
    """Count papers.

    Args:
        profile: The papers; an order that is empty is no vote and does not count for the quota.
        option_count: How many options there are; an order names each at most once.
        seats: At least 1.

    Cost: one step for every parcel that moves; a parcel moves at most once for each option.
    """
    return _Counting(profile, option_count, seats).run()


class _Counting:
    """A count under way."""

    def __init__(self, profile: Profile, option_count: int, seats: int) -> None:
        self._papers = {order: number for order, number in profile.items() if order and number}
        self._total = sum(self._papers.values())
        self._seats = seats
        # Rule 46.
        self._quota = self._total // (seats + 1) + 1
        self._votes = [0] * option_count
        self._piles: list[list[_Parcel]] = [[] for _ in range(option_count)]
        self._continuing = set(range(option_count))
        self._elected: list[int] = []
        self._waiting: list[int] = []
        self._stages: list[Stage] = []

    def run(self) -> Count:
        """Stage after stage, until every seat is filled or nobody is left."""
        # Rule 45; in the order of the papers, whatever order the profile has.
        for order in sorted(self._papers):
            self._give(_Parcel(order, 0, self._papers[order], UNIT))
        self._close_stage(FIRST, None)
        while self._seats_left and self._continuing:
            if len(self._continuing) <= self._seats_left:
                self._fill_last()
            elif self._waiting:
                self._transfer_surplus()
            else:
                self._exclude()
        return Count(self._quota, tuple(self._stages), tuple(self._elected))

    @property
    def _seats_left(self) -> int:
        return self._seats - len(self._elected)

    def _transfer_surplus(self) -> None:
        """Rules 48 and 49: the highest surplus first."""
        most = max(self._votes[option] for option in self._waiting)
        option, by_lot = self._choose([one for one in self._waiting if self._votes[one] == most], highest=True)
        self._waiting.remove(option)
        held = self._votes[option]
        surplus = held - self._quota * UNIT
        self._votes[option] = self._quota * UNIT
        for parcel in self._take_pile(option):
            self._give(parcel._replace(place=parcel.place + 1, value=parcel.value * surplus // held))
        self._close_stage(SURPLUS, option, by_lot)

    def _exclude(self) -> None:
        """Rules 50 and 51: the lowest."""
        least = min(self._votes[option] for option in self._continuing)
        equal = [one for one in sorted(self._continuing) if self._votes[one] == least]
        option, by_lot = self._choose(equal, highest=False)
        self._continuing.remove(option)
        self._votes[option] = 0
        for parcel in self._take_pile(option):
            self._give(parcel._replace(place=parcel.place + 1))
        self._close_stage(EXCLUSION, option, by_lot)

    def _fill_last(self) -> None:
        """Rule 52."""
        remaining = self._by_votes(self._continuing)
        self._continuing.clear()
        self._elected.extend(remaining)
        self._stages.append(self._stage(LAST, None, tuple(remaining), False))

    def _give(self, parcel: _Parcel) -> None:
        """Credit the papers to the next continuing option on them, from `place` on; to nobody if there is none."""
        for place in range(parcel.place, len(parcel.order)):
            option = parcel.order[place]
            if option in self._continuing:
                self._piles[option].append(parcel._replace(place=place))
                self._votes[option] += parcel.number * parcel.value
                return

    def _take_pile(self, option: int) -> list[_Parcel]:
        pile, self._piles[option] = self._piles[option], []
        return pile

    def _close_stage(self, what: str, option: int | None, by_lot: bool = False) -> None:
        """Note the end of a stage; rule 47: whoever has the quota is elected."""
        reached = self._by_votes(one for one in self._continuing if self._votes[one] >= self._quota * UNIT)
        self._continuing.difference_update(reached)
        self._elected.extend(reached)
        self._waiting.extend(one for one in reached if self._votes[one] > self._quota * UNIT)
        self._stages.append(self._stage(what, option, tuple(reached), by_lot))

    def _stage(self, what: str, option: int | None, elected: tuple[int, ...], by_lot: bool) -> Stage:
        votes = tuple(self._votes)
        return Stage(what, option, votes, self._total * UNIT - sum(votes), elected, by_lot)

    def _by_votes(self, options: Iterable[int]) -> list[int]:
        """Most votes first; equals by earlier stages, then by their order."""
        left, ordered = sorted(options), []
        while left:
            most = max(self._votes[one] for one in left)
            first, _ = self._choose([one for one in left if self._votes[one] == most], highest=True)
            ordered.append(first)
            left.remove(first)
        return ordered

    def _choose(self, equal: Sequence[int], highest: bool) -> tuple[int, bool]:
        """Of options with equal votes, the one with the most (or fewest) at the last stage at which they differed.

        Returns:
            The option, and whether no stage told them apart: then it is the first (or last) in the order of options.
        """
        pick = max if highest else min
        for stage in reversed(self._stages):
            if len(equal) == 1:
                break
            best = pick(stage.votes[one] for one in equal)
            equal = [one for one in equal if stage.votes[one] == best]
        return pick(equal, key=lambda one: -one), len(equal) > 1

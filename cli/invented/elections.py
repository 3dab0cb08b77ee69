"""Elections in an invented organisation: each branch elects its committee once, on paper, and two tellers report.

Owns the figures that are reported. They always suffice: who is elected are the first three candidates, those who hold
the offices.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from cli.invented.step import Affair, Step
from cli.invented.tree import Branch, Tree
from contracts.calendar.dates import Day
from ledger.encoding import Value

KIND_BALLOT = "ballot"
_MONTH, _OPENING_DAY, _TALLY_DAY = 3, 8, 24
SEATS = 3
_CANDIDATES = 4


@dataclass(slots=True)
class Elections:
    """Of all branches, in the first year; `held` counts them."""

    tree: Tree
    chance: Random
    held: int = 0

    def affairs(self, months_done: int) -> tuple[tuple[int, Affair], ...]:
        """What happens in a month, the `months_done`-th from 0, with the days of the month."""
        return ((_OPENING_DAY, self._open), (_TALLY_DAY, self._tally)) if months_done == _MONTH - 1 else ()

    def _open(self, day: Day, parts: Iterator[int]) -> Iterator[Step]:
        part = next(parts)
        for branch in self.tree.branches:
            candidates: list[Value] = [member.person for member in branch.members[:_CANDIDATES]]
            arguments: dict[str, Value] = {
                "unit": branch.unit,
                "title": "Committee / 支部委员会",
                "method": "choose",
                "casting": "tallied",
                "electorate": ["voter"],
                "options": candidates,
                "seats": SEATS,
                "threshold": ">1/2 of present",
                "quorum": "present>=4/5 of due",
                "surplus": "1/5",
                "tellers": 2,
            }
            yield Step(part, day, branch.secretary, "ballots.open", arguments, closes="closes")

    def _tally(self, day: Day, parts: Iterator[int]) -> Iterator[Step]:
        first, second = next(parts), next(parts)
        figures = {branch.unit: self._figures(branch) for branch in self.tree.branches}
        for branch in self.tree.branches:
            yield Step(first, day, branch.secretary, "ballots.tally", figures[branch.unit])
        for branch in self.tree.branches:
            yield Step(second, day, branch.organiser, "ballots.tally", figures[branch.unit])
        self.held += len(self.tree.branches)

    def _figures(self, branch: Branch) -> dict[str, Value]:
        due = len(branch.members)
        present = self.chance.randint(-(-9 * due // 10), due)
        # Above half of those present, and above the one who is not elected.
        votes: list[Value] = [self.chance.randint(2 * present // 3 + 1, present) for _ in range(SEATS)]
        votes += [self.chance.randint(0, present // 10) for _ in range(_CANDIDATES - SEATS)]
        return {
            "unit": branch.unit,
            "number": 1,
            "present": present,
            "issued": present,
            "returned": present,
            "valid": present,
            "votes": votes,
        }

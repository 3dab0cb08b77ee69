"""Notes on an invented roster: who took part in the life of the branch, and until when dues are paid.

Owns how often that is noted: often enough that nobody is looked into who takes part and pays. Those who stopped paying
are found by the pack's own check, six months after what was noted last.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cli.invented.dues import DuesBook
from cli.invented.founding import TYPE_MEMBER
from cli.invented.step import Affair, Step
from cli.invented.tree import Branch, Tree
from contracts.calendar.dates import Day, format_date
from ledger.encoding import Value

# The pack looks into six months.
_MONTHS_BETWEEN = 5
_DAY = 28


@dataclass(slots=True)
class Participation:
    """Of all branches; `begin` is the day on which everybody was taken over."""

    tree: Tree
    dues: DuesBook
    begin: Day

    def affairs(self, months_done: int) -> tuple[tuple[int, Affair], ...]:
        """What happens in a month, the `months_done`-th from 0, with the day of the month."""
        return () if (months_done + 1) % _MONTHS_BETWEEN else ((_DAY, self._note),)

    def _note(self, day: Day, parts: Iterator[int]) -> Iterator[Step]:
        part = next(parts)
        for branch in self.tree.branches:
            for member in branch.members:
                fields: dict[str, Value] = {"life_on": day, "work_on": day}
                yield self._noted(part, day, branch, branch.secretary, "note-life", member.person, fields)
        part = next(parts)
        for branch in self.tree.branches:
            for person in self.dues.paying(branch.unit):
                fields = {"dues_until": day}
                yield self._noted(part, day, branch, branch.treasurer, "note-dues", person, fields)

    def _noted(
        self, part: int, day: Day, branch: Branch, sender: str, transition: str, person: str, fields: dict[str, Value]
    ) -> Step:
        arguments: dict[str, Value] = {
            "type": TYPE_MEMBER,
            "id": f"{branch.unit}/{person}/{format_date(self.begin)}",
            "transition": transition,
            "fields": fields,
        }
        return Step(part, day, sender, "records.act", arguments)

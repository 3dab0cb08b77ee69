"""Study in an invented organisation: the hours of the officers of every branch and of one in ten of the others.

Owns whose hours are entered and who falls short. Nobody enters their own: the organiser does it, and the secretary for
the organiser.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from cli.invented.people import InventedMember
from cli.invented.step import Affair, Step
from cli.invented.tree import OFFICERS_COUNT, Branch, Tree
from contracts.calendar.dates import Day, date_of
from ledger.encoding import Value

TYPE_STUDY_YEAR = "study-year"
_MONTH, _DAY = 12, 10
_ONE_IN = 10
# Entries of some long days; officers have to study more.
_ENTRY_MINUTES = 1120
_ENTRIES, _ENTRIES_OF_OFFICERS = 2, 3
# So many of a thousand enter one day less.
_SHORT_PER_MILLE = 40


@dataclass(slots=True)
class Study:
    """Of all branches; `complete` and `short` count the years of people by unit."""

    tree: Tree
    chance: Random
    complete: Counter[str] = field(default_factory=Counter)
    short: Counter[str] = field(default_factory=Counter)

    def affairs(self, month: int) -> tuple[tuple[int, Affair], ...]:
        """What happens in a month, with the day of the month: once a year, everything is entered."""
        return ((_DAY, self._enter),) if month == _MONTH else ()

    def _enter(self, day: Day, parts: Iterator[int]) -> Iterator[Step]:
        year, opening = date_of(day).year, next(parts)
        entering = [next(parts) for _ in range(_ENTRIES_OF_OFFICERS)]
        completing = next(parts)
        students = [
            (branch, member, self._entries(branch, place))
            for branch in self.tree.branches
            for place, member in enumerate(branch.members)
            if place < OFFICERS_COUNT or place % _ONE_IN == 0
        ]
        for branch, member, _entries in students:
            arguments: dict[str, Value] = {
                "type": TYPE_STUDY_YEAR,
                "unit": branch.unit,
                "transition": "open",
                "fields": {"person": member.person, "year": year},
            }
            yield Step(opening, day, self._clerk(branch, member), "records.create", arguments)
        for number, part in enumerate(entering):
            for branch, member, (entries, _wanted) in students:
                if number < entries:
                    entered: dict[str, Value] = {"entry": _ENTRY_MINUTES, "entry_on": day - number}
                    yield self._acted(part, day, branch, member, year, "enter", entered)
        for branch, member, (entries, wanted) in students:
            if entries == wanted:
                yield self._acted(completing, day, branch, member, year, "complete", {})

    def _entries(self, branch: Branch, place: int) -> tuple[int, int]:
        """How often somebody's study is entered, and how often it would have to be."""
        wanted = _ENTRIES_OF_OFFICERS if place < OFFICERS_COUNT else _ENTRIES
        is_short = self.chance.randrange(1000) < _SHORT_PER_MILLE
        (self.short if is_short else self.complete)[branch.unit] += 1
        return wanted - is_short, wanted

    def _acted(
        self,
        part: int,
        day: Day,
        branch: Branch,
        member: InventedMember,
        year: int,
        transition: str,
        fields: dict[str, Value],
    ) -> Step:
        arguments: dict[str, Value] = {
            "type": TYPE_STUDY_YEAR,
            "id": f"{branch.unit}/{member.person}/{year}",
            "transition": transition,
        }
        if fields:
            arguments["fields"] = fields
        return Step(part, day, self._clerk(branch, member), "records.act", arguments)

    @staticmethod
    def _clerk(branch: Branch, member: InventedMember) -> str:
        return branch.secretary if member.person == branch.organiser else branch.organiser

"""Meetings of an invented organisation: called, held, minuted; now and then one is missed.

Owns the choice of days and of those that are missed, and the counts that have to be found on the ledger afterwards.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import NamedTuple

from cli.invented.invention import Invention
from cli.invented.step import Affair, Step
from cli.invented.tree import Branch, Tree
from contracts.calendar.dates import Day, day_of
from ledger.encoding import Value

TYPE_DUTY = "meeting-duty"
TYPE_MEETING = "party-meeting"
# So many of a thousand meetings that are due do not take place.
_MISSED_PER_MILLE = 15
_NUMBER_DIGITS = 6


class _Sort(NamedTuple):
    """A sort of meeting; it takes place in months that `every` divides, on a day of the month. `of`: who is counted."""

    name: str
    every: int
    day: int
    of: str


_SORTS = (_Sort("committee", 1, 5, "committee"), _Sort("assembly", 3, 20, "voter"), _Sort("theme-day", 1, 25, "member"))


@dataclass(slots=True)
class MeetingCalendar:
    """The meetings of all branches; `held` and `missed` are counted by unit and sort."""

    tree: Tree
    chance: Random
    held: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def beginning(self, wish: Invention, parts: Iterator[int]) -> Iterator[Step]:
        """Each branch says which meetings it has to hold from now on."""
        day, part = day_of(wish.first_year, 1, 1), next(parts)
        for branch in self.tree.branches:
            for sort in _SORTS:
                arguments: dict[str, Value] = {
                    "type": TYPE_DUTY,
                    "unit": branch.unit,
                    "transition": "begin",
                    "fields": {"sort": sort.name, "since": day},
                }
                yield Step(part, day, branch.secretary, "records.create", arguments)

    def affairs(self, month: int) -> tuple[tuple[int, Affair], ...]:
        """The meetings of a month of any year, with the days of the month."""
        return tuple((sort.day, partial(self._meet, sort)) for sort in _SORTS if month % sort.every == 0)

    def _meet(self, sort: _Sort, day: Day, parts: Iterator[int]) -> Iterator[Step]:
        branches: list[Branch] = []
        for branch in self.tree.branches:
            missed = self.chance.randrange(1000) < _MISSED_PER_MILLE
            (self.missed if missed else self.held)[branch.unit, sort.name] += 1
            if not missed:
                branches.append(branch)
        calling, holding, confirming = next(parts), next(parts), next(parts)
        for branch in branches:
            fields: dict[str, Value] = {"sort": sort.name, "duty": f"{branch.unit}/{sort.name}", "held_on": day}
            called: dict[str, Value] = {
                "type": TYPE_MEETING,
                "unit": branch.unit,
                "transition": "call",
                "fields": fields,
            }
            yield Step(calling, day, branch.secretary, "records.create", called)
        for branch in branches:
            came: dict[str, Value] = {"came": self._came(branch, sort)}
            yield Step(holding, day, branch.secretary, "records.act", self._acted(branch, "hold", came))
        for branch in branches:
            minutes = hashlib.sha256(f"{branch.unit} {sort.name} {day}".encode()).digest()
            arguments = self._acted(branch, "confirm", {"minutes": minutes})
            yield Step(confirming, day, branch.secretary, "records.act", arguments, (branch.organiser,))

    def _acted(self, branch: Branch, transition: str, fields: dict[str, Value]) -> dict[str, Value]:
        # Its meetings so far, this one among them: the number that it got.
        number = sum(self.held[branch.unit, sort.name] for sort in _SORTS)
        record_id = f"{branch.unit}/{number:0{_NUMBER_DIGITS}}"
        return {"type": TYPE_MEETING, "id": record_id, "transition": transition, "fields": fields}

    def _came(self, branch: Branch, sort: _Sort) -> int:
        if sort.of == "committee":
            return 3
        # From two thirds to all of them.
        size = len(branch.members)
        return self.chance.randint(-(-2 * size // 3), size)

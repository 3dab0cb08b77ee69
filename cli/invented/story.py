"""What happened in an invented organisation, step by step: founded, then month by month.

Owns the order of it all. Each kind of affair is written by a module of its own (`founding`, `dues`, `meetings`).
Invariants: days never go back from part to part; what a step builds on stands in an earlier part. The same invention
gives the same steps.
"""

from collections.abc import Iterator
from itertools import count
from random import Random

from cli.invented.dues import DuesBook
from cli.invented.elections import Elections
from cli.invented.founding import founding
from cli.invented.invention import Invention
from cli.invented.meetings import MeetingCalendar
from cli.invented.participation import Participation
from cli.invented.step import Step
from cli.invented.study import Study
from cli.invented.tree import Tree, invented_tree
from contracts.calendar.dates import day_of
from contracts.packs.pack import Pack


class Story:
    """An organisation and its history; go through `steps` once, then ask what has to be found on the ledger."""

    def __init__(self, wish: Invention, pack: Pack) -> None:
        """`pack` is the policy pack that it goes by, with a table of dues."""
        self.wish = wish
        self.tree: Tree = invented_tree(wish)
        chance = Random(f"banyan story {wish.seed} {wish.members} {wish.years}")  # noqa: S311
        self.dues = DuesBook(self.tree, pack, chance)
        self.meetings = MeetingCalendar(self.tree, chance)
        self.study = Study(self.tree, chance)
        self.elections = Elections(self.tree, chance)
        self.participation = Participation(self.tree, self.dues, day_of(wish.first_year, 1, 1))

    def steps(self) -> Iterator[Step]:
        """Everything, in order. Memory: what is left open of dues, and counts; not the steps."""
        parts = count(1)
        yield from founding(self.tree, self.wish, parts)
        yield from self.dues.opening(self.wish, parts)
        yield from self.meetings.beginning(self.wish, parts)
        for number, (year, month) in enumerate(self.wish.months):
            affairs = [
                *self.dues.affairs(),
                *self.meetings.affairs(month),
                *self.participation.affairs(number),
                *self.study.affairs(month),
                *self.elections.affairs(number),
            ]
            for day_of_month, affair in sorted(affairs, key=lambda one: one[0]):
                yield from affair(day_of(year, month, day_of_month), parts)

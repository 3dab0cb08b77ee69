"""Dues of an invented organisation: everybody is on the roll, each month is assessed, most pay, some late, a few not.

Owns the choice of who pays when, and the sums that have to be found on the ledger afterwards; they come from the pack's
table of dues by the same function that the ledger computes with, and everything else is added up here on its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from cli.invented.founding import PACK
from cli.invented.invention import Invention
from cli.invented.people import InventedMember
from cli.invented.step import Affair, Step
from cli.invented.tree import Branch, Tree
from contracts.calendar.dates import Day, day_of, format_date
from contracts.packs.pack import Pack
from contracts.packs.sections.dues import SECTION_DUES, DuesTable
from contracts.treasury.month import Month, format_month, month_of_day
from contracts.treasury.terms import Terms
from ledger.encoding import Value

# So many of a thousand members pay a month late, and so many stop paying at some time.
_LATE_PER_MILLE = 30
_STOPPING_PER_MILLE = 8
_PAY_DAY = 12
_MONEY_ACCOUNT = "bank"


@dataclass(slots=True)
class _Account:
    """What one member owes and has paid so far, in fen; `stops_after` months they pay nothing more."""

    member: InventedMember
    stops_after: int | None
    due: int = 0
    paid: int = 0


@dataclass(slots=True)
class DuesBook:
    """The dues of all branches; `due` and `paid` by unit are in fen."""

    tree: Tree
    pack: Pack
    chance: Random
    due: dict[str, int] = field(default_factory=dict)
    paid: dict[str, int] = field(default_factory=dict)
    _accounts: dict[str, list[_Account]] = field(default_factory=dict)
    _months_done: int = 0

    def opening(self, wish: Invention, parts: Iterator[int]) -> Iterator[Step]:
        """The books are opened, and everybody is put on the roll."""
        day = day_of(wish.first_year, 1, 1)
        part = next(parts)
        for branch in self.tree.branches:
            arguments: dict[str, Value] = {"unit": branch.unit, "pack": PACK, "year": wish.first_year}
            yield Step(part, day, branch.treasurer, "treasury.open", arguments)
        part = next(parts)
        for branch in self.tree.branches:
            self._accounts[branch.unit] = [self._account(member, wish) for member in branch.members]
            yield Step(part, day, branch.treasurer, "treasury.standings", _standings(branch, day))

    def _account(self, member: InventedMember, wish: Invention) -> _Account:
        stops = self.chance.randrange(12 * wish.years) if self.chance.randrange(1000) < _STOPPING_PER_MILLE else None
        return _Account(member, stops)

    def affairs(self) -> tuple[tuple[int, Affair], ...]:
        """What happens each month, with the day of the month: what is owed is entered, then what is paid."""
        return ((1, self._assessing), (_PAY_DAY, self._paying))

    def _assessing(self, day: Day, parts: Iterator[int]) -> Iterator[Step]:
        period, part = format_month(month_of_day(day)), next(parts)
        for branch in self.tree.branches:
            yield Step(part, day, branch.treasurer, "treasury.assess", {"unit": branch.unit, "period": period})

    def _paying(self, day: Day, parts: Iterator[int]) -> Iterator[Step]:
        part = next(parts)
        for branch in self.tree.branches:
            lines = self._payments(branch, month_of_day(day))
            if lines:
                arguments: dict[str, Value] = {
                    "unit": branch.unit,
                    "lines": lines,
                    "money": _MONEY_ACCOUNT,
                    "date": format_date(day),
                }
                yield Step(part, day, branch.treasurer, "treasury.pay-batch", arguments)
        self._months_done += 1

    def paying(self, unit: str) -> list[str]:
        """Who has not stopped paying in a unit, as of the month that was done last."""
        return [
            one.member.person
            for one in self._accounts[unit]
            if one.stops_after is None or one.stops_after >= self._months_done
        ]

    def _payments(self, branch: Branch, month: Month) -> list[Value]:
        """What the members of a branch owe since this month, added up, and the lines of those who pay now."""
        table = self.pack.sections[SECTION_DUES]
        assert isinstance(table, DuesTable), "the pack has a table of dues"
        terms = Terms(table)
        lines: list[Value] = []
        for account in self._accounts[branch.unit]:
            member = account.member
            account.due += terms.due(member.person, member.category, member.base_fen, month)
            stopped = account.stops_after is not None and self._months_done >= account.stops_after
            if stopped or self.chance.randrange(1000) < _LATE_PER_MILLE:
                continue
            amount = account.due - account.paid
            if amount:
                account.paid += amount
                lines.append([member.person, amount])
        accounts = self._accounts[branch.unit]
        self.due[branch.unit] = sum(one.due for one in accounts)
        self.paid[branch.unit] = sum(one.paid for one in accounts)
        return lines


def _standings(branch: Branch, day: Day) -> dict[str, Value]:
    lines: list[Value] = []
    for member in branch.members:
        base: list[Value] = [] if member.base_fen is None else [member.base_fen]
        lines.append([member.person, member.category, *base])
    return {"unit": branch.unit, "from": format_date(day), "lines": lines}

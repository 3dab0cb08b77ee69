"""A statement of a bank or a payment app, compared row by row with what is owed and what was entered.

Pure; decides nothing that is not certain: a row is matched where it is in the journal already, or where its words name
one member and no other. An amount alone never names anybody: it only says who might be meant. Invariants: every row has
exactly one outcome, in the order of rows; an entry answers for one row; what a matched row pays is not open for the
next. Source: docs/reference/treasury.md, "Statements".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts.packs.sections.dues_parameters import ARREARS_MONTHS_MAX
from contracts.treasury.month import Month, months_apart
from contracts.treasury.obligations import Entered, Obligations

MATCHED = "matched"
UNMATCHED = "unmatched"
AMBIGUOUS = "ambiguous"

# Why a row has its outcome.
ENTERED = "entered"
NAMED = "named"
NAMED_OLD = "named-old"
NOBODY = "nobody"
OUTGOING = "outgoing"
SEVERAL = "several"
AMOUNT_ONLY = "amount-only"
REFERENCE_AMOUNT = "reference-amount"
REFERENCE_TWICE = "reference-twice"

_WORD = re.compile(r"[\w@.+:-]+")


class StatementRow(NamedTuple):
    """A row of a statement: `day` since 1970-01-01 and as a text; `amount` in fen, what went out negative."""

    number: int
    day: int
    date: str
    amount: int
    name: str = ""
    memo: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row. `months` are those that it pays, oldest first; `advance` what is left over, in fen.

    `candidates` are who might be meant where that is not certain; `entry` is the journal's where it is entered.
    """

    row: StatementRow
    outcome: str
    reason: str
    person: str = ""
    months: tuple[tuple[Month, int], ...] = ()
    advance: int = 0
    candidates: tuple[str, ...] = ()
    entry: int = 0


@dataclass(slots=True)
class Reconciliation:
    """The outcomes, and what is still open of everybody once the matched rows are entered."""

    outcomes: list[Outcome] = field(default_factory=list)
    still_open: dict[str, list[tuple[Month, int]]] = field(default_factory=dict)


def reconcile(
    rows: Iterable[StatementRow], obligations: Obligations, people: Mapping[str, str], money: str
) -> Reconciliation:
    """Compare a statement with a unit's obligations.

    Args:
        rows: In the order of the statement.
        obligations: Of the unit; what is used of it is marked.
        people: Persons by the names that stand in statements.
        money: The account that the statement is of.
    """
    matching = _Matching(obligations, people, money)
    outcomes = [matching.outcome(row) for row in rows]
    return Reconciliation(outcomes, {person: months for person, months in matching.open.items() if months})


class _Matching:
    """One comparison under way."""

    def __init__(self, obligations: Obligations, people: Mapping[str, str], money: str) -> None:
        self.open = {person: list(months) for person, months in obligations.open.items()}
        self._terms = obligations.terms
        self._people = people
        self._entered = [one for one in obligations.entered if one.money == money]
        self._references: set[str] = set()

    def outcome(self, row: StatementRow) -> Outcome:
        """What becomes of the next row."""
        if row.reference and row.reference in self._references:
            return Outcome(row, AMBIGUOUS, REFERENCE_TWICE)
        self._references.add(row.reference)
        certain, possible = self._named(row)
        persons = tuple(sorted(certain | possible))
        entered = self._find_entered(row, persons)
        if entered is not None:
            if entered.amount != row.amount:
                return Outcome(row, AMBIGUOUS, REFERENCE_AMOUNT, entered.person, entry=entered.entry)
            entered.is_used = True
            return Outcome(row, MATCHED, ENTERED, entered.person, entry=entered.entry)
        if row.amount <= 0:
            return Outcome(row, UNMATCHED, OUTGOING)
        if len(persons) == 1 and (certain or _fits(self.open[persons[0]], row.amount)):
            return self._matched(row, persons[0])
        if persons:
            return Outcome(row, AMBIGUOUS, SEVERAL, candidates=persons)
        fitting = tuple(person for person in sorted(self.open) if _fits(self.open[person], row.amount))
        return Outcome(row, AMBIGUOUS, AMOUNT_ONLY, candidates=fitting) if fitting else Outcome(row, UNMATCHED, NOBODY)

    def _named(self, row: StatementRow) -> tuple[set[str], set[str]]:
        """Who on the roll is named by the row, as the payer or a word of the memo; and whose name is a part of one.

        A name that is a part of a longer word may be somebody else's: it counts where the amount fits, too.
        """
        words = {row.name, *_WORD.findall(row.memo)}
        names = {name: person for name, person in self._people.items() if person in self.open}
        certain = {person for name, person in names.items() if name in words} | (words & self.open.keys())
        possible = {person for name, person in names.items() if name in row.memo}
        return certain, possible - certain

    def _find_entered(self, row: StatementRow, persons: tuple[str, ...]) -> Entered | None:
        """The entry that a row was entered by: that of its reference, or of its day, amount and person."""
        unused = [one for one in self._entered if not one.is_used]
        if row.reference:
            for one in unused:
                if one.reference == row.reference:
                    return one
        for one in unused:
            same = one.date == row.date and one.amount == row.amount and not one.reference
            if same and (one.person in persons or not one.person):
                return one
        return None

    def _matched(self, row: StatementRow, person: str) -> Outcome:
        months, left = _paid(self.open[person], row.amount)
        limit = self._terms.number(ARREARS_MONTHS_MAX, row.day)
        now = int(row.date[:4]) * 100 + int(row.date[5:7])
        if any(months_apart(month, now) > limit for month, _amount in months):
            # It can be entered on a decision of the unit, one by one; so the months stay open here.
            return Outcome(row, MATCHED, NAMED_OLD, person, months, left)
        rest = dict(self.open[person])
        for month, amount in months:
            rest[month] -= amount
        self.open[person] = [(month, amount) for month, amount in rest.items() if amount]
        return Outcome(row, MATCHED, NAMED, person, months, left)


def _paid(months: list[tuple[Month, int]], amount: int) -> tuple[tuple[tuple[Month, int], ...], int]:
    """The months that an amount pays, oldest first, and what is left of it."""
    paid = []
    for month, owed in months:
        part = min(amount, owed)
        if part:
            paid.append((month, part))
            amount -= part
    return tuple(paid), amount


def _fits(months: list[tuple[Month, int]], amount: int) -> bool:
    """Whether an amount pays one or more whole months, the oldest first."""
    total = 0
    for _month, owed in months:
        total += owed
        if total == amount:
            return True
    return False

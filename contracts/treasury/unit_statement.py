"""The statement of a unit for a year: what stood in its accounts, came in, went out, and what its members owed.

Pure: computed from the journal and the sheets, never from the sums that the contract keeps, and then compared with
these, so whoever computes it checks the books at the same time. Never tells about fewer than ten people together.
Source: docs/reference/treasury.md, "Statements".
"""

from collections import Counter
from dataclasses import dataclass

from contracts.record_source import RecordSource
from contracts.treasury.accounts import Account
from contracts.treasury.books import KIND_BOOKS, Books
from contracts.treasury.closing import KIND_CLOSING, closing_id
from contracts.treasury.entry import CLOSING, KIND_ENTRY, Entry
from contracts.treasury.sheet import KIND_SHEET, Sheet, totals

# A statistic about fewer people says something about each of them.
PEOPLE_LEAST = 10


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account over the year, its balances and what was posted as people count them, in fen."""

    code: str
    account: Account
    before: int
    moved: int
    after: int


@dataclass(frozen=True, slots=True)
class CategoryLine:
    """What members of a category owed for months of the year; None: they are fewer than ten people."""

    category: str
    people: int | None
    due: int | None


@dataclass(frozen=True, slots=True)
class UnitStatement:
    """The statement; amounts in fen.

    `accounts` are those with something to say, in the order of codes; of income and expenses, `moved` is the result of
    the year without the closing. `agrees`: the journal's sums are the balances of the books, and a closed year's
    results those of its closing. `due`, `paid`, `waived` are of the year's months, whenever they were paid.
    """

    unit: str
    year: int
    closed: bool
    entries: int
    reversed: int
    accounts: tuple[AccountLine, ...]
    surplus: int
    due: int
    paid: int
    waived: int
    categories: tuple[CategoryLine, ...]
    agrees: bool

    @property
    def open(self) -> int:
        """What is still open of the year's months."""
        return self.due - self.paid - self.waived


def unit_statement(source: RecordSource, unit: str, year: int) -> UnitStatement | None:
    """The statement of a unit; None if it keeps no books.

    Cost: reads the unit's whole journal, and its sheets of the year.
    """
    record = source.find(KIND_BOOKS, unit)
    if record is None:
        return None
    books = Books.from_fields(record.fields)
    entries = [Entry.from_fields(found.record.fields) for found in source.of_unit(KIND_ENTRY, unit)]
    before, moved, everything = _sums(entries, year)
    results = {code: amount for code, amount in moved.items() if amount and books.accounts[code].is_yearly}
    sheets = [
        Sheet.from_fields(found.record.fields) for found in source.each(KIND_SHEET, f"{unit}/{year:04}-", unit=unit)
    ]
    due, paid, waived = totals(line for sheet in sheets for line in sheet.lines.values())
    return UnitStatement(
        unit=unit,
        year=year,
        closed=books.closed is not None and year <= books.closed,
        entries=sum(_year(entry) == year for entry in entries),
        reversed=sum(_year(entry) == year and "reversed_by" in entry.more for entry in entries),
        accounts=tuple(
            _account_line(code, account, before[code], moved[code])
            for code, account in sorted(books.accounts.items())
            if before[code] or moved[code]
        ),
        surplus=-sum(results.values()),
        due=due,
        paid=paid,
        waived=waived,
        categories=_categories(sheets),
        agrees=_agrees(source, books, everything, results, year),
    )


def _year(entry: Entry) -> int:
    return int(entry.date[:4])


def _sums(entries: list[Entry], year: int) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """What was posted before the year, in it without its closing, and ever."""
    before: Counter[str] = Counter()
    moved: Counter[str] = Counter()
    everything: Counter[str] = Counter()
    for entry in entries:
        everything.update(entry.lines)
        if _year(entry) < year:
            before.update(entry.lines)
        elif _year(entry) == year and entry.what != CLOSING:
            moved.update(entry.lines)
    return before, moved, everything


def _account_line(code: str, account: Account, before: int, moved: int) -> AccountLine:
    sign = 1 if Account(account.type, 1).natural > 0 else -1
    # What is yearly begins with nothing: the closing of the year before went to the fund.
    start = 0 if account.is_yearly else sign * before
    return AccountLine(code, account, start, sign * moved, start + sign * moved)


def _categories(sheets: list[Sheet]) -> tuple[CategoryLine, ...]:
    people: dict[str, set[str]] = {}
    due: Counter[str] = Counter()
    for sheet in sheets:
        for person, line in sheet.lines.items():
            people.setdefault(line.category, set()).add(person)
            due[line.category] += line.due
    # With one category left out, the others and the sum would tell it.
    told = all(len(one) >= PEOPLE_LEAST for one in people.values())
    return tuple(
        CategoryLine(name, len(people[name]) if told else None, due[name] if told else None) for name in sorted(people)
    )


def _agrees(source: RecordSource, books: Books, everything: Counter[str], results: dict[str, int], year: int) -> bool:
    if any(account.balance != everything[code] for code, account in books.accounts.items()):
        return False
    closing = source.find(KIND_CLOSING, closing_id(books.unit, year))
    return closing is None or closing.fields["result"] == results

"""The books of one unit: its accounts, the results of its open years, and the sums of what its members owe.

Owns the record `books/<unit>` and every rule that a posting has to keep. Never knows a member. Invariants, checked
whenever the books are written: all balances add up to zero; no account is below its limit; what is owed is what is
paid, open and waived, and the open part is the balance of `dues-receivable`; the results of the open years are the
balances of income and expenses; nothing is posted into a closed year. Source: docs/reference/treasury.md, "Books".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from contracts.calendar.dates import Day, date_of
from contracts.errors import Refusal
from contracts.treasury.accounts import ADVANCE, RECEIVABLE, Account, standard_accounts
from contracts.treasury.month import Month
from contracts.treasury.reasons import (
    BELOW_LIMIT,
    NUMBERS_FULL,
    OPEN_TOO_MANY,
    TOO_LARGE,
    UNBALANCED,
    YEAR_CLOSED,
    YEAR_UNKNOWN,
    YEARS_OPEN,
)
from ledger.encoding import Value
from ledger.errors import DecodingError

KIND_BOOKS = "books"
# A hundred times the reserves of a nation, and far from 64 bits.
BALANCE_MAX = 10**17
# Results of open years stand in the books' own record.
YEARS_OPEN_MAX = 5
# Sheets on which something is open, by roll sheet: 25 sheets of a roll, five years each; 8 KiB.
OPEN_MAX = 1500
NUMBER_MAX = 10**8 - 1


@dataclass(slots=True)
class Sums:
    """What members of the unit owe in all, in fen; `advance` is what they paid before they owed it."""

    due: int = 0
    paid: int = 0
    waived: int = 0
    advance: int = 0

    @property
    def open(self) -> int:
        """What is still to be paid."""
        return self.due - self.paid - self.waived


@dataclass(slots=True)
class Books:
    """The books under way; `closed` is the last closed year, `first_year` the one that they begin with.

    `counts` are the numbers given to entries, requests and remittances; `rolls` the sheets of the roll; `open` the
    months on which something is open, by sheet of the roll.
    """

    unit: str
    pack: str
    first_year: int
    closed: int | None = None
    accounts: dict[str, Account] = field(default_factory=standard_accounts)
    results: dict[int, dict[str, int]] = field(default_factory=dict)
    sums: Sums = field(default_factory=Sums)
    counts: dict[str, int] = field(default_factory=dict)
    rolls: int = 0
    open: dict[int, list[Month]] = field(default_factory=dict)

    @property
    def first_open_year(self) -> int:
        """The first year that is not closed."""
        return self.first_year if self.closed is None else self.closed + 1

    def next_number(self, what: str) -> int:
        """The next number of an entry, a request or a remittance.

        Raises:
            Refusal: `treasury.numbers-full`.
        """
        number = self.counts.get(what, 0) + 1
        if number > NUMBER_MAX:
            raise Refusal(*NUMBERS_FULL, unit=self.unit)
        self.counts[what] = number
        return number

    def check_day(self, day: Day) -> int:
        """The year of a day, if something can be posted on it.

        Raises:
            Refusal: `treasury.year-closed`, `treasury.year-unknown`, `treasury.years-open`.
        """
        year = date_of(day).year
        if self.closed is not None and year <= self.closed:
            raise Refusal(*YEAR_CLOSED, unit=self.unit, year=year)
        if year < self.first_year:
            raise Refusal(*YEAR_UNKNOWN, unit=self.unit, first=self.first_year, year=year)
        if year - self.first_open_year >= YEARS_OPEN_MAX:
            raise Refusal(*YEARS_OPEN, unit=self.unit, first=self.first_open_year)
        return year

    def post(self, lines: Mapping[str, int], day: Day) -> None:
        """Add amounts (debits positive) to accounts that are there; no account is left below its limit.

        Raises:
            Refusal: `treasury.below-limit`, `treasury.too-large`, `treasury.unbalanced`, or as `check_day`.
        """
        year = self.check_day(day)
        if sum(lines.values()) != 0:
            raise Refusal(*UNBALANCED, unit=self.unit, what="entry")
        for code, amount in lines.items():
            account = self.accounts[code]
            changed = replace(account, balance=account.balance + amount)
            self.check_account(code, changed)
            self.accounts[code] = changed
            if account.is_yearly:
                results = self.results.setdefault(year, {})
                results[code] = results.get(code, 0) + amount

    def check_account(self, code: str, account: Account) -> None:
        """Refuse an account that stands below its limit, or holds more than there is."""
        if account.least is not None and account.natural < account.least:
            raise Refusal(*BELOW_LIMIT, account=code, unit=self.unit, balance=account.natural, least=account.least)
        if abs(account.balance) > BALANCE_MAX:
            raise Refusal(*TOO_LARGE, account=code, unit=self.unit, limit=BALANCE_MAX)

    def note_open(self, sheet: int, month: Month, is_open: bool) -> None:
        """Remember whether something is open on a sheet.

        Raises:
            Refusal: `treasury.open-too-many`.
        """
        months = self.open.setdefault(sheet, [])
        if is_open and month not in months:
            months.append(month)
            months.sort()
            count = sum(map(len, self.open.values()))
            if count > OPEN_MAX:
                raise Refusal(*OPEN_TOO_MANY, unit=self.unit, count=OPEN_MAX)
        elif not is_open and month in months:
            months.remove(month)
        if not months:
            del self.open[sheet]

    def check(self) -> None:
        """Refuse to be written out of balance: the invariants of this module.

        Raises:
            Refusal: `treasury.unbalanced`.
        """
        sums = self.sums
        wrong = (
            ("sum", sum(account.balance for account in self.accounts.values()) != 0),
            ("receivable", self.accounts[RECEIVABLE].balance != sums.open),
            ("advance", self.accounts[ADVANCE].natural != sums.advance),
            ("dues", min(sums.due, sums.paid, sums.waived, sums.open, sums.advance) < 0),
            ("results", not self._results_fit()),
            ("limit", any(one.least is not None and one.natural < one.least for one in self.accounts.values())),
        )
        for what, is_wrong in wrong:
            if is_wrong:
                raise Refusal(*UNBALANCED, unit=self.unit, what=what)

    def _results_fit(self) -> bool:
        years = self.results.values()
        return all(
            account.balance == sum(year.get(code, 0) for year in years)
            for code, account in self.accounts.items()
            if account.is_yearly
        )

    def to_fields(self) -> dict[str, Value]:
        """The fields of the record."""
        sums = self.sums
        fields: dict[str, Value] = {
            "account": {code: account.to_value() for code, account in self.accounts.items()},
            "count": dict(self.counts),
            "dues": {"advance": sums.advance, "due": sums.due, "paid": sums.paid, "waived": sums.waived},
            "first_year": self.first_year,
            "open": {str(sheet): list(months) for sheet, months in self.open.items()},
            "pack": self.pack,
            "result": {
                str(year): {code: amount for code, amount in results.items() if amount}
                for year, results in self.results.items()
            },
            "rolls": self.rolls,
            "unit": self.unit,
        }
        return fields if self.closed is None else fields | {"closed": self.closed}

    @classmethod
    def from_fields(cls, fields: dict[str, Value]) -> "Books":
        """The books in the fields of their record.

        Raises:
            DecodingError: no books.
        """
        match fields:
            case {
                "account": dict(accounts),
                "count": dict(counts),
                "dues": {"advance": int(advance), "due": int(due), "paid": int(paid), "waived": int(waived)},
                "first_year": int(first_year),
                "open": dict(opened),
                "pack": str(pack),
                "result": dict(results),
                "rolls": int(rolls),
                "unit": str(unit),
            }:
                closed = fields.get("closed")
                return cls(
                    unit,
                    pack,
                    first_year,
                    closed if isinstance(closed, int) else None,
                    {code: Account.from_value(account) for code, account in accounts.items()},
                    {int(year): _amounts(one) for year, one in results.items()},
                    Sums(due, paid, waived, advance),
                    _amounts(counts),
                    rolls,
                    {int(sheet): _numbers(months) for sheet, months in opened.items()},
                )
        raise DecodingError("the record of a unit's books is malformed")


def _amounts(value: Value) -> dict[str, int]:
    assert isinstance(value, dict)
    return {name: amount for name, amount in value.items() if isinstance(amount, int)}


def _numbers(value: Value) -> list[int]:
    assert isinstance(value, list)
    return [number for number in value if isinstance(number, int)]

"""Random sequences of operations on the books: whatever happens, in every block they are in balance.

The invariants are computed from the records afresh: from the journal, the sheets and the roll, never from the sums that
the contract keeps.
"""

import copy
from collections import Counter
from functools import lru_cache
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts.record import Record, parse_record_key
from contracts.result import CODE_OK, Result
from contracts.treasury.accounts import ADVANCE, BANK, CASH, RECEIVABLE, THE_FUND
from contracts.treasury.books import KIND_BOOKS
from contracts.treasury.entry import KIND_ENTRY, REVERSIBLE, Entry
from contracts.treasury.roll import KIND_ROLL, Roll
from contracts.treasury.sheet import KIND_SHEET, Line, Sheet
from ledger.encoding import Value
from tests.contracts.treasury.treasury_ledger import BRANCH, DISTRICT, MEMBERS, ROOT, TreasuryLedger

UNITS = (ROOT, DISTRICT, BRANCH)
PERIODS = st.sampled_from(["2025-12", "2026-01", "2026-07", "2026-08", "2026-09"])
PEOPLE = st.sampled_from(MEMBERS)
AMOUNTS = st.sampled_from([1, 20, 1500, 1501, 5000, 20_000, 120_000])
PLACES = st.sampled_from([BANK, CASH])
NUMBERS = st.integers(1, 12)
CATEGORIES = st.sampled_from([("wage", 300_000), ("wage", 777_777), ("student", None), ("farmer", 55), (None, None)])


@lru_cache(maxsize=1)
def begun() -> TreasuryLedger:
    return TreasuryLedger().begin()


class Treasuries(RuleBasedStateMachine):
    """One branch and what is above it; most operations are allowed to fail."""

    @initialize()
    def begin(self) -> None:
        self.ledger = copy.deepcopy(begun())
        self.closed: set[int] = set()
        self.journal: dict[str, list[int]] = {}

    def records(self, kind: str, unit: str) -> list[dict[str, Value]]:
        """The fields of all records of a kind in a unit, in the order of ids."""
        found = []
        for key in sorted(self.ledger.state):
            if key.startswith(f"{kind}\0{unit}".encode()):
                record_id = parse_record_key(key)[1]
                if record_id == unit or record_id.startswith(f"{unit}/"):
                    found.append(Record.decode(self.ledger.state[key]).fields)
        return found

    def try_to(self, method: str, **arguments: Any) -> Result:
        result = self.ledger.ask(method, **arguments)
        assert result.code == CODE_OK or result.code.startswith(("treasury.", "arguments.")), result.code
        assert result.code != "treasury.unbalanced"
        return result

    @rule(person=PEOPLE, standing=CATEGORIES, start=st.sampled_from(["2025-12-01", "2026-07-15", "2026-09-01"]))
    def stand(self, person: str, standing: tuple[str | None, int | None], start: str) -> None:
        given = {"category": standing[0], "base": standing[1]}
        self.try_to("standing", person=person, **{"from": start}, **{k: v for k, v in given.items() if v is not None})

    @rule(period=PERIODS)
    def assess(self, period: str) -> None:
        self.try_to("assess", period=period)

    @rule(person=PEOPLE, amount=AMOUNTS, money=PLACES, basis=st.booleans())
    def pay(self, person: str, amount: int, money: str, basis: bool) -> None:
        self.try_to("pay", person=person, amount=amount, money=money, **({"basis": "decided"} if basis else {}))

    @rule(lines=st.lists(st.tuples(PEOPLE, AMOUNTS), min_size=1, max_size=4), money=PLACES)
    def pay_many(self, lines: list[tuple[str, int]], money: str) -> None:
        self.try_to("pay-batch", lines=[list(line) for line in lines], money=money, basis="decided")

    @rule(person=PEOPLE, amount=AMOUNTS, money=PLACES)
    def refund(self, person: str, amount: int, money: str) -> None:
        self.try_to("refund", person=person, amount=amount, money=money)

    @rule(person=PEOPLE, amount=AMOUNTS, money=PLACES)
    def give(self, person: str, amount: int, money: str) -> None:
        self.try_to("gift", person=person, amount=amount, money=money)

    @rule(amount=AMOUNTS, money=PLACES, date=st.sampled_from(["2025-05-05", "2026-05-05"]))
    def receive_income(self, amount: int, money: str, date: str) -> None:
        self.try_to("receive-income", account=THE_FUND, amount=amount, money=money, date=date)

    @rule(amount=AMOUNTS)
    def spend(self, amount: int) -> None:
        asked = {"account": "spending", "text": "tea", "receipts": [bytes(32)]}
        self.try_to("spend", amount=amount, money=BANK, **asked)

    @rule(person=PEOPLE, period=PERIODS, amount=st.none() | AMOUNTS)
    def reduce(self, person: str, period: str, amount: int | None) -> None:
        given = {} if amount is None else {"amount": amount}
        self.try_to("reduce", person=person, period=period, reason="ill", **given)

    @rule(number=NUMBERS)
    def approve(self, number: int) -> None:
        self.try_to("approve", by="sue", number=number)

    @rule(fund=st.sampled_from(["dues", "gifts"]), amount=AMOUNTS, unit=st.sampled_from([BRANCH, DISTRICT]))
    def remit(self, fund: str, amount: int, unit: str) -> None:
        self.try_to("remit", unit=unit, fund=fund, amount=amount, money=BANK)

    @rule(number=st.integers(1, 4), amount=AMOUNTS, unit=st.sampled_from([BRANCH, DISTRICT]))
    def receive(self, number: int, amount: int, unit: str) -> None:
        self.try_to("receive", unit=unit, number=number, amount=amount, money=BANK)

    @rule(number=st.integers(1, 4))
    def send_back(self, number: int) -> None:
        self.try_to("return", number=number, reason="not here")

    @rule(person=PEOPLE, period=PERIODS)
    def correct(self, person: str, period: str) -> None:
        self.try_to("correct", person=person, period=period)

    @rule(number=NUMBERS)
    def reverse(self, number: int) -> None:
        self.try_to("reverse", number=number, reason="wrong")

    @rule()
    def close(self) -> None:
        result = self.try_to("close", year=2025)
        assert (result.code == CODE_OK) == (not self.closed)
        self.closed.add(2025)
        assert self.try_to("close", year=2025).code == "treasury.year-closed"
        self.journal[BRANCH] = [entry.number for entry in self.entries(BRANCH)]

    @rule(
        person=PEOPLE,
        amount=AMOUNTS,
        period=PERIODS,
        what=st.sampled_from(["assess", "pay", "gift", "batch", "correct"]),
    )
    def reverse_at_once(self, person: str, amount: int, period: str, what: str) -> None:
        """What is done and reversed at once leaves balances, dues and roll as they were."""
        before = self.picture()
        if what == "assess":
            done = self.try_to("assess", period=period)
        elif what == "correct":
            done = self.try_to("correct", person=person, period=period)
        elif what == "batch":
            done = self.try_to("pay-batch", lines=[[person, amount]], money=CASH, basis="decided")
        else:
            more = {"basis": "decided"} if what == "pay" else {}
            done = self.try_to(what, person=person, amount=amount, money=CASH, **more)
        if done.code == CODE_OK:
            number = self.entries(BRANCH)[-1].number
            assert self.try_to("reverse", number=number, reason="at once").code == CODE_OK
            assert self.try_to("reverse", number=number, reason="again").code == "treasury.reversed-already"
        assert self.picture() == before

    def picture(self) -> object:
        """What a reversal restores: balances, sums, rolls, and the sheets that have a line."""
        books = self.ledger.books()
        sheets = [(one.month, one.number, one.lines) for one in self.sheets(BRANCH) if one.lines]
        # Which entry a line came from is nobody's balance.
        lines = [
            (month, number, {person: line._replace(entry=0) for person, line in found.items()})
            for month, number, found in sheets
        ]
        return books.accounts, books.sums, books.open, self.rolls(BRANCH), lines

    def entries(self, unit: str) -> list[Entry]:
        return [Entry.from_fields(fields) for fields in self.records(KIND_ENTRY, unit)]

    def sheets(self, unit: str) -> list[Sheet]:
        return [Sheet.from_fields(fields) for fields in self.records(KIND_SHEET, unit)]

    def rolls(self, unit: str) -> list[Roll]:
        return [Roll.from_fields(fields) for fields in self.records(KIND_ROLL, unit)]

    @invariant()
    def books_are_in_balance(self) -> None:
        """They add up to zero, are what the journal says, and no account is below its limit."""
        if not hasattr(self, "ledger"):
            return
        for unit in UNITS:
            books, entries = self.ledger.books(unit), self.entries(unit)
            assert sum(one.balance for one in books.accounts.values()) == 0
            moved: Counter[str] = Counter()
            for entry in entries:
                assert sum(entry.lines.values()) == 0
                moved.update(entry.lines)
            assert {code: one.balance for code, one in books.accounts.items()} == {
                code: moved[code] for code in books.accounts
            }
            assert all(one.least is None or one.natural >= one.least for one in books.accounts.values())
            assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))

    @invariant()
    def what_is_owed_is_paid_open_or_waived(self) -> None:
        """In every line; and the books' own sums are those of the sheets and the roll."""
        if not hasattr(self, "ledger"):
            return
        books = self.ledger.books()
        lines: list[Line] = [line for sheet in self.sheets(BRANCH) for line in sheet.lines.values()]
        assert all(line.due == line.paid + line.open + line.waived for line in lines)
        assert all(min(line) >= 0 for line in ((one.due, one.paid, one.open, one.waived) for one in lines))
        sums = books.sums
        assert (sums.due, sums.paid, sums.waived) == tuple(
            sum(getattr(line, name) for line in lines) for name in ("due", "paid", "waived")
        )
        assert books.accounts[RECEIVABLE].natural == sum(line.open for line in lines)
        advances = [member.advance for roll in self.rolls(BRANCH) for member in roll.members.values()]
        assert books.accounts[ADVANCE].natural == sums.advance == sum(advances) and min(advances) >= 0
        opened = {
            (sheet.number, sheet.month)
            for sheet in self.sheets(BRANCH)
            if any(one.open for one in sheet.lines.values())
        }
        assert {(number, month) for number, months in books.open.items() for month in months} == opened

    @invariant()
    def nothing_is_in_a_closed_year_that_was_not_when_it_was_closed(self) -> None:
        if not hasattr(self, "ledger") or not self.closed:
            return
        for entry in self.entries(BRANCH):
            if entry.number not in self.journal[BRANCH]:
                assert int(entry.date[:4]) not in self.closed
        # Two sides of every remittance hold the same.
        for fields in self.records("remittance", BRANCH):
            assert fields["state"] in ("sent", "received", "returned")


Treasuries.TestCase.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestTreasuries = Treasuries.TestCase


def test_every_entry_is_reversible_or_said_not_to_be() -> None:
    assert {"payment", "assessment", "gift", "spending"} <= REVERSIBLE and "closing" not in REVERSIBLE
    assert Record.decode(begun().state[f"{KIND_BOOKS}\0{BRANCH}".encode()]).version == 4

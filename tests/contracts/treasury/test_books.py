"""Books of units: assessing, paying, giving, spending, reversing, closing; and what each refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contracts.calendar.dates import parse_date
from contracts.errors import Refusal
from contracts.treasury.accounts import ADVANCE, BANK, CASH, DUES_INCOME, RECEIVABLE, THE_FUND
from contracts.treasury.books import BALANCE_MAX, Books, Sums
from contracts.treasury.entry import KIND_ENTRY, Entry
from contracts.treasury.request import KIND_REQUEST, Request
from contracts.treasury.roll import Roll
from contracts.treasury.sheet import Sheet
from ledger.encoding import Value
from ledger.errors import DecodingError
from tests.contracts.treasury.treasury_ledger import BRANCH, DISTRICT, MEMBERS, ROOT, TreasuryLedger, event

RECEIPT = bytes([7]) * 32


@pytest.fixture
def ledger() -> TreasuryLedger:
    return TreasuryLedger().begin()


def entry(ledger: TreasuryLedger, number: int) -> Entry:
    return Entry.from_fields(ledger.fields(KIND_ENTRY, f"{BRANCH}/{number:08}"))


def test_a_month_is_assessed_in_one_transaction(ledger: TreasuryLedger) -> None:
    done = event(ledger.do("assess", period="2026-01"), "assessed")
    assert (done["count"], done["due"]) == (3, 1500 + 5000 + 15_000)
    assert {person: line.due for person, line in ledger.sheet(202601).lines.items()} == {
        "ann": 1500,
        "bob": 5000,
        "cai": 15_000,
    }
    assert ledger.balances() == {RECEIVABLE: 21_500, DUES_INCOME: 21_500}
    assert ledger.books().sums.open == 21_500 and ledger.books().open == {1: [202601]}
    assert entry(ledger, 1).lines == {RECEIVABLE: 21_500, DUES_INCOME: -21_500}
    assert entry(ledger, 1).date == "2026-01-01"
    assert ledger.fields("dues-sheet", f"{BRANCH}/2026-01/001")["state"] == "open"


def test_nobody_is_assessed_twice_and_who_was_forgotten_is_added(ledger: TreasuryLedger) -> None:
    ledger.do("assess", period="2026-01")
    assert ledger.refused("assess", period="2026-01") == "treasury.nothing-to-assess"
    ledger.do("standing", person="dee", category="student", **{"from": "2026-01-20"})
    assert event(ledger.do("assess", period="2026-01"), "assessed")["count"] == 1
    assert ledger.line("dee", 202601).due == 20 and ledger.line("ann", 202601).entry == 1


def test_rates_hold_from_their_date(ledger: TreasuryLedger) -> None:
    ledger.do("standing", person="dee", category="student", **{"from": "2026-01-01"})
    for month in ("2026-07", "2026-08"):
        ledger.do("assess", period=month)
    assert (ledger.line("dee", 202607).due, ledger.line("dee", 202608).due) == (20, 30)


def test_what_cannot_be_assessed(ledger: TreasuryLedger) -> None:
    assert ledger.refused("assess", period="2026-10") == "treasury.period-ahead"
    assert ledger.refused("assess", period="2026-13") == "treasury.period"
    assert ledger.refused("assess", period="2026-01", sheet=2) == "treasury.sheet-unknown"
    assert ledger.refused("assess", period="2025-12") == "treasury.nothing-to-assess"
    assert ledger.refused("assess", by="ann", period="2026-01") == "operation.not-allowed"
    ledger.add_unit("branch-2", DISTRICT)
    ledger.add_office("branch-2", "treasurer", "tess")
    assert ledger.refused("assess", unit="branch-2", period="2026-01") == "treasury.not-open"


def test_the_oldest_month_is_paid_first_and_what_is_left_over_is_an_advance(ledger: TreasuryLedger) -> None:
    for month in ("2026-07", "2026-08"):
        ledger.do("assess", period=month)
    ledger.do("pay", person="ann", amount=1000, money=CASH)
    assert (ledger.line("ann", 202607).paid, ledger.line("ann", 202608).paid) == (1000, 0)
    ledger.do("pay", person="ann", amount=4000, money=BANK)
    assert (ledger.line("ann", 202607).open, ledger.line("ann", 202608).open) == (0, 0)
    assert ledger.roll().members["ann"].advance == ledger.books().sums.advance == ledger.balance(ADVANCE) == 2000
    # The advance settles what is assessed next.
    ledger.do("assess", period="2026-09")
    assert ledger.line("ann", 202609).paid == 1500 and ledger.balance(ADVANCE) == 500
    assert ledger.balance("dues-payable") == ledger.balance("dues-remitted") == 4500 * 60 // 100


def test_a_month_can_be_named(ledger: TreasuryLedger) -> None:
    for month in ("2026-07", "2026-08"):
        ledger.do("assess", period=month)
    ledger.do("pay", person="ann", amount=1500, money=CASH, period="2026-08")
    assert (ledger.line("ann", 202607).paid, ledger.line("ann", 202608).paid) == (0, 1500)
    assert ledger.refused("pay", person="ann", amount=1, money=CASH, period="2026-08") == "treasury.nothing-owed"
    assert ledger.refused("pay", person="ann", amount=1501, money=CASH, period="2026-07") == "treasury.more-than-owed"


def test_arrears_of_more_than_six_months_need_a_decision(ledger: TreasuryLedger) -> None:
    for month in ("2026-02", "2026-03"):
        ledger.do("assess", period=month)
    # It is September: March is six months ago, February seven.
    assert ledger.refused("pay", person="bob", amount=5000, money=BANK) == "treasury.arrears-old"
    ledger.do("pay", person="bob", amount=5000, money=BANK, period="2026-03")
    ledger.do("pay", person="bob", amount=5000, money=BANK, basis="meeting of 2026-09-18")
    assert ledger.line("bob", 202602).open == 0


def test_what_cannot_be_paid(ledger: TreasuryLedger) -> None:
    ledger.do("assess", period="2026-09")
    assert ledger.refused("pay", person="eve", amount=100, money=CASH) == "treasury.not-on-roll"
    assert ledger.refused("pay", person="ann", amount=100, money=DUES_INCOME) == "treasury.account-unknown"
    assert ledger.refused("pay", person="ann", amount=0, money=CASH) == "arguments.out-of-range"
    assert ledger.refused("pay", person="ann", amount=1, money=CASH, date="2026-12-01") == "treasury.date-ahead"
    assert ledger.refused("pay", person="ann", amount=1, money=CASH, date="2026-02-30") == "calendar.not-a-date"
    assert ledger.refused("pay", person="ann", amount=1, money=CASH, date="2024-01-01") == "treasury.year-unknown"


def test_a_batch_is_one_transaction_with_many_lines(ledger: TreasuryLedger) -> None:
    ledger.do("assess", period="2026-09")
    lines: list[Value] = [["ann", 1500, "W-1"], ["bob", 5000], ["cai", 10_000, "W-3"]]
    done = event(ledger.do("pay-batch", lines=lines, money="app", date="2026-09-15"), "paid")
    assert (done["count"], done["amount"]) == (3, 16_500)
    assert ledger.sheet(202609).to_fields()["open"] == 5000 and ledger.balance("app") == 16_500
    assert entry(ledger, 2).more["references"] == {"ann": "W-1", "cai": "W-3"}
    assert ledger.refused("pay-batch", lines=[["ann", 1], ["ann", 2]], money="app") == "treasury.line-twice"
    # One line that is wrong refuses them all.
    assert ledger.refused("pay-batch", lines=[["cai", 1], ["eve", 2]], money="app") == "treasury.not-on-roll"
    for wrong in ([], [["ann"]], [["ann", 0]], [["ann", 1, None]], [["ann", 1, 2]], [["ann", 1, "x", 3]], "ann"):
        assert ledger.refused("pay-batch", lines=wrong, money="app").startswith("arguments.")
    assert ledger.refused("pay-batch", lines=[["ann", 1]] * 61, money="app") == "arguments.too-many"


def test_bases_are_as_the_category_wants_them(ledger: TreasuryLedger) -> None:
    day = {"from": "2026-01-01"}
    assert ledger.refused("standing", person="dee", category="wage", **day) == "treasury.base-wanted"
    assert ledger.refused("standing", person="dee", category="student", base=1, **day) == "treasury.base-not-wanted"
    assert ledger.refused("standing", person="dee", category="farmer", base=19, **day) == "treasury.amount-range"
    assert ledger.refused("standing", person="dee", category="vip", **day) == "treasury.category-unknown"
    assert ledger.refused("standing", person="nobody", category="student", **day) == "treasury.person-unknown"
    assert ledger.refused("standing", person="dee", **day) == "treasury.not-on-roll"
    rows: list[Value] = [["dee", "farmer", 20], ["eve", "student"], ["ann", "irregular", 900_001]]
    ledger.do("standings", lines=rows, **day)
    ledger.do("assess", period="2026-01")
    assert [ledger.line(person, 202601).due for person in ("dee", "eve", "ann")] == [20, 20, 3000]
    assert ledger.refused("standings", lines=[["dee", "farmer", 20]] * 2, **day) == "treasury.line-twice"


def test_who_left_owes_no_more(ledger: TreasuryLedger) -> None:
    ledger.do("standing", person="ann", **{"from": "2026-08-15"})
    for month in ("2026-08", "2026-09"):
        ledger.do("assess", period=month)
    assert "ann" in ledger.sheet(202608).lines and "ann" not in ledger.sheet(202609).lines


def test_a_gift_above_the_limit_goes_to_the_root(ledger: TreasuryLedger) -> None:
    assert event(ledger.do("gift", person="ann", amount=100_000, money=BANK), "gift-entered")["to_root"] is False
    assert ledger.balance("gifts-income") == 100_000
    assert event(ledger.do("gift", person="ann", amount=100_001, money=BANK), "gift-entered")["to_root"] is True
    assert ledger.balance("gifts-payable") == 100_001
    ledger.do("remit", fund="gifts", amount=100_001, money=BANK)
    ledger.do("receive", by="una", number=1, amount=100_001, money=BANK)
    assert ledger.balances(DISTRICT) == {BANK: 100_001, "gifts-payable": 100_001}
    ledger.do("remit", unit=DISTRICT, fund="gifts", amount=100_001, money=BANK)
    ledger.do("receive", unit=DISTRICT, number=1, amount=100_001, money=BANK)
    assert ledger.balances(ROOT) == {BANK: 100_001, "gifts-income": 100_001}
    # At the top, every gift stays.
    assert event(ledger.do("gift", unit=ROOT, amount=200_000, money=BANK), "gift-entered")["to_root"] is False


def test_what_is_remitted_is_received_or_comes_back(ledger: TreasuryLedger) -> None:
    ledger.do("assess", period="2026-09")
    ledger.do("pay", person="cai", amount=15_000, money=BANK)
    assert ledger.refused("remit", fund="dues", amount=9001, money=BANK) == "treasury.not-owed-above"
    assert ledger.refused("remit", fund="rent", amount=1, money=BANK) == "treasury.account-unknown"
    assert ledger.refused("remit", fund="dues", amount=9000, money=CASH) == "treasury.below-limit"
    ledger.do("remit", fund="dues", amount=9000, money=BANK, reference="T-1")
    assert ledger.balance("dues-in-transit") == 9000 and ledger.balance(BANK) == 6000
    # What is on its way cannot be sent again.
    assert ledger.refused("remit", fund="dues", amount=1, money=BANK) == "treasury.not-owed-above"
    assert ledger.refused("receive", by="una", number=1, amount=8999, money=BANK) == "treasury.remittance-amount"
    assert ledger.refused("receive", by="sue", number=1, amount=9000, money=BANK) == "operation.not-allowed"
    assert ledger.refused("receive", by="una", number=2, amount=9000, money=BANK) == "treasury.remittance-unknown"
    ledger.do("return", by="una", number=1, reason="another account")
    assert ledger.balance(BANK) == 15_000 and ledger.balance("dues-payable") == 9000
    assert ledger.refused("receive", by="una", number=1, amount=9000, money=BANK) == "treasury.remittance-ended"
    ledger.do("remit", fund="dues", amount=9000, money=BANK)
    ledger.do("receive", by="una", number=2, amount=9000, money=BANK)
    assert ledger.balance("dues-payable") == ledger.balance("dues-in-transit") == 0
    assert ledger.balances(DISTRICT) == {
        BANK: 9000,
        "received-income": 9000,
        "dues-remitted": 5400,
        "dues-payable": 5400,
    }
    assert ledger.refused("remit", unit=ROOT, fund="dues", amount=1, money=BANK) == "treasury.no-parent"


def test_spending_takes_others_approvals(ledger: TreasuryLedger) -> None:
    ledger.do("receive-income", account=THE_FUND, amount=200_000, money=BANK)
    small: dict[str, Any] = {
        "account": "spending",
        "amount": 50_000,
        "money": BANK,
        "text": "hall",
        "receipts": [RECEIPT],
    }
    ledger.do("spend", **small)
    # The treasurer may approve what the treasurer of a branch below asks for, but not what was asked for here.
    assert ledger.refused("approve", number=1) == "treasury.own-request"
    assert ledger.refused("approve", by="ann", number=1) == "operation.not-allowed"
    assert ledger.balance(BANK) == 200_000
    ledger.do("approve", by="sue", number=1)
    assert ledger.balance(BANK) == 150_000 and ledger.balance("spending") == 50_000
    assert entry(ledger, 2).more["receipts"] == [RECEIPT]
    assert ledger.refused("approve", by="sue", number=1) == "treasury.request-ended"
    # Above 500 yuan, two approve.
    ledger.do("spend", **small | {"amount": 50_001})
    ledger.do("approve", by="sue", number=2)
    assert ledger.balance(BANK) == 150_000
    assert ledger.refused("approve", by="sue", number=2) == "treasury.approved-already"
    ledger.do("approve", by="una", number=2)
    assert ledger.balance(BANK) == 99_999


def test_a_request_that_is_not_approved_moves_nothing(ledger: TreasuryLedger) -> None:
    wanted: dict[str, Any] = {"account": "spending", "amount": 100, "money": BANK, "text": "tea", "receipts": [RECEIPT]}
    ledger.do("spend", **wanted)
    # There is no money: the last approval is refused, and can be given later.
    assert ledger.refused("approve", by="sue", number=1) == "treasury.below-limit"
    ledger.do("refuse", by="sue", number=1, reason="no money")
    assert ledger.fields(KIND_REQUEST, f"{BRANCH}/000001")["state"] == "refused"
    ledger.do("spend", by="tess", **wanted)
    assert ledger.refused("withdraw", by="sue", number=2) == "treasury.not-requester"
    ledger.do("withdraw", number=2)
    assert ledger.refused("approve", by="sue", number=2) == "treasury.request-ended"
    assert ledger.refused("approve", by="sue", number=3) == "treasury.request-unknown"
    assert ledger.refused("spend", **wanted | {"account": BANK}) == "treasury.account-unknown"
    assert ledger.refused("spend", **wanted | {"receipts": [RECEIPT, RECEIPT]}).startswith("arguments.")


def test_a_reduction_is_approved_by_somebody_else(ledger: TreasuryLedger) -> None:
    for month in ("2026-07", "2026-08"):
        ledger.do("assess", period=month)
    ledger.do("pay", person="cai", amount=10_000, money=BANK)
    ledger.do("reduce", by="cai", person="cai", period="2026-07", until="2026-12", amount=6000, reason="ill")
    ledger.permit("treasury.approve", "anyone")
    assert ledger.refused("approve", by="cai", number=1) == "treasury.own-request"
    ledger.do("approve", by="sue", number=1)
    # 5,000 were open in July, 15,000 in August.
    assert (ledger.line("cai", 202607).waived, ledger.line("cai", 202608).waived) == (5000, 6000)
    ledger.do("assess", period="2026-09")
    assert ledger.line("cai", 202609).waived == 6000 and ledger.balance("dues-waived") == 17_000
    assert ledger.books().sums.waived == 17_000
    assert (
        ledger.refused("reduce", person="cai", period="2026-07", until="2027-07", reason="x")
        == ledger.refused("reduce", person="cai", period="2026-07", until="2026-06", reason="x")
        == "treasury.span"
    )
    assert ledger.refused("reduce", by="bob", person="cai", period="2026-07", reason="x") == "operation.not-allowed"


def test_a_reversal_restores_and_nothing_is_removed(ledger: TreasuryLedger) -> None:
    ledger.do("assess", period="2026-09")
    before = ledger.balances(), ledger.sheet(202609), ledger.roll()
    ledger.do("pay-batch", lines=[["ann", 5000], ["bob", 100]], money=CASH)
    ledger.do("reverse", number=2, reason="counted wrongly")
    assert (ledger.balances(), ledger.sheet(202609), ledger.roll()) == before
    assert entry(ledger, 2).more["reversed_by"] == 3 and entry(ledger, 3).more["reverses"] == 2
    assert ledger.refused("reverse", number=2, reason="again") == "treasury.reversed-already"
    assert ledger.refused("reverse", number=3, reason="back") == "treasury.not-reversible"
    assert ledger.refused("reverse", number=9, reason="x") == "treasury.entry-unknown"
    ledger.do("reverse", number=1, reason="wrong base")
    assert ledger.balances() == {} and ledger.sheet(202609).lines == {} and ledger.books().open == {}
    # Then the month can be assessed once more.
    assert event(ledger.do("assess", period="2026-09"), "assessed")["count"] == 3


def test_what_later_entries_build_upon_is_reversed_after_them(ledger: TreasuryLedger) -> None:
    ledger.do("assess", period="2026-08")
    ledger.do("pay", person="ann", amount=2500, money=CASH)
    assert ledger.refused("reverse", number=1, reason="x") == "treasury.used-since"
    ledger.do("assess", period="2026-09")
    # The advance of the payment settled September.
    assert ledger.refused("reverse", number=2, reason="x") == "treasury.used-since"
    ledger.do("reverse", number=3, reason="x")
    ledger.do("reverse", number=2, reason="x")
    assert ledger.balance(ADVANCE) == 0 and ledger.line("ann", 202608).open == 1500
    # Money that is spent cannot be taken out of the cash box again.
    ledger.do("receive-income", account="other-income", amount=100, money=CASH)
    ledger.do("move", amount=100, money=CASH, to=BANK)
    assert ledger.refused("reverse", number=6, reason="x") == "treasury.below-limit"


def test_a_wrong_base_is_corrected(ledger: TreasuryLedger) -> None:
    ledger.do("assess", period="2026-09")
    assert ledger.refused("correct", person="bob", period="2026-09") == "treasury.nothing-to-correct"
    assert ledger.refused("correct", person="bob", period="2026-08") == "treasury.not-assessed"
    ledger.do("standing", person="bob", category="wage", base=500_100, **{"from": "2026-09-01"})
    ledger.do("correct", person="bob", period="2026-09")
    assert (ledger.line("bob", 202609).due, ledger.line("bob", 202609).base) == (7502, 500_100)
    assert ledger.balance(DUES_INCOME) == 21_500 + 2502 == ledger.balance(RECEIVABLE)
    # The assessment cannot be taken back as a whole any more, the correction can.
    assert ledger.refused("reverse", number=1, reason="x") == "treasury.used-since"
    ledger.do("reverse", number=2, reason="it was right")
    assert (ledger.line("bob", 202609).due, ledger.line("bob", 202609).entry) == (5000, 1)
    ledger.do("reverse", number=1, reason="x")
    assert ledger.balances() == {}


def test_what_was_paid_too_much_becomes_an_advance(ledger: TreasuryLedger) -> None:
    ledger.do("assess", period="2026-09")
    ledger.do("reduce", person="cai", period="2026-09", amount=2000, reason="ill")
    ledger.do("approve", by="sue", number=1)
    ledger.do("pay", person="cai", amount=13_000, money=BANK)
    before = ledger.balances(), ledger.line("cai", 202609)
    ledger.do("standing", person="cai", category="wage", base=300_000, **{"from": "2026-09-01"})
    ledger.do("correct", person="cai", period="2026-09")
    line = ledger.line("cai", 202609)
    assert (line.due, line.waived, line.paid, line.open) == (1500, 1500, 0, 0)
    assert ledger.roll().members["cai"].advance == ledger.balance(ADVANCE) == 13_000
    # Nothing was received for it in the end, so nothing is owed to the unit above.
    assert ledger.balance("dues-payable") == 0
    ledger.do("reverse", number=4, reason="it was right")
    assert (ledger.balances(), ledger.line("cai", 202609)) == before
    # Who should not have been assessed owes nothing.
    ledger.do("standing", person="ann", **{"from": "2026-01-02"})
    ledger.do("correct", person="ann", period="2026-09")
    assert ledger.line("ann", 202609).due == 0


def test_what_is_left_of_a_unit_goes_to_its_successor(ledger: TreasuryLedger) -> None:
    ledger.do("assess", period="2026-09")
    ledger.do("receive-income", account=THE_FUND, amount=1000, money=BANK)
    titles = {"title_en": "Savings", "title_zh": "储蓄"}
    ledger.do("account", account="savings", type="money", **titles)
    ledger.do("move", amount=400, money=BANK, to="savings")
    assert ledger.refused("hand-over") == "treasury.still-active"
    assert ledger.asked("units.dissolve", {"unit": BRANCH}).code == "ok"
    assert ledger.refused("hand-over", by="una") == "treasury.not-settled"
    # Nobody holds an office in it any more: the administrator sees to what is open.
    lines: list[Value] = [["ann", 1500], ["bob", 5000], ["cai", 15_000]]
    paid = ledger.asked("treasury.pay-batch", {"unit": BRANCH, "money": CASH, "lines": lines})
    assert paid.code == "ok"
    before = ledger.balances()
    assert ledger.refused("hand-over", by="ann") == "operation.not-allowed"
    ledger.do("hand-over", by="una")
    assert ledger.balances() == {} and ledger.balances(DISTRICT) == before
    assert ledger.books(DISTRICT).accounts["savings"].natural == 400
    assert ledger.refused("hand-over", by="una") == "treasury.nothing-left"
    assert ledger.refused("reverse", by="una", number=1, reason="x") == "operation.not-allowed"


def test_a_correction_is_not_reversed_after_a_later_one(ledger: TreasuryLedger) -> None:
    ledger.do("assess", period="2026-09")
    for base in (400_000, 300_000):
        ledger.do("standing", person="cai", category="wage", base=base, **{"from": "2026-09-01"})
        ledger.do("correct", person="cai", period="2026-09")
    assert ledger.refused("reverse", number=2, reason="x") == "treasury.used-since"
    for number in (3, 2, 1):
        ledger.do("reverse", number=number, reason="x")
    assert ledger.balances() == {}


def test_the_largest_sheet_fits_into_its_records(ledger: TreasuryLedger) -> None:
    """Names of 64 characters, everybody reduced and paid in advance: the sheet, the roll and the entry hold it."""
    unit, people = "u" * 120, [f"{number:02}" + "p" * 62 for number in range(60)]
    ledger.add_unit(unit, DISTRICT)
    ledger.add_office(unit, "treasurer", "tess")
    ledger.do("open", unit=unit, pack="party")
    for person in people:
        ledger.write("person", person, {"person": person, "height": 0, "time": 0})
    rows: list[Value] = [[person, "wage", 10**12] for person in people]
    ledger.do("standings", unit=unit, lines=rows, **{"from": "2026-01-01"})
    ledger.do("pay-batch", unit=unit, lines=[[person, 10**10] for person in people], money=BANK)
    for number, person in enumerate(people, 1):
        ledger.do("reduce", unit=unit, person=person, period="2026-01", amount=10**6, reason="ill")
        assert ledger.asked("treasury.approve", {"unit": unit, "number": number}).code == "ok"
    done = event(ledger.do("assess", unit=unit, period="2026-01"), "assessed")
    assert done["count"] == 60


def test_reversing_a_reduction_ends_it(ledger: TreasuryLedger) -> None:
    ledger.do("assess", period="2026-08")
    ledger.do("reduce", person="ann", period="2026-08", until="2026-12", reason="ill")
    ledger.do("approve", by="sue", number=1)
    assert ledger.line("ann", 202608).open == 0
    ledger.do("reverse", number=2, reason="not ill")
    ledger.do("assess", period="2026-09")
    assert ledger.line("ann", 202608).open == ledger.line("ann", 202609).open == 1500


def test_a_year_is_closed_once_and_nothing_is_posted_into_it(ledger: TreasuryLedger) -> None:
    ledger.do("receive-income", account=THE_FUND, amount=1000, money=BANK, date="2025-03-01")
    ledger.do("receive-income", account="other-income", amount=300, money=BANK, date="2025-06-01")
    ledger.do("receive-income", account="other-income", amount=70, money=BANK, date="2026-01-05")
    assert ledger.refused("close", year=2026) == "treasury.year-order"
    assert ledger.refused("close", year=2024) == "treasury.year-unknown"
    ledger.do("close", year=2025)
    closing = ledger.fields("closing", f"{BRANCH}/2025")
    assert (closing["surplus"], closing["result"]) == (300, {"other-income": -300})
    assert ledger.balance(THE_FUND) == 1300 and ledger.balance("other-income") == 70
    assert ledger.refused("close", year=2025) == "treasury.year-closed"
    late: dict[str, Any] = {"account": "other-income", "amount": 1, "money": BANK, "date": "2025-12-31"}
    assert ledger.refused("receive-income", **late) == "treasury.year-closed"
    assert ledger.refused("close", year=2026) == "treasury.year-not-over"
    # A reversal of what is closed is of today.
    ledger.do("reverse", number=2, reason="a mistake of the bank's")
    assert ledger.balance("other-income") == -230
    ledger.on("2027-01-01")
    ledger.do("close", year=2026)
    assert ledger.balance(THE_FUND) == 1070 and ledger.balances() == {BANK: 1070, THE_FUND: 1070}
    assert ledger.refused("reverse", number=4, reason="x") == "treasury.not-reversible"


def test_dues_of_a_closed_year_are_entered_in_the_first_open_one(ledger: TreasuryLedger) -> None:
    ledger.do("standing", person="dee", category="student", **{"from": "2025-11-01"})
    ledger.do("close", year=2025)
    ledger.do("assess", period="2025-12")
    assert ledger.line("dee", 202512).due == 20
    assert entry(ledger, 2).date == "2026-01-01"


def test_accounts_have_types_and_lower_limits(ledger: TreasuryLedger) -> None:
    ledger.do("receive-income", account=THE_FUND, amount=1000, money=BANK)
    titles = {"title_en": "Savings", "title_zh": "储蓄"}
    ledger.do("account", account="savings", type="money", least=-500, **titles)
    ledger.do("move", amount=500, money="savings", to=CASH)
    assert ledger.balance("savings") == -500
    assert ledger.refused("move", amount=1, money="savings", to=CASH) == "treasury.below-limit"
    assert ledger.refused("move", amount=1, money=CASH, to=CASH) == "treasury.account-unknown"
    # A reserve that is kept; it is not set above what is there.
    assert ledger.refused("account", account=BANK, type="money", least=1001, **titles) == "treasury.below-limit"
    ledger.do("account", account=BANK, type="money", least=900, **titles)
    assert ledger.refused("move", amount=101, money=BANK, to=CASH) == "treasury.below-limit"
    assert ledger.refused("account", account=BANK, type="income", **titles) == "treasury.account-type"
    assert ledger.refused("account", account="more", type="fund", **titles) == "treasury.account-unknown"


def test_books_are_opened_once_by_a_pack_with_dues(ledger: TreasuryLedger) -> None:
    assert ledger.refused("open", pack="party") == "treasury.open-already"
    ledger.add_unit("branch-2", DISTRICT)
    new = {"unit": "branch-2", "by": "una"}
    assert ledger.refused("open", pack="chess", **new) == "treasury.pack-unknown"
    assert ledger.refused("open", pack="party", year=2020, **new) == "treasury.years-open"
    ledger.do("open", pack="party", **new)
    assert ledger.books("branch-2").first_year == 2026
    assert ledger.refused("follow", pack="chess") == "operation.not-allowed"
    assert ledger.asked("treasury.follow", {"unit": BRANCH, "pack": "chess"}).code == "treasury.pack-unknown"
    assert ledger.asked("treasury.follow", {"unit": BRANCH, "pack": "party"}).code == "ok"


def test_a_roll_has_sheets(ledger: TreasuryLedger) -> None:
    people = [f"p{number}" for number in range(60)]
    for person in people:
        ledger.write("person", person, {"person": person, "height": 0, "time": 0})
    rows: list[Value] = [[person, "student"] for person in people]
    ledger.do("standings", lines=rows, **{"from": "2026-01-01"})
    assert (len(ledger.roll(1).members), len(ledger.roll(2).members)) == (60, 3)
    ledger.do("assess", period="2026-01")
    ledger.do("assess", period="2026-01", sheet=2)
    ledger.do("pay", person="p59", amount=20, money=CASH, basis="all of us")
    assert ledger.books().open == {1: [202601], 2: [202601]}
    assert ledger.books().sums.due == 21_500 + 60 * 20
    assert set(MEMBERS) - set(ledger.roll(1).members) == {"dee", "eve"}


def test_a_posting_out_of_balance_is_refused() -> None:
    books = Books(BRANCH, "party", 2026)
    with pytest.raises(Refusal) as caught:
        books.post({BANK: 100, THE_FUND: -99}, parse_date("2026-03-01"))
    assert (caught.value.code, caught.value.params["what"]) == ("treasury.unbalanced", "entry")
    with pytest.raises(Refusal) as caught:
        books.post({BANK: BALANCE_MAX + 1, THE_FUND: -BALANCE_MAX - 1}, parse_date("2026-03-01"))
    assert caught.value.code == "treasury.too-large"


@pytest.mark.parametrize(
    ("what", "accounts", "sums"),
    [
        ("sum", {BANK: 1}, Sums()),
        ("receivable", {}, Sums(due=5)),
        ("advance", {BANK: 5, ADVANCE: -5}, Sums()),
        ("dues", {}, Sums(due=1, paid=2, waived=-1)),
        ("results", {BANK: 5, "other-income": -5}, Sums()),
        ("limit", {BANK: -5, CASH: 5}, Sums()),
    ],
)
def test_books_out_of_balance_are_not_written(what: str, accounts: dict[str, int], sums: Sums) -> None:
    books = Books(BRANCH, "party", 2026, sums=sums)
    for code, balance in accounts.items():
        books.accounts[code] = replace(books.accounts[code], balance=balance)
    with pytest.raises(Refusal) as caught:
        books.check()
    assert caught.value.params["what"] == what
    Books(BRANCH, "party", 2026).check()


@pytest.mark.parametrize(
    ("read", "fields"),
    [
        (Books.from_fields, {"unit": BRANCH}),
        (Entry.from_fields, {"unit": BRANCH}),
        (Roll.from_fields, {"unit": BRANCH}),
        (Sheet.from_fields, {"unit": BRANCH}),
        (Request.from_fields, {"unit": BRANCH}),
    ],
)
def test_what_is_no_record_of_the_treasury_is_not_read(read: Callable[[Any], object], fields: dict[str, Value]) -> None:
    with pytest.raises(DecodingError):
        read(fields)

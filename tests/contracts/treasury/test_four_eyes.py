"""What a treasurer cannot do alone: give money back, and let themselves owe less."""

from typing import Any

import pytest

from contracts.administrators import ADMINISTRATORS_ID, KIND_ADMINISTRATORS
from contracts.treasury.accounts import ADVANCE, BANK, CASH, THE_FUND
from contracts.treasury.entry import KIND_ENTRY, Entry
from contracts.treasury.request import KIND_REQUEST
from tests.contracts.organisation import key_of
from tests.contracts.treasury.treasury_ledger import BRANCH, TreasuryLedger, event

SINCE = {"from": "2026-09-01"}


@pytest.fixture
def ledger() -> TreasuryLedger:
    return TreasuryLedger().begin()


def state_of(ledger: TreasuryLedger, number: int) -> object:
    return ledger.fields(KIND_REQUEST, f"{BRANCH}/{number:06}")["state"]


def test_an_advance_is_given_back_once_somebody_else_approves(ledger: TreasuryLedger) -> None:
    ledger.do("pay", person="ann", amount=700, money=CASH)
    assert ledger.refused("refund", person="ann", amount=701, money=CASH) == "treasury.advance-less"
    assert ledger.refused("refund", person="ann", amount=1, money="spending") == "treasury.account-unknown"
    assert ledger.refused("refund", person="dee", amount=1, money=CASH) == "treasury.not-on-roll"
    asked = ledger.do("refund", person="ann", amount=300, money=CASH, reference="R-1")
    assert event(asked, "requested") == {"needed": 1, "number": 1, "unit": BRANCH, "what": "refund"}
    assert ledger.roll().members["ann"].advance == ledger.balance(CASH) == 700, "nothing moves before the approval"
    approved = ledger.do("approve", by="sue", number=1)
    assert event(approved, "refunded") == {"amount": 300, "entry": 2, "unit": BRANCH}
    assert ledger.roll().members["ann"].advance == ledger.balance(ADVANCE) == ledger.balance(CASH) == 400
    entry = Entry.from_fields(ledger.fields(KIND_ENTRY, f"{BRANCH}/00000002"))
    assert (entry.what, entry.more["request"], entry.more["reference"]) == ("refund", 1, "R-1")
    assert (state_of(ledger, 1), ledger.fields(KIND_REQUEST, f"{BRANCH}/000001")["entry"]) == ("done", 2)
    assert ledger.refused("reverse", number=1, reason="x") == "treasury.used-since"
    ledger.do("reverse", number=2, reason="x")
    ledger.do("reverse", number=1, reason="x")
    assert ledger.balances() == {} and ledger.roll().members["ann"].advance == 0


def test_neither_who_asked_nor_who_gets_it_approves_a_refund(ledger: TreasuryLedger) -> None:
    ledger.do("pay", person="ann", amount=700, money=CASH)
    ledger.do("refund", person="ann", amount=300, money=CASH)
    ledger.permit("treasury.approve", "anyone")
    ledger.permit("treasury.refuse", "anyone")
    for person in ("tess", "ann"):
        assert ledger.refused("approve", by=person, number=1) == "treasury.own-request"
        assert ledger.refused("refuse", by=person, number=1, reason="no") == "treasury.own-request"
    ledger.do("refuse", by="sue", number=1, reason="no")
    ledger.do("refund", person="ann", amount=300, money=CASH)
    ledger.do("withdraw", number=2)
    assert (state_of(ledger, 1), state_of(ledger, 2)) == ("refused", "withdrawn")
    assert ledger.refused("approve", by="sue", number=2) == "treasury.request-ended"
    assert ledger.balance(CASH) == ledger.balance(ADVANCE) == 700


def test_a_refund_is_judged_again_when_it_is_approved(ledger: TreasuryLedger) -> None:
    ledger.do("pay", person="ann", amount=2000, money=CASH)
    for money in (CASH, CASH, BANK):
        ledger.do("refund", person="ann", amount=1500, money=money)
    # Nothing lies in the bank account.
    assert ledger.refused("approve", by="sue", number=3) == "treasury.below-limit"
    ledger.do("approve", by="sue", number=1)
    assert ledger.refused("approve", by="sue", number=2) == "treasury.advance-less"
    assert ledger.balance(CASH) == ledger.balance(ADVANCE) == 500


def test_no_officer_changes_their_own_standing(ledger: TreasuryLedger) -> None:
    # Somebody has to put the treasurer on the roll.
    ledger.do("standing", person="tess", category="wage", base=1_000_000, **SINCE)
    ledger.do("assess", period="2026-09")
    lower: dict[str, Any] = {"category": "wage", "base": 300_000, **SINCE}
    assert ledger.refused("standing", person="tess", **lower) == "treasury.own-standing"
    assert ledger.refused("standing", person="tess", **SINCE) == "treasury.own-standing"
    lines = [["ann", "wage", 300_000], ["tess", "wage", 300_000]]
    assert ledger.refused("standings", lines=lines, **SINCE) == "treasury.own-standing"
    # Another keeper of the books may.
    ledger.add_office(BRANCH, "treasurer", "sue")
    ledger.do("standing", by="sue", person="tess", **lower)
    assert ledger.refused("correct", person="tess", period="2026-09") == "treasury.own-standing"
    ledger.do("correct", by="sue", person="tess", period="2026-09")
    assert ledger.line("tess", 202609).due == 1500
    # Nor is a correction taken back by whom it is about.
    assert ledger.refused("reverse", number=2, reason="x") == "treasury.own-standing"
    ledger.do("reverse", by="sue", number=2, reason="x")
    assert ledger.line("tess", 202609).due == 15_000


def test_who_acts_as_an_administrator_is_not_held_back(ledger: TreasuryLedger) -> None:
    ledger.write(KIND_ADMINISTRATORS, ADMINISTRATORS_ID, {"members": [ledger.member(key_of("ann"))]})
    ledger.do("assess", period="2026-09")
    ledger.do("standing", by="ann", person="ann", category="wage", base=200_000, **SINCE)
    ledger.do("correct", by="ann", person="ann", period="2026-09")
    assert ledger.line("ann", 202609).due == 1000


def test_an_approval_counts_while_its_giver_could_give_it(ledger: TreasuryLedger) -> None:
    ledger.do("receive-income", account=THE_FUND, amount=200_000, money=BANK)
    large: dict[str, Any] = {"account": "spending", "amount": 50_001, "money": BANK, "text": "hall"}
    ledger.do("spend", receipts=[b"r" * 32], **large)
    ledger.do("approve", by="sue", number=1)
    assert ledger.code("units.release", {"unit": BRANCH, "role": "secretary", "person": "sue"}) == "ok"
    ledger.add_office(BRANCH, "secretary", "ann")
    ledger.do("approve", by="ann", number=1)
    assert (state_of(ledger, 1), ledger.balance(BANK)) == ("open", 200_000), "sue's is void, so one is missing"
    ledger.do("approve", by="una", number=1)
    assert (state_of(ledger, 1), ledger.balance(BANK)) == ("done", 149_999)


def test_nobody_posts_by_hand_what_an_operation_of_its_own_enters(ledger: TreasuryLedger) -> None:
    ledger.do("receive-income", account=THE_FUND, amount=1000, money=BANK)
    for account in ("dues-income", "received-income", "gifts-income"):
        refused = ledger.refused("receive-income", account=account, amount=100, money=BANK)
        assert refused == "treasury.account-unknown"
    for account in ("dues-remitted", "dues-waived"):
        refused = ledger.refused("spend", account=account, amount=100, money=BANK, text="tea", receipts=[b"r" * 32])
        assert refused == "treasury.account-unknown"
    assert ledger.balance(BANK) == 1000

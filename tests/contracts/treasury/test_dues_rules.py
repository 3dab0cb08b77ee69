"""Rules of packs that ask since when somebody owes dues."""

import pytest

from tests.contracts.treasury.treasury_ledger import BRANCH, PACK, TreasuryLedger, party

NOTES = """
[type.debtor]
title = {en = "Debtor", zh = "欠交"}
id = "person"

[type.debtor.field.person]
type = "person"
class = "ledger"
required = true
title = {en = "Person", zh = "本人"}

[type.debtor.state.noted]
title = {en = "Noted", zh = "已记"}
final = true

[type.debtor.transition.note]
from = ""
to = "noted"
title = {en = "Note", zh = "记"}
by = "role:treasurer"
sets = ["person"]
guards = ["half-a-year"]

[rule.half-a-year]
expression = "months_between(default(dues_owed_since(person), today), today) >= 6"
text = {en = "{left} months are owed, less than {right}", zh = "欠交 {left} 个月，少于 {right}"}
"""


@pytest.fixture(scope="module")
def ledger() -> TreasuryLedger:
    """It is 20 September: ann, bob and cai owe for every month from February on."""
    ledger = TreasuryLedger().begin(party(PACK + NOTES))
    for month in range(2, 10):
        ledger.do("assess", period=f"2026-{month:02}")
    return ledger


def noted(ledger: TreasuryLedger, person: str) -> str:
    return ledger.code("records.create", {"type": "debtor", "unit": BRANCH, "fields": {"person": person}}, "tess")


def test_six_months_without_dues_are_found(ledger: TreasuryLedger) -> None:
    # Who is not on the roll owes nothing.
    assert noted(ledger, "eve") == "records.guard"
    # Two months are paid: April is five months ago.
    ledger.do("pay", person="bob", amount=10_000, money="cash", basis="decided")
    assert noted(ledger, "bob") == "records.guard"
    # One fen of March is open: six months.
    ledger.do("pay", person="ann", amount=2999, money="cash", basis="decided")
    assert noted(ledger, "ann") == "ok"
    assert noted(ledger, "cai") == "ok"


def test_who_has_paid_or_was_spared_owes_nothing(ledger: TreasuryLedger) -> None:
    ledger.do("standing", person="dee", category="student", **{"from": "2026-02-01"})
    ledger.do("assess", period="2026-02")
    ledger.do("reduce", person="dee", period="2026-02", reason="ill")
    assert ledger.asked("treasury.approve", {"unit": BRANCH, "number": 1}).code == "ok"
    assert noted(ledger, "dee") == "records.guard"

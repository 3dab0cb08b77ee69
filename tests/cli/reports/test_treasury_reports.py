"""`banyan report unit-statement` and `member-statement`: computed from the records, and compared with the books."""

import copy

import pytest

from contracts.record import Record, record_key
from contracts.treasury.member_statement import member_statement
from contracts.treasury.unit_statement import unit_statement
from tests.cli.command import Command
from tests.cli.reports.trial_node import answer_from
from tests.contracts.state_records import StateRecords
from tests.contracts.treasury.treasury_ledger import BRANCH, ROOT, TreasuryLedger


@pytest.fixture(scope="module")
def ledger() -> TreasuryLedger:
    """Two months assessed, of which one is paid; a payment that was reversed; a year closed."""
    ledger = TreasuryLedger().begin()
    ledger.do("receive-income", account="other-income", amount=300, money="bank", date="2025-06-01")
    ledger.do("close", year=2025)
    for month in ("2026-07", "2026-09"):
        ledger.do("assess", period=month)
    ledger.do("pay-batch", lines=[["ann", 1500], ["bob", 5000], ["cai", 16_000]], money="bank", date="2026-09-10")
    ledger.do("pay", person="ann", amount=700, money="cash")
    ledger.do("reverse", number=6, reason="not from ann")
    ledger.do("gift", person="bob", amount=800, money="cash")
    ledger.do("reduce", person="bob", period="2026-09", amount=1000, reason="ill")
    ledger.do("approve", by="sue", number=1)
    return ledger


def test_a_unit_statement_adds_up(banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: TreasuryLedger) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    found = banyan.ok("report", "unit-statement", "--unit", BRANCH)
    assert (found["year"], found["closed"], found["agrees"]) == (2026, False, True)
    accounts = {one["account"]: (one["before"], one["moved"], one["after"]) for one in found["accounts"]}
    assert accounts["bank"] == (300, 22_500, 22_800) and accounts["fund"] == (300, 0, 300)
    assert accounts["cash"] == (0, 800, 800) and accounts["dues-income"] == (0, 43_000, 43_000)
    assert found["dues"] == {"due": 43_000, "paid": 22_500, "waived": 1000, "open": 19_500}
    assert (found["entries"], found["reversed"]) == (7, 1)
    assert found["surplus"] == 43_000 + 800 - 1000 - 22_500 * 60 // 100
    assert found["categories"] == [{"category": "wage", "people": None, "due": None}]


def test_a_closed_year_is_told_as_it_was(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: TreasuryLedger
) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    found = banyan.ok("report", "unit-statement", "--unit", BRANCH, "--year", "2025")
    assert (found["closed"], found["agrees"], found["surplus"]) == (True, True, 300)
    assert {one["account"]: one["after"] for one in found["accounts"]} == {"bank": 300, "other-income": 300}
    text = banyan("report", "unit-statement", "--unit", ROOT).out
    assert "The journal adds up to the books." in text


def test_books_that_differ_from_the_journal_are_noticed(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: TreasuryLedger
) -> None:
    key = record_key("journal", f"{BRANCH}/00000005")
    version, fields = Record.decode(ledger.state[key])
    other = copy.deepcopy(fields) | {"line": {"bank": 22_499, "dues-receivable": -22_499}}
    answer_from(monkeypatch, {**ledger.state, key: Record(version, other).encode()}, ledger.time_ms)
    assert banyan("report", "unit-statement", "--unit", BRANCH).status == 1


def test_a_member_statement_goes_month_by_month(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: TreasuryLedger
) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    found = banyan.ok("report", "member-statement", "--unit", BRANCH, "--person", "cai")
    assert [(one["period"], one["due"], one["open"], one["age_months"]) for one in found["months"]] == [
        ("2026-07", 15_000, 0, None),
        ("2026-09", 15_000, 14_000, 0),
    ]
    assert (found["paid"], found["open"], found["oldest_age_months"], found["agrees"]) == (16_000, 14_000, 0, True)
    bob = banyan.ok("report", "member-statement", "--unit", BRANCH, "--person", "bob")
    assert [one["what"] for one in bob["entries"]] == ["payment", "gift", "reduction"]
    assert (bob["waived"], bob["open"]) == (1000, 4000)
    ann = banyan("report", "member-statement", "--unit", BRANCH, "--person", "ann").out
    assert "2026-07" in ann and "The journal agrees with the sheets." in ann


def test_who_is_not_on_the_roll_owes_nothing(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: TreasuryLedger
) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    found = banyan.ok("report", "member-statement", "--unit", BRANCH, "--person", "sue")
    assert (found["months"], found["standings"], found["advance"], found["agrees"]) == ([], [], 0, True)
    assert banyan("report", "member-statement", "--unit", BRANCH, "--person", "nobody").status != 0


def test_statements_notice_sheets_that_were_changed(ledger: TreasuryLedger) -> None:
    key = record_key("dues-sheet", f"{BRANCH}/2026-09/001")
    version, fields = Record.decode(ledger.state[key])
    lines = fields["line"]
    assert isinstance(lines, dict)
    other = fields | {"line": lines | {"ann": ["wage", 300_000, 1500, 1500, 0, 4]}}
    state = {**ledger.state, key: Record(version, other).encode()}
    assert not member_statement(StateRecords(state, 0), BRANCH, "ann", 202609).agrees
    assert member_statement(StateRecords(ledger.state, 0), BRANCH, "ann", 202609).agrees
    assert unit_statement(StateRecords(ledger.state, 0), "nowhere", 2026) is None

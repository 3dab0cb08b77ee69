"""`banyan report reconcile`: every row of a statement is matched, unmatched or ambiguous, and told."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from contracts.treasury.obligations import obligations_of
from contracts.treasury.reconciliation import StatementRow, reconcile
from tests.cli.command import Command
from tests.cli.reports.trial_node import answer_from
from tests.contracts.state_records import StateRecords
from tests.contracts.treasury.treasury_ledger import BRANCH, TreasuryLedger

PLAN = """
encoding = "gb18030"
header = 2
money = "bank"

[columns]
date = "交易时间"
amount = "金额"
name = "对方户名"
memo = "摘要"
reference = "流水号"

[only]
column = "状态"
texts = ["成功"]

[people]
"安" = "ann"
"白一" = "bob"
"蔡" = "cai"
"狄" = "dee"
"""
HEAD = "某某银行交易明细\n交易时间,金额,对方户名,摘要,流水号,状态\n"
# Each row, and what has to become of it.
ROWS = [
    ("2026-09-10 08:00:01,15.00,安,党费,R1,成功", "matched", "entered", "ann"),
    ("2026-09-11,50.00,白一,,R2,成功", "matched", "named", "bob"),
    ("2026-09-11,150.00,刘,代蔡交,R3,成功", "matched", "named", "cai"),
    ("2026-09-11,9.00,刘,代蔡交,R4,成功", "ambiguous", "several", "cai"),
    ("2026-09-11,20.00,安,代 蔡 交党费,R5,成功", "ambiguous", "several", "ann cai"),
    ("2026-09-12,50.00,不详,,R6,成功", "ambiguous", "amount-only", "eve"),
    ("2026-09-12,7.77,不详,,R7,成功", "unmatched", "nobody", ""),
    ("2026-09-12,-3.00,银行,手续费,R8,成功", "unmatched", "outgoing", ""),
    ("2026-09-12,50.00,白一,,R2,成功", "ambiguous", "reference-twice", ""),
    ("2026-09-13,16.00,安,,R9,成功", "matched", "named", "ann"),
    ("2026-09-14,8.00,赵,,G1,成功", "matched", "entered", ""),
    ("2026-09-14,9.00,赵,,G2,成功", "ambiguous", "reference-amount", ""),
    ("2026-09-15,15.00,狄,,R10,成功", "matched", "named-old", "dee"),
]


@pytest.fixture(scope="module")
def ledger() -> TreasuryLedger:
    """It is September: bob, cai and eve owe for it, dee for February; ann's payment and two gifts are entered."""
    ledger = TreasuryLedger().begin()
    ledger.do("standing", person="eve", category="wage", base=500_000, **{"from": "2026-09-01"})
    ledger.do("standing", person="dee", category="wage", base=300_000, **{"from": "2026-02-01"})
    ledger.do("standing", person="dee", **{"from": "2026-03-01"})
    ledger.do("assess", period="2026-02")
    paid = [["ann", 1500], ["bob", 5000], ["cai", 15_000]]
    ledger.do("pay-batch", lines=paid, money="cash", period="2026-02", basis="meeting of 2026-09-01")
    ledger.do("assess", period="2026-09")
    ledger.do("pay", person="ann", amount=1500, money="bank", date="2026-09-10", reference="R1")
    for reference in ("G1", "G2"):
        ledger.do("gift", amount=800, money="bank", date="2026-09-14", reference=reference)
    return ledger


def folder(tmp_path: Path, rows: list[str], plan: str = PLAN) -> tuple[str, ...]:
    """The options for a statement with these rows."""
    (tmp_path / "plan.toml").write_text(plan, encoding="utf-8")
    (tmp_path / "bank.csv").write_bytes((HEAD + "\n".join(rows) + "\n").encode("gb18030"))
    return "--unit", BRANCH, "--file", str(tmp_path / "bank.csv"), "--plan", str(tmp_path / "plan.toml")


def found_in(answer: Any) -> list[tuple[str, str, str]]:
    return [
        (one["outcome"], one["reason"], one["person"] or " ".join(one["candidates"])) for one in answer.document["rows"]
    ]


def test_every_row_is_listed(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: TreasuryLedger, tmp_path: Path
) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    rows = [row for row, *_wanted in ROWS]
    options = folder(tmp_path, [*rows, "2026-09-13,1.00,安,,R11,失败", "共14笔,,,,,成功"])
    batch = tmp_path / "new.jsonl"
    answer = banyan("--json", "report", "reconcile", *options, "--batch", batch)
    assert answer.status == 1 and found_in(answer) == [tuple(wanted) for _row, *wanted in ROWS]
    counts = answer.document["counts"]
    assert counts == {"matched": 6, "unmatched": 2, "ambiguous": 5, "unreadable": 1}
    assert answer.document["left_out"] == 1
    assert answer.document["unreadable"][0]["row"] == len(ROWS) + 4
    assert answer.document["still_open"] == [
        {"person": "dee", "months": [{"period": "2026-02", "amount": 1500}]},
        {"person": "eve", "months": [{"period": "2026-09", "amount": 5000}]},
    ]
    assert answer.document["batch"] == {"file": str(batch), "transactions": 2}
    # What is certain and new can be handed in as it is; and then it is in the journal.
    state = copy.deepcopy(ledger)
    for line in batch.read_text("utf-8").splitlines():
        document = json.loads(line)
        assert document["op"] == "treasury.pay-batch"
        state.do("pay-batch", **document["args"])
    again = reconcile_again(banyan, monkeypatch, state, options)
    assert [one for one in again if one[0] == "matched"] == [
        ("matched", "entered", "ann"),
        ("matched", "entered", "bob"),
        ("matched", "entered", "cai"),
        ("matched", "entered", "ann"),
        ("matched", "entered", ""),
        ("matched", "named-old", "dee"),
    ]


def reconcile_again(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, state: TreasuryLedger, options: tuple[str, ...]
) -> list[tuple[str, str, str]]:
    answer_from(monkeypatch, state.state, state.time_ms)
    return found_in(banyan("--json", "report", "reconcile", *options))


def test_it_reads_well(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: TreasuryLedger, tmp_path: Path
) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    out = banyan("report", "reconcile", *folder(tmp_path, [ROWS[0][0], ROWS[5][0], ROWS[6][0]])).out
    for words in ("Matched: 1", "Ambiguous: 1", "Unmatched: 1", "Still open afterwards", "is in the journal"):
        assert words in out
    assert banyan("report", "reconcile", *folder(tmp_path, [ROWS[0][0]])).status == 0


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ('amount = "金额"', 'credit = "金额"\namount = "金额"', "give `amount`"),
        ('amount = "金额"', 'amount = "数额"', "no column"),
        ("header = 2", "header = 0", "header"),
        ('"安" = "ann"', '"安" = 1', "people"),
        ('memo = "摘要"', 'remarks = "摘要"', "remarks"),
        ('encoding = "gb18030"', 'encoding = "latin"', "encoding"),
        ("[only]", "[only", "TOML"),
    ],
)
def test_a_plan_that_cannot_be_used_is_told(
    banyan: Command,
    monkeypatch: pytest.MonkeyPatch,
    ledger: TreasuryLedger,
    tmp_path: Path,
    written: str,
    instead: str,
    said: str,
) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    assert written in PLAN
    answer = banyan("report", "reconcile", *folder(tmp_path, [ROWS[0][0]], PLAN.replace(written, instead)))
    assert answer.status == 2 and said in answer.err


def test_amounts_in_two_columns(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: TreasuryLedger, tmp_path: Path
) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    (tmp_path / "plan.toml").write_text(
        'money = "app"\n[columns]\ndate = "Date"\ncredit = "In"\ndebit = "Out"\nname = "Payer"\n', encoding="utf-8"
    )
    (tmp_path / "app.csv").write_text(
        "Date,In,Out,Payer\n2026/9/11,50,,bob\n2026/9/11,,1.20,fee\n2026-9-12,1.005,,bob\n", encoding="utf-8"
    )
    answer = banyan(
        "--json",
        "report",
        "reconcile",
        "--unit",
        BRANCH,
        "--file",
        tmp_path / "app.csv",
        "--plan",
        tmp_path / "plan.toml",
    )
    assert [(one["amount"], one["outcome"]) for one in answer.document["rows"]] == [
        (5000, "matched"),
        (-120, "unmatched"),
    ]
    assert answer.document["unreadable"][0]["row"] == 4
    assert (
        banyan(
            "report", "reconcile", "--unit", "nowhere", "--file", tmp_path / "app.csv", "--plan", tmp_path / "plan.toml"
        ).status
        != 0
    )


def test_an_entry_answers_for_one_row(ledger: TreasuryLedger) -> None:
    obligations = obligations_of(StateRecords(ledger.state, 0), BRANCH)
    assert obligations is not None and obligations_of(StateRecords(ledger.state, 0), "nowhere") is None
    rows = [StatementRow(number, 20_707, "2026-09-10", 1500, "ann") for number in (1, 2)]
    for one in obligations.entered:
        one.reference = ""
    found = reconcile(rows, obligations, {}, "bank")
    assert [one.reason for one in found.outcomes] == ["entered", "named"]
    assert found.outcomes[1].advance == 1500 and found.outcomes[1].months == ()

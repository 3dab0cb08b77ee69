"""`banyan report attendance`: who signed, who is on the sheet of paper, and who of those expected is missing."""

import pytest

from tests.cli.command import Command
from tests.cli.reports.trial_node import answer_from
from tests.contracts.attendance.attendance_ledger import UNIT, AttendanceLedger


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> AttendanceLedger:
    """Ben and Dan signed, Cui is on the sheet; Ann is missing. Dan is a member too, and counts as probationary."""
    ledger = AttendanceLedger()
    ledger.add_office(UNIT, "member", "dan")
    ledger.add_office(UNIT, "member", "fay", until=ledger.time_ms + 5000)
    ledger.open(roles=["probationary", "member"])
    ledger.into(1)
    assert [ledger.sign(person, 1) for person in ("ben", "dan")] == ["ok", "ok"]
    assert ledger.code("attendance.enter", {"unit": UNIT, "number": 1, "persons": ["cui"]}, "ann") == "ok"
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    return ledger


def test_who_was_there_and_who_was_not(banyan: Command, ledger: AttendanceLedger) -> None:
    document = banyan.ok("report", "attendance", UNIT, 1)
    assert document["roles"] == [
        {"role": "probationary", "signed_in": 1, "on_paper": 0, "missing": []},
        {"role": "member", "signed_in": 1, "on_paper": 1, "missing": ["ann"]},
    ]
    assert [(one["person"], one["window"]) for one in document["names"]] == [("ben", 2), ("dan", 2), ("cui", None)]
    shown = banyan("report", "attendance", UNIT, 1).out
    assert "ann" in shown and "paper" in shown and "fay" not in shown, "whose term is over is not expected"
    assert ledger.counts() == {"member": 2, "probationary": 1}


def test_a_list_that_is_not_there_is_told(banyan: Command, ledger: AttendanceLedger) -> None:
    answer = banyan("report", "attendance", UNIT, 2)
    assert answer.status == 2 and f"banyan list attendance --unit {UNIT}" in answer.err

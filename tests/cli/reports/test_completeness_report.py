"""`banyan report`: the list of reports, and `completeness`, which says what it looked at and what is missing."""

import pytest

from tests.cli.command import Command
from tests.cli.reports.trial_node import HEIGHT, answer_from
from tests.contracts.organisation import Organisation


@pytest.fixture(scope="module")
def ledger() -> Organisation:
    organisation = Organisation()
    organisation.add_unit("branch-1")
    for person in ("ann", "bob", "cai"):
        organisation.add_person(person)
        organisation.add_office("branch-1", "member", person)
    return organisation


def test_the_reports_are_listed_and_mistyped_ones_are_guessed(banyan: Command) -> None:
    listed = banyan("report", "--help")
    assert listed.status == 0
    assert "completeness" in listed.out
    guessed = banyan("report", "completenes")
    assert (guessed.status, "did you mean banyan report completeness" in guessed.err.replace("`", "")) == (2, True)


def test_a_complete_ledger_says_what_was_looked_at(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: Organisation
) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    document = banyan.ok("report", "completeness", "--no-chains")
    assert document["complete"]
    assert (document["executed_height"], document["changed_while_reading"]) == (HEIGHT, False)
    looked_at = {one["check"]: one["looked_at"] for one in document["checks"]}
    assert looked_at == {
        "units": 1,
        "offices": 3,
        "periods": 0,
        "numbers": 0,
        "references": 0,
        "dues": 0,
        "requirements": 0,
    }
    shown = banyan("report", "completeness", "--unit", "branch-1", "--no-chains", "--lang", "zh_CN")
    assert (shown.status, "没有缺漏" in shown.out) == (0, True), shown.out


def test_what_is_missing_is_told_with_its_record(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: Organisation
) -> None:
    state = {key: content for key, content in ledger.state.items() if key != b"person\0bob"}
    answer_from(monkeypatch, state, ledger.time_ms)
    found = banyan("--json", "report", "completeness", "--no-chains")
    assert found.status == 1
    (gap,) = [gap for one in found.document["checks"] for gap in one["missing"]]
    assert gap["record"] == {"kind": "office", "id": "branch-1/member/bob"}
    assert gap["code"] == "completeness.holder"
    told = banyan("report", "completeness", "--no-chains")
    assert (told.status, "nobody enrolled bob (office branch-1/member/bob)" in told.out) == (1, True)


def test_a_unit_that_is_not_there_is_no_complete_one(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: Organisation
) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    found = banyan("report", "completeness", "--unit", "branch-9")
    assert (found.status, "branch-9" in found.err) == (4, True)

"""`banyan report ballot`: what the ledger recorded is what its votes give, or the difference is told."""

import pytest

from contracts.record import Record, record_key
from tests.cli.command import Command
from tests.cli.reports.trial_node import HEIGHT, answer_from
from tests.contracts.ballots.ballot_ledger import UNIT, BallotLedger, names


@pytest.fixture(scope="module")
def ledger() -> BallotLedger:
    """A yes-no ballot, a ranked one, a transferable vote, and one that is still open."""
    ledger = BallotLedger(names(5))
    number = ledger.opened(quorum="present>=1/2 of due")
    for person, answer in zip(names(4), ("yes", "yes", "yes", "no"), strict=True):
        assert ledger.cast(number, person, answer) == "ok"
    ledger.close(number)
    for method in ("schulze", "stv"):
        number = ledger.opened(method, options=["a", "b", "c"], seats=2)
        for person, choices in zip(names(5), ("abc", "acb", "bac", "cab", "ab"), strict=True):
            assert ledger.cast(number, person, *choices) == "ok"
        ledger.close(number)
    number = ledger.opened()
    assert ledger.cast(number, "p00000", "no") == "ok"
    # A unit whose ballots have ids that begin as those of the first ballot's votes do.
    ledger.add_unit(f"{UNIT}/000001")
    ledger.seat(f"{UNIT}/000001", "voter", ["p00000"])
    other = ledger.opened(unit=f"{UNIT}/000001")
    assert ledger.cast(other, "p00000", "no", unit=f"{UNIT}/000001") == "ok"
    return ledger


def test_a_result_is_made_again_from_the_votes(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: BallotLedger
) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    document = banyan.ok("report", "ballot", f"{UNIT}/1")
    assert document["counted"] == document["recorded"]
    assert (document["counted"]["outcome"], document["counted"]["votes"]) == ("passed", [3, 1, 0])
    assert (document["differences"], document["executed_height"]) == ([], HEIGHT)
    told = banyan("report", "ballot", f"{UNIT}/000001", "--lang", "zh_CN")
    assert (told.status, "与记录的结果一致" in told.out) == (0, True), told.out


@pytest.mark.parametrize(("number", "shown"), [(2, "Votes that rank the row's"), (3, "Quota: 2")])
def test_how_the_result_comes_about_is_shown(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: BallotLedger, number: int, shown: str
) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    told = banyan("report", "ballot", f"{UNIT}/{number}")
    assert (told.status, shown in told.out, "Counted again, this is the recorded result." in told.out) == (
        0,
        True,
        True,
    )


def test_a_vote_that_was_changed_is_found(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: BallotLedger
) -> None:
    key = record_key("ballot-vote", f"{UNIT}/000001/p00000")
    record = Record.decode(ledger.state[key])
    forged = Record(record.version, record.fields | {"choices": ["no"]}).encode()
    answer_from(monkeypatch, {**ledger.state, key: forged}, ledger.time_ms)
    found = banyan("--json", "report", "ballot", f"{UNIT}/1")
    assert (found.status, found.document["differences"]) == (1, [{"difference": "result"}])
    assert found.document["counted"]["votes"] == [2, 2, 0]
    told = banyan("report", "ballot", f"{UNIT}/1")
    assert (told.status, "another one than the votes give" in told.out) == (1, True)


def test_somebody_who_is_not_on_the_roll_is_found(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: BallotLedger
) -> None:
    key = record_key("ballot-roll", f"{UNIT}/000001/01/0/p00004")
    page = Record(1, {"persons": ["p00001", "p00001", "p00002", "p00003"]}).encode()
    answer_from(monkeypatch, {**ledger.state, key: page}, ledger.time_ms)
    found = banyan("--json", "report", "ballot", f"{UNIT}/1")
    assert found.status == 1
    assert found.document["differences"] == [
        {"difference": "due", "found": 4, "recorded": 5},
        {"difference": "twice", "person": "p00001"},
        {"difference": "not-due", "person": "p00000"},
    ]
    assert "p00000 voted and is not on the roll" in banyan("report", "ballot", f"{UNIT}/1").out


def test_an_open_ballot_shows_what_the_votes_so_far_would_give(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: BallotLedger
) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    document = banyan.ok("report", "ballot", f"{UNIT}/4")
    assert (document["state"], document["recorded"], document["counted"]["votes"]) == ("open", None, [0, 1, 0])


def test_what_was_cancelled_or_not_held_is_told_so(banyan: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = BallotLedger(names(3))
    assert ledger.act("cancel", ledger.opened(), reason="the wrong question") == "ok"
    ledger.close(ledger.opened(casting="tallied"))
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    cancelled = banyan("report", "ballot", f"{UNIT}/1")
    assert (cancelled.status, "was cancelled: the wrong question" in cancelled.err) == (0, True), cancelled.err
    told = banyan("report", "ballot", f"{UNIT}/2", "--lang", "zh_CN")
    assert (told.status, "应到" in told.out, "未举行" in told.out) == (0, True, True), told.out


@pytest.mark.parametrize(("text", "status"), [("branch-1", 2), ("branch-1/x", 2), ("branch-1/0", 2), ("branch-1/9", 4)])
def test_what_is_no_ballot_is_said(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, ledger: BallotLedger, text: str, status: int
) -> None:
    answer_from(monkeypatch, ledger.state, ledger.time_ms)
    assert banyan("report", "ballot", text).status == status

"""Opening a ballot: what fits together, who may, and when."""

import pytest

from ledger.encoding import Value
from tests.contracts.ballots.ballot_ledger import HOUR_MS, UNIT, BallotLedger, names

ABC: list[Value] = ["a", "b", "c"]


@pytest.fixture(scope="module")
def ledger() -> BallotLedger:
    return BallotLedger(names(3))


@pytest.mark.parametrize(
    ("method", "more", "code"),
    [
        ("yes-no", {"threshold": None}, "ballots.needs"),
        ("choose", {"seats": 2}, "ballots.needs"),
        ("choose", {"options": []}, "ballots.needs"),
        ("choose", {"options": ABC}, "ballots.needs"),
        ("yes-no", {"options": ABC}, "ballots.has-no"),
        ("schulze", {"options": ABC, "threshold": ">1/2 of due"}, "ballots.has-no"),
        ("stv", {"options": ABC, "choices_max": 2}, "ballots.has-no"),
        ("plurality", {"options": ABC, "choices_max": 2}, "ballots.has-no"),
        ("stv", {"options": ABC, "casting": "tallied"}, "ballots.not-tallied"),
        ("yes-no", {"casting": "tallied", "proxies": 1}, "ballots.casting-has-no"),
        ("yes-no", {"tellers": 1}, "ballots.casting-has-no"),
        ("plurality", {"options": ABC, "titles": ["A"]}, "ballots.titles"),
        ("approval", {"options": ABC, "seats": 4}, "ballots.seats"),
        ("choose", {"options": ABC, "seats": 3, "choices_max": 4}, "ballots.choices-max"),
        ("choose", {"options": ABC, "seats": 3, "surplus": "1/5"}, "ballots.surplus"),
        ("yes-no", {"closes": 0}, "ballots.times"),
        ("yes-no", {"electorate": ["secretary"]}, "ballots.electorate-empty"),
        ("yes-no", {"electorate": ["voter@branch-9"]}, "units.not-found"),
        ("yes-no", {"electorate": ["Voter"]}, "arguments.pattern"),
        ("yes-no", {"threshold": "more than half"}, "arguments.pattern"),
        ("yes-no", {"quorum": "present>=0/5 of due"}, "arguments.pattern"),
        ("yes-no", {"secrecy": "secret"}, "arguments.pattern"),
        ("approval", {"options": ["a", "a"]}, "arguments.duplicate"),
    ],
)
def test_what_does_not_fit_is_refused(ledger: BallotLedger, method: str, more: dict[str, Value], code: str) -> None:
    assert ledger.open(method, **more).code == code


def test_the_refusal_of_a_surplus_says_how_many_candidates_there_have_to_be(ledger: BallotLedger) -> None:
    details = ledger.open("choose", options=ABC, seats=3, surplus="1/5").details
    assert (details["least"], details["options"]) == (4, 3)


def test_a_ballot_closes_within_a_year_and_not_at_once(ledger: BallotLedger) -> None:
    assert ledger.open(closes=ledger.time_ms + 30_000).code == "ballots.times"
    assert ledger.open(closes=ledger.time_ms + 367 * 24 * HOUR_MS).code == "ballots.times"


def test_who_may_not_is_refused_and_a_permission_lets_them() -> None:
    ledger = BallotLedger(names(3))
    arguments: dict[str, Value] = {"unit": UNIT, "title": "t", "method": "yes-no", "casting": "roll-call"}
    arguments |= {"electorate": ["voter"], "closes": ledger.time_ms + HOUR_MS, "threshold": ">1/2 of due"}
    assert ledger.code("ballots.open", arguments, "p00000") == "operation.not-allowed"
    ledger.permit("ballots.open", "role:voter")
    assert ledger.code("ballots.open", arguments, "p00000") == "ok"


def test_too_large_an_electorate_is_refused() -> None:
    ledger = BallotLedger()
    ledger.write("role-count", f"{UNIT}/voter", {"unit": UNIT, "role": "voter", "count": 4097, "ends": []})
    refused = ledger.open("stv", options=ABC)
    assert (refused.code, refused.details["limit"]) == ("ballots.electorate-too-large", 4096)
    ledger.write("role-count", f"{UNIT}/voter", {"unit": UNIT, "role": "voter", "count": 10_001, "ends": []})
    assert ledger.open("schulze", options=ABC).code == "ballots.electorate-too-large"


def test_a_ballot_opens_at_its_time_with_the_electorate_of_that_time() -> None:
    ledger = BallotLedger(names(3))
    opens = ledger.time_ms + HOUR_MS
    assert ledger.open(opens=opens, closes=opens + HOUR_MS).ok
    ledger.settle()
    assert ledger.ballot(1)["state"] == "preparing"
    assert ledger.cast(1, "p00000", "yes") == "ballots.not-open"
    ledger.add_person("zoe")
    ledger.add_office(UNIT, "voter", "zoe")
    ledger.at(opens)
    ledger.settle()
    roll = ledger.ballot(1)["roll"]
    assert isinstance(roll, dict)
    assert (ledger.ballot(1)["state"], roll["due"]) == ("open", 4)
    assert ledger.cast(1, "zoe", "yes") == "ok"


def test_terms_stand_in_the_record_as_they_were_stated() -> None:
    ledger = BallotLedger(names(3))
    number = ledger.opened(
        "choose",
        options=["li", "wang", "zhao", "qian"],
        titles=["Li", "Wang", "Zhao", "Qian"],
        seats=3,
        surplus="1/5",
        threshold=">1/2 of present",
        quorum="present>=4/5 of due",
        article="§ 21",
        reference="committee/branch-1/000001",
    )
    found = ledger.ballot(number)
    assert (found["choices_max"], found["seats"], found["electorate"]) == (3, 3, ["voter@branch-1"])
    assert (found["secrecy"], found["vote_format"], found["presence"]) == ("open", 1, "voting")
    assert (found["quorum"], found["threshold"], found["surplus"]) == (
        "present>=4/5 of due",
        ">1/2 of present",
        "1/5",
    )
    assert (found["article"], found["reference"], found["round"]) == ("§ 21", "committee/branch-1/000001", 1)


def test_a_ballot_is_cancelled_with_a_reason_and_closes_no_more() -> None:
    ledger = BallotLedger(names(3))
    number = ledger.opened()
    assert ledger.act("cancel", number, reason="the question was wrong") == "ok"
    assert (ledger.ballot(number)["state"], ledger.ballot(number)["reason"]) == (
        "cancelled",
        "the question was wrong",
    )
    assert ledger.cast(number, "p00000", "yes") == "ballots.not-open"
    assert ledger.act("cancel", number, reason="again") == "ballots.not-open"
    ledger.at(ledger.time_ms + 2 * HOUR_MS)
    ledger.settle()
    assert ledger.ballot(number)["state"] == "cancelled"

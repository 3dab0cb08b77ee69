"""Casting votes, proxies, written opinions, presence."""

import pytest

from ledger.encoding import Value
from tests.contracts.ballots.ballot_ledger import BallotLedger

ANN, BOB, CY, DAN = PEOPLE = ["ann", "bob", "cy", "dan"]


@pytest.fixture
def ledger() -> BallotLedger:
    return BallotLedger(PEOPLE)


def test_the_last_vote_before_the_close_counts(ledger: BallotLedger) -> None:
    number = ledger.opened()
    assert [ledger.cast(number, ANN, choice) for choice in ("no", "abstain", "yes")] == ["ok"] * 3
    assert (ledger.vote(number, ANN)["casts"], ledger.vote(number, ANN)["choices"]) == (3, ["yes"])
    assert ledger.close(number)["votes"] == [1, 0, 0]


def test_a_vote_at_the_stated_time_is_late(ledger: BallotLedger) -> None:
    number = ledger.opened()
    closes = ledger.ballot(number)["closes"]
    assert isinstance(closes, int)
    ledger.at(closes)
    assert ledger.cast(number, ANN, "yes") == "ballots.not-open"
    assert ledger.close(number)["votes"] == [0, 0, 0]


def test_the_stated_time_holds_even_where_the_timer_is_late(ledger: BallotLedger) -> None:
    number = ledger.opened()
    ballot = ledger.ballot(number)
    closes, timer = ballot["closes"], ballot["timer"]
    assert isinstance(closes, int)
    del ledger.state[b"timer\0" + str(timer).encode()]
    ledger.at(closes - 1)
    assert ledger.cast(number, ANN, "yes") == "ok"
    ledger.at(closes)
    assert ledger.cast(number, ANN, "no") == "ballots.not-open"


def test_an_account_without_a_person_does_not_vote(ledger: BallotLedger) -> None:
    number = ledger.opened()
    result = ledger.result("ballots.cast", {"unit": "branch-1", "number": number, "choices": ["yes"]})
    assert result.code == "ballots.no-person"


@pytest.mark.parametrize(
    ("method", "choices", "ranks", "code"),
    [
        ("yes-no", ["yes", "no"], [], "ballots.choice-count"),
        ("yes-no", [], [], "ballots.choice-count"),
        ("plurality", ["a", "b"], [], "ballots.choice-count"),
        ("choose", ["a", "b", "c"], [], "ballots.choice-count"),
        ("approval", ["a", "x"], [], "ballots.unknown-option"),
        ("approval", ["a", "a"], [], "arguments.duplicate"),
        ("stv", ["a", "b"], [1, 2], "ballots.ranks-unfit"),
        ("schulze", ["a", "b"], [1], "ballots.ranks"),
        ("schulze", ["a"], [0], "arguments.out-of-range"),
        ("schulze", ["a", "b", "c"], [1, 1, 2], "ok"),
        ("schulze", [], [], "ok"),
        ("stv", ["c"], [], "ok"),
        ("choose", ["c", "a"], [], "ok"),
        ("approval", ["a", "b", "c"], [], "ok"),
    ],
)
def test_only_what_can_be_counted_is_taken(
    ledger: BallotLedger, method: str, choices: list[str], ranks: list[Value], code: str
) -> None:
    more: dict[str, Value] = {} if method == "yes-no" else {"options": ["a", "b", "c"]}
    more |= {"seats": 2} if method == "choose" else {}
    number = ledger.opened(method, **more)
    given: dict[str, Value] = {"ranks": ranks} if ranks else {}
    assert ledger.cast(number, ANN, *choices, **given) == code


def test_who_was_given_no_paper_does_not_vote_where_papers_are_given_out(ledger: BallotLedger) -> None:
    number = ledger.opened(presence="marked", quorum="present>=1/2 of due")
    assert ledger.cast(number, ANN, "yes") == "ballots.not-present"
    assert ledger.act("attend", number, persons=[ANN, BOB, CY]) == "ok"
    assert ledger.act("attend", number, persons=["eve"]) == "ballots.not-due"
    assert ledger.cast(number, ANN, "yes") == "ok"
    result = ledger.close(number)
    assert result["counts"] == {
        "due": 4,
        "present": 3,
        "represented": 3,
        "issued": 3,
        "returned": 1,
        "valid": 1,
        "expressed": 1,
    }
    assert result["outcome"] == "rejected"


def test_presence_is_not_marked_where_whoever_votes_is_present(ledger: BallotLedger) -> None:
    assert ledger.act("attend", ledger.opened(), persons=[ANN]) == "ballots.not-marked"


def test_a_proxy_votes_for_the_giver_until_the_giver_votes(ledger: BallotLedger) -> None:
    number = ledger.opened(proxies=1)
    assert ledger.cast(number, BOB, "no", person=ANN) == "ballots.proxy-not-given"
    assert ledger.act("give-proxy", number, ANN, person=BOB) == "ok"
    assert ledger.cast(number, CY, "no", person=ANN) == "ballots.proxy-not-given"
    assert ledger.cast(number, BOB, "no", person=ANN) == "ok"
    assert ledger.cast(number, BOB, "yes") == "ok"
    assert (ledger.vote(number, ANN)["way"], ledger.vote(number, ANN)["by"]) == ("proxy", BOB)
    assert ledger.cast(number, ANN, "yes") == "ok"
    assert ledger.cast(number, BOB, "no", person=ANN) == "ballots.voted"
    result = ledger.close(number)
    counts = result["counts"]
    assert isinstance(counts, dict)
    assert (result["votes"], counts["present"]) == ([2, 0, 0], 2)


def test_proxies_are_counted_apart_from_those_present(ledger: BallotLedger) -> None:
    number = ledger.opened(proxies=2, quorum="represented>=3/4 of due")
    assert ledger.act("give-proxy", number, ANN, person=BOB) == "ok"
    assert ledger.act("give-proxy", number, CY, person=BOB) == "ok"
    assert [ledger.cast(number, BOB, "yes", person=one) for one in (ANN, BOB, CY)] == ["ok"] * 3
    result = ledger.close(number)
    counts = result["counts"]
    assert isinstance(counts, dict)
    assert (counts["present"], counts["represented"], result["outcome"]) == (1, 3, "passed")


def test_who_is_in_the_room_and_lets_others_speak_is_counted_once(ledger: BallotLedger) -> None:
    number = ledger.opened(presence="marked", proxies=2, written=True, quorum="represented>=3/4 of due")
    assert ledger.act("attend", number, persons=[ANN, BOB]) == "ok"
    assert ledger.act("give-proxy", number, ANN, person=BOB) == "ok"
    assert [ledger.cast(number, BOB, "yes", person=one) for one in (ANN, BOB)] == ["ok"] * 2
    result = ledger.close(number)
    counts = result["counts"]
    assert isinstance(counts, dict)
    assert (counts["present"], counts["represented"], counts["issued"], counts["returned"]) == (2, 2, 2, 2)
    assert result["outcome"] == "no-quorum"


def test_what_proxies_may_not_do(ledger: BallotLedger) -> None:
    assert ledger.act("give-proxy", ledger.opened(), ANN, person=BOB) == "ballots.no-proxies"
    number = ledger.opened(proxies=1)
    assert ledger.act("give-proxy", number, ANN, person=ANN) == "ballots.own-proxy"
    assert ledger.act("give-proxy", number, ANN, person="eve") == "ballots.not-due"
    assert ledger.act("give-proxy", number, ANN, person=BOB) == "ok"
    assert ledger.act("give-proxy", number, ANN, person=CY) == "ballots.proxy-given"
    assert ledger.act("give-proxy", number, CY, person=BOB) == "ballots.proxies-full"
    assert ledger.act("revoke-proxy", number, ANN, person=CY) == "ballots.proxy-not-given"
    assert ledger.cast(number, CY, "yes") == "ok"
    assert ledger.act("give-proxy", number, CY, person=DAN) == "ballots.voted"


def test_a_revoked_proxy_takes_its_vote_along(ledger: BallotLedger) -> None:
    number = ledger.opened(proxies=1)
    assert ledger.act("give-proxy", number, ANN, person=BOB) == "ok"
    assert ledger.cast(number, BOB, "no", person=ANN) == "ok"
    assert ledger.act("revoke-proxy", number, ANN, person=BOB) == "ok"
    assert ledger.act("give-proxy", number, CY, person=BOB) == "ok"
    assert ledger.cast(number, BOB, "no", person=ANN) == "ballots.proxy-not-given"
    assert ledger.close(number)["votes"] == [0, 0, 0]


def test_a_written_opinion_counts_until_the_person_votes(ledger: BallotLedger) -> None:
    number = ledger.opened(written=True)
    body: Value = {"#": bytes(32)}
    assert ledger.act("write-opinion", number, person=ANN, choices=["no"], body=body) == "ok"
    assert ledger.act("write-opinion", number, person=BOB, choices=["yes"]) == "ok"
    assert ledger.act("write-opinion", number, CY, person=BOB, choices=["yes"]) == "operation.not-allowed"
    assert (ledger.vote(number, ANN)["way"], ledger.vote(number, ANN)["body"]) == ("written", body)
    assert ledger.cast(number, ANN, "yes") == "ok"
    assert "body" not in ledger.vote(number, ANN)
    assert ledger.act("write-opinion", number, person=ANN, choices=["no"]) == "ballots.voted"
    result = ledger.close(number)
    counts = result["counts"]
    assert isinstance(counts, dict)
    assert (result["votes"], counts["present"], counts["represented"]) == ([2, 0, 0], 1, 2)


def test_a_paper_does_not_take_the_place_of_a_vote_by_proxy(ledger: BallotLedger) -> None:
    number = ledger.opened(proxies=1, written=True)
    assert ledger.act("give-proxy", number, ANN, person=BOB) == "ok"
    assert ledger.cast(number, BOB, "yes", person=ANN) == "ok"
    assert ledger.act("write-opinion", number, person=ANN, choices=["no"]) == "ballots.voted"


def test_written_opinions_count_only_where_the_terms_say_so(ledger: BallotLedger) -> None:
    number = ledger.opened()
    assert ledger.act("write-opinion", number, person=ANN, choices=["no"]) == "ballots.no-opinions"


def test_a_vote_is_linked_to_its_ballot_and_its_person(ledger: BallotLedger) -> None:
    number = ledger.opened()
    arguments: dict[str, Value] = {"unit": "branch-1", "number": number, "choices": ["yes"]}
    links = [link.subject for link in ledger.asked("ballots.cast", arguments, ANN).links]
    assert {"ballot/branch-1/000001", "person/ann"} <= set(links)

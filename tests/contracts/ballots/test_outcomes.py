"""Outcomes: majorities, quorums, ties, void ballots, tallies, further rounds."""

import pytest

from contracts.ballots.closing import VOTES_PER_RUN
from contracts.record import parse_record_key
from ledger.encoding import Value
from tests.contracts.ballots.ballot_ledger import HOUR_MS, UNIT, BallotLedger, names

FOUR: list[Value] = ["li", "wang", "zhao", "qian"]


def outcome(result: dict[str, Value], *keys: str) -> list[Value]:
    """The outcome, and further parts of a result; None for one that is not there."""
    return [result.get(key) for key in ("outcome", *keys)]


@pytest.mark.parametrize(
    ("yes", "no", "abstain", "threshold", "expected"),
    [
        (5, 1, 0, ">1/2 of due", "rejected"),
        (6, 0, 0, ">1/2 of due", "passed"),
        (4, 2, 2, ">1/2 of present", "rejected"),
        (5, 3, 1, ">1/2 of valid", "passed"),
        (2, 1, 5, ">1/2 of expressed", "passed"),
        (2, 2, 5, ">1/2 of expressed", "rejected"),
        (6, 3, 0, ">=2/3 of returned", "passed"),
        (0, 0, 0, ">=1/2 of returned", "passed"),
    ],
)
def test_a_question_passes_with_the_majority_that_its_terms_name(
    yes: int, no: int, abstain: int, threshold: str, expected: str
) -> None:
    people = names(10)
    ledger = BallotLedger()
    ledger.seat(UNIT, "voter", people, accounts=False)
    number = ledger.opened(threshold=threshold)
    answers = ["yes"] * yes + ["no"] * no + ["abstain"] * abstain
    ledger.put_votes(number, {person: [answer] for person, answer in zip(people, answers, strict=False)})
    assert outcome(ledger.close(number), "votes") == [expected, [yes, no, abstain]]


def board(count: int, votes: dict[str, list[str]], **more: Value) -> tuple[BallotLedger, int]:
    """Three seats, four candidates, more than half of those present; so many voters."""
    ledger = BallotLedger()
    ledger.seat(UNIT, "voter", names(count), accounts=False)
    terms: dict[str, Value] = {"options": FOUR, "seats": 3, "surplus": "1/5", "threshold": ">1/2 of present"}
    number = ledger.opened("choose", **terms | {"quorum": "present>=4/5 of due"} | more)
    ledger.put_votes(number, votes)
    return ledger, number


def test_four_fifths_of_those_due_have_to_be_present() -> None:
    ledger, number = board(10, {person: ["li"] for person in names(7)})
    assert outcome(ledger.close(number), "elected", "votes") == ["no-quorum", None, [7, 0, 0, 0]]
    ledger, number = board(10, {person: ["li", "wang", "zhao"] for person in names(8)})
    assert outcome(ledger.close(number), "elected") == ["elected", ["li", "wang", "zhao"]]


def test_exactly_half_of_those_present_is_not_enough() -> None:
    votes = {person: ["li", "wang"] if index < 5 else ["li"] for index, person in enumerate(names(10))}
    ledger, number = board(10, votes)
    assert outcome(ledger.close(number), "elected", "seats_left") == ["short", ["li"], 2]


def test_equals_at_the_last_seat_are_voted_on_again_with_the_same_roll() -> None:
    half = ["li", "wang", "zhao"]
    votes = {person: half if index < 5 else ["li", "wang", "qian"] for index, person in enumerate(names(10))}
    ledger, number = board(10, votes, threshold=">=1/2 of present")
    assert outcome(ledger.close(number), "elected", "tied", "seats_left") == [
        "tied",
        ["li", "wang"],
        ["zhao", "qian"],
        1,
    ]
    ledger.add_office(UNIT, "voter", "zoe")
    assert ledger.act("again", number, closes=ledger.time_ms + HOUR_MS) == "ok"
    assert ledger.act("again", number, closes=ledger.time_ms + HOUR_MS) == "ballots.again-already"
    second = ledger.ballot(2)
    assert (second["state"], second["round"], second["first"], second["previous"]) == ("open", 2, 1, 1)
    assert (second["options"], second["seats"], second["choices_max"]) == (["zhao", "qian"], 1, 1)
    assert second["roll"] == ledger.ballot(1)["roll"]
    assert (ledger.ballot(1)["following"], "surplus" in second) == (2, False)
    for person in ("zoe", *names(10)):
        ledger.add_person(person)
    assert ledger.cast(2, "zoe", "zhao") == "ballots.not-due"
    assert [ledger.cast(2, person, "zhao") for person in names(8)] == ["ok"] * 8
    assert outcome(ledger.close(2), "elected") == ["elected", ["zhao"]]
    assert ledger.act("again", 2, closes=ledger.time_ms + HOUR_MS) == "ballots.not-again"


def test_seats_left_are_voted_on_among_those_who_were_not_elected() -> None:
    ledger, number = board(10, {person: ["li"] for person in names(10)})
    assert outcome(ledger.close(number), "elected", "seats_left") == ["short", ["li"], 2]
    closes = ledger.time_ms + HOUR_MS
    assert ledger.act("again", number, closes=closes, options=["li"]) == "ballots.unknown-option"
    assert ledger.act("again", number, closes=closes, options=["wang", "qian"]) == "ok"
    assert (ledger.ballot(2)["options"], ledger.ballot(2)["seats"]) == (["wang", "qian"], 2)


def test_an_open_ballot_is_not_repeated_and_a_rejected_question_neither() -> None:
    ledger = BallotLedger(names(3))
    number = ledger.opened()
    assert ledger.act("again", number, closes=ledger.time_ms + HOUR_MS) == "ballots.not-again"
    assert ledger.close(number)["outcome"] == "rejected"
    assert ledger.act("again", number, closes=ledger.time_ms + HOUR_MS) == "ballots.not-again"


def room(tellers: Value = 2, **more: Value) -> tuple[BallotLedger, int]:
    """A vote by yes and no in a room of ten, which two tellers count."""
    ledger = BallotLedger(names(10))
    ledger.permit("ballots.tally", "role:voter")
    return ledger, ledger.opened("yes-no", UNIT, casting="tallied", tellers=tellers, **more)


def test_a_tally_counts_when_as_many_tellers_report_the_same() -> None:
    ledger, number = room()
    assert ledger.tally(number, "p00000", [6, 2, 1], 9, 9, 9, 9) == "ok"
    assert ledger.ballot(number)["state"] == "open"
    assert ledger.tally(number, "p00000", [6, 2, 1], 9, 9, 9, 9) == "ballots.tally-twice"
    # Another count begins anew.
    assert ledger.tally(number, "p00001", [5, 3, 1], 9, 9, 9, 9) == "ok"
    assert ledger.tally(number, "p00000", [6, 2, 1], 9, 9, 9, 9) == "ok"
    assert ledger.tally(number, "p00001", [6, 2, 1], 9, 9, 9, 9) == "ok"
    ledger.settle()
    assert ledger.tally(number, "p00002", [6, 2, 1], 9, 9, 9, 9) == "ballots.not-open"
    result = ledger.result_of(number)
    assert outcome(result, "votes", "counts") == [
        "passed",
        [6, 2, 1],
        {"due": 10, "present": 9, "represented": 9, "issued": 9, "returned": 9, "valid": 9, "expressed": 8},
    ]


def test_more_papers_returned_than_issued_void_the_round() -> None:
    ledger, number = room(tellers=1)
    assert ledger.tally(number, None, [9, 0, 0], 9, 8, 9, 9) == "ok"
    ledger.settle()
    assert outcome(ledger.result_of(number)) == ["void"]
    assert ledger.act("again", number, closes=ledger.time_ms + HOUR_MS) == "ok"
    assert ledger.ballot(2)["options"] == ["yes", "no", "abstain"]


@pytest.mark.parametrize(
    ("votes", "counts", "less"),
    [
        ([1, 0, 0], (11, 9, 9, 1), "present"),
        ([1, 0, 0], (9, 10, 9, 1), "issued"),
        ([9, 0, 0], (9, 9, 8, 9), "valid"),
        ([6, 2, 2], (9, 9, 9, 9), "votes"),
        ([6, 1, 1], (9, 9, 9, 9), "valid"),
    ],
)
def test_figures_that_contradict_each_other_are_refused(
    votes: list[Value], counts: tuple[int, int, int, int], less: str
) -> None:
    ledger, number = room(tellers=1)
    figures: dict[str, Value] = dict(zip(("present", "issued", "returned", "valid"), counts, strict=True))
    figures |= {"unit": UNIT, "number": number, "votes": votes}
    refused = ledger.asked("ballots.tally", figures)
    assert (refused.code, refused.details["less"]) == ("ballots.tally-counts", less)


def test_written_opinions_are_added_to_what_was_counted_in_the_room() -> None:
    ledger, number = room(tellers=1, written=True)
    for person in ("p00008", "p00009"):
        assert ledger.act("write-opinion", number, person=person, choices=["yes"]) == "ok"
    assert ledger.tally(number, None, [4, 2, 0], 6, 6, 6, 6) == "ok"
    ledger.settle()
    # Four of ten due in the room are not more than half; six are.
    assert outcome(ledger.result_of(number), "votes", "counts") == [
        "passed",
        [6, 2, 0],
        {"due": 10, "present": 6, "represented": 8, "issued": 8, "returned": 8, "valid": 8, "expressed": 8},
    ]


def test_a_room_and_opinions_on_paper_that_are_more_than_all_void_the_round() -> None:
    ledger, number = room(tellers=1, written=True)
    for person in ("p00008", "p00009"):
        assert ledger.act("write-opinion", number, person=person, choices=["yes"]) == "ok"
    # Nine are in the room, so one of the two is as well.
    assert ledger.tally(number, None, [4, 0, 0], 9, 4, 4, 4) == "ok"
    ledger.settle()
    assert outcome(ledger.result_of(number)) == ["void"]


def test_marks_in_a_room_are_bounded_by_the_papers() -> None:
    ledger = BallotLedger(names(10))
    terms: dict[str, Value] = {"casting": "tallied", "tellers": 1, "options": FOUR, "seats": 2}
    number = ledger.opened("choose", **terms)
    assert ledger.tally(number, None, [5, 4, 3], 9, 9, 9, 9) == "ballots.tally-votes"
    assert ledger.tally(number, None, [8, 8, 1, 1], 9, 9, 9, 9, blank=1) == "ballots.tally-counts"
    assert ledger.tally(number, None, [8, 7, 1, 0], 9, 9, 9, 9, blank=1) == "ok"
    ledger.settle()
    assert outcome(ledger.result_of(number), "elected") == ["elected", ["li", "wang"]]


def test_what_nobody_has_counted_by_the_stated_time_was_not_held() -> None:
    ledger, number = room()
    assert ledger.cast(number, "p00000", "yes") == "ballots.is-tallied"
    assert ledger.tally(number, "p00000", [9, 0, 0], 9, 9, 9, 9) == "ok"
    assert outcome(ledger.close(number)) == ["not-held"]


def test_a_roll_call_has_no_tally() -> None:
    ledger = BallotLedger(names(3))
    assert ledger.tally(ledger.opened(), None, [3, 0, 0], 3, 3, 3, 3) == "ballots.is-roll-call"


def test_a_ballot_closes_early_only_where_its_terms_allow_it() -> None:
    ledger = BallotLedger(names(3))
    assert ledger.act("close", ledger.opened()) == "ballots.not-early"
    number = ledger.opened(early=True)
    assert [ledger.cast(number, person, "yes") for person in names(2)] == ["ok", "ok"]
    assert ledger.act("close", number) == "ok"
    assert ledger.cast(number, "p00002", "no") == "ballots.not-open"
    ledger.settle()
    assert outcome(ledger.result_of(number), "votes") == ["passed", [2, 0, 0]]


def test_a_ranking_and_its_ties_stand_in_the_result() -> None:
    ledger = BallotLedger(names(5))
    number = ledger.opened("schulze", options=["a", "b", "c"], seats=2)
    for person, choices in zip(names(5), ("abc", "abc", "acb", "bac", "cab"), strict=True):
        assert ledger.cast(number, person, *choices) == "ok"
    assert outcome(ledger.close(number), "ranking", "elected") == ["elected", [["a"], ["b"], ["c"]], ["a", "b"]]
    number = ledger.opened("schulze", options=["a", "b"])
    assert ledger.cast(number, "p00000", "a", "b", ranks=[1, 1]) == "ok"
    assert outcome(ledger.close(number), "ranking", "tied") == ["tied", [["a", "b"]], ["a", "b"]]


def test_without_votes_nobody_is_elected() -> None:
    ledger = BallotLedger(names(3))
    for method in ("plurality", "approval", "stv"):
        result = ledger.close(ledger.opened(method, options=["a", "b"], seats=2))
        assert outcome(result, "elected", "seats_left") == ["short", None, 2]


def test_nobody_without_a_vote_is_elected_even_where_no_vote_is_enough() -> None:
    ledger = BallotLedger(names(3))
    number = ledger.opened("choose", options=["a", "b"], seats=2, threshold=">=1/2 of returned")
    assert outcome(ledger.close(number), "elected", "seats_left") == ["short", None, 2]


def test_rounds_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contracts.ballots.opening.ROUNDS_MAX", 2)
    ledger = BallotLedger(names(3))
    number = ledger.opened("plurality", options=["a", "b"])
    assert ledger.close(number)["outcome"] == "short"
    assert ledger.act("again", number, closes=ledger.time_ms + HOUR_MS) == "ok"
    assert ledger.close(2)["outcome"] == "short"
    assert ledger.act("again", 2, closes=ledger.time_ms + HOUR_MS) == "ballots.rounds-full"


@pytest.mark.parametrize("method", ["plurality", "schulze", "stv"])
def test_votes_of_several_runs_are_counted_as_in_one(method: str) -> None:
    people = names(2 * VOTES_PER_RUN + 11)
    options = ["a", "b", "c"]
    orders = (["a", "b", "c"], ["b", "c", "a"], ["b", "a", "c"], ["c", "a", "b"])
    ledger = BallotLedger()
    ledger.seat(UNIT, "voter", people, accounts=False)
    number = ledger.opened(method, options=list(options))
    length = 1 if method == "plurality" else 3
    ledger.put_votes(number, {one: orders[index % 4][:length] for index, one in enumerate(people)})
    result = ledger.close(number)
    assert outcome(result, "elected") == ["elected", ["b"]]
    counts = result["counts"]
    assert isinstance(counts, dict)
    assert counts["returned"] == len(people)
    assert result.get("quota") == (len(people) // 2 + 1 if method == "stv" else None)
    left = {kind for kind, _ in map(parse_record_key, ledger.state)}
    assert not left & {"ballot-progress", "ballot-papers"}

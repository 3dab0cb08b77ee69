"""The roll: everybody who held the office at one height, nobody else, however many pages it takes."""

import pytest

from contracts.ballots.freezing import PERSONS_PER_RUN
from contracts.limits import READS_MAX
from contracts.record import parse_record_key
from ledger.encoding import Value
from tests.contracts.ballots.ballot_ledger import HOUR_MS, UNIT, BallotLedger, names


def listed(ledger: BallotLedger, number: int) -> list[str]:
    """Everybody on the roll that holds."""
    roll = ledger.ballot(number)["roll"]
    assert isinstance(roll, dict)
    attempt = roll["attempt"]
    assert isinstance(attempt, int)
    prefix = f"{UNIT}/{number:06d}/{attempt:02d}/"
    persons: list[str] = []
    for kind, record_id in map(parse_record_key, sorted(ledger.state)):
        if kind == "ballot-roll" and record_id.startswith(prefix):
            page = ledger.fields(kind, record_id)["persons"]
            assert isinstance(page, list)
            persons += [one for one in page if isinstance(one, str)]
            assert record_id.endswith(f"/{persons[-1]}")
    assert len(persons) == roll["due"]
    return persons


def test_who_comes_later_does_not_vote_and_who_leaves_later_still_does() -> None:
    ledger = BallotLedger(names(3))
    number = ledger.opened()
    ledger.add_person("zoe")
    ledger.add_office(UNIT, "voter", "zoe")
    assert ledger.code("units.release", {"unit": UNIT, "role": "voter", "person": "p00001"}) == "ok"
    assert ledger.cast(number, "zoe", "yes") == "ballots.not-due"
    assert ledger.cast(number, "p00001", "yes") == "ok"
    assert ledger.close(number)["counts"] == {
        "due": 3,
        "issued": 3,
        "present": 1,
        "represented": 1,
        "returned": 1,
        "valid": 1,
        "expressed": 1,
    }


def test_terms_that_are_over_and_offices_held_for_others_are_not_due() -> None:
    ledger = BallotLedger()
    for person in ("ann", "bob", "cy"):
        ledger.add_person(person)
        ledger.add_office(UNIT, "member", person)
    ledger.add_office(UNIT, "delegate", "ann", until=ledger.time_ms + HOUR_MS)
    ledger.add_office(UNIT, "delegate", "bob")
    until = ledger.time_ms + 2 * HOUR_MS
    arguments: dict[str, Value] = {"unit": UNIT, "role": "delegate", "person": "cy", "until": until}
    assert ledger.code("units.delegate", arguments, "bob") == "ok"
    ledger.at(ledger.time_ms + HOUR_MS + 1)
    assert listed(ledger, ledger.opened(electorate=["delegate"])) == ["bob"]


def test_several_pages_hold_everybody_once_in_order() -> None:
    people = names(2 * PERSONS_PER_RUN + 37)
    ledger = BallotLedger()
    ledger.seat(UNIT, "voter", people, accounts=False)
    number = ledger.opened()
    assert listed(ledger, number) == people
    for person in (people[0], people[PERSONS_PER_RUN - 1], people[PERSONS_PER_RUN], people[-1]):
        ledger.add_person(person)
        assert ledger.cast(number, person, "no") == "ok"
    for stranger in ("a", people[-1] + "x", people[PERSONS_PER_RUN - 1] + "x"):
        ledger.add_person(stranger)
        assert ledger.cast(number, stranger, "no") == "ballots.not-due"


def test_somebody_with_two_offices_is_due_once() -> None:
    ledger = BallotLedger(["ann", "bob"])
    ledger.add_unit("branch-2")
    ledger.seat("branch-2", "voter", ["bob", "cy"])
    number = ledger.opened(electorate=["voter", "voter@branch-2"])
    assert listed(ledger, number) == ["ann", "bob", "cy"]
    assert [ledger.cast(number, person, "yes") for person in ("ann", "bob", "cy")] == ["ok"] * 3


def test_units_whose_names_begin_alike_are_kept_apart() -> None:
    ledger = BallotLedger(["ann"])
    # Offices and ballots of this unit have ids that begin as those of the other one's office and ballot do.
    for unit in (f"{UNIT}/voter", f"{UNIT}/000001"):
        ledger.add_unit(unit)
        ledger.seat(unit, "voter", ["ann", "mallory"])
    other = ledger.opened(unit=f"{UNIT}/000001")
    number = ledger.opened()
    assert listed(ledger, number) == ["ann"]
    for person in ("ann", "mallory"):
        assert ledger.cast(other, person, "no", unit=f"{UNIT}/000001") == "ok"
    assert ledger.cast(number, "mallory", "no") == "ballots.not-due"
    assert ledger.cast(number, "ann", "yes") == "ok"
    assert ledger.close(number)["votes"] == [1, 0, 0]


@pytest.mark.parametrize("method", ["yes-no", "stv"])
def test_more_names_that_begin_alike_than_a_run_may_read_are_stepped_over_in_several(method: str) -> None:
    ledger = BallotLedger(["ann", "zoe"])
    for number in range(READS_MAX):
        # Of units below one that is named as the role is, and of ballots of one that is named as the ballot is.
        ledger.write("office", f"{UNIT}/voter/u{number:03d}/voter/mallory", {"height": 0})
        ledger.write("ballot-vote", f"{UNIT}/000001/{number:06d}/mallory", {"person": "mallory"})
    number = ledger.opened(method, options=None if method == "yes-no" else ["yes", "no"])
    assert listed(ledger, number) == ["ann", "zoe"]
    for person in ("ann", "zoe"):
        assert ledger.cast(number, person, "yes") == "ok"
    assert ledger.close(number)["outcome"] == ("passed" if method == "yes-no" else "elected")
    left = {kind for kind, _ in map(parse_record_key, ledger.state)}
    assert left.isdisjoint({"ballot-progress", "ballot-papers"})


def test_an_office_that_changes_meanwhile_begins_the_roll_anew() -> None:
    people = names(3 * PERSONS_PER_RUN)
    ledger = BallotLedger()
    ledger.seat(UNIT, "voter", people, accounts=False)
    assert ledger.open().ok
    ledger.execute()
    # In two blocks: behind what is written already, and before what is still to come.
    assert ledger.code("units.release", {"unit": UNIT, "role": "voter", "person": people[0]}) == "ok"
    ledger.add_office(UNIT, "voter", "zoe")
    ledger.settle()
    assert listed(ledger, 1) == [*people[1:], "zoe"]
    roll = ledger.ballot(1)["roll"]
    assert isinstance(roll, dict)
    assert roll["attempt"] == 3


def test_an_electorate_that_never_rests_cancels_the_ballot() -> None:
    people = names(PERSONS_PER_RUN + 1)
    ledger = BallotLedger()
    ledger.seat(UNIT, "voter", people, accounts=False)
    assert ledger.open().ok
    for _ in range(20):
        ledger.add_office(UNIT, "voter", "zoe")
        assert ledger.code("units.release", {"unit": UNIT, "role": "voter", "person": "zoe"}) == "ok"
    assert (ledger.ballot(1)["state"], ledger.ballot(1)["reason"]) == ("cancelled", "electorate-moving")


def test_an_electorate_that_is_gone_when_the_ballot_opens_cancels_it() -> None:
    ledger = BallotLedger(["ann"])
    opens = ledger.time_ms + HOUR_MS
    assert ledger.open(opens=opens, closes=opens + HOUR_MS).ok
    assert ledger.code("units.dissolve", {"unit": UNIT}) == "ok"
    ledger.at(opens)
    ledger.settle()
    assert (ledger.ballot(1)["state"], ledger.ballot(1)["reason"]) == ("cancelled", "electorate-empty")


def test_an_office_that_is_written_over_without_being_counted_begins_the_roll_anew() -> None:
    people = names(PERSONS_PER_RUN + 20)
    late = people[-1]
    ledger = BallotLedger()
    ledger.seat(UNIT, "voter", people[:-1], accounts=False)
    until = ledger.time_ms + 3500
    ledger.add_office(UNIT, "voter", late, until=until)
    assert ledger.open().ok
    # The first page is written while the term runs.
    ledger.execute()
    ledger.at(until + 500)
    # What was held long ago is written down: nobody holds anything by it now, so nothing is counted.
    history: dict[str, Value] = {"unit": UNIT, "role": "voter", "person": late, "since": 1, "until": 2}
    transaction = ledger.sent("units.appoint", history, None)
    due = [key for key in ledger.state if key.startswith(b"timer\0")]
    waiting = {key: ledger.state.pop(key) for key in due}
    assert ledger.outcome(transaction) == "ok"
    ledger.state.update(waiting)
    ledger.settle()
    roll = ledger.ballot(1)["roll"]
    assert isinstance(roll, dict)
    assert (roll["attempt"], roll["due"]) == (2, len(people) - 1)


def test_an_electorate_that_grew_too_large_before_it_was_frozen_cancels_the_ballot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ledger = BallotLedger(names(3))
    assert ledger.open().ok
    monkeypatch.setattr("contracts.ballots.freezing.ELECTORATE_MAX", 2)
    ledger.settle()
    assert (ledger.ballot(1)["state"], ledger.ballot(1)["reason"]) == ("cancelled", "electorate-too-large")


def test_what_was_not_frozen_before_the_close_was_not_held() -> None:
    ledger = BallotLedger()
    ledger.seat(UNIT, "voter", names(PERSONS_PER_RUN + 1), accounts=False)
    opens = ledger.time_ms + HOUR_MS
    assert ledger.open(opens=opens, closes=opens + HOUR_MS).ok
    # No block for hours: opening and close come in the same one, and the roll takes two.
    ledger.at(opens + 2 * HOUR_MS)
    ledger.settle()
    assert ledger.result_of(1)["outcome"] == "not-held"
    assert ledger.act("again", 1, closes=ledger.time_ms + HOUR_MS) == "ballots.not-again"

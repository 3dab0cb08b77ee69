"""Random voting: what is counted is what a naive reading of the rules counts, and counting again gives the same."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.ballots.ballot import Ballot
from contracts.ballots.recount import gather, recount
from contracts.ballots.vote import Vote
from contracts.record import parse_record_key
from ledger.encoding import Value
from tests.contracts.ballots.ballot_ledger import BallotLedger

PEOPLE = ["ann", "bob", "cy", "dan", "eve"]
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["cast", "cast", "for", "give", "revoke", "write"]),
        st.sampled_from([*PEOPLE, "mallory"]),
        st.sampled_from([*PEOPLE, "mallory"]),
        st.sampled_from(["yes", "no", "abstain"]),
    ),
    max_size=25,
)


class NaiveBallot:
    """What the page on ballots says, as directly as can be: up to two proxies, written opinions."""

    def __init__(self) -> None:
        self.said: dict[str, tuple[str, str]] = {}
        self.holder: dict[str, str] = {}

    def cast(self, one: str, _: str, choice: str) -> bool:
        if one in PEOPLE:
            self.said[one] = ("own", choice)
        return one in PEOPLE

    def cast_for(self, holder: str, giver: str, choice: str) -> bool:
        if holder == giver:
            return self.cast(holder, giver, choice)
        fine = self.holder.get(giver) == holder and self.said.get(giver, ("", ""))[0] != "own"
        if fine:
            self.said[giver] = ("proxy", choice)
        return fine

    def give(self, giver: str, holder: str, _: str) -> bool:
        fine = giver in PEOPLE and holder in PEOPLE and giver != holder
        fine = fine and giver not in self.said and giver not in self.holder
        fine = fine and list(self.holder.values()).count(holder) < 2
        if fine:
            self.holder[giver] = holder
        return fine

    def revoke(self, giver: str, holder: str, _: str) -> bool:
        fine = self.holder.get(giver) == holder
        if fine:
            del self.holder[giver]
            if self.said.get(giver, ("", ""))[0] == "proxy":
                del self.said[giver]
        return fine

    def write(self, _: str, person: str, choice: str) -> bool:
        fine = person in PEOPLE and self.said.get(person, ("", ""))[0] in ("", "written")
        if fine:
            self.said[person] = ("written", choice)
        return fine


def votes_in(ledger: BallotLedger) -> list[Vote]:
    ids = [one for kind, one in map(parse_record_key, ledger.state) if kind == "ballot-vote"]
    return [Vote.from_fields(ledger.fields("ballot-vote", one)) for one in ids]


@settings(max_examples=12, deadline=None)
@given(ACTIONS, st.integers(0, 2**16))
def test_random_voting_is_counted_as_the_page_says(actions: list[tuple[str, str, str, str]], seed: int) -> None:
    ledger, naive = BallotLedger(PEOPLE), NaiveBallot()
    ledger.add_person("mallory")
    number = ledger.opened(proxies=2, written=True)
    for what, one, other, choice in actions:
        more: dict[str, Value] = {"choices": [choice]}
        if what == "cast":
            done, expected = ledger.cast(number, one, choice), naive.cast(one, other, choice)
        elif what == "for":
            done, expected = ledger.cast(number, one, choice, person=other), naive.cast_for(one, other, choice)
        elif what == "write":
            done, expected = ledger.act("write-opinion", number, person=other, **more), naive.write(one, other, choice)
        else:
            done = ledger.act(f"{what}-proxy", number, one, person=other)
            expected = (naive.give if what == "give" else naive.revoke)(one, other, choice)
        assert (done == "ok") is expected, (what, one, other, done)
    result = ledger.close(number)
    said = [choice for _, choice in naive.said.values()]
    assert result["votes"] == [said.count(answer) for answer in ("yes", "no", "abstain")]
    ways = [way for way, _ in naive.said.values()]
    counts = result["counts"]
    assert isinstance(counts, dict)
    assert (counts["present"], counts["represented"], counts["returned"]) == (ways.count("own"), len(ways), len(ways))
    votes = votes_in(ledger)
    Random(seed).shuffle(votes)
    ballot = Ballot.from_fields(ledger.ballot(number))
    assert recount(ballot, gather(ballot, votes)).to_value() == result


def test_counting_again_notices_a_vote_that_was_changed() -> None:
    ledger = BallotLedger(PEOPLE)
    number = ledger.opened()
    assert [ledger.cast(number, person, "yes") for person in PEOPLE] == ["ok"] * 5
    result = ledger.close(number)
    ballot = Ballot.from_fields(ledger.ballot(number))
    assert ballot.to_fields() == ledger.ballot(number)
    votes = votes_in(ledger)
    assert recount(ballot, gather(ballot, votes)).to_value() == result
    # Even where nothing changes in the sums.
    swapped = [Vote("zoe", True, True, "own", ("yes",)) if vote.person == "ann" else vote for vote in votes]
    again = recount(ballot, gather(ballot, swapped)).to_value()
    assert (again["votes"], again["inputs"] == result["inputs"]) == (result["votes"], False)

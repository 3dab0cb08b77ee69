"""Votes: named counts, denominators from the state, and counts that make no sense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Refusal
from contracts.map_arguments import VOTE_COUNTS
from contracts.records.vote_block import vote_block
from ledger.encoding import Value
from tests.contracts.records.packs import fields_of
from tests.contracts.records.test_transitions import APPLICATION, act, recommended

# Ann, Bob and Cai are members of the branch: three are due.
GOOD: dict[str, Value] = {"present": 3, "issued": 3, "valid": 3, "yes": 2, "no": 1, "abstain": 0}


def test_a_vote_stands_in_the_record_with_who_was_due() -> None:
    ledger = recommended()
    assert act(ledger, "ann", "elect", vote=GOOD).ok
    assert fields_of(ledger, "application", APPLICATION)["vote"] == GOOD | {"due": 3}


@pytest.mark.parametrize(
    ("changed", "less", "more"),
    [
        ({"present": 4}, "present", "due"),
        ({"issued": 4}, "issued", "present"),
        ({"issued": 2}, "valid", "issued"),
        ({"abstain": 1}, "yes + no + abstain", "valid"),
        ({"no": 0}, "yes + no + abstain", "valid"),
    ],
)
def test_counts_that_contradict_each_other_are_refused(changed: dict[str, Value], less: str, more: str) -> None:
    ledger = recommended()
    result = act(ledger, "ann", "elect", vote=GOOD | changed)
    assert (result.code, result.details["less"], result.details["more"]) == ("records.vote-counts", less, more)


def test_quorum_and_majority_are_rules_of_the_pack() -> None:
    ledger = recommended()
    few = act(ledger, "ann", "elect", vote={"present": 1, "issued": 1, "valid": 1, "yes": 1, "no": 0, "abstain": 0})
    assert (few.code, few.details["rule"]) == ("records.quorum", "quorum")
    tie = act(ledger, "ann", "elect", vote={"present": 3, "issued": 3, "valid": 2, "yes": 1, "no": 1, "abstain": 0})
    assert (tie.code, tie.details["rule"], tie.details["clause"]) == ("records.not-passed", "majority", 2)
    assert (tie.details["left"], tie.details["right"]) == (1, 1)


def test_a_vote_is_given_where_it_is_asked_for_and_nowhere_else() -> None:
    ledger = recommended()
    assert act(ledger, "ann", "elect").code == "records.vote-missing"
    assert act(ledger, "ann", "admit", vote=GOOD).code == "records.vote-unexpected"


@given(st.fixed_dictionaries({name: st.integers(0, 5) for name in VOTE_COUNTS}), st.integers(0, 6))
def test_what_passes_makes_sense(counts: dict[str, Value], due: int) -> None:
    try:
        block = vote_block(counts, due)
    except Refusal as refusal:
        assert refusal.code == "records.vote-counts"
        return
    assert block["due"] >= block["present"] >= block["issued"] >= block["valid"]
    assert block["valid"] == block["yes"] + block["no"] + block["abstain"]

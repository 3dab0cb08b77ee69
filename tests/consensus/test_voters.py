"""Voter sets and quorum rules. Source: docs/protocol.md, sections 1 and 6."""

import hashlib
from itertools import product

import pytest

from consensus.errors import InvalidVoterSetError
from consensus.voters import MAJORITY, TWO_THIRDS, Voter, VoterSet
from ledger.encoding import encode
from tests.ledger.samples import node_keys, voter_set

VOTERS = voter_set().voters


@pytest.mark.parametrize(
    ("count", "majority", "two_thirds"),
    [
        (1, 1, None),
        (2, 2, None),
        (3, 2, None),
        (4, 3, 3),
        (5, 3, 4),
        (6, 4, 5),
        (7, 4, 5),
        (10, 6, 7),
        (20, 11, 14),
        (21, 11, 15),
    ],
)
def test_quorum(count: int, majority: int, two_thirds: int | None) -> None:
    """floor(n/2)+1, or floor(2n/3)+1 from four voters on."""
    assert voter_set(count).quorum_size == majority
    if two_thirds is None:
        with pytest.raises(InvalidVoterSetError, match="at least 4"):
            voter_set(count, TWO_THIRDS)
    else:
        assert voter_set(count, TWO_THIRDS).quorum_size == two_thirds


@pytest.mark.parametrize("count", range(1, 22))
def test_two_quorums_always_meet(count: int) -> None:
    assert 2 * voter_set(count).quorum_size > count
    if count >= 4:
        # Any two quorums share more than a third: that many would have to sign twice for a fork.
        assert 3 * (2 * voter_set(count, TWO_THIRDS).quorum_size - count) > count


@pytest.mark.parametrize("count", range(1, 22))
def test_a_quorum_meets_every_quorum_of_the_next_set(count: int) -> None:
    """What changing voters one at a time rests on (thesis 4.1; docs/divergence.md, 13), whatever the rules."""
    for next_count in {count, min(count + 1, 21)}:
        for rule, next_rule in product((MAJORITY, TWO_THIRDS), repeat=2):
            if (rule == TWO_THIRDS and count < 4) or (next_rule == TWO_THIRDS and next_count < 4):
                continue
            together = voter_set(count, rule).quorum_size + voter_set(next_count, next_rule).quorum_size
            assert together > next_count


def test_the_order_does_not_matter() -> None:
    backwards = VoterSet(tuple(reversed(VOTERS)), MAJORITY)
    assert backwards == voter_set()
    assert backwards.hash == voter_set().hash
    assert [voter.node_id for voter in backwards.voters] == sorted(voter.node_id for voter in VOTERS)


def test_hash() -> None:
    listed = [[voter.node_id, voter.agreement_key] for voter in VOTERS]
    content = encode(["majority", listed])  # type: ignore[list-item]
    assert voter_set().hash == hashlib.sha256(b"banyan/voter-set/v1\x00" + content).digest()
    others = [voter_set(3), voter_set(5), voter_set(4, TWO_THIRDS)]
    assert len({one.hash for one in [voter_set(), *others]}) == 4


def test_keys() -> None:
    for number in range(1, 5):
        assert voter_set().key_of(node_keys(number).node_id) == node_keys(number).agreement.public
    assert voter_set().key_of(node_keys(5).node_id) is None
    assert voter_set().key_of(b"") is None


@pytest.mark.parametrize(
    ("voters", "quorum"),
    [
        ((), MAJORITY),
        ((*VOTERS, VOTERS[0]), MAJORITY),
        ((VOTERS[0], Voter(VOTERS[0].node_id, VOTERS[1].agreement_key)), MAJORITY),
        ((VOTERS[0], Voter(VOTERS[1].node_id, VOTERS[0].agreement_key)), MAJORITY),
        (VOTERS, "unanimous"),
        (VOTERS, ""),
    ],
    ids=range(6),
)
def test_sets_that_no_network_has(voters: tuple[Voter, ...], quorum: str) -> None:
    with pytest.raises(InvalidVoterSetError):
        VoterSet(voters, quorum)


def test_22_voters_are_too_many() -> None:
    with pytest.raises(InvalidVoterSetError, match="1 to 21"):
        voter_set(22)

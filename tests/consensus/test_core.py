"""The agreement core for a set of one voter, by the sections of the Raft paper.

Each test names the line of `consensus/core.py` that it fails without.
"""

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from consensus.core import (
    AcknowledgementKept,
    Agreement,
    BecameLeader,
    BlockStored,
    Campaign,
    Committed,
    KeepAcknowledgement,
    KeepVote,
    Position,
    Role,
    VoteKept,
)
from consensus.voters import Voter, VoterSet
from ledger.hashing import tagged_hash
from ledger.node_keys import NodeKeys

NETWORK = b"n" * 32
KEYS = NodeKeys.from_seed(b"\x01" * 32)
OTHER = NodeKeys.from_seed(b"\x02" * 32)
ALONE = VoterSet((Voter(KEYS.node_id, KEYS.agreement.public),), "majority")
PAIR = VoterSet((*ALONE.voters, Voter(OTHER.node_id, OTHER.agreement.public)), "majority")
GENESIS = Position(0, 0, NETWORK)


def agreement(voters: VoterSet = ALONE, term: int = 0, tip: Position = GENESIS, committed: int = 0) -> Agreement:
    return Agreement(NETWORK, KEYS.agreement, KEYS.node_id, voters, term, tip, committed)


def block(term: int, height: int, branch: str = "") -> Position:
    return Position(term, height, tagged_hash("test-block", f"{term}/{height}/{branch}".encode()))


def leader(term: int = 1) -> Agreement:
    core = agreement(term=term - 1)
    core.step(Campaign())
    core.step(VoteKept(term))
    return core


def test_every_node_starts_as_follower_and_outsiders_observe() -> None:
    assert agreement().role is Role.FOLLOWER
    outsider = Agreement(NETWORK, OTHER.agreement, OTHER.node_id, ALONE, 0, GENESIS, 0)
    assert outsider.role is Role.OBSERVER
    assert outsider.step(Campaign()) == []
    assert outsider.term == 0


def test_campaign_raises_the_term_and_asks_to_keep_the_vote_first() -> None:
    """Raft 5.2. A vote that is not durable elects nobody: known mistake "vote and term not atomically durable"."""
    core = agreement(term=4)
    assert core.step(Campaign()) == [KeepVote(5, KEYS.node_id)]
    assert core.role is Role.CANDIDATE


def test_a_quorum_of_kept_votes_elects_with_a_certificate_anybody_can_check() -> None:
    core = agreement()
    core.step(Campaign())
    (won,) = core.step(VoteKept(1))
    assert isinstance(won, BecameLeader)
    assert (won.term, core.role, core.leader) == (1, Role.LEADER, KEYS.node_id)
    won.certificate.verify(ALONE, NETWORK)


def test_one_vote_of_two_elects_nobody() -> None:
    core = agreement(PAIR)
    core.step(Campaign())
    assert core.step(VoteKept(1)) == []
    assert core.role is Role.CANDIDATE


def test_a_vote_kept_too_late_belongs_to_a_candidacy_that_is_over() -> None:
    core = agreement(PAIR)
    core.step(Campaign())
    core.step(Campaign())
    assert core.term == 2
    assert core.step(VoteKept(1)) == []


def test_a_stored_block_of_the_own_term_is_acknowledged_and_counted_only_when_kept() -> None:
    """Known mistake "acknowledging before the disk has it"."""
    core = leader()
    first = block(1, 1)
    assert core.step(BlockStored(first, NETWORK)) == [KeepAcknowledgement(first)]
    assert core.committed_height == 0
    (committed,) = core.step(AcknowledgementKept(first))
    assert isinstance(committed, Committed)
    committed.certificate.verify(ALONE, NETWORK)
    assert (committed.certificate.height, committed.certificate.block_hash) == (1, first.hash)
    assert core.committed_height == 1


def test_blocks_of_earlier_terms_are_not_committed_by_counting() -> None:
    """Raft 5.4.2, figure 8: only the own term's block commits, its ancestors with it."""
    core = leader(term=3)
    assert core.step(BlockStored(block(2, 1), NETWORK)) == []
    own = block(3, 2)
    core.step(BlockStored(own, block(2, 1).hash))
    (committed,) = core.step(AcknowledgementKept(own))
    assert isinstance(committed, Committed)
    assert committed.certificate.height == 2


def test_an_acknowledgement_of_another_hash_is_not_counted() -> None:
    core = leader()
    core.step(BlockStored(block(1, 1), NETWORK))
    assert core.step(AcknowledgementKept(block(1, 1, "other"))) == []
    assert core.committed_height == 0


def test_one_acknowledgement_counts_once() -> None:
    core = leader()
    core.step(BlockStored(block(1, 1), NETWORK))
    core.step(AcknowledgementKept(block(1, 1)))
    assert core.step(AcknowledgementKept(block(1, 1))) == []


def test_a_gap_in_the_chain_is_our_own_bug() -> None:
    core = leader()
    with pytest.raises(AssertionError):
        core.step(BlockStored(block(1, 2), NETWORK))


def test_a_term_below_the_tips_is_our_own_bug() -> None:
    with pytest.raises(AssertionError):
        agreement(term=1, tip=block(2, 5))


class AloneMachine(RuleBasedStateMachine):
    """One voter under late and repeated reports: what it commits is what it stored, in order, once."""

    def __init__(self) -> None:
        super().__init__()
        self.core = agreement()
        self.chain: list[Position] = []
        self.unkept: list[Position] = []
        self.committed: list[Position] = []
        self.terms_won: list[int] = []

    @precondition(lambda self: self.core.role is not Role.LEADER)
    @rule()
    def campaign(self) -> None:
        self.core.step(Campaign())
        for effect in self.core.step(VoteKept(self.core.term)):
            assert isinstance(effect, BecameLeader)
            self.terms_won.append(effect.term)

    @precondition(lambda self: self.core.role is Role.LEADER)
    @rule()
    def store_own_block(self) -> None:
        position = block(self.core.term, len(self.chain) + 1)
        previous = self.chain[-1].hash if self.chain else NETWORK
        assert self.core.step(BlockStored(position, previous)) == [KeepAcknowledgement(position)]
        self.chain.append(position)
        self.unkept.append(position)

    @precondition(lambda self: bool(self.unkept))
    @rule()
    def keep_oldest(self) -> None:
        position = self.unkept.pop(0)
        (effect,) = self.core.step(AcknowledgementKept(position))
        assert isinstance(effect, Committed)
        self.committed.append(
            Position(effect.certificate.term, effect.certificate.height, effect.certificate.block_hash)
        )

    @precondition(lambda self: bool(self.committed))
    @rule()
    def report_again(self) -> None:
        assert self.core.step(AcknowledgementKept(self.committed[-1])) == []

    @rule()
    def vote_of_the_past(self) -> None:
        assert self.core.step(VoteKept(self.core.term - 1)) == []

    @rule()
    def restart(self) -> None:
        tip = self.chain[-1] if self.chain else GENESIS
        self.core = agreement(term=self.core.term, tip=tip, committed=len(self.committed))
        # What was stored and not kept is committed by the next term's first block; this machine asks no more of it.
        self.committed = self.chain.copy()
        self.core.committed_height = len(self.committed)
        self.unkept.clear()

    @invariant()
    def committed_is_a_beginning_of_the_chain(self) -> None:
        assert self.committed == self.chain[: len(self.committed)]
        assert self.core.committed_height == len(self.committed)

    @invariant()
    def terms_are_won_once(self) -> None:
        assert len(set(self.terms_won)) == len(self.terms_won)


AloneMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAloneMachine = AloneMachine.TestCase

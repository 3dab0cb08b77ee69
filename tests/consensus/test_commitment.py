"""Acknowledging, counting, certifying: Raft, sections 5.3 and 5.4.2, with certificates in place of a commit index.

The tests of Raft's own sections are named as those of etcd's `raft_paper_test.go` where they test the same thing.
"""

import pytest

from consensus.effects import (
    BroadcastCertificate,
    Committed,
    Effect,
    KeepAcknowledgement,
    KeepTerm,
    Missing,
    Propose,
)
from consensus.events import Accepted, AcknowledgementKept, CertificateHeard, TermCertificateHeard, TermKept
from consensus.messages import Acknowledgement
from consensus.settings import Kept
from consensus.statement import Position
from tests.consensus.cluster import GENESIS, voter_set
from tests.consensus.one_node import (
    FIVE,
    FOUR,
    THREE,
    OneNode,
    acknowledgement,
    answer,
    block,
    certificate,
    chain,
    committed_heights,
    election,
    heartbeat,
    of,
    pre_votes,
    said,
    signed,
)

FIRST, SECOND, THIRD = block(1, 1), block(1, 2), block(1, 3)


def _following(term: int = 1, leader: int = 1) -> OneNode:
    node = OneNode()
    node.follow(leader, term)
    return node


def _acknowledged(effects: list[Effect]) -> list[Position]:
    return [Position(one.term, one.height, one.block_hash) for one in said(effects, Acknowledgement)]


# -- acknowledging ----------------------------------------------------------------------------------------------


def test_follower_append_entries_is_answered_when_it_is_kept() -> None:
    """Raft 5.3, figure 2: durable before answering. Here: block, then sign-state, then the message.

    Acknowledging before the disk has it (known from other implementations): an unstored block is not acknowledged, a
    stored one not before the sign-state has it. Guard: consensus/commitment.py, `acknowledge_accepted`, which only
    emits `KeepAcknowledgement`; and `accept`, "position in self._standing.branch".
    """
    node = _following()
    assert not node.step(Accepted(FIRST)), "not stored"
    assert not node.store(chain(FIRST)), "not checked"
    effects = node.step(Accepted(FIRST))
    assert effects == [KeepAcknowledgement(FIRST)]
    assert _acknowledged(node.step(AcknowledgementKept(FIRST))) == [FIRST]


def test_an_acknowledgement_names_block_parent_and_voters() -> None:
    node = _following()
    (told,) = said(node.keep(node.store_and_accept(chain(FIRST, SECOND))[-1:]), Acknowledgement)
    assert told == acknowledgement(0, SECOND, FIRST)


def test_blocks_of_another_term_are_stored_and_not_acknowledged() -> None:
    """Section 6: "a node stores them whatever its own term, and acknowledges only those of its own term".

    Guard: consensus/commitment.py, `acknowledge_accepted`, "one.term == standing.term".
    """
    node = _following(term=2)
    assert not node.store_and_accept(chain(FIRST, SECOND))
    assert node.core.tip == SECOND


def test_blocks_that_came_before_their_term_are_acknowledged_when_it_is_kept() -> None:
    node = OneNode()
    assert not node.store_and_accept(chain(FIRST))
    assert of(node.step(TermCertificateHeard(election(1, 1))), KeepTerm)
    assert node.step(TermKept(1)) == [KeepAcknowledgement(FIRST)]


def test_an_acknowledgement_does_not_leave_in_a_later_term() -> None:
    """Section 6: "with its own term equal to the block's when it signs"; "compared again after the write".

    It may have voted since, for somebody without this block. Guard: consensus/commitment.py, `acknowledgement_kept`,
    "position.term != standing.term"; consensus/agreement.py, `step`, forgets it too.
    """
    node = _following()
    node.store_and_accept(chain(FIRST))
    node.step(TermCertificateHeard(pre_votes(2, 2)))
    assert not node.step(AcknowledgementKept(FIRST))


def test_a_replaced_block_is_not_acknowledged_any_more() -> None:
    """Over-acknowledging after a rollback (known from other implementations).

    Guard: consensus/commitment.py, `acknowledgement_kept`, "position not in standing.branch"; `stored` forgets it too.
    """
    node = _following()
    node.store_and_accept(chain(FIRST, SECOND))
    node.learn(election(2, 2))
    node.store(chain(block(2, 1), on=GENESIS))
    for position in (FIRST, SECOND):
        assert not node.step(AcknowledgementKept(position))
        assert not node.step(Accepted(position))
    assert of(node.step(Accepted(block(2, 1))), KeepAcknowledgement)


def test_a_replaced_block_of_the_running_term_is_not_acknowledged_any_more() -> None:
    """As above where the term is the same: two leaders never are, but a block that is not there is not signed."""
    node = _following()
    node.store_and_accept(chain(FIRST))
    node.store(chain(block(1, 1, "other"), block(1, 2, "other")))
    assert not node.step(AcknowledgementKept(FIRST))


def test_one_hash_for_one_term_and_height_ever() -> None:
    """Evidence (b) of section 7: whatever a proposer signs, an honest voter acknowledges one of the two.

    Nor the block of a later place that stands on the other one: see test_counterexamples.py. Guards:
    consensus/commitment.py, `acknowledge_accepted`, "newest.rank <= self._acknowledged.rank", and `_disowns`.
    """
    node = _following()
    assert _acknowledged(node.keep(node.store_and_accept(chain(FIRST, SECOND)))) == [FIRST, SECOND]
    other = chain(block(1, 1, "other"), block(1, 2, "other"), block(1, 3, "other"))
    node.store(other)
    for link in other[1:]:
        assert not node.step(Accepted(link.position))


def test_one_hash_for_one_term_and_height_over_restarts() -> None:
    """As above, from what is kept beside the seed: the other block of this place gets nothing."""
    kept = Kept(1, None, election(1, 1), block(1, 2, "other"))
    node = OneNode(kept=kept, links=chain(FIRST, SECOND))
    for position in (FIRST, SECOND):
        assert not node.step(Accepted(position))
    assert not node.store_and_accept(chain(THIRD, on=SECOND))
    node.follow(2, 2)
    later = block(2, 4)
    assert _acknowledged(node.keep(node.store_and_accept(chain(later, on=THIRD)))) == [later]


def test_an_acknowledgement_that_was_kept_leaves_again_after_a_restart() -> None:
    """The message may have been lost with the node, and the leader waits for it."""
    node = OneNode(kept=Kept(1, None, election(1, 1), SECOND), links=chain(FIRST, SECOND))
    node.step(Accepted(FIRST))
    effects = node.step(Accepted(SECOND))
    assert _acknowledged(effects) == [SECOND]
    assert not of(effects, KeepAcknowledgement)


def test_a_heartbeats_answer_repeats_the_newest_acknowledgement() -> None:
    """Section 6, "Liveness": one lost message stops nobody."""
    node = _following()
    node.keep(node.store_and_accept(chain(FIRST)))
    (told,) = node.hear(heartbeat(1, 1, 1))
    repeated = told.packet.attachments[0]  # type: ignore[union-attr]
    assert Acknowledgement.decode(repeated) == acknowledgement(0, FIRST)


def test_an_observer_acknowledges_nothing() -> None:
    voters = voter_set((1, 2, 3))
    node = OneNode(voters)
    node.learn(election(1, 1, (1, 2), voters))
    assert not node.store_and_accept(chain(FIRST, voters=voters))


def test_the_leaders_proposal_leaves_when_its_own_block_is_durable() -> None:
    """Section 6: "the leader's own block before its proposal leaves", S2. The thesis lets both go at once (10.2.1).

    Guard: consensus/commitment.py, `acknowledgement_kept`, the only place that emits `Propose`.
    """
    node = OneNode()
    node.lead(1)
    assert not of(node.store(chain(SECOND, on=FIRST)), Propose)
    effects = node.step(Accepted(SECOND))
    assert effects == [KeepAcknowledgement(SECOND)]
    (proposed,) = of(node.step(AcknowledgementKept(SECOND)), Propose)
    assert proposed.position == SECOND
    assert proposed.acknowledgement.statement == acknowledgement(0, SECOND, FIRST)


# -- counting ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "quorum", "others", "is_committed"),
    [
        (2, "majority", 0, False),
        (2, "majority", 1, True),
        (3, "majority", 0, False),
        (3, "majority", 1, True),
        (5, "majority", 1, False),
        (5, "majority", 2, True),
        (5, "majority", 4, True),
        (6, "majority", 2, False),
        (6, "majority", 3, True),
        (4, "two-thirds", 1, False),
        (4, "two-thirds", 2, True),
        (6, "two-thirds", 3, False),
        (6, "two-thirds", 4, True),
        (7, "two-thirds", 3, False),
        (7, "two-thirds", 4, True),
        (21, "majority", 9, False),
        (21, "majority", 10, True),
    ],
)
def test_leader_commit_entry(size: int, quorum: str, others: int, is_committed: bool) -> None:
    """Raft 5.3: committed "once the leader that created the entry has replicated it on a majority of the servers".

    Guards: consensus/voters.py, `quorum_size`; consensus/tally.py, `count`, "len(signatures) < voters.quorum_size".
    """
    voters = voter_set(tuple(range(size)), quorum)
    node = OneNode(voters)
    node.lead(*range(1, voters.quorum_size))
    effects: list[Effect] = []
    for voter in range(1, others + 1):
        effects += node.hear(acknowledgement(voter, FIRST, voters=voters))
    assert (node.core.committed_height == 1) is is_committed
    assert len(of(effects, Committed)) == len(of(effects, BroadcastCertificate)) == int(is_committed)
    for one in of(effects, Committed):
        one.certificate.verify(voters, node.core._standing.settings.network_id)


def test_leader_commit_preceding_entries() -> None:
    """Raft 5.4.2: once an entry of the current term is committed, "then all prior entries are committed indirectly"."""
    inherited = chain(block(1, 1), block(2, 2))
    node = OneNode(kept=Kept(2, None, pre_votes(2, 1), GENESIS), links=inherited)
    node.lead(1)
    effects = node.hear(acknowledgement(1, block(3, 3), block(2, 2)))
    assert [one.certificate.height for one in of(effects, Committed)] == [3]
    assert node.core.committed_height == 3


def test_leader_only_commits_log_from_current_term() -> None:
    """Raft 5.4.2 and figure 8: "Raft never commits log entries from previous terms by counting replicas".

    Here nobody acknowledges a block of an earlier term, so there is nothing to count; the opening block commits what it
    inherits. Guard: consensus/commitment.py, `acknowledge_accepted`, "one.term == standing.term".
    """
    node = OneNode(kept=Kept(2, None, pre_votes(2, 1), GENESIS), links=chain(FIRST))
    effects = node.keep(node.step(Accepted(FIRST))) + node.lead(1)
    assert _acknowledged(effects) == [block(3, 2)]
    node.hear(acknowledgement(1, FIRST))
    assert node.core.committed_height == 0
    node.hear(acknowledgement(1, block(3, 2), FIRST))
    assert node.core.committed_height == 2


def test_follower_commit_entry() -> None:
    """Raft 5.3 lets the leader tell; here anybody commits who holds a quorum's acknowledgements, observers too."""
    for voters in (THREE, voter_set((1, 2, 3))):
        node = OneNode(voters)
        node.learn(election(1, 1, (1, 2), voters))
        node.store(chain(FIRST, voters=voters))
        effects: list[Effect] = []
        for voter in (1, 2):
            effects += node.hear(acknowledgement(voter, FIRST, voters=voters))
        assert committed_heights(effects) == [1]
        assert not of(effects, BroadcastCertificate), "the leader spreads it"


def test_acknowledgements_that_came_before_their_block_count_when_it_is_stored() -> None:
    node = _following()
    for voter in (1, 2):
        assert not node.hear(acknowledgement(voter, SECOND, FIRST))
    assert committed_heights(node.store(chain(FIRST, SECOND))) == [2]
    assert node.core.committed_height == 2


def test_early_acknowledgements_of_another_block_of_the_place_do_not_count() -> None:
    node = _following()
    for voter in (1, 2):
        node.hear(acknowledgement(voter, block(1, 1, "other")))
    assert not committed_heights(node.store(chain(FIRST)))
    assert node.core.committed_height == 0


def test_early_acknowledgements_are_bounded_for_each_voter() -> None:
    """A voter that floods pushes out its own early acknowledgements and nobody else's."""
    node = _following()
    node.hear(acknowledgement(2, FIRST))
    for height in range(2, 200):
        node.hear(acknowledgement(1, block(1, height), block(1, height - 1)))
    early = node.core._commitment._tally._early
    assert sum(map(len, early.values())) <= 17
    node.hear(acknowledgement(1, FIRST))
    assert committed_heights(node.store(chain(FIRST))) == [1]


def test_nothing_is_kept_of_blocks_that_were_replaced() -> None:
    """Terms that commit nothing leave nothing behind. Guard: consensus/commitment.py, `stored`, "forget_replaced"."""
    node = OneNode(FIVE)
    for term in range(1, 50):
        node.follow(1, term, by=(1, 2, 3))
        node.store(chain(block(term, 1), voters=FIVE))
        node.hear(acknowledgement(1, block(term, 1), voters=FIVE))
    assert len(node.core._commitment._tally._counted) == 1
    for voter in (2, 3):
        effects = node.hear(acknowledgement(voter, block(49, 1), voters=FIVE))
    assert committed_heights(effects) == [1]


def test_an_acknowledgement_counts_once_and_only_a_voters() -> None:
    node = OneNode(FIVE)
    node.lead(1, 2)
    for _ in range(4):
        node.hear(acknowledgement(1, FIRST, voters=FIVE))
    node.hear(acknowledgement(6, FIRST, voters=FIVE))
    node.hear(acknowledgement(2, FIRST, voters=FIVE), by=1)
    node.hear(acknowledgement(3, block(1, 1, "other"), voters=FIVE))
    node.hear(acknowledgement(4, FIRST, SECOND, voters=FIVE))
    assert node.core.committed_height == 0


def test_only_the_voter_set_of_the_blocks_place_counts() -> None:
    """Section 6: "count only against the voter set that the node's own committed chain puts in force there".

    Guard: consensus/commitment.py, `_count`, "told.voter_set_hash".
    """
    node = OneNode(FOUR, earlier=(THREE,))
    node.learn(election(1, 1, (1, 2, 3), FOUR))
    node.keep(node.store_and_accept(chain(FIRST, voters=FOUR)))
    for voter in (1, 2):
        node.hear(acknowledgement(voter, FIRST, voters=THREE))
    assert node.core.committed_height == 0
    for voter in (1, 2):
        node.hear(acknowledgement(voter, FIRST, voters=FOUR))
    assert node.core.committed_height == 1


def test_a_lost_acknowledgement_counts_from_an_answer() -> None:
    node = OneNode()
    node.lead(1)
    lost = signed(acknowledgement(1, FIRST))
    effects = node.hear(answer(1, 1, 1, FIRST), *lost)
    assert committed_heights(effects) == [1]


def test_an_answers_forged_acknowledgement_does_not_count() -> None:
    node = OneNode()
    node.lead(1)
    node.hear(answer(1, 1, 1, FIRST), *signed(acknowledgement(2, FIRST), by=1))
    assert node.core.committed_height == 0


# -- certificates -----------------------------------------------------------------------------------------------


def test_a_certificate_commits_from_whoever_it_comes() -> None:
    node = OneNode(voter_set((1, 2, 3)))
    node.store(chain(FIRST, SECOND, voters=node.voters))
    effects = node.step(CertificateHeard(certificate(SECOND, FIRST, voters=node.voters)))
    assert committed_heights(effects) == [2]


def test_a_certificate_brings_its_term() -> None:
    """A certified block of a term is one of the three certificates of it; the node follows into it."""
    node = OneNode()
    effects = node.step(CertificateHeard(certificate(block(3, 1))))
    assert [one.term for one in of(effects, KeepTerm)] == [3]
    assert of(effects, Missing)


@pytest.mark.parametrize(
    "forged",
    [
        certificate(FIRST, by=(1,)),
        certificate(FIRST, by=(3, 4, 5), voters=voter_set((3, 4, 5))),
        certificate(block(1, 1, "other")),
        certificate(FIRST, by=(1, 2, 3), voters=FOUR),
    ],
)
def test_a_certificate_of_anything_else_commits_nothing(forged: object) -> None:
    """Too few, strangers, another block; and last: a set of the own chain that is not in force at this place.

    Guard: consensus/commitment.py, `on_valid_certificate`, "link.voter_set_hash == certificate.voter_set_hash".
    """
    node = OneNode(THREE, earlier=(FOUR,))
    node.store(chain(FIRST))
    node.step(CertificateHeard(forged))  # type: ignore[arg-type]
    assert node.core.committed_height == 0


def test_a_certificate_of_a_missing_block_is_used_when_the_block_is_stored() -> None:
    node = OneNode()
    proof = certificate(SECOND, FIRST)
    assert of(node.step(CertificateHeard(proof)), Missing) == [Missing(proof)]
    assert committed_heights(node.store(chain(FIRST, SECOND))) == [2]


def test_a_certificate_out_of_reach_hides_no_lower_one() -> None:
    """Seed 66 of the random faults: an observer behind two changes of voters held the newest certificate, and refused
    the older ones that lead to it.

    Guard: consensus/commitment.py, `on_certificate`, "not is_here and".
    """
    node = OneNode()
    node.store(chain(FIRST))
    assert of(node.step(CertificateHeard(certificate(THIRD, SECOND))), Missing)
    assert committed_heights(node.step(CertificateHeard(certificate(FIRST)))) == [1]
    assert committed_heights(node.store(chain(SECOND, THIRD, on=FIRST))) == [3]


def test_a_lower_certificate_of_a_missing_block_is_not_asked_for() -> None:
    """One fetch brings all blocks up to the newest certificate; a second one would only cost."""
    node = OneNode()
    node.step(CertificateHeard(certificate(THIRD, SECOND)))
    assert not node.step(CertificateHeard(certificate(FIRST)))


def test_a_certificate_of_a_block_in_place_of_an_own_one_is_told() -> None:
    """The own block must go: the caller fetches the certified one, which replaces it if its rank is higher."""
    node = OneNode()
    node.store(chain(FIRST))
    proof = certificate(block(2, 1))
    assert of(node.step(CertificateHeard(proof)), Missing) == [Missing(proof)]
    assert committed_heights(node.store(chain(block(2, 1)))) == [1]


def test_what_is_committed_is_said_once() -> None:
    node = OneNode()
    node.store(chain(FIRST))
    proof = certificate(FIRST)
    assert committed_heights(node.step(CertificateHeard(proof))) == [1]
    assert not node.step(CertificateHeard(proof))
    assert not node.hear(acknowledgement(2, FIRST))


# -- the branch -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "links",
    [
        chain(block(1, 2), on=block(1, 1, "other")),  # not on top of the block below
        chain(block(1, 4), on=THIRD),  # a gap
        chain(block(2, 1)),  # in place of a committed block
        chain(block(1, 2, "other"), on=FIRST),  # no newer than what it replaces
        chain(block(2, 3), block(1, 4), on=SECOND),  # a term below its parent's
    ],
)
def test_the_branch_takes_only_what_fits(links: tuple[object, ...]) -> None:
    """Raft 5.3, log matching, and 5.4.1: the tip's rank never goes down, what is committed is never replaced.

    Appends re-ordered by asynchronous storage, a commit index ahead of the log (known from other implementations): such
    a report is a bug of the caller, and stops the node. Guards: consensus/branch.py, the assertions of `extend`.
    """
    node = OneNode(kept=Kept(2, None, pre_votes(2, 1), GENESIS))
    node.store(chain(FIRST, SECOND))
    node.step(CertificateHeard(certificate(FIRST)))
    with pytest.raises(AssertionError):
        node.store(links)  # type: ignore[arg-type]
    assert node.core.tip == SECOND


def test_a_chain_is_never_shorter_than_what_is_committed() -> None:
    """Commit index ahead of the log after a crash (known from other implementations): the node does not start."""
    node = OneNode(kept=Kept(1, None, election(1, 1), GENESIS), committed=FIRST)
    assert node.core.committed_height == 1
    with pytest.raises(AssertionError, match="what is committed is stored"):
        type(node.core._standing.branch)(FIRST, 2)
    with pytest.raises(AssertionError, match="never below its tip's"):
        OneNode(kept=Kept(0, None, None, GENESIS), committed=FIRST)

"""Changing voters: Ongaro's thesis, chapter 4, by barrier blocks, one at a time, as docs/protocol.md has it.

The rule which blocks may follow a barrier, and what a node may store, belongs to the node around the core: here the
harness keeps it (`cluster.Host.build` and `_may_store`), in a node `daemon/voters_in_force.py` and
`daemon/block_judge.py`.
"""

import pytest

from consensus.effects import BecameLeader, BroadcastCertificate, Committed, StandingChanged
from consensus.events import CertificateHeard, ReadAsked, TermCertificateHeard, VotersChanged
from consensus.messages import Acknowledgement, Heartbeat, HeartbeatAnswer, PreVoteRequest, Vote
from consensus.pulse import Pulse
from consensus.settings import Kept
from consensus.standing import SETS_MAX
from tests.consensus.cluster import GENESIS, Cluster, Host, voter_set
from tests.consensus.one_node import (
    FOUR,
    HEARTBEAT_MS,
    T_MS,
    THREE,
    OneNode,
    acknowledgement,
    asked,
    block,
    certificate,
    chain,
    committed_heights,
    election,
    heartbeat,
    id_of,
    of,
    pre_votes,
    said,
    vote,
    vote_request,
)

FIRST, SECOND = block(1, 1), block(1, 2)
WITHOUT_0 = voter_set((1, 2))


def _led(cluster: Cluster) -> Host:
    """The leader, once it has committed a block of its own term and all have it."""
    cluster.run(5_000)
    leader = cluster.leader
    assert leader is not None and leader.core is not None
    assert leader.core.has_committed_own_term
    return leader


def _number_of_voters(cluster: Cluster) -> set[int]:
    return {len(host.core.voters.voters) for host in cluster.hosts if host.core is not None}


# -- the core ---------------------------------------------------------------------------------------------------


def test_a_promoted_observer_takes_part_from_its_own_commit_on() -> None:
    """Section 6: "The new set takes effect on a node when it has committed and executed the barrier"."""
    node = OneNode(voter_set((1, 2)))
    node.learn(election(1, 1, (1, 2), node.voters))
    node.store(chain(FIRST, voters=node.voters))
    node.step(CertificateHeard(certificate(FIRST, voters=node.voters)))
    assert node.role == "observer"
    assert of(node.step(VotersChanged(THREE)), StandingChanged)
    assert (node.role, node.core.leader) == ("follower", id_of(1))
    assert said(node.hear(heartbeat(1, 1, 1)), HeartbeatAnswer)
    effects = node.keep(node.store_and_accept(chain(SECOND, on=FIRST)))
    assert [one.height for one in said(effects, Acknowledgement)] == [2]


def test_a_removed_leader_steps_down_when_the_change_is_committed() -> None:
    """Thesis 4.2.2: the leader that removes itself goes on until the change is committed, and no longer.

    Guard: consensus/standing.py, `use_voters`, "and self.is_voter".
    """
    node = OneNode()
    node.lead(1)
    effects = node.hear(acknowledgement(1, FIRST))
    assert [len(of(effects, Committed)), len(of(effects, BroadcastCertificate))] == [1, 1], (
        "it hands out the certificate"
    )
    node.step(VotersChanged(WITHOUT_0))
    assert (node.role, node.core.leader, node.core.may_propose) == ("observer", None, False)
    for _ in range(40):
        effects = node.tick(HEARTBEAT_MS)
        assert not said(effects, Heartbeat)
        assert not said(effects, PreVoteRequest)


def test_a_removed_leader_refuses_the_reads_that_wait() -> None:
    node = OneNode()
    node.lead(1)
    node.hear(acknowledgement(1, FIRST))
    node.step(ReadAsked(b"q"))
    assert len(node.step(VotersChanged(WITHOUT_0))) == 2


def test_a_leader_that_stays_leads_on_with_the_new_voters() -> None:
    node = OneNode()
    node.lead(1)
    node.step(VotersChanged(FOUR))
    assert node.role == "leader"
    (beat,) = said(node.tick(HEARTBEAT_MS), Heartbeat)
    assert beat.voter_set_hash == FOUR.hash


def test_new_voters_have_time_to_answer() -> None:
    """Found by these tests: a leader counted the new voters at once, who had never answered yet, and stepped down
    whenever the quorum grew by one who was new. Now it waits for them as long as for everybody at first.

    Guard: consensus/leadership.py, `voters_changed`.
    """
    node = OneNode(voter_set((0,)))
    node.lead()
    node.tick(50 * T_MS)
    node.step(VotersChanged(voter_set((0, 1))))
    node.tick(2 * T_MS - 1)
    assert node.role == "leader"
    node.tick(1)
    assert node.role == "follower", "it waits no longer than that"


def test_the_new_voters_quorum_keeps_a_leader() -> None:
    """A demoted leader counting itself (known from other implementations): only who is in the set counts.

    Guard: consensus/pulse.py, `_count`, "own = 1 if".
    """
    pulse = Pulse(id_of(0), 0, 2 * T_MS)
    counter = pulse.beat(0)
    pulse.answered(id_of(1), counter, GENESIS)
    assert pulse.has_quorum(2 * T_MS, THREE)
    assert not pulse.has_quorum(2 * T_MS, FOUR)
    assert not pulse.has_quorum(2 * T_MS, WITHOUT_0), "itself and one of the two are one"


def test_votes_of_the_voters_before_do_not_count_with_the_new_ones() -> None:
    """Section 6: "a candidate then drops its candidacy"."""
    node = OneNode(FOUR)
    node.keep(node.stand(1, 2))
    node.hear(vote(1, 0, 1, voters=FOUR))
    node.step(VotersChanged(THREE))
    for voter in (1, 2):
        assert not of(node.hear(vote(voter, 0, 1)), BecameLeader)


def test_a_vote_that_is_being_kept_is_of_the_voters_in_force_when_it_leaves() -> None:
    node = OneNode()
    effects = asked(node, vote_request(1, 1), pre_votes(1, 1))
    node.step(VotersChanged(FOUR))
    (given,) = said(node.keep(effects), Vote)
    assert given.voter_set_hash == FOUR.hash


def test_a_removed_voter_votes_no_more() -> None:
    node = OneNode()
    effects = asked(node, vote_request(1, 1), pre_votes(1, 1))
    node.step(VotersChanged(WITHOUT_0))
    assert not said(node.keep(effects), Vote)


def test_blocks_of_the_old_set_are_certified_by_it_after_the_change() -> None:
    """Section 6: "only opening blocks may follow, certified by the old set", by whoever did not know of the commit.

    L1. Guard: consensus/commitment.py, `_count` and `on_valid_certificate`, "link.voter_set_hash".
    """
    node = OneNode()
    node.learn(election(1, 1))
    node.store(chain(FIRST))
    node.step(CertificateHeard(certificate(FIRST)))
    node.step(VotersChanged(FOUR))
    node.step(TermCertificateHeard(election(2, 2)))
    node.store(chain(block(2, 2), on=FIRST))
    assert not committed_heights(node.step(CertificateHeard(certificate(block(2, 2), FIRST, (1, 2, 3), FOUR))))
    assert not committed_heights(node.hear(acknowledgement(1, block(2, 2), FIRST)))
    assert committed_heights(node.hear(acknowledgement(2, block(2, 2), FIRST))) == [2]
    node.step(TermCertificateHeard(election(3, 2)))
    node.store(chain(block(3, 3), on=block(2, 2)))
    assert committed_heights(node.step(CertificateHeard(certificate(block(3, 3), block(2, 2))))) == [3]


def test_who_is_new_acknowledges_nothing_in_the_old_ones_name() -> None:
    """Guard: consensus/commitment.py, `acknowledge_accepted`, "key_of(standing.settings.node_id) is None"."""
    old = voter_set((1, 2))
    node = OneNode(old, kept=Kept(1, None, election(1, 1, (1, 2), old), GENESIS))
    node.store(chain(FIRST, SECOND, voters=old))
    node.step(CertificateHeard(certificate(FIRST, voters=old)))
    node.step(VotersChanged(THREE))
    assert not node.store_and_accept(chain(block(1, 3), voters=old, on=SECOND))


# -- in a cluster -----------------------------------------------------------------------------------------------


def test_an_observer_is_promoted_and_a_voter_removed() -> None:
    cluster = Cluster(3, observers=1)
    leader = _led(cluster)
    assert leader.build(change=voter_set((0, 1, 2, 3))) is not None
    cluster.run(2_000, build=True)
    assert _number_of_voters(cluster) == {4}
    removed = (leader.number + 1) % 3
    cluster.run(500)
    assert leader.build(change=voter_set(tuple(sorted({0, 1, 2, 3} - {removed})))) is not None
    cluster.run(2_000, build=True)
    assert _number_of_voters(cluster) == {3}
    assert cluster.leader is leader
    assert set(cluster.checks.leaders) == {1}, "nobody had to be elected"
    assert cluster.hosts[removed].disk.committed_height == leader.disk.committed_height, "it observes"


def test_no_change_before_a_block_of_the_own_term_is_committed() -> None:
    """Membership change across terms without an own-term commit (known from other implementations; Raft's bug of 2015).

    Guard: consensus/commitment.py, `has_committed_own_term`, which the proposer of a change asks.
    """
    node = OneNode(kept=Kept(1, None, election(1, 1), GENESIS), committed=FIRST)
    node.lead(1)
    assert node.role == "leader"
    assert not node.core.has_committed_own_term
    node.hear(acknowledgement(1, block(2, 2), FIRST))
    assert node.core.has_committed_own_term
    node.learn(pre_votes(3, 2))
    assert not node.core.has_committed_own_term, "a later term begins without"


def test_one_change_at_a_time() -> None:
    """Guard: the harness' `build`; in a node, the proposer of changes."""
    cluster = Cluster(3, observers=2)
    leader = _led(cluster)
    assert leader.build(change=voter_set((0, 1, 2, 3))) is not None
    assert leader.build(change=voter_set((0, 1, 2, 4))) is None
    assert leader.build() is None, "nor anything else, until it is committed"
    cluster.settle()
    assert leader.build() is not None


@pytest.mark.parametrize("quorum", ["majority", "two-thirds"])
def test_voters_come_and_go_from_one_to_seven_and_back(quorum: str) -> None:
    cluster = Cluster(1, observers=6)
    _led(cluster)
    for size in (2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2, 1):
        leader = cluster.leader
        assert leader is not None
        cluster.run(300)
        rule = quorum if size >= 4 else "majority"
        assert leader.build(change=voter_set(tuple(range(size)), rule)) is not None
        cluster.run(1_000, build=True)
        assert _number_of_voters(cluster) == {size}
    assert set(cluster.checks.leaders) == {1}


def test_the_set_before_is_remembered_when_it_had_been_in_force_long_ago() -> None:
    """Sets come back. The one in force at a start may be the oldest of those kept, too; what is in the branch is of it.

    Guard: consensus/standing.py, `_remember`.
    """
    earlier = (THREE, *(voter_set((0, 1, 2, number)) for number in range(3, 3 + SETS_MAX - 1)))
    node = OneNode(THREE, earlier=earlier)
    node.learn(election(1, 1))
    node.store(chain(FIRST, SECOND))
    node.step(CertificateHeard(certificate(FIRST)))
    node.step(VotersChanged(voter_set((0, 1))))
    assert committed_heights(node.step(CertificateHeard(certificate(SECOND, FIRST)))) == [2]

"""The traces that a model checker found, and the mistakes known from other implementations: the end of section 6.

Each has a test that fails when its guard is taken out; many are tested at one core, where the guard can be seen best.
docs/reference/agreement-tests.md has all of them in one table, with their guards and mutants.
"""

import pytest

from consensus.certificates import BlockCertificate
from consensus.events import TermCertificateHeard
from consensus.messages import Acknowledgement, HeartbeatAnswer, PreVoteRequest
from consensus.packets import Packet
from consensus.term_certificates import PreVoteCertificate
from tests.consensus.cluster import GENESIS, WINDOW, Block, Cluster, Host, Message, voter_set
from tests.consensus.one_node import OneNode, asked, block, chain, election, of, pre_votes, vote_request


def _led(cluster: Cluster) -> tuple[Host, list[Host]]:
    cluster.run(5_000)
    leader = cluster.leader
    assert leader is not None
    return leader, [host for host in cluster.hosts if host is not leader]


def _is(message: Message, *kinds: type) -> bool:
    return isinstance(message.statement if isinstance(message, Packet) else message, kinds)


# -- safety -----------------------------------------------------------------------------------------------------


def test_s1_a_block_brings_its_term() -> None:
    """S1, first guard: blocks come by gossip, and who stores one goes to its term and uses up the vote there, so that
    neither pre-votes for that term nor votes in it are left for a second leader.

    Guard: consensus/agreement.py, `_learn_term`, for the election in an opening block that a node stores
    (`cluster.Host.complete_write`; daemon/growing.py, "TermCertificateHeard(election)").

    The other two are those of test_it_grants_exactly_one_above_its_own_term and
    test_no_vote_in_a_term_whose_leader_is_known.
    """
    node = OneNode()
    node.store(chain(block(4, 1)))
    node.learn(election(4, 1))
    assert node.core.term == 4
    assert not of(asked(node, vote_request(2, 4, block(4, 1)), pre_votes(4, 2)), object)


def test_s1_as_a_whole() -> None:
    """S1: everything of term 1 reaches a node by gossip of blocks only, through two changes of voters; it and a new
    voter cannot lead that term again.

    Guards: those of the test above; any one of them is enough here.
    """
    cluster = Cluster(3, observers=2)
    late = cluster.hosts[2]
    cluster.is_lost = lambda receiver, message: receiver is late
    cluster.run(4_000, build=False)
    leader = cluster.leader
    assert leader is not None and leader.core is not None
    late.crash()
    for members in ((0, 1, 2, 3), (0, 1, 3), (0, 1, 3, 4)):
        cluster.run(300)
        assert leader.build(change=voter_set(members)) is not None
        cluster.run(300)
    late.start()
    for _ in range(6):
        late.pull(leader)
        late.complete_write()
    assert late.core is not None
    assert late.core.term == leader.core.term
    leader.crash()
    cluster.is_lost = lambda receiver, message: False
    cluster.run(6_000, build=True)
    assert min(term for term in cluster.checks.leaders if term > leader.led_term) > leader.led_term
    assert cluster.leader is not None


def test_s2_a_leader_that_restarts_does_not_lead_its_term_again() -> None:
    """S2: its opening block was not durable when it crashed, so nobody has it, and it makes no other one of the term.

    Guard: consensus/commitment.py, `acknowledgement_kept`, the only place that emits `Propose`; and
    consensus/elections.py, whose candidacy is of one run.
    """
    cluster = Cluster(3)
    while cluster.leader is None:
        cluster.tick()
        for host in cluster.hosts:
            while host.writes and not host.block_writes:
                host.complete_write()
        while cluster.network and cluster.leader is None:
            cluster.deliver(0)
    leader = cluster.leader
    assert leader.core is not None and leader.block_writes
    term = leader.core.term
    assert not any(isinstance(message, Block) for _, _, message in cluster.network), "it is not durable yet"
    leader.crash()
    leader.start()
    cluster.run(6_000, build=True)
    assert leader.disk.chain[0].position.term > term
    assert [host.led_term for host in cluster.hosts].count(term) <= 1


def test_s3_a_read_sees_what_others_saw_committed_before_the_leader() -> None:
    """S3: both followers hold the certificate of a block, the leader does not yet; a client has read it there.

    Guard: consensus/leadership.py, `ask_read`, "standing.branch.tip.height".
    """
    cluster = Cluster(5)
    leader, (one, other, *late) = _led(cluster)
    cluster.cut = {(one.number, leader.number), (other.number, leader.number)}
    cluster.is_lost = lambda receiver, message: receiver in late and _is(message, Block, BlockCertificate)
    leader.build()
    cluster.settle()
    seen = one.disk.committed_height
    assert seen == other.disk.committed_height > leader.disk.committed_height
    # Two who have not even the block answer its heartbeats: it leads, beyond doubt.
    cluster.ask(leader, b"q")
    cluster.settle()
    assert b"q" not in leader.reads, "it waits until that is committed here"
    cluster.cut.clear()
    cluster.run(1_000)
    assert leader.reads[b"q"] == seen


def test_a_paused_leader_answers_no_read_with_what_was_true_before() -> None:
    """Lease reads under a paused process (known from other implementations): there are no leases here.

    Guard: consensus/pulse.py, `ask`, "self.counter + 1".
    """
    cluster = Cluster(3)
    leader, others = _led(cluster)
    for other in others:
        cluster.cut |= {(leader.number, other.number), (other.number, leader.number)}
    paused, leader.core = leader.core, None
    cluster.run(6_000, build=True)
    assert cluster.leader in others
    leader.core = paused
    cluster.cut.clear()
    cluster.ask(leader, b"q")
    assert b"q" not in leader.reads or leader.reads[b"q"] == -1
    cluster.run(500)
    assert leader.reads[b"q"] == -1, "it is told that somebody else leads"


def test_figure_8() -> None:
    """Raft, figure 8: a block of an earlier term on a majority is not committed, and may be replaced.

    A block of term 1 reaches a second voter after its leader was deposed; a third voter, who leads a later term without
    it, replaces it everywhere. Nobody ever reported it committed.

    Guard: consensus/commitment.py, `acknowledge_accepted`, "one.term == standing.term".
    """
    cluster = Cluster(3)
    first, (second, third) = _led(cluster)
    height = first.disk.committed_height
    cluster.cut = {(first.number, second.number), (first.number, third.number)}
    first.build()
    cluster.settle()
    lost = first.disk.tip
    assert lost.height == height + 1
    cluster.run(6_000)
    assert lost not in cluster.checks.committed.values()
    # It comes to another voter by gossip of blocks, in whatever order: what is newer there stays.
    cluster.cut.clear()
    second.pull(first)
    second.complete_write()
    cluster.run(4_000, build=True)
    assert first.disk.chain[lost.height - 1].position != lost
    assert lost not in cluster.checks.committed.values()


# -- liveness ---------------------------------------------------------------------------------------------------


def test_l1_a_change_of_voters_whose_leader_died_is_finished_by_the_next() -> None:
    """L1: the barrier is the tip of those who are left, and not committed. The next leader opens its term on top of it,
    certified by the old voters, which commits the barrier.

    Guard: `cluster.Host._may_store`, "block.election is not None and claimed == sets[-1].hash"; in a node
    daemon/voters_in_force.py, `at`. In the core, consensus/commitment.py counts by the set of the block's place.
    """
    cluster = Cluster(3, observers=1)
    leader, (one, other, _) = _led(cluster)
    cluster.is_lost = lambda receiver, message: _is(message, Acknowledgement, HeartbeatAnswer)
    assert leader.build(change=voter_set((0, 1, 2, 3))) is not None
    cluster.settle()
    assert one.disk.tip == other.disk.tip == leader.disk.tip
    assert one.disk.tip.height > one.disk.committed_height
    leader.crash()
    cluster.is_lost = lambda receiver, message: False
    cluster.run(6_000, build=True)
    assert {len(host.core.voters.voters) for host in (one, other) if host.core is not None} == {4}


def test_l2_a_window_full_of_inherited_blocks_does_not_stop_the_next_leader() -> None:
    """L2: all the blocks that may be under way are, when their leader dies; the opening block is exempt.

    Guard: `cluster.Host.build`, which asks for the window only without an election; in a node daemon/leading.py,
    `open_term`, which does not ask.
    """
    cluster = Cluster(3)
    leader, (one, other) = _led(cluster)
    cluster.is_lost = lambda receiver, message: _is(message, Acknowledgement, HeartbeatAnswer, BlockCertificate)
    while leader.build() is not None:
        cluster.settle()
    assert one.disk.tip.height - one.disk.committed_height == WINDOW
    height = one.disk.tip.height
    leader.crash()
    cluster.is_lost = lambda receiver, message: False
    cluster.run(6_000, build=True)
    assert min(one.disk.committed_height, other.disk.committed_height) > height


@pytest.mark.parametrize("silenced", [PreVoteCertificate, PreVoteRequest])
def test_l3_the_longest_log_in_a_low_term_wins(silenced: type) -> None:
    """L3: one voter has the blocks of term 1, the two others none and a certified term 9; a quorum needs the first one,
    which must learn of term 9 to be able to stand in term 10.

    It learns it in two ways, and one of them is silenced here: from the proof in the others' requests, or from what
    they answer to its own. Guards: consensus/elections.py, `on_pre_vote_request`, "standing.adopt(proof)" and
    "standing.tell_term()".
    """
    cluster = Cluster(3)
    leader, others = _led(cluster)
    for _ in range(3):
        leader.build()
        cluster.settle()
    for host in cluster.hosts:
        host.crash()
    proof = pre_votes(9, 1, by=(1, 2))
    longest = leader.disk
    committed = longest.chain[:]
    for other in others:
        other.disk = type(longest)(term=9, certificate=proof, executed_sets=[cluster.first_voters])
    longest.committed_height = 0
    cluster.checks.committed.clear()
    cluster.network.clear()
    cluster.is_lost = lambda receiver, message: receiver is leader and _is(message, silenced)
    for host in (leader, others[0]):
        host.start()
    # Nobody fetches blocks meanwhile, else both have the longest log.
    cluster.run(8_000, exchange=False)
    assert leader.led_term >= 10
    cluster.run(2_000, build=True)
    assert others[0].disk.chain[: len(committed)] == committed
    assert others[0].disk.committed_height > len(committed)


def test_l5_a_removed_leader_hands_out_what_removed_it() -> None:
    """L5: of two voters the leader is removed; only it knows that this is committed, and its messages were lost. As
    long as it stays up, its neighbour fetches the certificate from it; were it off, nobody could ever help.

    Guard: `cluster.Host.pull`, which serves certificates whatever the source's part is. In a node it is the node that
    stays up until a quorum of the new voters has confirmed the change: not in the core, which only says `Committed`.
    """
    for is_switched_off in (True, False):
        cluster = Cluster(2)
        leader, (other,) = _led(cluster)
        lost = (BlockCertificate, Acknowledgement)
        cluster.is_lost = lambda receiver, message, to=other, kinds=lost: receiver is to and _is(message, *kinds)  # type: ignore[misc]
        assert leader.build(change=voter_set((other.number,))) is not None
        cluster.settle()
        assert leader.core is not None and leader.core.role.value == "observer"
        assert other.core is not None and len(other.core.voters.voters) == 2
        if is_switched_off:
            leader.crash()
        cluster.run(6_000, build=True)
        assert (other.core.role.value == "leader") is not is_switched_off


def test_a_cluster_whose_observers_are_down_goes_on() -> None:
    """An observer that must vote (known from other implementations).

    Guard: consensus/voters.py: a quorum is one of the voters; consensus/elections.py, "votes = standing.is_voter".
    """
    cluster = Cluster(3, observers=3)
    _led(cluster)
    for host in cluster.hosts[3:]:
        host.crash()
    before = max(cluster.checks.committed)
    cluster.run(2_000, build=True)
    assert max(cluster.checks.committed) > before
    assert len(cluster.checks.leaders) == 1


def test_a_removed_voter_that_comes_back_unsettles_nobody() -> None:
    """A non-voter with a high term (known from other implementations); thesis 4.2.3, disruptive servers.

    It was cut off while it was removed, asks for pre-votes all the time, and has even got hold of a later term of the
    old voters: the leader follows into it, is elected again, and that is all.

    Guard: consensus/elections.py, `_may_grant`, "asked.voter_set_hash == standing.voters.hash" and "_hears_nobody".
    """
    cluster = Cluster(4)
    leader, others = _led(cluster)
    removed = others[0]
    for host in cluster.hosts:
        cluster.cut |= {(host.number, removed.number), (removed.number, host.number)}
    rest = tuple(sorted(host.number for host in cluster.hosts if host is not removed))
    assert leader.build(change=voter_set(rest)) is not None
    cluster.run(6_000, build=True)
    assert cluster.leader is leader
    # Old blocks do not reach it: it goes on asking as a voter of the old set.
    cluster.cut = {(host.number, removed.number) for host in cluster.hosts}
    before = len(cluster.checks.leaders)
    cluster.run(10_000, build=True)
    assert cluster.leader is leader
    assert len(cluster.checks.leaders) == before


def test_a_crash_between_the_two_writes_of_a_block_and_its_term() -> None:
    """Commit index ahead of the log, applied height, term below the chain's (known from other implementations):
    whatever was durable when a node crashed, it starts, and rejoins.

    Guard: `cluster.Host.start`, "disk.tip.term > disk.term"; in a node daemon/agreement_start.py.
    """
    for completed in range(8):
        cluster = Cluster(3)
        leader, (one, _) = _led(cluster)
        one.step(TermCertificateHeard(pre_votes(2, 1)))
        leader.build()
        cluster.tick()
        for _ in range(completed):
            if cluster.network:
                cluster.deliver(0)
            one.complete_write()
        one.crash()
        assert one.disk.tip == GENESIS or one.disk.committed_height <= one.disk.tip.height
        one.start()
        cluster.run(6_000, build=True)
        assert one.disk.committed_height == max(cluster.checks.committed)

"""Nodes together: the pure node over gossip, with real blocks and signatures, and no shell."""

import pytest

from consensus.messages import Acknowledgement
from consensus.packets import Packet
from daemon.effects import ReadFailed, ReadReady, StoreBatch, Verify
from daemon.events import HandOverRequested, PeerConnected, PeerGone, ReadRequested, Received
from daemon.proposal import Proposal
from ledger.block import Header, sign_header
from ledger.hashing import Hash
from p2p.frames import Gossip, PayloadKind, decode_frame, encode_frame
from tests.daemon import node_chaos
from tests.daemon.node_cluster import NodeCluster, NodeHost

RING = {(0, 1), (1, 2), (2, 3), (0, 3)}
LINE = {(0, 1), (1, 2), (2, 3), (3, 4)}


def heights(cluster: NodeCluster) -> set[int]:
    """The executed heights of the nodes that are up."""
    return {host.node.status().executed_height for host in cluster.hosts if host.node is not None}


def leader_of(cluster: NodeCluster) -> NodeHost:
    """The leader, who must be there."""
    leader = cluster.leader
    assert leader is not None, "nobody leads"
    return leader


def assert_together(cluster: NodeCluster) -> None:
    """All that are up executed the same, to the same height, and nobody complains."""
    statuses = [host.node.status() for host in cluster.hosts if host.node is not None]
    assert len({one.executed_height for one in statuses}) == 1, [one.executed_height for one in statuses]
    assert len({one.state_digest for one in statuses}) == len({one.tree_root for one in statuses}) == 1
    assert not any(host.alarms for host in cluster.hosts)


def link(cluster: NodeCluster, one: NodeHost, other: NodeHost, is_up: bool) -> None:
    """Cut or mend the link between two nodes, as the transport reports it to both."""
    pair = frozenset((one.number, other.number))
    (cluster.cut.discard if is_up else cluster.cut.add)(pair)
    event = PeerConnected if is_up else PeerGone
    one.run(event(one.now_ms, other.id))
    other.run(event(other.now_ms, one.id))


def isolate(cluster: NodeCluster, host: NodeHost, is_up: bool) -> None:
    """Cut or mend all links of a node."""
    for other in cluster.neighbours(host):
        link(cluster, host, other, is_up)


@pytest.mark.parametrize(("voters", "links"), [(2, None), (3, None), (4, RING), (5, LINE)])
def test_a_transaction_handed_in_anywhere_is_executed_everywhere(
    voters: int, links: set[tuple[int, int]] | None
) -> None:
    cluster = NodeCluster(voters, links)
    cluster.run(3_000)
    for number in range(3 * voters):
        cluster.hosts[number % voters].submit(cluster.notice(f"notice {number}"))
        cluster.run(200)
    cluster.run(500)
    assert_together(cluster)
    executed = [one for block in cluster.hosts[0].executed.values() for one in block.transactions]
    assert len(executed) == 3 * voters
    assert all(one.result.ok for one in executed)


def test_the_chain_goes_on_without_its_leader_who_catches_up() -> None:
    cluster = NodeCluster(4, RING)
    cluster.run(3_000)
    first = leader_of(cluster)
    first.crash()
    others = [host for host in cluster.hosts if host is not first]
    others[0].submit(*[cluster.notice(str(number)) for number in range(50)])
    cluster.run(5_000)
    assert leader_of(cluster) is not first
    assert_together(cluster)
    first.start()
    cluster.run(4_000)
    assert_together(cluster)
    assert sum(len(block.transactions) for block in first.executed.values()) >= 50


def test_without_a_quorum_nothing_is_executed_and_nothing_lost() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    before = heights(cluster)
    leader = leader_of(cluster)
    others = [host for host in cluster.hosts if host is not leader]
    for host in others:
        host.crash()
    waiting = cluster.notice("waits")
    leader.submit(waiting)
    cluster.run(5_000)
    assert heights(cluster) == before
    assert cluster.leader is None, "a leader that hears no quorum steps down"
    for host in others:
        host.start()
    cluster.run(5_000)
    assert_together(cluster)
    assert waiting.id in {one.transaction_id for block in leader.executed.values() for one in block.transactions}


def test_blocks_of_a_leader_that_was_cut_off_are_replaced_and_their_transactions_wait_again() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    old = leader_of(cluster)
    isolate(cluster, old, is_up=False)
    stranded = cluster.notice("stranded")
    old.submit(stranded)
    cluster.run(400)
    assert old.node is not None
    proposed = old.node.status()
    assert proposed.height > proposed.executed_height, "it proposed a block that nobody heard of"
    cluster.run(5_000)
    others = [host for host in cluster.hosts if host is not old]
    others[0].submit(cluster.notice("meanwhile"))
    cluster.run(500)
    isolate(cluster, old, is_up=True)
    cluster.run(4_000)
    assert_together(cluster)
    executed = [one.transaction_id for block in old.executed.values() for one in block.transactions]
    assert executed.count(stranded.id) == 1, "it is executed once, in a block of the new leader"


def test_a_node_that_was_away_for_long_fetches_the_chain_from_a_neighbour() -> None:
    cluster = NodeCluster(4, RING)
    cluster.run(3_000)
    away = next(host for host in cluster.hosts if host is not leader_of(cluster))
    away.crash()
    for number in range(150):
        leader_of(cluster).submit(cluster.notice(str(number)))
        cluster.run(100)
    away.start()
    cluster.run(4_000)
    assert_together(cluster)
    assert away.node is not None and away.node.status().executed_height > 150


def test_bodies_that_gossip_lost_are_fetched_from_whoever_told_of_the_block() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    leader = leader_of(cluster)
    leader.submit(cluster.notice("only the leader has it"))
    kept = [
        (sender, receiver, data)
        for sender, receiver, data in cluster.network
        if not is_gossip(data, PayloadKind.TRANSACTIONS)
    ]
    assert len(kept) < len(cluster.network), "the transaction was on its way"
    cluster.network.clear()
    cluster.network.extend(kept)
    cluster.run(1_000)
    assert_together(cluster)
    assert any(block.transactions for block in cluster.hosts[0].executed.values())


def is_gossip(data: bytes, kind: PayloadKind) -> bool:
    """Whether the frame carries a broadcast message of this kind."""
    frame = decode_frame(data)
    return isinstance(frame, Gossip) and frame.kind is kind


def acknowledged(header: Header, host: NodeHost) -> Packet:
    """That `host` acknowledges the block, as its proposal carries it."""
    told = Acknowledgement(
        header.network_id,
        header.voter_set_hash,
        header.term,
        header.height,
        header.hash,
        header.previous_hash,
        host.id,
    )
    return Packet(told, told.sign(host.keys.agreement))


def forged(cluster: NodeCluster, leader: NodeHost, **changes: object) -> tuple[Hash, bytes]:
    """The leader's next proposal, empty, with `changes` to its header, signed by the leader itself."""
    newest = max(leader.executed)
    stored = leader.store.header(newest)
    assert stored is not None
    header = Header.decode(stored.header)
    fields = {name: getattr(header, name) for name in header.__dataclass_fields__} | changes
    made = Header(**fields)
    outcome = bytes(leader.store.entries(stored.first_index, 1)[0])
    proposal = Proposal(
        made, sign_header(made, leader.keys.agreement), b"", outcome, (), b"", acknowledged(made, leader)
    )
    return made.hash, encode_frame(Gossip.of(PayloadKind.PROPOSAL, proposal.encode()))


@pytest.mark.parametrize(
    "changes",
    [
        {"height": 10_000, "leaf_count": 1},
        {"term": 9, "leaf_count": 1},
        {"tree_size": 10_000, "leaf_count": 1},
        {"network_id": b"x" * 32, "leaf_count": 1},
        {"state_digest": b"x" * 32, "leaf_count": 1},
    ],
    ids=str,
)
def test_an_invalid_proposal_of_the_leader_itself_is_never_stored(changes: dict[str, object]) -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    leader = leader_of(cluster)
    leader.submit(cluster.notice())
    cluster.run(1_000)
    newest = max(leader.executed)
    stored = leader.store.header(newest)
    assert stored is not None
    changes = {"height": newest + 1, "previous_hash": stored.header_hash, **changes}
    block_hash, data = forged(cluster, leader, **changes)
    victim = next(host for host in cluster.hosts if host is not leader)
    victim.run(Received(victim.now_ms, leader.id, decode_frame(data)))
    assert victim.node is not None
    assert victim.node.status().height == newest
    cluster.run(1_000)
    assert_together(cluster)
    for height in range(1, max(victim.executed) + 1):
        found = victim.store.header(height)
        assert found is not None and found.header_hash != block_hash


def test_a_block_too_far_ahead_of_the_clock_waits_for_its_acknowledgement() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    leader = leader_of(cluster)
    leader.clock_offset_ms = 20_000
    height = max(leader.executed)
    leader.submit(cluster.notice(expires_ms=leader.now_ms + 60_000))
    cluster.run(1_000)
    others = [host for host in cluster.hosts if host is not leader]
    for host in others:
        assert host.node is not None
        assert host.node.status().height > height, "it is stored"
        assert max(host.executed) == height, "and not acknowledged, so not committed"
    cluster.run(15_000)
    assert_together(cluster)
    assert max(leader.executed) > height


def test_a_leader_whose_clock_was_ahead_goes_on_where_nobody_can_replace_it() -> None:
    """The others do not acknowledge its block, and are too few to elect somebody without it.

    Found by the simulator (4 nodes, seed 50094). Guard: daemon/leading.py, `close`, "_is_held_up".
    """
    cluster = NodeCluster(4, quorum="two-thirds")
    cluster.run(3_000)
    before = leader_of(cluster)
    leader, away, _ = (host for host in cluster.hosts if host is not before)
    away.crash()
    leader.clock_offset_ms = 200_000
    cluster.run(1_000)
    before.run(HandOverRequested(before.now_ms, leader.id))
    cluster.run(1_000)
    assert leader_of(cluster) is leader
    assert leader.node is not None
    status = leader.node.status()
    assert status.committed_height < status.height, "nobody else acknowledges what opens its term"
    leader.clock_offset_ms = 0
    cluster.run(500)
    assert leader.node.status().committed_height > status.height
    assert leader_of(cluster) is leader


def test_a_new_network_whose_nodes_start_one_after_the_other_elects_a_leader() -> None:
    cluster = NodeCluster(5, LINE)
    for host in cluster.hosts[1:]:
        host.crash()
    cluster.run(2_000)
    assert cluster.leader is None
    for host in cluster.hosts[1:]:
        host.start()
        cluster.run(1_000)
    cluster.run(3_000)
    leader_of(cluster).submit(cluster.notice())
    cluster.run(1_000)
    assert_together(cluster)


def test_two_thirds_of_four_need_three() -> None:
    cluster = NodeCluster(4, None, quorum="two-thirds")
    cluster.run(3_000)
    before = heights(cluster)
    leader = leader_of(cluster)
    down = [host for host in cluster.hosts if host is not leader][:2]
    for host in down:
        host.crash()
    leader.submit(cluster.notice())
    cluster.run(3_000)
    assert heights(cluster) == before
    down[0].start()
    cluster.run(5_000)
    assert min(heights(cluster)) > max(before)


# 5: bodies asked again and again of a node that had executed their block. 62: a branch that came twice, as proposals
# and as an answer, replaced itself while a part of it was being committed.
@pytest.mark.parametrize("seed", [5, 62, *range(100, 108)])
def test_random_faults_leave_all_with_the_same_ledger(seed: int) -> None:
    node_chaos.check(seed, steps=1500)


def reads(host: NodeHost) -> dict[bytes, int]:
    """The answered questions of a node, -1 for those that failed."""
    found = {one.question: one.height for one in host.other if isinstance(one, ReadReady)}
    return found | {one.question: -1 for one in host.other if isinstance(one, ReadFailed)}


def test_a_linearizable_read_at_any_node_sees_everything_told_before_it_was_asked() -> None:
    cluster = NodeCluster(4, RING)
    cluster.run(3_000)
    for number, host in enumerate(cluster.hosts):
        leader_of(cluster).submit(cluster.notice(str(number)))
        cluster.run(200)
        told = max(leader_of(cluster).executed)
        question = bytes([number]) * 16
        host.run(ReadRequested(host.now_ms, question))
        cluster.run(500)
        assert reads(host)[question] >= told
        assert max(host.executed) >= told


@pytest.mark.parametrize("is_leader", [True, False])
def test_a_linearizable_read_waits_until_the_store_has_what_was_executed(is_leader: bool) -> None:
    """Others told a client of the block, while the disk here is slow: the store is what a read looks into."""
    cluster = NodeCluster(4, RING)
    cluster.run(3_000)
    host = next(one for one in cluster.hosts if (one is leader_of(cluster)) is is_leader)
    others = [one for one in cluster.hosts if one is not host]
    cluster.holds = True
    others[0].submit(cluster.notice("seen by others"))
    before = max(others[0].executed)
    for _ in range(200):
        cluster.run(100)
        for other in others:
            other.complete(len(other.held))
        if max(others[0].executed) > before:
            break
        # All but what was executed: that stays on the way to the disk.
        while host.held and not (isinstance(host.held[0], StoreBatch) and host.held[0].batch.executions):
            host.complete()
    told = max(others[0].executed)
    assert told > before
    host.run(ReadRequested(host.now_ms, b"q" * 16))
    cluster.run(200)
    assert max(host.executed) < told
    assert b"q" * 16 not in reads(host)
    cluster.holds = False
    for one in cluster.hosts:
        one.complete(len(one.held))
    cluster.run(500)
    assert reads(host)[b"q" * 16] >= told
    assert max(host.executed) >= told


def test_a_leader_that_was_cut_off_answers_no_read() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    old = leader_of(cluster)
    isolate(cluster, old, is_up=False)
    question = b"q" * 16
    old.run(ReadRequested(old.now_ms, question))
    assert question not in reads(old)
    cluster.run(8_000)
    assert reads(old)[question] == -1


def test_a_read_without_a_leader_fails_at_once() -> None:
    cluster = NodeCluster(3)
    host = cluster.hosts[0]
    host.run(ReadRequested(host.now_ms, b"q" * 16))
    assert reads(host) == {b"q" * 16: -1}


def test_leadership_is_handed_over_without_waiting_for_a_timeout() -> None:
    cluster = NodeCluster(4, RING)
    cluster.run(3_000)
    old = leader_of(cluster)
    successor = next(host for host in cluster.hosts if host is not old)
    old.run(HandOverRequested(old.now_ms, successor.id))
    cluster.run(500)
    assert leader_of(cluster) is successor
    assert_together(cluster)


@pytest.mark.parametrize("first", ["wish", "block"])
def test_the_successor_waits_for_the_block_that_the_leader_was_writing(first: str) -> None:
    """What was built before the wish is proposed after it; without it the successor would be behind and be refused.

    Found at real nodes: a leader that was restarted under load handed over to nobody, once in ten times. Guard:
    consensus/leadership.py, `hand_over`, "_tell_wish(chosen, newest)".
    """
    cluster = NodeCluster(4)
    cluster.run(3_000)
    old = leader_of(cluster)
    cluster.holds = True
    old.submit(cluster.notice("just built"))
    built = old.node.status().height if old.node is not None else 0
    old.run(HandOverRequested(old.now_ms, None))
    cluster.holds = False
    if first == "wish":
        cluster.run(50)
    old.complete(len(old.held))
    cluster.run(500)
    successor = leader_of(cluster)
    assert successor is not old
    assert_together(cluster)
    stored = [host.store.header(built) for host in cluster.hosts]
    assert all(one is not None and Header.decode(one.header).proposer == old.id for one in stored)


def test_a_leader_whose_disk_stands_still_is_relieved_when_it_is_asked() -> None:
    """What it built is never proposed, so nobody may wait for it. Guard: consensus/leadership.py, "_wish_once_more"."""
    cluster = NodeCluster(4)
    cluster.run(3_000)
    old = leader_of(cluster)
    successor = next(host for host in cluster.hosts if host is not old)
    cluster.holds = True
    old.submit(cluster.notice("just built"))
    cluster.holds = False
    assert old.held
    old.run(HandOverRequested(old.now_ms, successor.id))
    cluster.run(400)
    assert old.node is not None and old.node.status().role == "leader"
    cluster.run(600)
    assert successor.node is not None and successor.node.status().role == "leader"


def test_a_disk_that_stands_still_bounds_the_blocks_that_wait_for_it() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    host = next(one for one in cluster.hosts if one is not leader_of(cluster))
    others = [one for one in cluster.hosts if one is not host]
    host.crash()
    for number in range(60):
        others[0].submit(cluster.notice(f"missed {number}"))
        cluster.run(100)
    host.start()
    cluster.holds = True
    for number in range(60):
        others[0].submit(cluster.notice(f"waits {number}"))
        cluster.run(100)
        for other in others:
            other.complete(len(other.held))
        for effect in [one for one in host.held if isinstance(one, Verify)]:
            host.held.remove(effect)
            host.run(*host.done(effect))
        assert host.node is not None
        status = host.node.status()
        assert status.height - status.committed_height <= 4 * cluster.genesis.parameters.window_blocks_max
    assert max(others[0].executed) > max(host.executed, default=0) + 60
    cluster.holds = False
    for one in cluster.hosts:
        one.complete(len(one.held))
    cluster.run(5_000)
    assert_together(cluster)

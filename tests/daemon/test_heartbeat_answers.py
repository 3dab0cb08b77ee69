"""Answers to heartbeats: they take the way back to the leader, and now and then every way.

Source: docs/protocol.md, section 8; docs/adr/0013-plumtree.md, 10.
"""

import pytest

from consensus.messages import Acknowledgement, Heartbeat, HeartbeatAnswer
from consensus.packets import Packet
from daemon.events import Event, Received
from daemon.saying import ANSWERS_TO_ALL_EVERY, is_for_leader
from ledger.hashing import Hash
from p2p.effects import SendFrame
from p2p.frames import Gossip, PayloadKind
from tests.daemon.node_cluster import NodeCluster, NodeHost
from tests.daemon.test_node_network import leader_of

HASH = bytes(32)


def executed_by(host: NodeHost) -> list[Hash]:
    """The transactions that the node told of."""
    return [one.transaction_id for block in host.executed.values() for one in block.transactions]


def acknowledged_in(event: Event) -> set[Hash]:
    """Whose acknowledgement, told by itself, came with this event."""
    match event:
        case Received(frame=Gossip(kind=PayloadKind.AGREEMENT, payload=payload)):
            statement = Packet.decode(payload).statement
            return {statement.voter} if isinstance(statement, Acknowledgement) else set()
    return set()


def _answer(counter: int) -> HeartbeatAnswer:
    return HeartbeatAnswer(HASH, HASH, 1, HASH, counter, 0, 0, HASH)


def test_every_fifth_answer_is_for_everybody() -> None:
    assert [counter for counter in range(1, 21) if not is_for_leader(_answer(counter))] == [5, 10, 15, 20]
    assert ANSWERS_TO_ALL_EVERY == 5
    assert not is_for_leader(Heartbeat(HASH, HASH, 1, HASH, 1, 0, 0, HASH, 0))


def test_acknowledgements_are_for_the_leader() -> None:
    assert is_for_leader(Acknowledgement(HASH, HASH, 1, 1, HASH, HASH, HASH))


def test_a_way_that_bears_heartbeats_and_no_answers_ends_no_leadership() -> None:
    """Guard: daemon/saying.py, `ANSWERS_TO_ALL_EVERY`."""
    cluster = NodeCluster(2, observers=1)
    cluster.run(4_000)
    leader = leader_of(cluster)
    follower = cluster.hosts[1 - leader.number]
    term = leader.node.status().term if leader.node is not None else 0
    cluster.silent = {(follower.number, leader.number)}
    cluster.run(30_000)
    assert leader.node is not None
    assert (leader.node.status().role, leader.node.status().term) == ("leader", term)


def test_acknowledgements_that_get_lost_on_their_way_delay_a_block_and_stop_none() -> None:
    """An answer repeats the newest one, every fifth for everybody: here it gets there by way of the observer."""
    cluster = NodeCluster(2, observers=1)
    cluster.run(4_000)
    leader = leader_of(cluster)
    follower = cluster.hosts[1 - leader.number]
    cluster.silent = {(follower.number, leader.number)}
    for number in range(3):
        leader.submit(cluster.notice(f"notice {number}"))
        cluster.run(3_000)
    assert [len(executed_by(host)) for host in cluster.hosts] == [3, 3, 3]


def test_nobody_but_the_leader_hears_what_the_others_acknowledge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard: daemon/saying.py, `is_for_leader`, "isinstance(statement, Acknowledgement)"."""
    cluster = NodeCluster(3, observers=1)
    cluster.run(4_000)
    leader = leader_of(cluster)
    heard: dict[Hash, set[Hash]] = {host.id: set() for host in cluster.hosts}
    run = NodeHost.run

    def listen(host: NodeHost, *events: Event) -> None:
        for event in events:
            heard[host.id] |= acknowledged_in(event)
        run(host, *events)

    monkeypatch.setattr(NodeHost, "run", listen)
    for number in range(5):
        leader.submit(cluster.notice(f"notice {number}"))
        cluster.run(50)
    cluster.run(300)
    assert [len(executed_by(host)) for host in cluster.hosts] == [5, 5, 5, 5]
    voters = {host.id for host in cluster.hosts[:3]}
    assert heard[leader.id] == voters - {leader.id}
    assert all(heard[host.id] == set() for host in cluster.hosts if host is not leader)


def test_what_the_leader_acknowledges_itself_is_for_everybody() -> None:
    """Where the block needs no proposal any more. To its origin nothing goes back: it would be lost."""
    cluster = NodeCluster(3)
    cluster.run(4_000)
    leader = leader_of(cluster)
    node = leader.node
    assert node is not None
    told = Acknowledgement(cluster.genesis.network_id, HASH, 1, 1, HASH, HASH, leader.id)
    packet = Packet(told, told.sign(leader.keys.agreement))
    node._saying.proposal(None, b"", packet, node.elapsed_ms)
    sent = [one for one in node._exchange.take_effects() if isinstance(one, SendFrame)]
    assert {one.peer for one in sent} == {host.id for host in cluster.hosts} - {leader.id}

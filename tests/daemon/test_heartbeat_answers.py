"""Answers to heartbeats: they take the way back to the leader, and now and then every way.

Source: docs/protocol.md, section 8; docs/adr/0013-plumtree.md, 10.
"""

from consensus.messages import Acknowledgement, Heartbeat, HeartbeatAnswer
from daemon.saying import ANSWERS_TO_ALL_EVERY, is_for_leader
from tests.daemon.node_cluster import NodeCluster
from tests.daemon.test_node_network import leader_of

HASH = bytes(32)


def _answer(counter: int) -> HeartbeatAnswer:
    return HeartbeatAnswer(HASH, HASH, 1, HASH, counter, 0, 0, HASH)


def test_every_fifth_answer_is_for_everybody_and_all_else_always_is() -> None:
    assert [counter for counter in range(1, 21) if not is_for_leader(_answer(counter))] == [5, 10, 15, 20]
    assert ANSWERS_TO_ALL_EVERY == 5
    assert not is_for_leader(Heartbeat(HASH, HASH, 1, HASH, 1, 0, 0, HASH, 0))
    assert not is_for_leader(Acknowledgement(HASH, HASH, 1, 1, HASH, HASH, HASH))


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

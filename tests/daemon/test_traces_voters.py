"""Traces of section 6 of docs/protocol.md about changes of voters, in whole nodes: L1 and L5.

The core's own are in tests/consensus; docs/reference/agreement-tests.md has all of them in one table.
"""

import pytest

from consensus.messages import Acknowledgement, HeartbeatAnswer
from p2p.frames import PayloadKind
from tests.daemon.governed_cluster import GovernedCluster
from tests.daemon.node_cluster import NodeHost
from tests.daemon.test_traces import ELECTIONS_MS, Exit, without_blocks

# Without these, blocks come when neighbours compare heads, once in a second, and nothing tells who acknowledged them.
UNCERTIFIED = (Acknowledgement, HeartbeatAnswer, PayloadKind.CERTIFICATE, PayloadKind.PROPOSAL)
COMPARED_MS = 2_000


def _led(voters: int, nodes: int) -> tuple[GovernedCluster, NodeHost, list[NodeHost]]:
    cluster = GovernedCluster(voters, nodes)
    cluster.run(ELECTIONS_MS)
    cluster.register(*range(voters, nodes))
    leader = cluster.leader
    assert leader is not None
    return cluster, leader, [host for host in cluster.hosts[:voters] if host is not leader]


def test_l1_a_change_of_voters_whose_leader_died_is_finished_by_the_next() -> None:
    """L1: the barrier is the tip of those who are left, and not committed. The next leader opens its term on top of it,
    certified by the old voters, which commits the barrier.

    Guard: daemon/voters_in_force.py, `at`, "opens_term and header.voter_set_hash == self.current.hash".
    """
    cluster, leader, (one, other) = _led(3, 4)
    observer = cluster.hosts[3]
    other.crash()
    exits = {host.number: Exit(host) for host in cluster.hosts}
    for exit_ in exits.values():
        exit_.lost = UNCERTIFIED
    cluster.submit(cluster.governance("voter-add", 3), duration_ms=COMPARED_MS)
    assert one.node is not None
    assert one.node.status().height == one.node.status().committed_height + 1
    leader.crash()
    observer.crash()
    # The third voter gets the barrier in the next term only, so that nothing but a block of that term can commit it.
    one.carry_out = without_blocks(exits[one.number])  # type: ignore[method-assign]
    for exit_ in exits.values():
        exit_.lost = ()
    other.start()
    cluster.run(ELECTIONS_MS)
    assert cluster.leader is one
    one.carry_out = exits[one.number].carry_out  # type: ignore[method-assign]
    observer.start()
    cluster.run(6 * ELECTIONS_MS)
    assert cluster.numbers() == {(0, 1, 2, 3)}


@pytest.mark.parametrize("stays_up", [True, False])
def test_l5_a_removed_leader_hands_out_what_removed_it(stays_up: bool) -> None:
    """L5: of two voters the leader is removed, and only it knows that this is committed. As long as it stays up the
    other one learns it from there; were it off, nobody could ever help.

    Guard: nothing that is taken out: a node serves what is committed whatever its part is.
    """
    cluster, leader, (other,) = _led(2, 2)
    exits = {host.number: Exit(host) for host in cluster.hosts}
    exits[leader.number].lost = UNCERTIFIED
    cluster.submit(cluster.governance("voter-remove", leader.number), duration_ms=COMPARED_MS)
    assert leader.node is not None and other.node is not None
    assert leader.node.status().voters == (other.id,)
    assert len(other.node.status().voters) == 2
    if not stays_up:
        leader.crash()
    exits[leader.number].lost = ()
    cluster.run(4 * ELECTIONS_MS)
    assert (other.node.status().role == "leader") is stays_up

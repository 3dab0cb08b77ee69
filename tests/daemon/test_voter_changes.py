"""Changing voters in whole nodes: the transaction, its barrier, and who votes afterwards.

docs/protocol.md, section 6, "Changing voters"; Ongaro's thesis, chapter 4; docs/adr/0014-governance.md.
"""

import pytest

from tests.daemon.governed_cluster import GovernedCluster
from tests.daemon.node_cluster import NodeHost


def led(voters: int, nodes: int, links: set[tuple[int, int]] | None = None) -> tuple[GovernedCluster, NodeHost]:
    """A calm cluster with a leader, in which every node is registered."""
    cluster = GovernedCluster(voters, nodes, links)
    cluster.run(3_000)
    cluster.register(*range(voters, nodes))
    leader = cluster.leader
    assert leader is not None
    return cluster, leader


def test_an_observer_executes_every_block_and_signs_no_checkpoint() -> None:
    cluster, leader = led(1, 2)
    observer = cluster.hosts[1]
    assert observer.node is not None and leader.node is not None
    assert observer.node.status().executed_height == leader.node.status().executed_height > 0
    assert (observer.node.status().role, observer.node.status().checkpoint_size) == ("observer", 0)
    assert leader.node.status().checkpoint_size > 0
    assert observer.sign_state.cosigned_size == 0


def test_voters_come_from_one_to_five_and_go_to_one() -> None:
    cluster, leader = led(1, 5)
    for number in range(1, 5):
        cluster.submit(cluster.governance("voter-add", number), duration_ms=2_000)
        assert cluster.numbers() == {tuple(range(number + 1))}
    assert cluster.leader is leader, "nobody had to be elected"
    for number in range(4):
        cluster.submit(cluster.governance("voter-remove", number), duration_ms=6_000)
        assert cluster.numbers() == {tuple(range(number + 1, 5))}
    assert cluster.leader is cluster.hosts[4]
    cluster.submit(cluster.notice("the last one"))
    cluster.check_calm()
    records = [cluster.voters_of(host) for host in cluster.hosts]
    assert {one.number for one in records} == {8}
    assert all(host.node is not None and host.node.status().voters_confirmed for host in cluster.hosts)


def test_a_promoted_voter_cosigns_under_the_name_that_the_registry_has() -> None:
    cluster, leader = led(1, 2)
    cluster.submit(cluster.governance("voter-add", 1), duration_ms=2_000)
    promoted = cluster.hosts[1]
    assert promoted.node is not None and leader.node is not None
    cluster.submit(cluster.notice(), duration_ms=2_000)
    assert promoted.node.status().checkpoint_size == leader.node.status().checkpoint_size > 0
    note = promoted.store.head().checkpoint
    assert note is not None
    assert b"\xe2\x80\x94 beta " in bytes(note)


@pytest.mark.parametrize("voters", [3, 4, 5])
def test_a_removed_leader_hands_over_to_the_new_voters(voters: int) -> None:
    cluster, leader = led(voters, voters)
    cluster.submit(cluster.governance("voter-remove", leader.number), duration_ms=6_000)
    rest = tuple(number for number in range(voters) if number != leader.number)
    assert cluster.numbers() == {rest}
    assert leader.node is not None and leader.node.status().role == "observer"
    assert cluster.leader is not None and cluster.leader.number in rest
    cluster.submit(cluster.notice())
    cluster.check_calm()

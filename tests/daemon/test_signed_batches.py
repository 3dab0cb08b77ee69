"""Transactions that were signed in batches, in a network: each of them goes its own way."""

from dataclasses import asdict

from daemon.effects import Admitted
from ledger.genesis import Parameters
from tests.batches import batched
from tests.daemon.networks import administrator_key
from tests.daemon.node_cluster import NodeCluster

SMALL_BLOCKS = {**asdict(Parameters()), "block_transactions_max": 4}


def settled(cluster: NodeCluster) -> list[bytes]:
    """The ids that are executed, in order; everywhere the same, and all of them did what they ask for."""
    executed = [
        one for height in sorted(cluster.hosts[0].executed) for one in cluster.hosts[0].executed[height].transactions
    ]
    assert all(one.result.ok for one in executed)
    assert len({host.node and host.node.status().tree_root for host in cluster.hosts}) == 1
    assert not any(host.alarms for host in cluster.hosts)
    return [one.transaction_id for one in executed]


def test_members_of_a_batch_go_in_separately_through_any_node() -> None:
    """In any order, over several blocks, beside what is signed alone; one that never comes keeps nobody waiting."""
    cluster = NodeCluster(3, parameters=SMALL_BLOCKS)
    cluster.run(3_000)
    members = batched([cluster.notice(str(number)) for number in range(13)], administrator_key())
    alone = [cluster.notice(f"alone {number}") for number in range(3)]
    cluster.hosts[0].submit(*members[7:12], alone[0])
    cluster.hosts[1].submit(*reversed(members[:7]))
    cluster.run(1_000)
    cluster.hosts[2].submit(*alone[1:], members[3])
    cluster.run(2_000)
    found = settled(cluster)
    assert set(found) == {one.id for one in (*members[:12], *alone)} and len(found) == 15
    blocks = [len(one.transactions) for one in cluster.hosts[0].executed.values() if one.transactions]
    assert len(blocks) >= 4


def test_one_transaction_signed_twice_is_executed_once() -> None:
    """Alone and in two batches, handed in at three nodes at once: the id is the same, whatever the envelope."""
    cluster = NodeCluster(3)
    cluster.run(3_000)
    alone = [cluster.notice(str(number)) for number in range(5)]
    signed = [alone, batched(alone, administrator_key()), batched(alone[::-1], administrator_key())[::-1]]
    for host, transactions in zip(cluster.hosts, signed, strict=True):
        host.submit(*transactions)
    cluster.run(3_000)
    assert sorted(settled(cluster)) == sorted(one.id for one in alone)
    cluster.hosts[2].submit(*signed[1])
    assert all(isinstance(one, Admitted) and one.known for one in cluster.hosts[2].answers[-5:])
    cluster.run(1_000)
    assert len(settled(cluster)) == 5

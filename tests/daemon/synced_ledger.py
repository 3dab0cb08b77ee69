"""A ledger of three voters with a day's work, made once, and networks that go on with it; for syncing by snapshot."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from daemon.sign_state import SignState
from storage.memory import MemoryStore
from tests.daemon.node_cluster import NodeCluster

# Long enough for what the tests do after the ledger was made; the ledger is older than that by then.
LIFETIME_MS = 60_000
NETWORK: dict[str, Any] = {"voters": 3, "observers": 1}


@dataclass
class Ledger:
    """What three voters had on their disks after a day's work."""

    stores: list[MemoryStore]
    sign_states: list[SignState]
    certificates: list[bytes]
    now_ms: int
    nonces: int


def until(cluster: NodeCluster, holds: Callable[[], object], seconds: int = 30, step_ms: int = 500) -> None:
    """Let the network go on until something holds."""
    for _ in range(seconds * 1000 // step_ms):
        if holds():
            return
        cluster.run(step_ms)
    raise AssertionError("it did not happen in time")


def parameters(lifetime_ms: int) -> dict[str, int]:
    return {
        "transaction_lifetime_ms_max": lifetime_ms,
        "transactions_per_sender_per_day_max": 10_000_000,
        "block_transactions_max": 2048,
        "block_size_bytes_max": 1_048_576,
        "clock_skew_ms_max": 5000,
        "window_blocks_max": 8,
    }


def notice(cluster: NodeCluster, title: str) -> None:
    assert cluster.leader is not None
    cluster.leader.submit(cluster.notice(title, expires_ms=cluster.now_ms + LIFETIME_MS // 2))


@lru_cache(maxsize=1)
def day_of_work() -> Ledger:
    """Twenty-four notices, the first twelve of which are too old to come again."""
    cluster = NodeCluster(**NETWORK, parameters=parameters(LIFETIME_MS))
    cluster.hosts[3].crash()
    until(cluster, lambda: cluster.leader is not None)
    for number in range(24):
        notice(cluster, f"notice {number}")
        cluster.run(200)
        if number == 11:
            cluster.run(1000)
            cluster.now_ms += 2 * LIFETIME_MS
            until(cluster, lambda: cluster.leader is not None)
    cluster.run(2000)
    voters = cluster.hosts[:3]
    for host in voters:
        host.syncing.make(host.store)
    return Ledger(
        [one.store for one in voters],
        [one.sign_state for one in voters],
        [one.certificate for one in voters],
        cluster.now_ms,
        cluster.nonces,
    )


def later(ledger: Ledger, snapshots: bool = True, **sync: Any) -> NodeCluster:
    """The three voters after a restart, with a snapshot each, and a fourth node that has nothing, not started yet."""
    cluster = NodeCluster(**NETWORK, parameters=parameters(LIFETIME_MS), sync={"behind": 16, **sync})
    cluster.now_ms, cluster.nonces = ledger.now_ms, ledger.nonces
    cluster.network.clear()
    for host in cluster.hosts:
        host.crash()
    for number, host in enumerate(cluster.hosts[:3]):
        host.store = deepcopy(ledger.stores[number])
        host.sign_state, host.certificate = ledger.sign_states[number], ledger.certificates[number]
        if snapshots:
            host.syncing.make(host.store)
        host.start()
    until(cluster, lambda: cluster.leader is not None)
    return cluster

"""A node joins by snapshot while others write all the time, and while one of those that it fetches from is killed."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from cli.audit.run import run_audit
from daemon.home import create_home, join_home
from ledger.transaction import Transaction
from storage.lmdb_store import LmdbStore
from tests.free_ports import free_address
from tests.system.process_network import DEADLINE_S, ProcessNetwork, ProcessNode
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

# Two snapshots are kept, so one has to last for as long as fetching it takes while the ledger grows by up to a hundred
# blocks a second. Only who joins takes one, and is nearer afterwards.
INTERVAL_BLOCKS = 192
BEHIND_BLOCKS = 80


def configure(node: ProcessNode, **settings: int) -> None:
    path = node.home / "config.toml"
    text = path.read_text("utf-8")
    for name, value in settings.items():
        lines = [f"{name} = {value}" if line.startswith(f"# {name} = ") else line for line in text.split("\n")]
        text = "\n".join(lines)
        assert f"\n{name} = {value}\n" in text
    path.write_text(text, "utf-8")


@contextmanager
def load(network: ProcessNetwork, nodes: list[ProcessNode]) -> Iterator[list[Transaction]]:
    """Write at these nodes, a transaction at a time each; gives those that were acknowledged."""
    done, acknowledged = threading.Event(), list[Transaction]()

    def write(node: ProcessNode) -> None:
        while not done.is_set():
            acknowledged.append(network.commit(node, "under load"))

    writers = [threading.Thread(target=write, args=(node,)) for node in nodes]
    for writer in writers:
        writer.start()
    try:
        yield acknowledged
    finally:
        done.set()
        for writer in writers:
            writer.join()


def has_snapshot(node: ProcessNode) -> bool:
    return any((node.home / "snapshots").glob("[1-9]*/manifest"))


def is_whole(node: ProcessNode) -> bool:
    """Whether a node has all blocks; while it begins again, nobody answers."""
    try:
        return bool(node.status()["kept_from"] == 1)
    except httpx.TransportError:
        return False


def log_of(node: ProcessNode) -> str:
    return node.home.with_name(f"{node.name}.log").read_text("utf-8")


def test_a_node_joins_by_snapshot_under_load_while_its_source_is_killed(tmp_path: Path) -> None:
    network = ProcessNetwork(tmp_path, 3, is_forked=True)
    for node in network.nodes:
        configure(node, snapshot_interval_blocks=INTERVAL_BLOCKS, state_sync_blocks=0)
    network.start()
    # Whoever leads stays: the load is to go on while a source is gone.
    leader = network.leader()
    source = next(node for node in network.nodes if node is not leader)
    writing = [node for node in network.nodes if node is not source]
    with load(network, network.nodes) as before:
        wait_until(lambda: all(map(has_snapshot, network.nodes)), DEADLINE_S, "all have a snapshot")
    late = ProcessNode(tmp_path / "late", is_forked=True)
    description = create_home(late.home, late.name, free_address())
    configure(late, state_sync_blocks=BEHIND_BLOCKS)
    network.govern(leader, "node-register", json.loads(description.to_json()))
    join_home(late.home, network.genesis)
    with load(network, writing[:1]) as meanwhile:
        late.launch()
        incoming = late.home / "snapshots" / "incoming"
        wait_until(incoming.exists, DEADLINE_S, "it syncs", is_brief=True)
        source.kill()
        late.wait_ready()
        network.nodes.append(late)
        wait_until(lambda: "snapshot-adopted" in log_of(late), DEADLINE_S, "it begins again on top of the snapshot")
        wait_until(lambda: bool(meanwhile) and is_whole(late), DEADLINE_S, "all of it is there")
        source.launch()
        source.wait_ready()
    network.wait_together()
    assert network.stop() == [0] * 4
    store = LmdbStore.open(late.home / "db", network.genesis.network_id, readonly=True)
    try:
        assert all(store.index_of(one.id) is not None for one in (*before, *meanwhile)), "acknowledged is there"
    finally:
        store.close()
    report = run_audit(str(late.home), late.home / "genesis.json", lambda phase, done, total: None)
    assert report.finding is None, report.finding
    assert "Traceback" not in log_of(late)

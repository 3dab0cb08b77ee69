"""A real network is upgraded node by node under load, and changes to a newer version of the protocol.

The older program is the one that is tested; the newer one is the same with version 2 of the protocol
(`tests.contracts.versions`) put into its table before it starts, which no setting can do.
"""

import time
import unittest.mock
from pathlib import Path

import pytest

import cli.audit.run
from cli.audit.run import run_audit
from cli.errors import EXIT_HALTED
from ledger.block import Header
from storage.lmdb_store import LmdbStore
from tests.contracts.versions import two_versions
from tests.system.process_network import DEADLINE_S, ProcessNetwork, ProcessNode
from tests.system.writers import Writers
from tests.waiting import wait_until

# More than the least (two windows), so that there is something to write before.
AHEAD_BLOCKS = 17 + 8
CALM_WRITES = 25
# What nobody may have to wait longer for while another node takes the lead; on a machine that is busy otherwise,
# as many times as long as nobody was told anything while nothing was going on.
PAUSE_S_MAX = 1.0
BUSY_TIMES = 4


def be_newer() -> None:
    """What makes the newer program of a process that is about to run a node."""
    unittest.mock.patch("daemon.run.builtin_protocols", two_versions).start()


def start_newer(node: ProcessNode) -> None:
    """Start a newer program on a node's folder, and wait until it is level."""
    node.prepare = be_newer
    node.launch()
    node.wait_ready()
    wait_until(lambda: node.status()["lag_blocks"] < 3, DEADLINE_S, f"{node.name} is level")


def stopped(node: ProcessNode) -> tuple[float, float]:
    """Stop a node as its operator does; from when to when."""
    assert node.process is not None
    began_s = time.monotonic()
    assert node.process.stop() == 0, node.process.said
    return began_s, time.monotonic()


def let_lead(network: ProcessNetwork, node: ProcessNode) -> None:
    """Let this node lead next."""
    while (leader := network.leader()) is not node:
        with leader.client() as client:
            answer = client.post(f"/v1/leadership:transfer?successor={node.id.hex()}")
        assert answer.status_code in (202, 409), answer.text
        wait_until(lambda: network.leader() is not leader, DEADLINE_S, "another node leads")


def versions_of(node: ProcessNode, network_id: bytes) -> list[int]:
    store = LmdbStore.open(node.home / "db", network_id, readonly=True)
    try:
        headers = [store.header(height) for height in range(1, store.head().executed_height + 1)]
    finally:
        store.close()
    return [Header.decode(one.header).protocol_version for one in headers if one is not None]


def announce(network: ProcessNetwork, node: ProcessNode, at: ProcessNode) -> None:
    """Let the ledger know what the program of a node can follow."""
    statement = node.ask("/v1/protocol")["statement"]
    signed = {name: bytes.fromhex(statement[name]) for name in ("node", "signature")}
    network.govern(at, "node-protocol", statement | signed)


@pytest.mark.slow
def test_a_rolling_upgrade_under_load_to_a_version_that_one_node_is_too_old_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = ProcessNetwork(tmp_path, 3, is_forked=True)
    network.start()
    leader = network.leader()
    first, last = (node for node in network.nodes if node is not leader)
    with Writers(network, 2) as writers:
        began_s = time.monotonic()
        wait_until(lambda: len(writers.told) >= CALM_WRITES, DEADLINE_S, "writers write")
        calm_s = writers.longest_pause_s(began_s, time.monotonic())
        stopped(first)
        start_newer(first)
        # The one that leads is the next: it hands over.
        handings_over = [stopped(leader)]
        start_newer(leader)
        for node in (first, leader):
            announce(network, node, first)
        let_lead(network, last)
        height = first.status()["height"] + AHEAD_BLOCKS
        network.govern(first, "protocol-set", {"version": 2, "height": height, "force": True})
        assert first.status()["protocol"]["scheduled"] == {"version": 2, "height": height}
        # The last one leads until then with its older program, hands over, and ends by itself.
        wait_until(lambda: first.status()["height"] >= height - 3, DEADLINE_S, "the height is near")
        near_s = time.monotonic()
        assert last.process is not None
        assert last.process.wait() == EXIT_HALTED
        wait_until(lambda: first.status()["executed_height"] >= height, DEADLINE_S, "version 2 is in force")
        handings_over.append((near_s, time.monotonic()))
        said = last.process.said
        start_newer(last)
    assert network.wait_together()["height"] > height
    assert f"from block {height} on the network follows version 2" in said
    assert "out-of-date" in said
    assert "Traceback" not in said
    assert network.stop() == [0, 0, 0]
    writers.check(network.nodes)
    for node in network.nodes:
        versions = versions_of(node, network.genesis.network_id)
        assert versions == [1] * (height - 1) + [2] * (len(versions) - height + 1)
    monkeypatch.setattr(cli.audit.run, "builtin_protocols", two_versions)
    assert run_audit(str(first.home), first.home / "genesis.json", lambda phase, done, total: None).finding is None
    pauses_s = [writers.longest_pause_s(*span) for span in handings_over]
    assert min(pauses_s) <= max(PAUSE_S_MAX, BUSY_TIMES * calm_s), (pauses_s, calm_s)

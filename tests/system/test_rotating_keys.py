"""Every voter of a real network gets new keys, one after another, under load: no write is lost, nobody stands still."""

import json
import threading
from base64 import b64encode
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.audit.run import run_audit
from daemon.home import Home
from daemon.seed import read_keys
from ledger.block import is_outcome
from ledger.transaction import decode_envelope
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey
from storage.lmdb_store import LmdbStore
from tests.cli.command import call
from tests.daemon.networks import administrator_key
from tests.system.process_network import DEADLINE_S, ProcessNetwork, ProcessNode
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

ALL_STEPS = ["register", "promote", "change", "demote", "leave"]


class Writer(threading.Thread):
    """Writes at one node after the other, each again with the same bytes until somebody says that it is committed."""

    def __init__(self, network: ProcessNetwork) -> None:
        super().__init__(daemon=True)
        self._network = network
        self._ends = threading.Event()
        self.acknowledged: dict[str, int] = {}

    def run(self) -> None:
        nodes = cycle(self._network.nodes)
        while not self._ends.is_set():
            transaction = self._network.notice(f"number {len(self.acknowledged)}")
            while transaction.id.hex() not in self.acknowledged and not self._ends.is_set():
                try:
                    answer = next(nodes).submit(transaction, wait_s=5)
                except httpx.TransportError:
                    # It ends, or starts again.
                    self._ends.wait(0.02)
                    continue
                if answer.get("status") == "committed":
                    self.acknowledged[transaction.id.hex()] = answer["index"]

    def wait_for_more(self, more: int) -> None:
        wanted = len(self.acknowledged) + more
        wait_until(lambda: len(self.acknowledged) >= wanted, DEADLINE_S, f"{more} more acknowledged")

    def end(self) -> None:
        self._ends.set()
        self.join(DEADLINE_S)


def rotate(node: ProcessNode, key: Path, *words: object) -> dict[str, Any]:
    answer = call("--json", "keys", "rotate", *words, "--home", node.home, "--key", key)
    assert answer.status == 0, answer.err
    found = answer.document
    assert isinstance(found, dict)
    return found


def test_every_voter_gets_new_keys_under_load(tmp_path: Path) -> None:
    network = ProcessNetwork(tmp_path, 3, is_forked=True)
    key = _administrator_file(tmp_path / "admin.key")
    network.start()
    before = {node.id for node in network.nodes}
    writer = Writer(network)
    writer.start()
    for node in network.nodes[:2]:
        told = rotate(node, key, "--again")
        assert (told["state"], told["steps"], told["old"]) == ("done", ALL_STEPS, node.id.hex())
        node.id = read_keys(Home(node.home).seed).node_id
        assert told["new"] == node.id.hex()
        # Whoever asks again is told that it is through.
        assert rotate(node, key)["state"] == "fresh"
        writer.wait_for_more(3)
    _rotate_while_down(network, network.nodes[2], key)
    writer.wait_for_more(3)
    writer.end()

    network.leader()
    together = network.wait_together()
    status = network.nodes[0].status()
    now = {node.id for node in network.nodes}
    assert {bytes.fromhex(one) for one in status["voters"]} == now
    assert not now & before
    nodes = network.nodes[0].ask("/v1/records/node?limit=1000")["records"]
    assert {one["id"] for one in nodes if one["fields"]["state"] != "left"} == {one.hex() for one in now}
    assert network.stop() == [0, 0, 0]
    assert len(writer.acknowledged) > 10
    for node in network.nodes:
        _check_ledger(node, network, writer.acknowledged, together["tree_size"])
        assert "Traceback" not in node.home.with_name(f"{node.name}.log").read_text("utf-8")
    # Two voters of one name, and the decision that covers four steps, are nothing that an auditor stumbles over.
    report = run_audit(str(network.nodes[0].home), Home(network.nodes[0].home).genesis, lambda phase, done, total: None)
    assert report.finding is None, report.finding


def _rotate_while_down(network: ProcessNetwork, node: ProcessNode, key: Path) -> None:
    """Its operator made the next keys and the machine went down: officers go on at another node; it comes back."""
    made = call("--json", "keys", "next", "--home", node.home)
    assert made.status == 0, made.err
    node.kill()
    told: list[dict[str, Any]] = []
    file = Path(made.document["public_file"])
    officers = threading.Thread(
        target=lambda: told.append(rotate(network.nodes[0], key, node.name, "--successor", file)), daemon=True
    )
    officers.start()
    new_id = made.document["node_id"]
    wait_until(
        lambda: any(one["id"] == new_id for one in network.nodes[0].ask("/v1/records/node")["records"]),
        DEADLINE_S,
        "the next keys are registered",
    )
    node.launch()
    node.wait_ready()
    officers.join(DEADLINE_S)
    assert [one["state"] for one in told] == ["done"]
    assert told[0]["steps"] == ALL_STEPS
    node.id = read_keys(Home(node.home).seed).node_id
    assert node.id.hex() == new_id


def _administrator_file(path: Path) -> Path:
    key = administrator_key()
    public = VerifierKey("member", KEY_TYPE_MEMBER, key.public)
    seed = b64encode(bytes([100]) * 32).decode("ascii")
    path.write_text(json.dumps({"format": "banyan-key/v1", "public": str(public), "seed": seed}), "utf-8")
    path.chmod(0o600)
    return path


def _check_ledger(node: ProcessNode, network: ProcessNetwork, acknowledged: dict[str, int], size: int) -> None:
    """What was acknowledged stands where it was said to be, and nothing stands twice."""
    store = LmdbStore.open(node.home / "db", network.genesis.network_id, readonly=True)
    try:
        entries = [bytes(one) for one in store.entries(0, size)]
    finally:
        store.close()
    ids = [None if is_outcome(one) else decode_envelope(one).id.hex() for one in entries]
    found = [one for one in ids if one is not None]
    assert len(set(found)) == len(found)
    assert {one: ids.index(one) for one in acknowledged} == acknowledged

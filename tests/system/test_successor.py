"""Three of five voters are lost for good, and the two that are left start a successor network."""

import json
import os
import shutil
from pathlib import Path

import pytest

from ledger.genesis import parse_genesis
from ledger.transaction import Transaction, build_transaction
from tests.cli.command import call
from tests.daemon.networks import administrator_key
from tests.free_ports import free_address
from tests.storage.backup.ledgers import without_probe
from tests.system.process_network import HOUR_MS, ProcessNetwork, ProcessNode, now_ms
from tests.system.test_backup import banyan
from tests.waiting import wait_until

NAME = "successor.example/ledger"


def started(nodes: list[ProcessNode]) -> None:
    for node in nodes:
        node.launch()
    for node in nodes:
        node.wait_ready()


@pytest.mark.slow
def test_three_of_five_are_lost_and_the_affairs_go_on(tmp_path: Path) -> None:
    network = ProcessNetwork(tmp_path, 5, is_forked=True)
    network.start()
    survivors, lost = network.nodes[:2], network.nodes[2:]
    before = network.commit(survivors[0], "before the loss")
    network.wait_together()
    receipt = tmp_path / "old.receipt"

    def has_receipt() -> bool:
        return call("receipt", before.id.hex(), "--out", receipt, "--home", survivors[0].home).status == 0

    # A receipt stands on a checkpoint, which the voters cosign once the block is executed.
    wait_until(has_receipt, 30, "a receipt")
    network.wait_together()
    for node in lost:
        node.kill()
        shutil.rmtree(node.home)
    for node in survivors:
        node.kill()

    # New nodes, a draft from one survivor's ledger, endorsed by both.
    fresh = [ProcessNode(tmp_path / f"new-{number}", is_forked=True) for number in range(2)]
    voters: list[object] = []
    for node in fresh:
        banyan("init", "--home", node.home, "--name", node.name, "--listen", free_address())
        voters += ["--voter", node.home / "node.public.json"]
    genesis, inheritance = tmp_path / "successor.json", tmp_path / "records"
    words = ("successor", "draft", "--name", NAME, *voters, "--out", genesis, "--inheritance", inheritance)
    banyan(*words, "--home", survivors[0].home)
    unendorsed = call("join", "--genesis", genesis, "--inheritance", inheritance, "--home", fresh[0].home)
    assert (unendorsed.status, "successor endorse" in unendorsed.err) == (2, True)
    for node in survivors:
        endorsed = banyan("successor", "endorse", genesis, "--home", node.home)
    assert sorted(endorsed["predecessor"]["endorsed_by"]) == ["node-0", "node-1"]
    assert banyan("successor", "show", genesis)["predecessor"]["name"] == network.genesis.name

    # A tampered genesis is refused, and so is an old node.
    document = json.loads(genesis.read_text())
    document["voters"][0]["address"] = "192.0.2.1:1"
    (tmp_path / "tampered.json").write_text(json.dumps(document))
    tampered = call("join", "--genesis", tmp_path / "tampered.json", "--home", fresh[0].home)
    assert tampered.status == 2
    assert "changed after they signed it" in tampered.err
    with without_probe():
        assert "endorsed a successor" in call("run", "--home", survivors[0].home).err

    for node in fresh:
        banyan("join", "--genesis", genesis, "--inheritance", inheritance, "--home", node.home)
    started(fresh)

    # The administrator's key signs for the account of the old network.
    key, successor = administrator_key(), parse_genesis(genesis.read_text())
    account = fresh[0].ask(f"/v1/records/member-key/{key.public.hex()}")["fields"]["account"]["$hex"]

    def notice() -> Transaction:
        return build_transaction(
            successor.network_id,
            bytes.fromhex(account),
            "notice.post",
            {"unit": "branch-1", "title": "after the loss"},
            os.urandom(16),
            now_ms() + HOUR_MS,
            [key],
        )

    transaction = notice()

    def is_committed() -> bool:
        return fresh[0].submit(transaction).get("status") == "committed"

    wait_until(is_committed, 30, "a write in the successor")
    listed = fresh[1].ask("/v1/records/notice?linearizable=true")["records"]
    assert sorted(one["fields"]["title"] for one in listed) == ["after the loss", "before the loss"]
    for node in fresh:
        assert node.process is not None
        node.process.terminate()
    for node in fresh:
        assert node.process is not None
        assert node.process.wait() == 0

    # The old receipt still verifies, by the policy that the successor's genesis keeps; the new ledger can be audited.
    banyan("successor", "policy", genesis, "--out", tmp_path / "old.policy")
    verified = banyan("verify", receipt, "--policy", tmp_path / "old.policy")
    assert verified["entries"][0]["transaction"]["id"] == before.id.hex()
    assert banyan("audit", "--from", fresh[0].home, "--genesis", genesis)["ok"] is True

"""What operators see of three real nodes: one transaction in all logs, and the doctor as voters are lost."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import call
from tests.system.process_network import DEADLINE_S, MSGPACK, ProcessNetwork, ProcessNode
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
# The disk of the machine that runs the tests is its own affair.
OF_THE_MACHINE = {"disk-low", "disk-critical", "disk-full"}
# A quarter of what operators are told by: the tests would wait for the rest.
SILENT_MS = 2500


@pytest.fixture
def network(tmp_path: Path) -> Iterator[ProcessNetwork]:
    """Three nodes that log JSON."""
    found = ProcessNetwork(tmp_path, 3, is_forked=True)
    for node in found.nodes:
        path = node.home / "config.toml"
        path.write_text(path.read_text("utf-8").replace('# log_format = "console"', 'log_format = "json"'), "utf-8")
    found.start()
    yield found


def log_of(node: ProcessNode) -> Path:
    return node.home.with_name(f"{node.name}.log")


def lines_about(node: ProcessNode, transaction_id: str) -> dict[str, dict[str, Any]]:
    """What a node logged of a transaction, by event."""
    found = {}
    for line in log_of(node).read_text("utf-8").splitlines():
        if transaction_id in line:
            told = json.loads(line)
            found[told["event"]] = told
    return found


def examined(node: ProcessNode) -> set[str]:
    """The codes that the doctor tells of a node."""
    answer = call("--json", "doctor", "--home", node.home)
    return {one["code"] for one in answer.document["findings"]} - OF_THE_MACHINE


def sights_of(node: ProcessNode) -> list[dict[str, Any]]:
    """What the neighbours of a node have told it of themselves."""
    return [peer["sight"] for peer in node.ask("/v1/peers")["peers"] if peer["sight"] is not None]


def test_a_transaction_is_followed_and_the_doctor_names_what_is_wrong(
    network: ProcessNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.doctor.look.SILENT_MS", SILENT_MS)
    leader = network.leader()
    here, there = (node for node in network.nodes if node is not leader)

    # Handed in at a follower: its log has the request, every log has the rest, under the same id.
    transaction = network.notice("to be followed")
    with here.client() as client:
        headers = {**MSGPACK, "X-Request-Id": "visit-17"}
        answer = client.post("/v1/transactions?wait=20", content=transaction.envelope, headers=headers)
    assert answer.json()["status"] == "committed" and answer.headers["x-request-id"] == "visit-17"
    network.wait_together()
    told = {node.name: lines_about(node, transaction.id.hex()) for node in network.nodes}
    assert told[here.name]["transaction-admitted"]["request"] == "visit-17"
    for node in network.nodes:
        came = "transaction-admitted" if node is here else "transaction-received"
        assert list(told[node.name]) == [came, "transaction-in-block", "transaction-executed"], node.name
        done = told[node.name]["transaction-executed"]
        assert (done["height"], done["code"], done["index"]) == (
            answer.json()["height"],
            "ok",
            answer.json()["index"],
        )
        assert told[node.name]["transaction-in-block"]["proposer"] == leader.id.hex()

    # All is well; every node has heard of every other's clock and version.
    wait_until(lambda: here.status()["uptime_ms"] > SILENT_MS, DEADLINE_S, "the node knows its network")
    wait_until(lambda: examined(here) == set(), DEADLINE_S, "nothing is wrong")
    # (The doctor finds nothing wrong with a neighbour that has not told of itself yet.)
    wait_until(lambda: len(sights_of(here)) == 2, DEADLINE_S, "both neighbours told of themselves")
    sights = sights_of(here)
    assert all(abs(sight["clock_offset_ms"]) < 2000 and sight["software"] for sight in sights)

    there.kill()
    expected = {"voter-silent", "quorum-at-risk", "unreachable"}
    wait_until(lambda: examined(here) == expected, DEADLINE_S, "one voter is missed")
    leader.kill()
    expected = {"voter-silent", "no-quorum", "alone", "unreachable"}
    wait_until(lambda: examined(here) - {"not-accepting"} == expected, DEADLINE_S, "two voters are missed")
    here.kill()
    assert examined(here) == {"stopped"}

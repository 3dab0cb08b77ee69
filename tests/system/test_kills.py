"""Nodes of a ring are killed in turn under load, and one stays away for an import; nobody is told anything wrong."""

import http.client
import json
from pathlib import Path

import pytest

from cli.node_connection import NodeConnection
from tests.system.load import Load
from tests.system.networks import RING_OF_FOUR, real_network
from tests.system.real_network import RealNetwork

VOTERS = 4
IMPORTED = 400
# Three answers of blocks at least: what is missing comes in more than one piece.
IMPORT_BATCH = 100
# A machine that is too busy for heartbeats elects anew now and then.
TRIES_MAX = 3


@pytest.mark.root
@pytest.mark.slow
def test_each_node_is_killed_in_turn_under_load_and_one_misses_an_import(tmp_path: Path) -> None:
    with real_network(tmp_path, VOTERS, RING_OF_FOUR) as network:
        load = Load(network)
        with load.running():
            load.wait_for_more(10)
            killed: set[int] = set()
            while len(killed) < VOTERS:
                # The leader goes first, then whoever leads after it, then those who are left.
                leader = network.wait_leader()
                number = leader if leader not in killed else min(set(range(VOTERS)) - killed)
                network.nodes[number].kill()
                killed.add(number)
                load.wait_for_more(8)
                network.nodes[number].start()
                wait_caught_up(network, number)
        network.wait_converged()
        assert any(is_import_missed(network, load) for _ in range(TRIES_MAX)), "nobody leads for that long"
        load.check()


def wait_caught_up(network: RealNetwork, number: int) -> None:
    """Until the node has executed what the others had when it was asked first."""
    wanted = max(height or 0 for height in network.heights())
    network.wait(lambda: (network.heights()[number] or 0) >= wanted, f"node {number} at {wanted}")


def is_import_missed(network: RealNetwork, load: Load) -> bool:
    """The node across from the leader is down for all of it, and catches up; its neighbours follow, as it does.

    False if another node leads in the end, so that it may have caught up with the leader's help.
    """
    leader = network.wait_leader()
    away = (leader + 2) % VOTERS
    node = network.nodes[away]
    assert node.stop() == 0
    imported = [load.members.notice("import", load.members.next_number()) for _ in range(IMPORTED)]
    for start in range(0, IMPORTED, IMPORT_BATCH):
        batch = imported[start : start + IMPORT_BATCH]
        for told in submit_batch(network.nodes[(leader + 1) % VOTERS].home, [one.envelope for one in batch]):
            assert told["status"] == "committed", told
            load.acknowledged.note(str(told["id"]), told)
    said = len(node.said)
    node.start()
    network.wait_converged()
    connected = [line for line in node.said[said:].splitlines() if "peer-connected" in line]
    id_of_leader = network.id_of(leader)
    assert connected
    return network.wait_leader() == leader and not any(id_of_leader in line for line in connected)


def submit_batch(home: Path, envelopes: list[bytes]) -> list[dict[str, object]]:
    """What the node answers to each."""
    connection = NodeConnection(home)
    headers = {"Content-Type": "application/octet-stream", "Accept": "application/x-ndjson"}
    try:
        body = b"".join(len(one).to_bytes(4, "big") + one for one in envelopes)
        connection.request("POST", "/v1/transactions:batch", body, headers)
        answer = connection.getresponse()
        assert answer.status == http.client.OK, answer.read()
        return [json.loads(line) for line in answer.read().splitlines()]
    finally:
        connection.close()

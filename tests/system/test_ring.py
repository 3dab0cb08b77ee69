"""Four real nodes in a ring: they elect a leader, commit what is handed in anywhere, and outlive the leader's death."""

import time
from pathlib import Path

import pytest

from tests.system.process_network import DEADLINE_S, ProcessNetwork, ProcessNode, ring
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
# With the default timeouts an election takes one to three seconds; the rest is for a busy machine.
RESUME_SECONDS_MAX = 20


def neighbours_of(node: ProcessNode) -> set[str]:
    """Names of the nodes that it talks with, which say how far they are."""
    peers = node.ask("/v1/peers")["peers"]
    return {one["name"] for one in peers if one["neighbour"] and one["connected"] and one["height"] is not None}


def test_a_ring_agrees_outlives_its_leader_and_ends_cleanly(tmp_path: Path) -> None:
    network = ProcessNetwork(tmp_path, 4, ring(4))
    network.start()
    first = network.leader()

    # Each node talks to the two that it is told to, and to nobody else.
    wanted = [{network.nodes[other].name for other in numbers} for numbers in ring(4)]
    wait_until(lambda: [neighbours_of(node) for node in network.nodes] == wanted, DEADLINE_S, "everybody has its two")

    # What is handed in anywhere is committed, and seen everywhere.
    transactions = [network.commit(node, f"at {node.name}") for node in network.nodes]
    network.wait_together()
    for node in network.nodes:
        for transaction in transactions:
            assert node.ask(f"/v1/transactions/{transaction.id.hex()}")["status"] == "committed"

    # After a linearizable read, a node that does not lead has what another one has just reported.
    follower = next(node for node in network.nodes if node is not first)
    newest = network.commit(first, "newest")
    follower.ask(f"/v1/records/node/{first.id.hex()}?linearizable=true")
    assert follower.ask(f"/v1/transactions/{newest.id.hex()}")["status"] == "committed"

    # The leader dies: the others elect another one and go on.
    first.kill()
    begun = time.monotonic()
    network.commit(follower, "without the first leader")
    assert time.monotonic() - begun < RESUME_SECONDS_MAX
    assert network.leader() is not first

    # It comes back, catches up, and takes part.
    first.launch()
    first.wait_ready()
    together = network.wait_together()
    assert together["tree_size"] > 0
    network.commit(first, "at the one that came back")
    network.wait_together()

    assert network.stop() == [0, 0, 0, 0]
    for node in network.nodes:
        assert node.process is not None and "Traceback" not in node.process.said


def test_a_leader_that_is_told_to_stop_hands_over_first(tmp_path: Path) -> None:
    network = ProcessNetwork(tmp_path, 3, is_forked=True)
    network.start()
    leader = network.leader()
    others = [node for node in network.nodes if node is not leader]
    term = leader.status()["term"]
    assert leader.process is not None
    assert leader.process.stop() == 0
    # Handing over ends the term at once: nobody waits for an election timeout.
    assert "handed-over" in leader.process.said
    leader.process = None
    wait_until(lambda: others[0].status()["term"] == term + 1, DEADLINE_S, "the successor's term")
    network.commit(others[0], "under the successor")
    assert network.stop() == [0, 0]


def test_a_node_without_a_quorum_serves_what_it_has(tmp_path: Path) -> None:
    network = ProcessNetwork(tmp_path, 3, is_forked=True)
    lone = network.nodes[0]
    lone.launch()
    lone.wait_ready()
    status = lone.status()
    assert (status["leader"], status["accepting"]) == (None, False)
    assert "no transactions" in status["reason"]
    assert lone.process is not None
    assert lone.process.stop() == 0

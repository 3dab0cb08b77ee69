"""A fifth node joins a running network by invitation, is registered, gets a vote, and the leader loses its own."""

import json
from pathlib import Path

import pytest

from daemon.home import Home, create_home, join_home
from ledger.node_keys import NodeDescription
from tests.free_ports import free_address
from tests.system.process_network import DEADLINE_S, ProcessNetwork, ProcessNode, ring
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


def test_a_node_joins_by_invitation_and_takes_the_leaders_place(tmp_path: Path) -> None:
    network = ProcessNetwork(tmp_path, 4, ring(4))
    network.start()
    leader = network.leader()
    host = next(node for node in network.nodes if node is not leader)
    network.commit(host, "before it joined")

    # Nobody but its host lets it in, and it follows; after a restart of the host too.
    fifth = network.invited(tmp_path / "node-4", host)
    fifth.launch()
    fifth.wait_ready()
    network.wait_together()
    assert fifth.status()["role"] == "observer"
    assert host.process is not None and host.process.stop() == 0
    host.launch()
    host.wait_ready()
    network.commit(fifth, "at the guest")
    network.wait_together()

    # The registry takes it in, and the voters make it one of them.
    description = NodeDescription.from_json(Home(fifth.home).public.read_text("utf-8"))
    network.govern(host, "node-register", json.loads(description.to_json()))
    leader = network.leader()
    network.govern(leader, "voter-add", {"node": fifth.id})
    wait_until(lambda: fifth.id.hex() in fifth.status()["voters"], DEADLINE_S, "the fifth node votes")
    wait_until(lambda: leader.status()["voters_confirmed"], DEADLINE_S, "the change is confirmed")

    # The leader loses its vote: another one leads, and everything goes on.
    network.govern(host, "voter-remove", {"node": leader.id})
    wait_until(lambda: network.leader() is not leader, DEADLINE_S, "another voter leads")
    network.commit(fifth, "without the first leader's vote")
    network.wait_together()
    assert leader.id.hex() not in fifth.status()["voters"] and fifth.status()["role"] != "observer"
    assert network.stop() == [0] * 5


def test_a_node_that_is_registered_first_needs_no_invitation(tmp_path: Path) -> None:
    network = ProcessNetwork(tmp_path, 3)
    network.start()
    network.commit(network.leader(), "before it joined")
    fourth = ProcessNode(tmp_path / "node-3")
    description = create_home(fourth.home, fourth.name, free_address())
    network.govern(network.nodes[0], "node-register", json.loads(description.to_json()))
    join_home(fourth.home, network.genesis)
    network.nodes.append(fourth)
    fourth.launch()
    fourth.wait_ready()
    network.wait_together()
    assert fourth.status()["role"] == "observer"
    network.commit(fourth, "at the observer")
    assert network.stop() == [0] * 4

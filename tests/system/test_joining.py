"""A fifth node joins a running network by invitation, is registered, gets a vote, and the leader loses its own."""

import json
from pathlib import Path

import pytest

from daemon.home import Home, create_home, join_home
from daemon.hospitality import Hospitality
from daemon.run import now_ms
from daemon.seed import read_keys
from ledger.node_keys import NodeDescription
from p2p.contacts import Contact
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
    network = ProcessNetwork(tmp_path, 3, is_forked=True)
    network.start()
    network.commit(network.leader(), "before it joined")
    fourth = ProcessNode(tmp_path / "node-3", is_forked=True)
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


def test_an_invitation_that_ends_shuts_its_guest_out_with_the_reason(tmp_path: Path) -> None:
    """It ends fifteen seconds after it was made, as if it had been made an hour before."""
    network = ProcessNetwork(tmp_path, 1, is_forked=True)
    (host,) = network.nodes
    guest = ProcessNode(tmp_path / "node-1", is_forked=True)
    description = create_home(guest.home, guest.name, free_address())
    place = NodeDescription.from_json(Home(host.home).public.read_text("utf-8"))
    keys = read_keys(Home(host.home).seed)
    made_ms = now_ms() - 3_600_000 + 15_000
    hospitality = Hospitality(Home(host.home).invitations, network.genesis.network_id, keys, made_ms)
    own = Contact(place.node_id, keys.transport.public, place.address)
    invitation = hospitality.make(description, own, 1, made_ms)
    hospitality.keep(invitation, made_ms)
    join_home(guest.home, network.genesis, invitation, now_ms())
    network.nodes.append(guest)
    network.start()
    log = host.home.with_name(f"{host.name}.log")
    wait_until(lambda: "peer-connected" in log.read_text("utf-8"), DEADLINE_S, "the guest is let in")
    wait_until(lambda: "reason=invitation-expired" in log.read_text("utf-8"), DEADLINE_S, "it is shut out")
    with host.client() as client:
        lines = client.get("/v1/peers").json()["peers"]
    (told,) = [one for one in lines if one["id"] == description.node_id.hex()]
    assert (told["connected"], told["ending"]["reason"]) == (False, "invitation-expired")
    network.commit(host, "nobody was harmed")
    assert network.stop() == [0, 0]

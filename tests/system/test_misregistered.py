"""The doctor at real nodes that are not what the registry says, whose keys grow old, and whom nobody lets in.

Two voters are well themselves. What is wrong is a third node, first only invited, then registered at an address where
nobody listens, and let go at last; one that is to be a voter and never runs; one of another network; a stranger; disks
with little room; and time.
"""

import json
import os
import socket
import unittest.mock
from pathlib import Path

import pytest

import daemon.run
from daemon.home import create_home, join_home
from ledger.genesis import parse_genesis
from ledger.node_keys import NodeDescription
from tests.cli.command import call
from tests.daemon.networks import genesis_text
from tests.free_ports import free_address
from tests.system.process_network import DEADLINE_S, ProcessNetwork, ProcessNode, now_ms
from tests.system.test_ailing import expect, look_often, start
from tests.system.test_seeing import SILENT_MS, examined
from tests.system.test_upgrading import announce, be_newer
from tests.waiting import wait_until

DAY_MS = 86_400_000
# With two voters none may fail.
EVERYWHERE = {"no-spare-voter"}


def described(node: ProcessNode) -> dict[str, str]:
    found: dict[str, str] = json.loads((node.home / "node.public.json").read_text("utf-8"))
    return found


def listening(node: ProcessNode) -> str:
    return described(node)["address"]


def configure(node: ProcessNode, setting: str, value: str) -> None:
    """Write a setting that is commented out into a node's file."""
    path = node.home / "config.toml"
    lines = [
        f"{setting} = {value}" if one.startswith(f"# {setting} =") else one for one in path.read_text().split("\n")
    ]
    path.write_text("\n".join(lines), "utf-8")


def levels(node: ProcessNode) -> set[str]:
    """What the doctor says of a node's disk."""
    answer = call("--json", "doctor", "--home", node.home)
    return {one["code"] for one in answer.document["findings"] if one["code"].startswith("disk-")}


def silence_ms(node: ProcessNode) -> int:
    """How long ago a node heard the last voter."""
    return int(min(node.status()["voters_heard_ms"].values()))


def of_another_genesis(home: Path, other: ProcessNode) -> ProcessNode:
    """A node that joined with the genesis of an earlier attempt, in which `other` is a voter too; it runs."""
    node = ProcessNode(home)
    create_home(home, node.name, free_address())
    voters = [
        NodeDescription.from_json((one.home / "node.public.json").read_text("utf-8")).to_value()
        for one in (node, other)
    ]
    genesis = parse_genesis(genesis_text(voters=voters, created_ms=now_ms() - DAY_MS))
    join_home(home, genesis)
    start(node)
    node.wait_ready()
    return node


def be_newer_and_look_often() -> None:
    """A program that knows one version of the protocol more."""
    look_often()
    be_newer()


def be_late() -> None:
    """A machine whose clock is two seconds behind; five are allowed."""
    look_often()
    true_ms = daemon.run.now_ms
    unittest.mock.patch("daemon.run.now_ms", lambda: true_ms() - 2000).start()


@pytest.mark.slow
def test_what_differs_from_the_registry_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.doctor.look.SILENT_MS", SILENT_MS)
    network = ProcessNetwork(tmp_path, 2, age_ms=100 * DAY_MS)
    sound, other = network.nodes
    # Below 4 GiB, and below 1 GiB, on any disk.
    configure(sound, "disk_quota_mib", "2048")
    configure(other, "disk_quota_mib", "512")
    for node in network.nodes:
        node.prepare = look_often
        start(node)
    for node in network.nodes:
        node.wait_ready()
    wait_until(lambda: levels(sound) == {"disk-low"}, DEADLINE_S, "the disk is small")
    assert levels(other) == {"disk-critical"}

    guest = network.invited(tmp_path / "guest", sound)
    guest.prepare = look_often
    start(guest)
    guest.wait_ready()
    expect(guest, EVERYWHERE | {"not-registered"})
    # At this address of the machine nobody listens.
    elsewhere = listening(guest).replace("127.0.0.1", "127.0.0.2")
    network.govern(sound, "node-register", described(guest) | {"address": elsewhere})
    expect(guest, EVERYWHERE | {"address-differs", "not-reached", "seen-elsewhere"})

    # The registry is of a hundred days ago.
    network.govern(sound, "parameters-set", {"node_key_lifetime_days": 150})
    expect(sound, EVERYWHERE | {"keys-expire"})
    network.govern(sound, "parameters-set", {"node_key_lifetime_days": 90})
    expect(sound, EVERYWHERE | {"keys-expired"})
    network.govern(sound, "parameters-set", {"node_key_lifetime_days": 0})

    network.govern(sound, "node-remove", {"node": guest.id})
    # And long after: of voters that may not talk to it, the guest says nothing, neither that they are silent nor that
    # there are too few of them.
    expect(guest, {"left", "alone", "shut-out"})
    wait_until(lambda: silence_ms(guest) > SILENT_MS, DEADLINE_S, "the voters are silent for the guest")
    expect(guest, {"left", "alone", "shut-out"})


@pytest.mark.slow
def test_who_is_no_part_of_the_network_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.doctor.look.SILENT_MS", SILENT_MS)
    network = ProcessNetwork(tmp_path / "own", 2)
    # Of two clocks nobody can say which one is wrong.
    network.nodes[0].prepare, network.nodes[1].prepare = look_often, be_late
    differ = EVERYWHERE | {"clocks-differ"}
    for node in network.nodes:
        start(node)
    for node in network.nodes:
        node.wait_ready()
    sound = network.nodes[0]
    host, _, port = listening(sound).rpartition(":")
    with socket.create_connection((host, int(port)), timeout=DEADLINE_S) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        expect(sound, differ | {"strangers"})
    mistaken = of_another_genesis(tmp_path / "mistaken", sound)
    network.govern(sound, "node-register", described(mistaken))
    expect(sound, differ | {"strangers", "other-network"})

    # A voter that never runs: without another one that does run nothing could be written, so its removal waits.
    absent = network.invited(tmp_path / "absent", sound)
    network.govern(sound, "node-register", described(absent))
    network.govern(sound, "voter-add", {"node": absent.id})
    leader = network.leader()
    (follower,) = (node for node in network.running if node is not leader)
    answer = leader.submit(network.signed("governance.voter-remove", {"node": follower.id}), wait_s=1)
    assert answer["status"] == "pending", answer
    wait_until(lambda: "change-waits" in examined(leader), DEADLINE_S, "a change of voters waits")


@pytest.mark.slow
def test_what_is_to_change_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.doctor.look.SILENT_MS", SILENT_MS)
    network = ProcessNetwork(tmp_path, 3)
    newer, other, late = network.nodes
    for node in (newer, other):
        node.prepare = be_newer_and_look_often
    late.prepare = be_late
    # By its clock the settings would be younger than the process.
    os.utime(late.home / "config.toml", (0, 0))
    for node in network.nodes:
        start(node)
    for node in network.nodes:
        node.wait_ready()
    expect(newer, {"peer-clock"})
    expect(late, {"clock-drifts"})

    for node in (newer, other):
        announce(network, node, newer)
    network.govern(newer, "protocol-set", {"version": 2, "height": 1000, "force": True})
    expect(newer, {"peer-clock", "protocol-changes", "protocol-unannounced"})
    expect(late, {"clock-drifts", "protocol-unknown", "protocol-unannounced"})

    # Its next keys, as `banyan keys rotate` registers them first.
    successor = create_home(tmp_path / "next", late.name, listening(late)).to_value()
    network.govern(newer, "node-register", {**successor, "replaces": late.id})
    # The others look for the new node at the old one's address, and say goodbye to who answers there.
    expect(late, {"clock-drifts", "protocol-unknown", "protocol-unannounced", "keys-changing", "strangers"})

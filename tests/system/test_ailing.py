"""The doctor at real nodes that are not well: a clock, an address, a program and settings that are wrong.

What the checks make of every document is in tests/cli/doctor; here nodes say it themselves. One node, which follows
without a vote, has the wrong clock, an older program and a registered address at which nobody answers; its neighbours
see that, and it is told so by them.
"""

import json
import unittest.mock
from functools import partial
from pathlib import Path

import pytest

import daemon.run
from p2p.lookout import LookoutTimes
from p2p.switchboard import TransportSettings
from tests.free_ports import free_address
from tests.system.process_network import DEADLINE_S, ProcessNetwork, ProcessNode
from tests.system.test_seeing import SILENT_MS, examined
from tests.waiting import wait_until

# More than the five seconds that a genesis allows.
CLOCK_BEHIND_MS = 60_000
OLD_VERSION = "0.0.1"


def look_often() -> None:
    """Neighbours tell what they see every half second instead of every half minute."""
    settings = partial(TransportSettings, rhythm=LookoutTimes(0.5, 0.5, 2.0))
    unittest.mock.patch("p2p.switchboard.TransportSettings", settings).start()


def be_ailing() -> None:
    """A machine whose clock is a minute behind, with a program of an earlier version."""
    look_often()
    true_ms = daemon.run.now_ms
    unittest.mock.patch("daemon.run.now_ms", lambda: true_ms() - CLOCK_BEHIND_MS).start()
    unittest.mock.patch("daemon.run.software_version", lambda: OLD_VERSION).start()


def start(node: ProcessNode) -> None:
    node.is_forked = True
    node.launch()


def expect(node: ProcessNode, findings: set[str]) -> None:
    """Wait until the doctor finds exactly this."""
    seen: set[str] = set()

    def is_found() -> bool:
        seen.clear()
        seen.update(examined(node))
        return seen == findings

    try:
        wait_until(is_found, DEADLINE_S, f"what is wrong at {node.name}")
    except AssertionError as error:
        raise AssertionError(f"found {sorted(seen)} instead of {sorted(findings)}") from error


@pytest.mark.slow
def test_a_wrong_clock_an_address_that_nobody_reaches_and_an_older_program_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.doctor.look.SILENT_MS", SILENT_MS)
    network = ProcessNetwork(tmp_path, 2)
    sound, other = network.nodes
    for node in network.nodes:
        node.prepare = look_often
        start(node)
    for node in network.nodes:
        node.wait_ready()

    ailing = network.invited(tmp_path / "ailing", sound)
    description = json.loads((ailing.home / "node.public.json").read_text("utf-8"))
    network.govern(sound, "node-register", description | {"address": free_address()})
    network.commit(sound, "a block of now")
    settings = (ailing.home / "config.toml").read_text("utf-8")
    names = f'neighbours = ["{sound.name}", "{other.name}", "nobody"]'
    (ailing.home / "config.toml").write_text(settings.replace("# neighbours = []", names), "utf-8")
    ailing.prepare = be_ailing
    start(ailing)
    ailing.wait_ready()

    everywhere = {"no-spare-voter"}
    told_to_it = {"clock-wrong", "ledger-ahead", "not-reached", "address-differs", "older", "command-differs"}
    expect(ailing, everywhere | told_to_it | {"neighbour-unknown", "not-restarted"})
    expect(sound, everywhere | {"peer-clock", "peer-older"})

"""`banyan watch` and `banyan peers`: against a real node, and with what a busy network answers."""

import json
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.commands import peers, watch
from cli.network_picture import Sample
from cli.session import Session
from tests.cli.command import Command, environment
from tests.cli.doctor.networks import Network
from tests.cli.running_node import RunningNode, make_home
from tests.waiting import ended_after

ENDING = {"at_ms": 1_790_000_000_000, "address": "127.0.0.1:9", "reason": "misbehaved", "detail": "its score is 3"}
STRANGER = {"at_ms": 1_790_000_000_000, "address": "127.0.0.1:8", "reason": "wrong-certificate", "detail": ""}
PEER: dict[str, Any] = {
    "id": "bb" * 32,
    "name": "beta",
    "connected": True,
    "neighbour": True,
    "height": 41,
    "lag_blocks": 3,
    "score": 97,
    "standing": "ok",
    "address": "127.0.0.1:7401",
    "offences": [],
    "sent_size_bytes": 1500,
    "received_size_bytes": 20,
    "banned_until_ms": None,
    "ending": None,
    "dialled": True,
    "sight": {
        "age_ms": 1,
        "clock_offset_ms": -1200,
        "software": "1.4",
        "address": "192.0.2.1:7001\x1b[2J",
        "reach": "not-reached",
        "reach_age_ms": 1,
    },
}
BANNED = PEER | {
    "id": "cc" * 32,
    "name": None,
    "connected": False,
    "height": None,
    "lag_blocks": None,
    "score": 3,
    "standing": "ban",
    "address": None,
    "offences": [{"offence": "flood", "detail": "500 frames\x1b[2J", "age_ms": 10}],
    "banned_until_ms": 1_790_000_100_000,
    "ending": ENDING,
}
DOCUMENT = {"peers": [PEER, BANNED], "strangers": [STRANGER], "clock_ms": 1_790_000_001_000}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a running node."""
    node = RunningNode(make_home(tmp_path_factory.mktemp("watch")))
    yield node.home
    assert node.stop() == 0


def test_a_node_alone_has_no_peers(banyan: Command, home: Path) -> None:
    document = banyan.ok("peers", "--home", home)
    assert (document["peers"], document["strangers"]) == ([], [])
    assert "No other node has been in contact." in banyan("peers", "--home", home).err


def test_peers_are_shown_with_their_troubles(
    banyan: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.client.NodeClient.get", lambda self, path: DOCUMENT)
    peers.peers(Session(Path("nowhere"), json=False))
    shown = capsys.readouterr().out
    for text in (
        "beta",
        "neighbour",
        "41",
        "good (97)",
        "1.5 kB",
        "banned (3)",
        "flood",
        "misbehaved (its score is 3)",
        "this node dialled · clock -1.2 s · version 1.4 · sees this node at 192.0.2.1:7001",
        "does not reach it at its address",
    ):
        assert text in shown
    assert "127.0.0.1:8" in shown
    assert "wrong-certificate" in shown
    assert "\x1b" not in shown, "nothing that a peer sent steers a terminal"


def test_watching_once_as_json(banyan: Command, home: Path) -> None:
    document = banyan.ok("watch", "--home", home)
    assert document["status"]["role"] == "leader"
    assert [(one["name"], one["state"]) for one in document["nodes"]] == [("node-1.example", "voter")]
    assert document["peers"]["peers"] == []
    assert {one["code"] for one in document["findings"]} <= {"disk-low", "disk-full"}


def test_watching_shows_the_node_and_its_figures(banyan: Command, home: Path) -> None:
    answer = banyan("watch", "--home", home, "--count", 2, "--interval", 0.2)
    assert answer.status == 0
    assert re.search(r"node-1\.example +leader +this node +\d+ +0", answer.out)
    for text in ("test.example/ledger", "takes transactions", "blocks/s", "log entries", "free on its disk"):
        assert text in answer.out


def test_watching_shows_what_is_wrong_and_how_far_a_node_has_caught_up(home: Path) -> None:
    network = Network(home)
    network.silence(0, 1)
    network.status["lag_blocks"] = 900
    online = network.look.online
    assert online is not None
    session = Session(home, json=False)
    warnings = watch._warnings(watch._findings(session, online))
    assert any(line.startswith("! no-quorum: ") for line in warnings)
    assert "banyan doctor" in warnings[-1]
    assert len(warnings) <= watch.WARNINGS_MAX + 1
    samples = deque((Sample(1_000, 10, 100), Sample(3_000, 30, 150)))
    assert "900 blocks behind · about 90 s to go" in watch._lines(online.status, None, samples)
    assert "900 blocks behind" in watch._lines(online.status, None, deque(list(samples)[:1]))
    sync = {
        "stage": "chunks",
        "height": 64,
        "done": 30,
        "total": 90,
        "size_bytes": 90_000_000,
        "sources": 2,
    }
    syncing = deque((Sample(1_000, 0, 0, "chunks", 10), Sample(3_000, 0, 0, "chunks", 30)))
    line = "fetching the snapshot of height 64 (90.0 MB), chunk 30 of 90, from 2 neighbours"
    status = {**online.status, "sync": sync}
    assert f"{line} · about 6 s to go" in watch._lines(status, None, syncing)
    syncing[0] = Sample(1_000, 0, 0, "headers", 10)
    assert line in watch._lines(status, None, syncing), "another stage tells nothing"


def test_watching_ends_at_ctrl_c(home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "watch", "--home", str(home), "--interval", "0.2"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    with ended_after(process, 60):
        assert "test.example/ledger" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error


def test_a_node_that_is_away_is_told(banyan: Command, tmp_path: Path) -> None:
    answer = banyan("--json", "watch", "--home", tmp_path / "nothing")
    assert answer.status != 0
    assert json.loads(answer.err)["error"]["message"]


@pytest.mark.parametrize("words", [("--interval", "0"), ("--count", "0")])
def test_wrong_options_are_refused(banyan: Command, home: Path, words: tuple[str, ...]) -> None:
    assert banyan("watch", "--home", home, *words).status == 2


def test_every_role_has_a_word() -> None:
    assert set(watch._ROLES) >= {"leader", "voter", "observer", "guest"}

"""`banyan watch` and `banyan peers`: against a real node, and with what a busy network answers."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.commands import peers, watch
from cli.session import Session
from tests.cli.command import Command, environment
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


def test_watching_shows_the_node_and_its_figures(banyan: Command, home: Path) -> None:
    answer = banyan("watch", "--home", home, "--count", 2, "--interval", 0.2)
    assert answer.status == 0
    assert re.search(r"node-1\.example +leader +this node +\d+ +0", answer.out)
    for text in ("test.example/ledger", "takes transactions", "blocks/s", "log entries"):
        assert text in answer.out


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

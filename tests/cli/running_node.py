"""A real node in a process of its own, for the commands that talk to one."""

import json
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.command import call, environment
from tests.fork_server import ForkedCommand
from tests.free_ports import free_address

NETWORK_NAME = "test.example/ledger"
# Starting takes about a second; a busy machine gets thirty.
START_DEADLINE_S = 30


def make_home(folder: Path, *further: str) -> Path:
    """A node's folder that belongs to a network of its own, with the administrator's key in it.

    `further` are words for `network new`.
    """
    home = folder / "home"
    for words in (
        ("init", "--home", home, "--name", "node-1.example", "--listen", free_address()),
        ("keygen", "--out", home / "admin.key"),
        (
            *("network", "new", "--name", NETWORK_NAME, "--voter", home / "node.public.json"),
            *("--admin", home / "admin.key", "--out", folder / "genesis.json", *further),
        ),
        ("join", "--home", home, "--genesis", folder / "genesis.json"),
    ):
        answer = call(*words)
        assert answer.status == 0, answer.err
    return home


class RunningNode:
    """`banyan run`, from READY on."""

    def __init__(self, home: Path) -> None:
        self.home = home
        words = ["run", "--home", str(home)]
        self._process = ForkedCommand(words, environment(), home.parent / "node.log", is_sound=True)
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], START_DEADLINE_S)
        line = self._process.stdout.readline() if ready else b""
        if line.strip() != b"READY":
            self.kill()
            raise AssertionError((home.parent / "node.log").read_text(encoding="utf-8"))

    def stop(self) -> int:
        """End it as an operator does; its exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._wait()

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self._wait()

    def _wait(self) -> int:
        status = self._process.wait(timeout=START_DEADLINE_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status


def when_under_way(
    words: list[object], journal: Path, lines: int, act: Callable[[subprocess.Popen[str]], None]
) -> tuple[int, str]:
    """Start a batch and `act` once its journal has so many outcomes; exit status and what it said on stderr."""
    command = subprocess.Popen(
        [sys.executable, "-m", "cli", *(str(word) for word in words)],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + START_DEADLINE_S
    while journal_lines(journal) < lines and command.poll() is None and time.monotonic() < deadline:
        select.select([], [], [], 0.002)
    act(command)
    _, error = command.communicate(timeout=START_DEADLINE_S)
    return command.returncode, error


def journal_lines(journal: Path) -> int:
    """How many outcomes a batch's journal has."""
    if not journal.exists():
        return 0
    found = 0
    for line in journal.read_bytes().splitlines():
        try:
            found += "code" in json.loads(line)
        except ValueError:
            continue
    return found

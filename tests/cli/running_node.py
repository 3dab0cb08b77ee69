"""A real node in a process of its own, for the commands that talk to one."""

import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.cli.command import call, environment
from tests.cli.held_answers import HeldAnswers
from tests.fork_server import ForkedCommand
from tests.free_ports import free_address
from tests.waiting import wait_until

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
        self.tell_to_stop()
        return self.wait()

    def tell_to_stop(self) -> None:
        """As `stop`, but return at once."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        """Its exit status, when it has ended."""
        status = self._process.wait(timeout=START_DEADLINE_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status


def when_under_way(
    words: list[object], home: Path, answers: int, act: Callable[[subprocess.Popen[str]], None]
) -> tuple[int, str]:
    """Start a batch, `act` where it has so many answers and gets no more, let it go on; its exit status and stderr."""
    with HeldAnswers(home, answers) as held:
        command = subprocess.Popen(
            [sys.executable, "-m", "cli", *(str(word) for word in words)],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        wait_until(lambda: held.is_held.is_set() or command.poll() is not None, START_DEADLINE_S, "the batch's answers")
        assert command.poll() is None, command.communicate()
        act(command)
        held.let_go()
        _, error = command.communicate(timeout=START_DEADLINE_S)
    return command.returncode, error

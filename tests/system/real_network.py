"""Several nodes as processes of their own, on hosts of their own, which a test kills, parts and joins again."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from http import HTTPStatus
from io import StringIO
from pathlib import Path
from typing import Any

from cli.main import main
from tests.cli.command import environment
from tests.fork_server import ForkedCommand
from tests.system.links import Links
from tests.system.list_client import ask
from tests.waiting import wait_until

NETWORK_NAME = "system.example/ledger"
# What takes a second or two on a machine that rests: on one that was busy, four nodes took a minute to start.
DEADLINE_S = 180.0


class RealNode:
    """One node: its folder, its log, and its process while it runs, which starts at once where it is forked."""

    def __init__(self, home: Path, links: Links, number: int, is_forked: bool = True) -> None:
        self.home = home
        self._links = links
        self._number = number
        self._is_forked = is_forked
        self._process: subprocess.Popen[bytes] | ForkedCommand | None = None
        # How often it was started, and the log of each time.
        self.starts = 0
        self.logs: list[Path] = []

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Begin; `wait_ready` says when it serves."""
        assert not self.runs
        self.starts += 1
        self.logs.append(self.home.parent / f"{self.home.name}-{self.starts}.log")
        words = ["run", "--home", str(self.home)]
        if self._is_forked:
            entering = self._links.entering(self._number)
            self._process = ForkedCommand(words, environment(), self.logs[-1], entering, is_sound=True)
        else:
            with self.logs[-1].open("wb") as log:
                self._process = subprocess.Popen(
                    [*self._links.command(self._number), sys.executable, "-m", "cli", *words],
                    env=environment(),
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                )
        self._links.started(self._number, self.pid)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def stop(self) -> int:
        """End it as an operator does; its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._ended()

    def _ended(self) -> int:
        assert self._process is not None
        status = self._process.wait(DEADLINE_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status

    def suspend(self) -> None:
        """Let it stand still, as a machine that sleeps."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    @property
    def said(self) -> str:
        """All that it wrote, each time it ran."""
        return "".join(one.read_text("utf-8") for one in self.logs)

    def status(self) -> dict[str, Any] | None:
        """What it says of itself; None if it does not answer, or is too busy to (429)."""
        if not self.runs:
            return None
        answer = ask(self.home, "GET", "/v1/status")
        assert answer is not None or self.runs, self.said[-4000:]
        return None if answer is None or answer.status != HTTPStatus.OK else dict(answer.document)


class RealNetwork:
    """Nodes on `links`, all of them voters at first; node N talks to `neighbours[N]` only, or to whom it likes.

    `settings` are further lines of each node's `config.toml`. What is forked has its memory in common with others, and
    the order of hashes (`tests.fork_server`).
    """

    def __init__(
        self,
        folder: Path,
        links: Links,
        size: int,
        neighbours: dict[int, Sequence[int]] | None = None,
        settings: str = "",
        is_forked: bool = True,
    ) -> None:
        self.folder = folder
        self.links = links
        self.nodes: list[RealNode] = []
        homes = [folder / name_of(number) for number in range(size)]
        for number, home in enumerate(homes):
            banyan("init", "--home", home, "--name", name_of(number), "--listen", links.address(number))
            _configure(
                home, links.address(number), links.listening(number), (neighbours or {}).get(number, ()), settings
            )
        banyan("keygen", "--out", folder / "admin.key")
        voters = [word for home in homes for word in ("--voter", home / "node.public.json")]
        genesis = ("--admin", folder / "admin.key", "--out", self.genesis)
        banyan("network", "new", "--name", NETWORK_NAME, *voters, *genesis)
        for number, home in enumerate(homes):
            banyan("join", "--home", home, "--genesis", self.genesis)
            self.nodes.append(RealNode(home, links, number, is_forked))

    @property
    def genesis(self) -> Path:
        return self.folder / "genesis.json"

    def start(self, numbers: Iterable[int]) -> None:
        """Start these and return when they have a leader."""
        started = tuple(numbers)
        for number in started:
            self.nodes[number].start()
        self.wait_leader(started)

    @property
    def running(self) -> list[RealNode]:
        """The nodes that run."""
        return [node for node in self.nodes if node.runs]

    def close(self) -> None:
        """End all nodes, whatever they do."""
        for node in self.nodes:
            node.kill()

    def wait(self, holds: Callable[[], bool], what: str, timeout_s: float = DEADLINE_S) -> None:
        """Return when `holds()`; where it does not, the error tells how the nodes stand then."""
        try:
            wait_until(holds, timeout_s, what)
        except AssertionError as error:
            last = "\n".join(f"-- {node.home.name}\n{node.said[-1500:]}" for node in self.nodes)
            raise AssertionError(f"{error}: {self.told()}\n{last}") from error

    # -- looking ------------------------------------------------------------------------------------------------

    def leader_among(self, numbers: Iterable[int]) -> int | None:
        """Which of these nodes says that it leads and has opened its term; the one of the highest term."""
        leading = []
        for number in numbers:
            status = self.nodes[number].status()
            if status is not None and status["role"] == "leader" and status["opened"]:
                leading.append((status["term"], number))
        return max(leading)[1] if leading else None

    def wait_leader(self, numbers: Iterable[int] | None = None, timeout_s: float = DEADLINE_S) -> int:
        """The leader among these nodes, once there is one."""
        among = range(len(self.nodes)) if numbers is None else tuple(numbers)
        found: list[int] = []

        def is_there() -> bool:
            leader = self.leader_among(among)
            if leader is not None:
                found.append(leader)
            return leader is not None

        self.wait(is_there, f"a leader among {[*among]}", timeout_s)
        return found[0]

    def wait_follows(self, number: int, among: Iterable[int], timeout_s: float = DEADLINE_S) -> None:
        """Return when the node is in the term of those others and has what they had executed when it was asked."""
        others = tuple(among)

        def newest() -> tuple[int, int]:
            told = [status for status in (self.nodes[one].status() for one in others) if status is not None]
            return max(one["term"] for one in told), max(one["executed_height"] for one in told)

        term, height = newest()

        def is_so() -> bool:
            status = self.nodes[number].status()
            return status is not None and status["term"] >= term and status["executed_height"] >= height

        self.wait(is_so, f"node {number} in term {term} at {height}", timeout_s)

    def id_of(self, number: int) -> str:
        """The id of a node, in hex."""
        status = self.nodes[number].status()
        assert status is not None
        found: str = status["node"]["id"]
        return found

    def heights(self) -> list[int | None]:
        """How far each node has executed; None where it does not answer."""
        told = [node.status() for node in self.nodes]
        return [None if status is None else status["executed_height"] for status in told]

    def wait_converged(self, timeout_s: float = DEADLINE_S) -> None:
        """Return when all nodes that run have executed the same blocks."""

        def is_so() -> bool:
            told = [node.status() for node in self.running]
            seen = {(one["executed_height"], one["state_digest"]) if one else None for one in told}
            return len(seen) == 1 and None not in seen

        self.wait(is_so, "the same blocks everywhere", timeout_s)

    def told(self) -> str:
        """How the nodes stand, for a message."""
        shown = ("role", "term", "height", "committed_height", "executed_height", "leader")
        return "; ".join(
            f"{number}: {'down' if status is None else {name: status.get(name) for name in shown}}"
            for number, status in enumerate(node.status() for node in self.nodes)
        )


def _configure(home: Path, address: str, listening: str, neighbours: Iterable[int], settings: str) -> None:
    """Let a node listen elsewhere than where others reach it, talk to these alone if there are any, and so on."""
    path = home / "config.toml"
    names = json.dumps([name_of(other) for other in neighbours])
    text = path.read_text("utf-8").replace(address, listening).replace("# neighbours = []", f"neighbours = {names}")
    path.write_text(text + settings, "utf-8")


def name_of(number: int) -> str:
    """The name of a node."""
    return f"node-{number}.example"


def banyan(*words: object) -> str:
    """A command of `banyan`, in this process; what it printed."""
    printed = StringIO()
    with redirect_stdout(printed), redirect_stderr(StringIO()):
        status = main([str(word) for word in words])
    assert status == 0, words
    return printed.getvalue()

"""The nodes of the demonstration, running: all started together, always all ended.

Owns the processes and the questions to their status; never decides what should be so. Invariant: whatever happens in
the `with` block, a second Ctrl-C while they end included, no process outlives it.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

from cli.client import NodeClient
from cli.demo.network import NodePlace
from cli.demo.node_process import NodeProcess
from cli.errors import CommandError, UnreachableError
from daemon.config import read_config

# Several election timeouts, on a machine that is busy with other things.
WAIT_S = 60.0
# Often enough to be no delay, seldom enough to be no load.
POLL_INTERVAL_S = 0.1

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class DemoNode:
    """A node and its process."""

    place: NodePlace
    process: NodeProcess

    @property
    def http_address(self) -> tuple[str, int]:
        """Host and port of its HTTP API."""
        host, _, port = read_config(self.place.home / "config.toml").http.rpartition(":")
        return host, int(port)

    def status(self) -> dict[str, Any] | None:
        """Its picture of itself; None if it does not answer."""
        try:
            with NodeClient(self.place.home) as client:
                return client.get("/v1/status")
        except UnreachableError:
            return None


@dataclass(frozen=True, slots=True)
class Leader:
    """Who leads, since which term."""

    node: DemoNode
    term: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a node's ledger stands."""

    height: int
    tree_size: int
    state_digest: str


@dataclass
class Cluster:
    """Nodes in the order of their numbers."""

    places: Sequence[NodePlace]
    module: str = "cli"
    nodes: tuple[DemoNode, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.nodes = tuple(DemoNode(place, NodeProcess(place.home, self.module)) for place in self.places)

    def __enter__(self) -> Self:
        """Start all, wait for all.

        Raises:
            CommandError: one did not come up.
        """
        try:
            with interruption_deferred():
                for node in self.nodes:
                    node.process.launch()
            for node in self.nodes:
                node.process.wait_until_ready()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def leader(self) -> Leader | None:
        """Who says that it leads, in the highest term; None if nobody does."""
        found: Leader | None = None
        for node in self.nodes:
            status = node.status() if node.process.is_running else None
            if status is not None and status["role"] == "leader" and (found is None or status["term"] > found.term):
                found = Leader(node, status["term"])
        return found

    def wait_for_leader(self) -> Leader:
        """The leader, as soon as there is one.

        Raises:
            CommandError: there is none in a minute.
        """
        return wait_for(self.leader, no_leader_error())

    def other_than(self, node: DemoNode) -> DemoNode:
        """The next running node after `node` in the ring; itself where it is alone.

        Raises:
            CommandError: none runs.
        """
        place = self.nodes.index(node)
        behind = (*self.nodes[place + 1 :], *self.nodes[: place + 1])

        def look() -> DemoNode | None:
            return next((one for one in behind if one.process.is_running and one.status() is not None), None)

        return wait_for(
            look,
            CommandError(
                "none of the nodes answers after {seconds} s; look at the logs beside their folders",
                seconds=round(WAIT_S),
            ),
        )

    def standings(self) -> list[Standing | None]:
        """Where each node's ledger stands; None for one that does not answer."""
        statuses = [node.status() for node in self.nodes]
        return [
            None if status is None else Standing(status["executed_height"], status["tree_size"], status["state_digest"])
            for status in statuses
        ]

    def wait_until_level(self) -> list[Standing | None]:
        """The standings, as soon as all are the same; those of the end if that takes more than `WAIT_S` seconds."""
        deadline = time.monotonic() + WAIT_S
        while True:
            standings = self.standings()
            if (None not in standings and len(set(standings)) == 1) or time.monotonic() > deadline:
                return standings
            time.sleep(POLL_INTERVAL_S)

    def _end(self) -> None:
        with interruption_deferred():
            for node in self.nodes:
                node.process.ask_to_stop()
            for node in self.nodes:
                node.process.stop()


def no_leader_error() -> CommandError:
    """Nobody leads after `WAIT_S` seconds."""
    return CommandError(
        "no node leads after {seconds} s; look at the logs beside the nodes' folders", seconds=round(WAIT_S)
    )


def wait_for(look: Callable[[], Found | None], failure: CommandError) -> Found:
    """What `look` finds, asked again and again.

    Raises:
        CommandError: `failure`, after nothing in `WAIT_S` seconds.
    """
    deadline = time.monotonic() + WAIT_S
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise failure
        time.sleep(POLL_INTERVAL_S)
    return found


@contextmanager
def interruption_deferred() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the block, which takes bounded time, has ended; then a `KeyboardInterrupt`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    # Functions, because a signal that is ignored stays so in the processes that are started meanwhile.
    numbers = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) is not signal.SIG_IGN]
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        raise KeyboardInterrupt

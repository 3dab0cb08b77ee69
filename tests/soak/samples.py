"""What the processes of a network take of their machine, sampled all the while; and the digests that they tell.

Owns the samples. They are told apart by life: a process that was started anew begins anew.
"""

import http.client
import threading
import time
from pathlib import Path
from typing import NamedTuple

from tests.system.list_client import ask
from tests.system.real_network import RealNetwork, RealNode


class Life(NamedTuple):
    """One process of a node: which node, and its which start, from 1."""

    node: int
    start: int


class Sample(NamedTuple):
    """One look at a process. Sizes in bytes; `at_s` is `time.monotonic`."""

    life: Life
    at_s: float
    anonymous_bytes: int
    resident_bytes: int
    descriptors: int
    threads: int
    database_bytes: int
    log_bytes: int


def sample_of(number: int, node: RealNode, at_s: float) -> Sample | None:
    """A look at a node; None if it does not run, or ends meanwhile."""
    if not node.runs:
        return None
    process = Path(f"/proc/{node.pid}")
    try:
        lines = (process / "status").read_text("ascii", "replace").splitlines()
        said = dict(line.split(":", 1) for line in lines if ":" in line)
        descriptors = sum(1 for _ in (process / "fd").iterdir())
        return Sample(
            Life(number, node.starts),
            at_s,
            _bytes(said["RssAnon"]),
            _bytes(said["VmRSS"]),
            descriptors,
            int(said["Threads"]),
            _size_bytes(node.home / "db"),
            sum(log.stat().st_size for log in node.logs),
        )
    except (OSError, KeyError):
        return None


class Sampler(threading.Thread):
    """Looks at all nodes every `interval_s` until it is ended."""

    def __init__(self, network: RealNetwork, interval_s: float) -> None:
        super().__init__(daemon=True, name="sampler")
        self._network = network
        self._interval_s = interval_s
        self._ending = threading.Event()
        self.samples: list[Sample] = []
        # The state digest that was told of each height, and by whom; how often a second node told the same height.
        self._digests: dict[int, tuple[str, set[int]]] = {}
        self.compared = 0
        self.contradictions: list[str] = []

    def run(self) -> None:
        """Look; what goes wrong is kept."""
        try:
            while not self._ending.wait(self._interval_s):
                self.look()
        except BaseException as error:
            self.contradictions.append(f"the sampler failed: {error!r}")

    def look(self) -> None:
        """Look at all nodes once."""
        at_s = time.monotonic()
        for number, node in enumerate(self._network.nodes):
            sample = sample_of(number, node, at_s)
            if sample is not None:
                self.samples.append(sample)
        for number, node in enumerate(self._network.nodes):
            answer = ask(node.home, "GET", "/v1/status") if node.runs else None
            if answer is not None and answer.status == http.client.OK:
                self._compare(number, answer.document["executed_height"], answer.document["state_digest"])

    def end(self) -> None:
        """Finish the look that is under way; nothing more is looked at."""
        self._ending.set()
        if self.is_alive():
            self.join()

    def _compare(self, number: int, height: int, digest: str) -> None:
        known, by = self._digests.setdefault(height, (digest, {number}))
        if known != digest:
            self.contradictions.append(f"node {number} has {digest} at height {height}, another one {known}")
        self.compared += number not in by
        by.add(number)


def _bytes(told: str) -> int:
    return int(told.split()[0]) * 1024


def _size_bytes(folder: Path) -> int:
    """What the files of a folder take on disk."""
    return sum(one.stat().st_blocks * 512 for one in folder.iterdir())

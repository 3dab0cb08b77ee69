"""PySyncObj, three nodes: the journal is flushed on each before it counts; signatures are verified by all, or by none.

The load runs inside the node that leads, as the library has no clients: nothing is sent for it. Links are plain.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.peers.processes import free_ports, wait_until
from benchmarks.peers.programs import python_folder
from cli.bench.written import Written

NAME = "PySyncObj"
_STOP_WAIT_S = 10.0


class _Node:
    """One process; a question is a line, and so is its answer."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self._output = (folder / "output.log").open("wb")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._output, env=environment, text=True
        )

    def ask(self, question: dict[str, object]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ConnectionError("a node of PySyncObj ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._output.close()


class PySyncObj:
    """A running cluster."""

    def __init__(self, nodes: list[_Node]) -> None:
        self._nodes = nodes

    def leader(self) -> _Node | None:
        """The node that leads and is ready; None while there is none."""
        answers = [node.ask({}) for node in self._nodes]
        if not all(one["ready"] for one in answers):
            return None
        return next((node for node, one in zip(self._nodes, answers, strict=True) if one["leads"]), None)

    def write(self, writers: int, seconds: float, count: int, size_bytes: int) -> Written:
        """Up to `count` entries of `size_bytes` each, for so many seconds."""
        leader = self.leader()
        if leader is None:
            raise ConnectionError("nobody leads")
        question: dict[str, object] = {"writers": writers, "seconds": seconds, "count": count, "size_bytes": size_bytes}
        found = leader.ask(question)
        # Where the clock of the node began is of no interest: only what lies between the answers is.
        began_s = time.perf_counter() - max(found["answered_s"], default=0.0)
        answered_s = [began_s + one for one in found["answered_s"]]
        return Written(answered_s, found["latencies_s"], [b"refused"] * found["refused"])


@contextmanager
def running(folder: Path, nodes: int, signed: bool) -> Iterator[PySyncObj]:
    """A cluster with its files in `folder`; raises MissingPeerError where PySyncObj cannot be had."""
    library = python_folder()
    addresses = [f"127.0.0.1:{port}" for port in free_ports(nodes)]
    program = str(Path(__file__).with_name("syncobj_node.py"))
    environment = os.environ | {"PYTHONPATH": str(library)}
    with ExitStack() as stack:
        found = []
        for number, own in enumerate(addresses):
            place = folder / f"n{number}"
            place.mkdir()
            others = ",".join(one for one in addresses if one != own)
            command = [sys.executable, program, own, others, str(place), "signed" if signed else "plain"]
            node = _Node(command, environment, place)
            stack.callback(node.stop)
            found.append(node)
        cluster = PySyncObj(found)
        wait_until(lambda: cluster.leader() is not None, "PySyncObj")
        yield cluster

"""etcd, three nodes: every put is flushed on a quorum before it is answered; nothing is signed, links are plain.

Written over its JSON gateway, one request after the other on a connection for each writer.
"""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from benchmarks.peers.processes import Processes, free_ports, wait_until
from benchmarks.peers.programs import etcd_program
from cli.bench.requesting import RequestForm, write_requesting
from cli.bench.written import Written

NAME = "etcd"
_PUT = RequestForm("/v3/kv/put", "application/json", lambda answer: b'"revision"' in answer)


class Etcd:
    """A running cluster."""

    def __init__(self, addresses: list[tuple[str, int]]) -> None:
        self.addresses = addresses
        self._written = 0

    def write(self, writers: int, seconds: float, count: int, size_bytes: int) -> Written:
        """Up to `count` puts of `size_bytes` each, for so many seconds."""
        value = base64.b64encode(os.urandom(size_bytes)).decode()
        numbers = range(self._written, self._written + count)
        self._written += count
        load = [
            json.dumps({"key": base64.b64encode(b"notice/%d" % number).decode(), "value": value}).encode()
            for number in numbers
        ]
        return write_requesting(self.addresses, writers, load, seconds, _PUT)


@contextmanager
def running(folder: Path, nodes: int) -> Iterator[Etcd]:
    """A cluster with its files in `folder`; raises MissingPeerError where there is no etcd."""
    program = etcd_program()
    ports = free_ports(2 * nodes)
    clients, peers = ports[:nodes], ports[nodes:]
    members = ",".join(f"n{number}=http://127.0.0.1:{port}" for number, port in enumerate(peers))
    commands = [
        [
            str(program),
            *("--name", f"n{number}", "--data-dir", str(folder / f"n{number}")),
            *("--listen-client-urls", f"http://127.0.0.1:{clients[number]}"),
            *("--advertise-client-urls", f"http://127.0.0.1:{clients[number]}"),
            *("--listen-peer-urls", f"http://127.0.0.1:{peers[number]}"),
            *("--initial-advertise-peer-urls", f"http://127.0.0.1:{peers[number]}"),
            *("--initial-cluster", members, "--initial-cluster-state", "new", "--log-level", "error"),
        ]
        for number in range(nodes)
    ]

    def is_healthy() -> bool:
        with urlopen(f"http://127.0.0.1:{clients[0]}/health", timeout=5) as answer:
            return bool(json.load(answer)["health"] == "true")

    with Processes(folder, commands, os.environ):
        wait_until(is_healthy, "etcd")
        yield Etcd([("127.0.0.1", port) for port in clients])

"""NATS JetStream, three replicas: `sync_interval: always` flushes every message on a quorum; nothing is signed.

Spoken to in its text protocol (docs.nats.io, "Client Protocol"), a few connections with the writers shared among them:
each publishes the next message when its last one was acknowledged.
"""

import json
import os
import re
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.processes import Processes, free_ports, wait_until
from benchmarks.peers.programs import python_folder
from cli.bench.written import ANSWER_WAIT_S, Written

NAME = "NATS JetStream"
CONNECTIONS = 4
_READ_SIZE_BYTES = 256 * 1024
_STREAM = {"name": "BENCH", "subjects": ["bench"], "storage": "file"}
_MESSAGE = re.compile(rb"MSG (\S+) \S+ (?:\S+ )?(\d+)\r\n")


class _Connection:
    """One client; replies come to its own inbox, under the number of what they answer."""

    def __init__(self, address: tuple[str, int], number: int) -> None:
        self.socket = socket.create_connection(address, ANSWER_WAIT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._inbox = f"_INBOX.bench{number}"
        self._rest = b""
        self.sent_s: dict[bytes, float] = {}
        self._next = 0
        self.socket.sendall(f'CONNECT {{"verbose":false,"pedantic":false}}\r\nSUB {self._inbox}.* 1\r\n'.encode())

    def publish(self, subject: str, payload: bytes, count: int) -> None:
        """Publish `payload` so many times, each to be acknowledged by itself."""
        now_s, lines = time.perf_counter(), []
        for _ in range(count):
            self._next += 1
            reply = f"{self._inbox}.{self._next}"
            self.sent_s[reply.encode()] = now_s
            lines.append(f"PUB {subject} {reply} {len(payload)}\r\n".encode() + payload + b"\r\n")
        self.socket.sendall(b"".join(lines))

    def replies(self) -> list[tuple[bytes, bytes]]:
        """Inbox and content of the replies that came; waits for something to come."""
        part = self.socket.recv(_READ_SIZE_BYTES)
        if not part:
            raise ConnectionError("NATS broke off")
        data, at, found = self._rest + part, 0, []
        while (message := _MESSAGE.search(data, at)) is not None:
            end = message.end() + int(message[2])
            if len(data) < end + 2:
                break
            found.append((message[1], data[message.end() : end]))
            at = end + 2
        self._rest = data[at:]
        return found


class Nats:
    """A running cluster with the stream."""

    def __init__(self, addresses: list[tuple[str, int]]) -> None:
        self._addresses = addresses

    def create_stream(self, replicas: int) -> bool:
        """Make the stream; False while the cluster is not ready for it."""
        one = _Connection(self._addresses[0], 1000)
        try:
            one.publish("$JS.API.STREAM.CREATE.BENCH", json.dumps(_STREAM | {"num_replicas": replicas}).encode(), 1)
            one.socket.settimeout(5)
            while not (found := one.replies()):
                pass
            return b'"error"' not in found[0][1] or b"already in use" in found[0][1]
        finally:
            one.socket.close()

    def write(self, writers: int, seconds: float, count: int, size_bytes: int) -> Written:
        """Up to `count` messages of `size_bytes` each, for so many seconds."""
        payload, written = os.urandom(size_bytes), Written()
        with selectors.DefaultSelector() as waiting:
            ones = [
                _Connection(self._addresses[number % len(self._addresses)], number)
                for number in range(min(CONNECTIONS, writers))
            ]
            try:
                until_s = time.perf_counter() + seconds
                for number, one in enumerate(ones):
                    waiting.register(one.socket, selectors.EVENT_READ, one)
                    one.publish("bench", payload, writers // len(ones) + (number < writers % len(ones)))
                sent = writers
                while any(one.sent_s for one in ones):
                    ready = waiting.select(ANSWER_WAIT_S)
                    if not ready:
                        raise TimeoutError("NATS does not answer any more")
                    for key, _ in ready:
                        done = _take(key.data, written)
                        if time.perf_counter() < until_s and sent < count and done:
                            key.data.publish("bench", payload, done)
                            sent += done
            finally:
                for one in ones:
                    one.socket.close()
        return written


def _take(one: _Connection, written: Written) -> int:
    now_s, done = time.perf_counter(), 0
    for inbox, content in one.replies():
        sent_s = one.sent_s.pop(inbox, None)
        if sent_s is not None:
            written.take(content, sent_s, now_s, b'"seq"' in content)
            done += 1
    return done


@contextmanager
def running(folder: Path, nodes: int) -> Iterator[Nats]:
    """A cluster with its files in `folder`; raises MissingPeerError where there is no NATS."""
    program = python_folder() / "bin" / "nats-server"
    ports = free_ports(2 * nodes)
    clients, routes = ports[:nodes], ports[nodes:]
    commands = []
    for number in range(nodes):
        settings = folder / f"n{number}.conf"
        listed = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)
        settings.write_text(
            f"server_name: n{number}\nlisten: 127.0.0.1:{clients[number]}\n"
            f'jetstream {{ store_dir: "{folder}/n{number}", sync_interval: always }}\n'
            f"cluster {{ name: bench, listen: 127.0.0.1:{routes[number]}, routes: [{listed}] }}\n"
        )
        commands.append([str(program), "-c", str(settings)])
    with Processes(folder, commands, os.environ):
        cluster = Nats([("127.0.0.1", port) for port in clients])
        wait_until(lambda: cluster.create_stream(nodes), "NATS")
        yield cluster

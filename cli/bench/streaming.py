"""Writers that each have one transaction under way, many of them on a connection.

Owns the exchange with `POST /v1/transactions:batch` over TCP, kept as cheap as it can be: what the load costs, the
nodes of the same machine do not have. Each transaction is acknowledged on its own; a writer sends the next one when its
last one was executed and on disk.
"""

import http.client
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence

from cli.bench.written import ANSWER_WAIT_S, Written, is_accepted
from cli.errors import CommandError

_LENGTH_SIZE_BYTES = 4
_READ_SIZE_BYTES = 256 * 1024
# A problem's document.
ANSWER_SIZE_BYTES_MAX = 4096


class _Stream(threading.Thread):
    """One connection with `window` writers on it."""

    def __init__(self, address: tuple[str, int], window: int, load: Sequence[bytes], until_s: float) -> None:
        super().__init__(name="bench-stream", daemon=True)
        self._address = address
        self._window = window
        self._load = load
        self._until_s = until_s
        self._sent = 0
        self._under_way: deque[float] = deque()
        self.written = Written()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            with socket.create_connection(self._address, ANSWER_WAIT_S) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._exchange(connection)
        except (OSError, http.client.HTTPException, CommandError) as error:
            self.error = error

    def _exchange(self, connection: socket.socket) -> None:
        host, port = self._address
        connection.sendall(
            f"POST /v1/transactions:batch HTTP/1.1\r\nHost: {host}:{port}\r\n"
            "Content-Type: application/octet-stream\r\nAccept: application/x-ndjson\r\n"
            "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()
        )
        self._send(connection, self._window)
        answer = http.client.HTTPResponse(connection, method="POST")
        answer.begin()
        if answer.status != http.client.OK:
            told = answer.read(ANSWER_SIZE_BYTES_MAX).decode("utf-8", "replace")
            raise CommandError("the node refuses the load: {reason}", reason=told)
        rest = b""
        while self._under_way:
            part = answer.read1(_READ_SIZE_BYTES)
            if not part:
                raise CommandError("the node broke off the load; look at its log")
            *lines, rest = (rest + part).split(b"\n")
            if lines:
                self._take(lines)
                self._send(connection, len(lines))
        connection.sendall(b"0\r\n\r\n")
        answer.read()

    def _take(self, lines: list[bytes]) -> None:
        now_s = time.perf_counter()
        for line in lines:
            self.written.take(line, self._under_way.popleft(), now_s, is_accepted(line))

    def _send(self, connection: socket.socket, count: int) -> None:
        now_s = time.perf_counter()
        if now_s >= self._until_s:
            return
        ones = self._load[self._sent : self._sent + count]
        self._sent += len(ones)
        self._under_way.extend([now_s] * len(ones))
        framed = b"".join([len(one).to_bytes(_LENGTH_SIZE_BYTES, "big") + one for one in ones])
        if framed:
            connection.sendall(b"%x\r\n%b\r\n" % (len(framed), framed))


def write_streaming(
    addresses: Sequence[tuple[str, int]], writers: int, connections: int, load: Sequence[bytes], seconds: float
) -> Written:
    """Let `writers` write for so many seconds, or until the load is used up.

    Args:
        addresses: Where the connections go, in turn.
        writers: Each has one transaction under way.
        connections: On how many connections they are; no more than there are writers.
        load: Submissions; each is sent once.
        seconds: What is under way by then is waited for.

    Raises:
        CommandError: a node refused the stream, or broke off.
    """
    connections = min(connections, writers)
    until_s = time.perf_counter() + seconds
    streams = [
        _Stream(addresses[number % len(addresses)], window, load[number::connections], until_s)
        for number, window in enumerate(_shares(writers, connections))
    ]
    for stream in streams:
        stream.start()
    for stream in streams:
        stream.join()
    written = Written()
    for stream in streams:
        if stream.error is not None:
            raise CommandError("the load broke off: {reason}", reason=stream.error)
        written.add(stream.written)
    return written


def _shares(writers: int, connections: int) -> list[int]:
    """How many writers each connection has: as even as it goes."""
    least, more = divmod(writers, connections)
    return [least + (number < more) for number in range(connections)]

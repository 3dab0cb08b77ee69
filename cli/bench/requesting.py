"""Writers that each have a connection of their own and send one request after the other.

Owns the exchange over TCP, all connections in one thread: with `POST /v1/transactions?wait=…`, whose answer comes when
the transaction was executed and is on disk, or with what else a form of request says. Never judges more of an answer
than the form does.
"""

import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from cli.bench.written import ANSWER_WAIT_S, Written, is_accepted
from cli.errors import CommandError

_READ_SIZE_BYTES = 64 * 1024
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class RequestForm(NamedTuple):
    """What a writer asks for: the target and type of its body, and which answer means that it was done."""

    target: str
    media_type: str
    is_accepted: Callable[[bytes], bool]

    def request(self, one: bytes, host: str) -> bytes:
        """A whole request with this body."""
        head = (
            f"POST {self.target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {self.media_type}\r\n"
            f"Accept: application/json\r\nContent-Length: {len(one)}"
        )
        return head.encode() + _HEAD_END + one


class ReadingForm(NamedTuple):
    """A request that only asks: each one is its target."""

    is_accepted: Callable[[bytes], bool]

    def request(self, one: bytes, host: str) -> bytes:
        """A whole request for this target."""
        return b"GET %b HTTP/1.1\r\nHost: %b\r\nAccept: application/json" % (one, host.encode()) + _HEAD_END


Form: TypeAlias = RequestForm | ReadingForm

SUBMISSION = RequestForm(f"/v1/transactions?wait={round(ANSWER_WAIT_S)}", "application/msgpack", is_accepted)


class Asker:
    """One connection; at most one request is under way on it."""

    def __init__(self, address: tuple[str, int], form: Form) -> None:
        self.form = form
        self._address = address
        self.connect()
        host, port = address
        self._host = f"{host}:{port}"
        self._received = b""
        self.sent_s = 0.0
        # Of the last answer: status line and headers, in small letters.
        self.head = b""

    def connect(self) -> None:
        """Open a connection."""
        self.connection = socket.create_connection(self._address, ANSWER_WAIT_S)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def is_told_to_go(self) -> bool:
        """Whether the last answer says that no further request is taken on this connection; after a thousand it is."""
        return b"\r\nconnection: close" in self.head

    def send(self, submission: bytes) -> None:
        """The next request; a submission is far smaller than what the system takes at once."""
        self.sent_s = time.perf_counter()
        self.connection.sendall(self.form.request(submission, self._host))

    def receive(self) -> bytes | None:
        """The answer's body, once all of it is here."""
        part = self.connection.recv(_READ_SIZE_BYTES)
        if not part:
            raise CommandError("the node broke off the load; look at its log")
        self._received += part
        head, found, body = self._received.partition(_HEAD_END)
        if not found or len(body) < _length(head):
            return None
        self._received = b""
        self.head = head.lower()
        return body


def write_requesting(
    addresses: Sequence[tuple[str, int]],
    writers: int,
    load: Sequence[bytes],
    seconds: float,
    form: Form = SUBMISSION,
) -> Written:
    """Let `writers` write for so many seconds, or until the load is used up; arguments as `write_streaming`.

    Raises:
        CommandError: a node broke off, or did not answer in time.
    """
    written, left = Written(), iter(load)
    with selectors.DefaultSelector() as waiting:
        ones = [Asker(addresses[number % len(addresses)], form) for number in range(writers)]
        try:
            until_s = time.perf_counter() + seconds
            for one in ones:
                waiting.register(one.connection, selectors.EVENT_READ, one)
            busy = sum(_send_next(one, left, until_s) for one in ones)
            while busy:
                ready = waiting.select(ANSWER_WAIT_S)
                if not ready:
                    raise CommandError("the node does not answer the load any more; look at its log")
                busy -= sum(not _went_on(key.data, left, until_s, written, waiting) for key, _ in ready)
        except OSError as error:
            raise CommandError("the load broke off: {reason}", reason=error) from error
        finally:
            for one in ones:
                one.connection.close()
    return written


def _went_on(
    one: Asker, left: Iterator[bytes], until_s: float, written: Written, waiting: selectors.BaseSelector
) -> bool:
    """Whether the writer still has a request under way after what came for it."""
    answer = one.receive()
    if answer is None:
        return True
    written.take(answer, one.sent_s, time.perf_counter(), one.form.is_accepted(answer))
    if one.is_told_to_go:
        waiting.unregister(one.connection)
        one.connection.close()
        one.connect()
        waiting.register(one.connection, selectors.EVENT_READ, one)
    return _send_next(one, left, until_s)


def _send_next(one: Asker, left: Iterator[bytes], until_s: float) -> bool:
    submission = next(left, None) if time.perf_counter() < until_s else None
    if submission is not None:
        one.send(submission)
    return submission is not None


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(_LENGTH):
            return int(line[len(_LENGTH) :])
    raise CommandError("the node answers without a length: it is of another version")

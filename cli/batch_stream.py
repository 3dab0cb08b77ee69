"""Handing in many transactions over one connection, while the answers come back.

Owns the exchange: a thread makes and sends, the caller reads; a bound on what is under way between them. Never knows
what a frame holds. Source: docs/reference/api.md, `POST /v1/transactions:batch`.
"""

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cli.client import parse_answer, problem_error
from cli.connection_fault import connection_fault
from cli.errors import UnreachableError
from cli.node_connection import NodeConnection

# Transactions sent and not answered: two blocks of the largest common size, so that the node never waits for us.
WINDOW_MAX = 4096
# An answer line holds a code and a few short values.
ANSWER_LINE_SIZE_BYTES_MAX = 256 * 1024
_LENGTH_SIZE_BYTES = 4


class _ConnectionLostError(Exception):
    """The producer could not send; why is told by whoever reads."""


class BatchStream:
    """One batch request. The producer runs in a thread of its own and sends through `send`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._connection = NodeConnection(home)
        self._socket: socket.socket | None = None
        self._room = threading.Semaphore(WINDOW_MAX)
        self._stopped = threading.Event()
        self._producer: threading.Thread | None = None
        self._producer_error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._room.release(WINDOW_MAX)
        if self._socket is not None:
            # An error says that the node closed it first.
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        if self._producer is not None:
            self._producer.join()
        self._connection.close()

    def start(self, produce: Callable[[], None]) -> None:
        """Open the request and let `produce` send its frames in a thread; it ends the request by returning.

        Raises:
            UnreachableError, CommandError: as every connection.
        """
        self._connection.putrequest("POST", "/v1/transactions:batch")
        for name, value in (
            ("Content-Type", "application/octet-stream"),
            ("Accept", "application/x-ndjson"),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "close"),
        ):
            self._connection.putheader(name, value)
        self._connection.endheaders()
        self._socket = self._connection.sock
        self._producer = threading.Thread(target=self._run, args=(produce,), name="batch-producer", daemon=True)
        self._producer.start()

    def interrupt(self) -> None:
        """Make the answers end; may be called at any time, takes no lock."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def room(self, *, wait: bool) -> bool:
        """Take one place among what may be under way; False if there is none now (`wait` false) or any more.

        Waits as long as the reader does, who gives up after `cli.node_connection.ANSWER_TIMEOUT_S` without an answer.
        """
        taken = self._room.acquire(blocking=wait)
        return taken and not self._stopped.is_set()

    def send(self, submissions: list[bytes]) -> None:
        """Send submissions for which places were taken; blocks until the system has them. Producer only."""
        framed = b"".join(len(one).to_bytes(_LENGTH_SIZE_BYTES, "big") + one for one in submissions)
        self._send(b"%x\r\n%b\r\n" % (len(framed), framed))

    def answers(self) -> Iterator[dict[str, Any]]:
        """What the node says of each submission, in the order they were sent; ends when all are answered.

        Raises:
            UnreachableError: the node broke off.
            RefusedError: it refuses the batch as a whole.
        """
        assert self._socket is not None, "start comes first"
        response = http.client.HTTPResponse(self._socket, method="POST")
        try:
            response.begin()
            if response.status >= http.client.BAD_REQUEST:
                raise problem_error(parse_answer(response.read(ANSWER_LINE_SIZE_BYTES_MAX)))
            while line := response.readline(ANSWER_LINE_SIZE_BYTES_MAX):
                answer = parse_answer(line)
                if answer.get("status") == "aborted":
                    raise problem_error(answer.get("problem") or {})
                self._room.release()
                yield answer
        except (http.client.HTTPException, OSError) as error:
            self._check_producer()
            raise UnreachableError(
                "the node in {home} broke off ({reason}); look at its log, and run the same command again to go on",
                home=str(self._home),
                reason=connection_fault(error),
            ) from error
        finally:
            response.close()
        self._check_producer()

    def _run(self, produce: Callable[[], None]) -> None:
        try:
            produce()
            self._send(b"0\r\n\r\n")
        except BaseException as error:
            self._producer_error = error
            # The reader must not wait for answers to what was never sent.
            assert self._socket is not None, "the thread starts with an open socket"
            if not self._stopped.is_set():
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _send(self, data: bytes) -> None:
        assert self._socket is not None, "start comes first"
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise _ConnectionLostError from error

    def _check_producer(self) -> None:
        error = self._producer_error
        if error is not None and not isinstance(error, _ConnectionLostError):
            raise error

"""A batch that stands still in its middle: the door of a node, which passes a batch's answers on up to a number.

What is tested is what happens in the middle of a batch. To look how far it is and then act is a race that a quick
machine or a slow look loses; a command that does not get its answers cannot be through. The door stands at the path of
the node's control socket, before the real one. What the node says meanwhile waits here: as much as the command lets be
under way (`cli.batch_stream.WINDOW_MAX`).
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from daemon.control_socket import control_socket_path
from tests.waiting import join

_PIECE_SIZE_BYTES = 64 * 1024
# A dozen answers: how exact the number is.
_ANSWERS_SIZE_BYTES = 1024
_BATCH_REQUEST = b"POST /v1/transactions:batch"
_ANSWER = b'{"number":'


class HeldAnswers:
    """Let `count` answers of a batch through (and a dozen), hold the rest until `let_go`; other requests pass."""

    def __init__(self, home: Path, count: int) -> None:
        self.is_held = threading.Event()
        self._count = count
        self._path = control_socket_path(home)
        self._behind = self._path.with_name("behind.sock")
        self._let_go = threading.Event()
        self._connections: list[_Connection] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._path.rename(self._behind)
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._door.bind(str(self._path))
        self._door.listen()
        self._start(self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.let_go()
        # What is shut down wakes whoever waits in `accept`.
        self._door.shutdown(socket.SHUT_RDWR)
        for connection in self._connections:
            connection.end()
        for thread in self._threads:
            join(thread)
        for connection in self._connections:
            connection.close()
        self._door.close()
        # A node that ended in order has taken away what was at its path.
        self._path.unlink(missing_ok=True)
        self._behind.rename(self._path)

    def let_go(self) -> None:
        """Pass on what was held, and all that follows."""
        self._let_go.set()

    def hold_from(self, answers: int) -> None:
        """Return when a batch of which so many answers have passed may go on."""
        if answers >= self._count:
            self.is_held.set()
            self._let_go.wait()

    def _receive(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            node = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                node.connect(str(self._behind))
            except OSError:
                client.close()
                node.close()
                continue
            connection = _Connection(self, client, node)
            self._connections.append(connection)
            self._start(connection.pass_requests)
            self._start(connection.pass_answers)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()


class _Connection:
    """One client and the node behind the door."""

    def __init__(self, held: HeldAnswers, client: socket.socket, node: socket.socket) -> None:
        self._held = held
        self._ends = (client, node)
        self._is_batch = False

    def pass_requests(self) -> None:
        client, node = self._ends
        with suppress(OSError):
            while piece := client.recv(_PIECE_SIZE_BYTES):
                self._is_batch = self._is_batch or piece.startswith(_BATCH_REQUEST)
                node.sendall(piece)
        self.end()

    def pass_answers(self) -> None:
        client, node = self._ends
        answers = 0
        before = b""
        with suppress(OSError):
            while piece := node.recv(_ANSWERS_SIZE_BYTES):
                client.sendall(piece)
                if self._is_batch:
                    answers += (before + piece).count(_ANSWER)
                    before = piece[1 - len(_ANSWER) :]
                    self._held.hold_from(answers)
        self.end()

    def end(self) -> None:
        """Wake both directions; neither side closes its half of a connection that it still reads from."""
        for one in self._ends:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for one in self._ends:
            one.close()

"""Something that answers on a node's control socket with given bytes, whatever it is asked."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.waiting import join

# Whoever asks says all of it at once, and closes; one that does neither must not hold up the end.
TIMEOUT_S = 30


def answer(status: str, body: bytes, content_type: str = "application/json") -> bytes:
    """An HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class CannedNode:
    """Answers connection after connection with the next of `answers`, then with the last one; closes after each."""

    def __init__(self, home: Path, *answers: bytes) -> None:
        home.mkdir(exist_ok=True)
        self._answers = list(answers)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(home / "control.sock"))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        join(self._thread)

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            # Whoever asked may be gone already.
            with connection, suppress(OSError):
                connection.settimeout(TIMEOUT_S)
                # Until the end of the head; what a body holds does not matter here.
                received = b""
                while b"\r\n\r\n" not in received and (block := connection.recv(65_536)):
                    received += block
                connection.sendall(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])
                connection.shutdown(socket.SHUT_WR)
                # Closing with something unread would reset the connection.
                while connection.recv(65_536):
                    pass

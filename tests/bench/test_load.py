"""The clients of a measurement: what they count as accepted, and what becomes of a node that breaks off."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cli.bench.requesting import write_requesting
from cli.bench.streaming import write_streaming
from cli.bench.written import Written, is_accepted
from cli.errors import CommandError

ACCEPTED = b'{"number":0,"id":"aa","status":"committed","known":false,"code":"ok"}'
REFUSED = b'{"number":0,"status":"refused","problem":{"code":"overloaded"}}'
LOAD = [bytes([number]) * 40 for number in range(20)]
SECONDS = 20.0


@contextmanager
def server(*serving: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """A node's place on loopback, for one connection after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            for serve in serving:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(SECONDS)
                    serve(connection)

        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()
        thread.join()


def read_until(connection: socket.socket, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        found += connection.recv(1)
    return found


def answer_requests(connection: socket.socket, bodies: list[bytes], more: bytes = b"") -> None:
    for body in bodies:
        head = read_until(connection, b"\r\n\r\n").lower()
        assert connection.recv(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])) in LOAD
        for part in (b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n" % (more, len(body)), body[:5], body[5:]):
            connection.sendall(part)


def break_off(connection: socket.socket) -> None:
    read_until(connection, b"\r\n\r\n")


def test_only_what_is_committed_and_ok_counts() -> None:
    assert is_accepted(ACCEPTED)
    assert not is_accepted(REFUSED)
    assert not is_accepted(ACCEPTED.replace(b'"ok"', b'"notice.not-found"'))
    assert not is_accepted(ACCEPTED.replace(b"committed", b"pending"))
    written, other = Written(), Written()
    written.take(ACCEPTED, 1.0, 1.5, accepted=True)
    other.take(REFUSED, 1.0, 1.2, accepted=False)
    written.add(other)
    assert (written.answered_s, written.latencies_s, written.refused) == ([1.5], [0.5], [REFUSED])


def test_a_request_at_a_time_until_the_load_is_used_up() -> None:
    bodies = [ACCEPTED, REFUSED, ACCEPTED]
    with server(lambda connection: answer_requests(connection, bodies)) as address:
        written = write_requesting([address], 1, LOAD[:3], SECONDS)
    assert len(written.latencies_s) == 2
    assert written.refused == [REFUSED]


def test_a_writer_whose_connection_has_served_its_time_goes_on_with_another() -> None:
    def close(connection: socket.socket) -> None:
        answer_requests(connection, [ACCEPTED], b"Connection: Close\r\n")

    with server(close, lambda connection: answer_requests(connection, [ACCEPTED, ACCEPTED])) as address:
        written = write_requesting([address], 1, LOAD[:3], SECONDS)
    assert len(written.latencies_s) == 3


def test_a_stream_keeps_as_many_under_way_as_there_are_writers() -> None:
    sizes: list[int] = []

    def serve(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for line in (ACCEPTED, ACCEPTED, REFUSED, ACCEPTED, ACCEPTED):
            # The first chunk has two submissions, each answer is followed by one more while there are any.
            if len(sizes) < 4:
                sizes.append(int(read_until(connection, b"\r\n"), 16))
                connection.recv(sizes[-1] + 2)
            connection.sendall(b"%x\r\n%b\n\r\n" % (len(line) + 1, line))
        read_until(connection, b"0\r\n\r\n")
        connection.sendall(b"0\r\n\r\n")

    with server(serve) as address:
        written = write_streaming([address], 2, 1, LOAD[:5], SECONDS)
    assert sizes == [88, 44, 44, 44]
    assert (len(written.latencies_s), written.refused) == (4, [REFUSED])


@pytest.mark.parametrize("write", [write_requesting, lambda *words: write_streaming(words[0], words[1], 1, *words[2:])])
def test_a_node_that_breaks_off_is_told(write: Callable[..., Written]) -> None:
    with (
        server(break_off) as address,
        pytest.raises(CommandError, match="broke off"),
    ):
        write([address], 1, LOAD, SECONDS)


def test_a_stream_that_is_refused_says_why() -> None:
    def serve(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 6\r\n\r\ncoming")
        connection.recv(1000)

    with server(serve) as address, pytest.raises(CommandError, match="refuses the load: coming"):
        write_streaming([address], 1, 1, LOAD, SECONDS)

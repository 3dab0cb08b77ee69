"""Answers leave as few pieces as they can: headers with the body that follows them, and nothing for nothing."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
import trio.testing

from daemon.bounded_stream import BoundedStream
from daemon.home import Home
from daemon.unread_body import SECONDS_MAX
from tests.daemon.shell import make_home, served
from tests.daemon.test_server import address_of, connected, everything, serving

pytestmark = pytest.mark.trio
Sends = Callable[[dict[str, object]], Awaitable[None]]
App = Callable[[dict[str, object], Callable[[], Awaitable[dict[str, object]]], Sends], Awaitable[None]]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is given to any socket, piece by piece; only answers are kept."""
    pieces: list[bytes] = []
    original: Callable[..., object] = trio.SocketStream.send_all

    async def send_all(stream: trio.SocketStream, data: bytes) -> None:
        if not bytes(data).startswith((b"GET", b"HEAD")):
            pieces.append(bytes(data))
        await original(stream, data)  # type: ignore[misc]

    at_once: Callable[..., int] = BoundedStream._sent_at_once

    def sent_at_once(stream: BoundedStream, whole: bytes) -> int:
        count = at_once(stream, whole)
        pieces.append(whole[:count])
        return count

    monkeypatch.setattr(trio.SocketStream, "send_all", send_all)
    monkeypatch.setattr(BoundedStream, "_sent_at_once", sent_at_once)
    return pieces


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_an_answer_is_one_piece(home: Home, sent: list[bytes], method: str) -> None:
    async with served(home.directory) as node, connected(address_of(node)) as stream:
        sent.clear()
        await stream.send_all(f"{method} /healthz HTTP/1.1\r\nhost: n\r\nconnection: close\r\n\r\n".encode())
        answer = await everything(stream)
    assert sent[0] == answer
    assert answer.startswith(b"HTTP/1.1 200") and (b'"ok"' in answer) == (method == "GET")


async def test_several_answers_of_one_connection_stay_apart(home: Home, sent: list[bytes]) -> None:
    ask = b"GET /healthz HTTP/1.1\r\nhost: n\r\n"
    async with served(home.directory) as node, connected(address_of(node)) as stream:
        sent.clear()
        await stream.send_all(ask + b"\r\n" + ask + b"connection: close\r\n\r\n")
        answer = await everything(stream)
    assert answer.count(b"HTTP/1.1 200") == answer.count(b'"ok"') == 2
    assert [one.count(b"HTTP/1.1 200") for one in sent[:2]] == [1, 1]


async def test_head_of_somebody_who_sends_a_body_too_is_answered_at_once(home: Home, sent: list[bytes]) -> None:
    """Nobody reads that body: the answer is there before it is thrown away."""
    async with served(home.directory) as node, connected(address_of(node)) as stream:
        await stream.send_all(b"HEAD /healthz HTTP/1.1\r\nhost: n\r\ncontent-length: 10\r\n\r\n")
        with trio.fail_after(SECONDS_MAX * 0.9):
            assert (await stream.receive_some(65_536)).startswith(b"HTTP/1.1 200")


def slow(before_body: int, after_body: int) -> App:
    """An application that lets others run so many times."""

    async def app(scope: object, receive: object, send: Sends) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        for _ in range(before_body):
            await trio.lowlevel.checkpoint()
        await send({"type": "http.response.body", "body": b"hello"})
        for _ in range(after_body):
            await trio.lowlevel.checkpoint()

    return app


@pytest.mark.parametrize("before_body", [0, 2])
@pytest.mark.parametrize("after_body", [0, 1, 3, 4, 14])
async def test_answers_that_end_slowly_do_not_run_into_each_other(before_body: int, after_body: int) -> None:
    ask = b"GET / HTTP/1.1\r\nhost: n\r\n"
    async with serving(slow(before_body, after_body)) as (address, _, _), connected(address) as stream:
        with trio.fail_after(30):
            await stream.send_all((ask + b"\r\n") * 10 + ask + b"connection: close\r\n\r\n")
            answer = await everything(stream)
    assert answer.count(b"HTTP/1.1 200") == answer.count(b"hello") == 11


async def test_headers_of_a_stream_wait_for_nothing() -> None:
    """What has no length may not have a body for hours."""

    async def quiet(scope: object, receive: object, send: Sends) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await trio.sleep_forever()

    async with serving(quiet) as (address, _, _), connected(address) as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nhost: n\r\n\r\n")
        with trio.fail_after(30):
            assert (await stream.receive_some(65_536)).startswith(b"HTTP/1.1 200")


async def test_headers_leave_though_their_body_never_comes() -> None:
    async def broken(scope: object, receive: object, send: Sends) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})

    async with serving(broken) as (address, _, _), connected(address) as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nhost: n\r\n\r\n")
        with trio.fail_after(30):
            assert (await everything(stream)).startswith(b"HTTP/1.1 200")


ODD = {
    "no body allowed": (304, []),
    "a line in a header": (200, [(b"x-a", b"a\nb")]),
    "a header that is none": (200, [(b":a", b"b")]),
    "a status that is none": (1000, []),
}


@pytest.mark.parametrize("what", ODD)
async def test_what_was_kept_back_leaves_though_no_body_follows(what: str) -> None:
    """Else it would precede the next answer. Guard: daemon/http_connection.py, "await self._send(event.data)"."""
    status, headers = ODD[what]

    async def odd(scope: object, receive: object, send: Sends) -> None:
        answer = {"status": status, "headers": [(b"content-length", b"2"), *headers]}
        await send({"type": "http.response.start", **answer})
        await send({"type": "http.response.body", "body": b"no", "more_body": False})

    async with serving(odd) as (address, _, _), connected(address) as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nhost: n\r\n\r\n")
        with trio.fail_after(30):
            answer = await stream.receive_some(65_536)
    assert answer.startswith(b"HTTP/1.1 304" if status == 304 else b"HTTP/1.1 500")

"""Answers leave as few pieces as they can: headers with the body that follows them, and nothing for nothing."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
import trio.testing

from daemon.home import Home
from tests.daemon.shell import make_home, served
from tests.daemon.test_server import address_of, connected, everything, serving

pytestmark = pytest.mark.trio


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

    monkeypatch.setattr(trio.SocketStream, "send_all", send_all)
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


async def test_headers_of_a_stream_wait_for_nothing() -> None:
    """What has no length may not have a body for hours."""

    async def quiet(scope: object, receive: object, send: Callable[[dict[str, object]], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await trio.sleep_forever()

    async with serving(quiet) as (address, _, _), connected(address) as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nhost: n\r\n\r\n")
        with trio.fail_after(30):
            assert (await stream.receive_some(65_536)).startswith(b"HTTP/1.1 200")


async def test_headers_leave_though_their_body_never_comes() -> None:
    async def broken(scope: object, receive: object, send: Callable[[dict[str, object]], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})

    async with serving(broken) as (address, _, _), connected(address) as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nhost: n\r\n\r\n")
        with trio.fail_after(30):
            assert (await everything(stream)).startswith(b"HTTP/1.1 200")

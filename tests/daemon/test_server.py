"""The bounds of a door: connections, headers, bodies, clients that do not read."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import trio
import trio.testing

from daemon.bounded_stream import READ_SIZE_BYTES_MAX, SEND_SECONDS_MAX, BoundedStream
from daemon.config import Config
from daemon.home import Home
from daemon.server import GRACE_SECONDS, IDLE_SECONDS_MAX, Server, has_unread
from daemon.tcp_listener import listening_address, open_tcp_listener
from tests.daemon.shell import Served, make_home, served
from tests.daemon.test_api_batches import receive_until

pytestmark = pytest.mark.trio


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[trio.SocketStream]:
    host, _, port = address.rpartition(":")
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        yield stream


async def everything(stream: trio.abc.ReceiveStream) -> bytes:
    """What comes until the other side closes."""
    received = b""
    try:
        while data := await stream.receive_some(65_536):
            received += data
    except trio.BrokenResourceError:
        pass
    return received


def address_of(node: Served) -> str:
    assert node.doors.http_address is not None
    return node.doors.http_address


def few(config: Config) -> Config:
    """As few connections as the settings allow, any of which may listen to events."""
    return replace(config, http_connections_max=8, http_requests_max=8, event_listeners_max=8)


async def test_more_connections_than_allowed_are_told_so(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.accepting.WAIT_SECONDS_MAX", 0.1)
    async with served(home.directory, few) as node, AsyncExitStack() as stack:
        for _ in range(8):
            stream = await stack.enter_async_context(connected(address_of(node)))
            await stream.send_all(b"GET /v1/events HTTP/1.1\r\nhost: n\r\n\r\n")
            await receive_until(stream, b"event-stream")
        async with connected(address_of(node)) as stream:
            # What was asked is read first: else the system would tell the client of a broken connection alone.
            await stream.send_all(b"GET /healthz HTTP/1.1\r\nhost: n\r\n\r\n")
            refused = await everything(stream)
        assert refused.startswith(b"HTTP/1.1 429")
        assert b"retry-after: 1" in refused
        assert b'"code":"too-many-requests"' in refused
        assert (await node.control.get("/healthz")).status_code == 200


IDLE = {
    "says nothing": b"",
    "never ends its headers": b"GET /healthz HTTP/1.1\r\nhost: n\r\n",
    "asked before": b"GET /healthz HTTP/1.1\r\nhost: n\r\n\r\n",
}


@pytest.mark.parametrize("how", IDLE)
@pytest.mark.parametrize("door", ["tcp", "control"])
async def test_idle_connections_keep_nobody_out(home: Home, how: str, door: str) -> None:
    """The one that was idle for longest goes; whoever asks is answered at once, not after the idle time."""

    async def connect() -> trio.SocketStream:
        if door == "control":
            return await trio.open_unix_socket(str(home.directory / "control.sock"))
        host, _, port = address_of(node).rpartition(":")
        return await trio.open_tcp_stream(host, int(port))

    async with served(home.directory, few) as node, AsyncExitStack() as stack:
        idle = []
        for _ in range(20):
            stream = await stack.enter_async_context(await connect())
            await stream.send_all(IDLE[how])
            if how == "asked before":
                await receive_until(stream, b'"ok"}')
            idle.append(stream)
        client = node.control if door == "control" else node.tcp
        with trio.fail_after(IDLE_SECONDS_MAX / 3):
            for _ in range(5):
                assert (await client.get("/healthz", headers={"connection": "close"})).status_code == 200
            for stream in idle[:12]:
                assert await everything(stream) == b""
        # The newest are still there, and are answered too.
        await idle[-1].send_all(b"\r\n" if how == "never ends its headers" else IDLE["asked before"])
        await receive_until(idle[-1], b'"ok"}')


async def test_the_number_of_connections_is_counted_with_those_that_gave_way() -> None:
    async with serving(flood) as (address, counts, _), AsyncExitStack() as stack:
        for _ in range(12):
            await stack.enter_async_context(connected(address))
        with trio.fail_after(10):
            while len(counts) < 12:
                await trio.lowlevel.checkpoint()
        assert max(counts) == 8


@pytest.mark.parametrize("turn_seconds", [0.0, 1000.0])
async def test_where_others_wait_an_answer_to_who_has_had_its_turn_is_the_last(
    monkeypatch: pytest.MonkeyPatch, turn_seconds: float
) -> None:
    """Between two requests there may be no time to close a connection. Guard: daemon/server.py, `_send`."""
    monkeypatch.setattr("daemon.connections.TURN_SECONDS_MAX", turn_seconds)
    monkeypatch.setattr("daemon.connections.RESTING_SECONDS_MAX", 1000.0)
    gate, begun = trio.Event(), [0]

    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        begun[0] += 1
        await gate.wait()
        await careless(scope, receive, send)

    ask = b"GET / HTTP/1.1\r\nhost: n\r\n\r\n"
    async with serving(patient) as (address, _, server), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(address)) for _ in range(8)]
        with trio.fail_after(10):
            for number, client in enumerate(clients, 1):
                await client.send_all(ask)
                while begun[0] < number:
                    await trio.lowlevel.checkpoint()
            newcomer = await stack.enter_async_context(connected(address))
            await newcomer.send_all(ask)
            while not server._is_waited_at():
                await trio.lowlevel.checkpoint()
            gate.set()
            answers = [await receive_until(client, b"ok") for client in clients]
            is_last = [b"connection: close" in answer.lower() for answer in answers]
            assert any(is_last) == (turn_seconds == 0)
            if any(is_last):
                assert b"ok" in await receive_until(newcomer, b"ok")


async def test_more_requests_than_allowed_are_told_so(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.api.places.WAIT_SECONDS_MAX", 0.05)
    async with served(home.directory, lambda config: replace(config, http_requests_max=1)) as node:
        async with node.tcp.stream("GET", "/v1/events") as listening:
            assert listening.status_code == 200
            answer = await node.tcp.get("/healthz")
            assert answer.status_code == 429
            assert answer.json()["code"] == "too-many-requests"
            assert answer.headers["retry-after"] == "1"
        with trio.fail_after(10):
            while (await node.tcp.get("/healthz")).status_code != 200:
                await trio.lowlevel.checkpoint()


async def test_little_is_read_of_a_request_that_waits_for_a_place(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    receive_some = BoundedStream.receive_some

    async def counted(self: BoundedStream) -> bytes:
        data = await receive_some(self)
        sizes.append(len(data))
        return data

    async with (
        served(home.directory, lambda config: replace(config, http_requests_max=1)) as node,
        node.tcp.stream("GET", "/v1/events") as listening,
        connected(address_of(node)) as stream,
    ):
        assert listening.status_code == 200
        monkeypatch.setattr(BoundedStream, "receive_some", counted)
        await stream.send_all(
            b"POST /v1/transactions HTTP/1.1\r\nhost: n\r\ncontent-type: application/msgpack\r\n"
            b"content-length: 1000000\r\n\r\n"
        )
        # It is not taken while the request waits: sending does not come to its end.
        with trio.move_on_after(0.3):
            await stream.send_all(bytes(900_000))
            await trio.sleep_forever()
        assert 0 < max(sizes) <= READ_SIZE_BYTES_MAX
        assert sum(sizes) <= 6 * READ_SIZE_BYTES_MAX


async def test_a_client_that_never_ends_its_headers_is_closed(home: Home, mock_clock: trio.testing.MockClock) -> None:
    async with served(home.directory) as node, connected(address_of(node)) as stream:
        await stream.send_all(b"GET /healthz HTTP/1.1\r\nhost: n\r\n")
        mock_clock.rate = 100
        started = trio.current_time()
        for _ in range(3):
            await stream.send_all(b"x-slow: 1\r\n")
        assert await everything(stream) == b""
        assert trio.current_time() - started >= IDLE_SECONDS_MAX / 2


async def test_endless_headers_are_cut_off(home: Home) -> None:
    async with served(home.directory) as node, connected(address_of(node)) as stream:
        await stream.send_all(b"GET /healthz HTTP/1.1\r\nhost: n\r\nx-long: " + b"x" * 40_000)
        assert (await everything(stream)).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(("size_bytes", "status"), [(16_000, b"200"), (17_000, b"431")])
async def test_the_bound_on_headers_that_come_in_pieces(home: Home, size_bytes: int, status: bytes) -> None:
    async with served(home.directory) as node, connected(address_of(node)) as stream:
        await stream.send_all(b"GET /healthz HTTP/1.1\r\nhost: n\r\nconnection: close\r\nx-long: " + b"x" * size_bytes)
        # What was sent is read before the rest comes: otherwise both would be one piece.
        await trio.testing.wait_all_tasks_blocked(0.02)
        with suppress(trio.BrokenResourceError):
            await stream.send_all(b"\r\n\r\n")
        assert (await everything(stream)).startswith(b"HTTP/1.1 " + status)


async def test_what_is_not_http_is_refused(home: Home) -> None:
    async with served(home.directory) as node, connected(address_of(node)) as stream:
        await stream.send_all(b"\x16\x03\x01 hello?\r\n\r\n")
        assert (await everything(stream)).startswith(b"HTTP/1.1 400")


async def test_a_body_that_does_not_come_is_given_up(home: Home, mock_clock: trio.testing.MockClock) -> None:
    async with served(home.directory) as node, connected(address_of(node)) as stream:
        await stream.send_all(
            b"POST /v1/transactions HTTP/1.1\r\nhost: n\r\ncontent-type: application/msgpack\r\n"
            b"content-length: 100\r\n\r\nx"
        )
        mock_clock.rate = 100
        received = await receive_until(stream, b'"body-too-slow"', timeout_s=300)
        assert received.startswith(b"HTTP/1.1 408")


async def test_a_batch_in_which_nothing_comes_is_ended(home: Home, mock_clock: trio.testing.MockClock) -> None:
    async with served(home.directory) as node, connected(address_of(node)) as stream:
        await stream.send_all(
            b"POST /v1/transactions:batch HTTP/1.1\r\nhost: n\r\ncontent-type: application/x-ndjson\r\n"
            b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n"
        )
        mock_clock.rate = 100
        assert b"body-too-slow" in await receive_until(stream, b'"aborted"', timeout_s=300)


async def test_an_early_answer_reaches_a_client_that_still_sends(home: Home) -> None:
    async with served(home.directory) as node, connected(address_of(node)) as stream:
        await stream.send_all(b"POST /v1/nothing HTTP/1.1\r\nhost: n\r\ncontent-length: 3000000\r\n\r\n")
        for _ in range(30):
            await stream.send_all(b"x" * 100_000)
        assert b'"not-found"' in await receive_until(stream, b'"params"')


async def test_a_websocket_is_turned_away(home: Home) -> None:
    async with served(home.directory) as node, connected(address_of(node)) as stream:
        await stream.send_all(
            b"GET /v1/events HTTP/1.1\r\nhost: n\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert b" 403 " in await receive_until(stream, b"\r\n\r\n")


Scope = dict[str, object]
Receive = Callable[[], Awaitable[dict[str, object]]]
Send = Callable[[dict[str, object]], Awaitable[None]]


async def flood(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that sends without end."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})


async def careless(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers at once, and never reads the body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok", "more_body": False})


@asynccontextmanager
async def serving(
    app: Callable[[Scope, Receive, Send], Awaitable[None]], connections_max: int = 8
) -> AsyncIterator[tuple[str, list[int], Server]]:
    """A server with this application: its address, the numbers of connections it had, itself."""
    listener = open_tcp_listener("127.0.0.1:0", "http")
    counts: list[int] = [0]
    server = Server(app, listener, connections_max, counts.append)  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        address = listening_address(listener)
        await nursery.start(server.run)
        yield address, counts, server
        await server.stop()


async def test_a_client_that_reads_nothing_is_given_up(mock_clock: trio.testing.MockClock) -> None:
    async with serving(flood) as (address, counts, _), connected(address) as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await stream.send_all(b"GET / HTTP/1.1\r\nhost: n\r\n\r\n")
        await receive_until(stream, b"200")
        mock_clock.rate = 200
        started = trio.current_time()
        while counts[-1]:
            await trio.lowlevel.checkpoint()
        assert trio.current_time() - started >= SEND_SECONDS_MAX / 2


async def test_a_stopping_server_does_not_wait_for_a_client_that_reads_nothing(
    mock_clock: trio.testing.MockClock,
) -> None:
    async with serving(flood) as (address, counts, server), connected(address) as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nhost: n\r\n\r\n")
        await receive_until(stream, b"200")
        mock_clock.rate = 200
        started = trio.current_time()
        await server.stop()
        while counts[-1]:
            await trio.lowlevel.checkpoint()
        assert trio.current_time() - started <= GRACE_SECONDS + SEND_SECONDS_MAX + 10


async def test_a_connection_ends_with_its_answer_where_the_body_was_never_read() -> None:
    async with serving(careless) as (address, counts, _), connected(address) as stream:
        await stream.send_all(b"POST / HTTP/1.1\r\nhost: n\r\ncontent-length: 100000000\r\n\r\n")
        assert (await receive_until(stream, b"ok")).endswith(b"ok")
        with pytest.raises(trio.BrokenResourceError):
            for _ in range(100):
                await stream.send_all(b"x" * 1_000_000)
        with trio.fail_after(10):
            while counts[-1]:
                await trio.lowlevel.checkpoint()


async def test_idle_connections_do_not_hold_up_the_end(home: Home) -> None:
    async with served(home.directory) as node, connected(address_of(node)) as stream:
        await stream.send_all(b"GET /healthz HTTP/1.1\r\nhost: n\r\n\r\n")
        await receive_until(stream, b'"ok"}')
        started = trio.current_time()
        await node.stop()
        assert await everything(stream) == b""
        assert trio.current_time() - started < GRACE_SECONDS


async def counted(counts: list[int], wanted: int) -> None:
    """Wait until so many connections are open."""
    with trio.fail_after(20):
        while counts[-1] != wanted:
            await trio.lowlevel.checkpoint()


async def test_what_is_unread_in_a_connection() -> None:
    """An end is nothing that anybody lost, and a connection that is just closing has no descriptor any more."""
    here, there = trio.socket.socketpair()
    stream, other = trio.SocketStream(here), trio.SocketStream(there)
    assert not has_unread(stream)
    await other.send_all(b"GET / HTTP/1.1")
    assert has_unread(stream)
    await stream.receive_some(4)
    assert has_unread(stream)
    await stream.receive_some(100)
    assert not has_unread(stream)
    await other.aclose()
    assert not has_unread(stream)
    await stream.aclose()
    assert not has_unread(stream)

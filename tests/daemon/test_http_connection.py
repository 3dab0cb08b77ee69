"""One connection: how long it may rest, what an answer costs of the event loop, and what a slow reader gets."""

import gc
import os
import socket
import struct
import weakref
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from daemon.connections import Connections
from daemon.server import GRACE_SECONDS, IDLE_SECONDS_MAX
from tests.daemon.test_api_batches import receive_until
from tests.daemon.test_server import careless, connected, counted, everything, serving

pytestmark = pytest.mark.trio
ASK = b"GET / HTTP/1.1\r\nhost: n\r\n\r\n"
Scope = dict[str, object]
Receive = Callable[[], Awaitable[dict[str, object]]]
Send = Callable[[dict[str, object]], Awaitable[None]]


class Steps(trio.abc.Instrument):
    """Counts the steps of tasks."""

    def __init__(self) -> None:
        self.count = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """A task runs."""
        self.count += 1


async def test_a_small_answer_takes_few_steps_of_the_event_loop() -> None:
    """In a busy node each is some milliseconds: one to read, one to answer, and two of this client's.

    Guards: daemon/http_connection.py, "self._sending.acquire_nowait()", "giving.send_nowait(part)",
    "return taking.receive_nowait()"; daemon/bounded_stream.py, "data = data[self._sent_at_once(data) :]".
    """

    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "http.request"
        await careless(scope, receive, send)

    async with serving(reading) as (address, _, _), connected(address) as stream:
        await stream.send_all(ASK)
        await receive_until(stream, b"ok")
        await trio.testing.wait_all_tasks_blocked()
        steps = Steps()
        trio.lowlevel.add_instrument(steps)
        await stream.send_all(ASK)
        await receive_until(stream, b"ok")
        trio.lowlevel.remove_instrument(steps)
    assert steps.count <= 4, steps.count


class Rooms(trio.abc.Instrument):
    """Asks after each step of a task how many could come, where one connection is open and no more may be."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self.counts: list[int] = []

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """A task has run."""
        if len(self._connections):
            self.counts.append(self._connections.room)


def connected_at_once(address: str) -> trio.SocketStream:
    """A connection that nobody has taken yet."""
    host, _, port = address.rpartition(":")
    return trio.SocketStream(trio.socket.from_stdlib_socket(socket.create_connection((host, int(port)))))


@pytest.mark.parametrize("is_early", [False, True])
async def test_a_connection_whose_request_was_read_makes_way_for_nobody(is_early: bool) -> None:
    """Not before its application begins either. Guards: daemon/http_connection.py, "begin_answer()";
    daemon/bounded_stream.py, "await trio.lowlevel.wait_readable(self._descriptor())"."""
    gate = trio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await gate.wait()
        await careless(scope, receive, send)

    async with serving(slow, 1) as (address, _, server):
        rooms = Rooms(server._connections)
        async with connected_at_once(address) as stream:
            if not is_early:
                await trio.testing.wait_all_tasks_blocked()
                assert server._connections.room == 1
            os.write(stream.socket.fileno(), ASK)
            trio.lowlevel.add_instrument(rooms)
            await trio.testing.wait_all_tasks_blocked()
            trio.lowlevel.remove_instrument(rooms)
            gate.set()
            await receive_until(stream, b"ok")
    assert rooms.counts and set(rooms.counts) == {0}


async def test_a_request_that_comes_as_the_rest_ends_is_answered(mock_clock: trio.testing.MockClock) -> None:
    """Guard: daemon/http_connection.py, `_read`, "with trio.CancelScope(deadline=self._rests_until)"."""

    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        await trio.testing.wait_all_tasks_blocked()
        await careless(scope, receive, send)

    async with serving(patient) as (address, _, _), connected(address) as stream:
        await trio.testing.wait_all_tasks_blocked()
        # Both are seen in the same turn of the event loop.
        os.write(stream.socket.fileno(), ASK)
        mock_clock.jump(IDLE_SECONDS_MAX)
        assert (await receive_until(stream, b"ok")).endswith(b"ok")


UNREAD = b"POST / HTTP/1.1\r\nhost: n\r\ncontent-length: 300000\r\n\r\n" + bytes(200_000)


@pytest.mark.parametrize("answers", [False, True])
@pytest.mark.parametrize("ask", [ASK, UNREAD], ids=["no body", "a body that nobody reads"])
async def test_whoever_is_found_to_be_gone_is_worked_for_no_longer(ask: bytes, answers: bool) -> None:
    """Guard, in `_read` and in `_send`: daemon/http_connection.py, "await self._stream.aclose()"."""
    begun, gate = trio.Event(), trio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await gate.wait()
        await careless(scope, receive, send)

    async with serving(slow) as (address, counts, _):
        async with connected(address) as stream:
            await stream.send_all(ask)
            await begun.wait()
            await trio.testing.wait_all_tasks_blocked()
            # Closing it tells the server of a broken connection, not of an end.
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if answers:
            gate.set()
        if answers or ask == ASK:
            with trio.fail_after(GRACE_SECONDS):
                await counted(counts, 0)
        # Of one whose body is not read nothing is known before something is sent to it.
        gate.set()
        with trio.fail_after(GRACE_SECONDS):
            await counted(counts, 0)
    assert counts[-1] == 0


async def test_a_request_that_ends_before_its_body_does_is_told_so() -> None:
    """Guard: daemon/http_connection.py, `_read`, "if data is not None:"."""

    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] == "http.request":
            pass
        await careless(scope, receive, send)

    async with serving(reading) as (address, _, _), connected(address) as stream:
        await stream.send_all(b"POST / HTTP/1.1\r\nhost: n\r\ncontent-length: 10\r\n\r\nabc")
        await stream.send_eof()
        assert (await everything(stream)).startswith(b"HTTP/1.1 400")


async def test_whoever_asks_and_sends_no_more_is_answered() -> None:
    gate = trio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await gate.wait()
        await careless(scope, receive, send)

    async with serving(slow) as (address, counts, _), connected(address) as stream:
        await stream.send_all(3 * ASK)
        await stream.send_eof()
        await trio.testing.wait_all_tasks_blocked()
        gate.set()
        assert (await everything(stream)).count(b"HTTP/1.1 200") == 3
        with trio.fail_after(GRACE_SECONDS):
            await counted(counts, 0)


async def test_an_application_that_is_ended_says_nothing(mock_clock: trio.testing.MockClock) -> None:
    """Not 500 without a word why. Guard: daemon/http_connection.py, "checkpoint_if_cancelled()"."""
    begun = trio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await trio.sleep_forever()

    async with serving(endless) as (address, _, server), connected(address) as stream:
        await stream.send_all(ASK)
        await begun.wait()
        await server.stop()
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(GRACE_SECONDS)
        assert await everything(stream) == b""


WAYS_TO_GO = {
    "after an answer": ASK,
    "in the middle of a request": ASK[:-2],
    "without an answer to read": ASK + ASK,
}


@pytest.mark.parametrize("how", WAYS_TO_GO)
async def test_a_connection_that_has_ended_leaves_nothing_for_the_collector(how: str) -> None:
    """Thousands come and go in a busy node. Guard: daemon/http_connection.py, "self._protocol = None"."""
    gc.disable()
    try:
        async with serving(careless) as (address, counts, server):
            async with connected(address) as stream:
                await trio.testing.wait_all_tasks_blocked()
                (serving_it,) = (weakref.ref(one) for one in server._serving)
                await stream.send_all(WAYS_TO_GO[how])
                await trio.testing.wait_all_tasks_blocked()
                if how == "after an answer":
                    await receive_until(stream, b"ok")
            while counts[-1]:
                await trio.lowlevel.checkpoint()
            await trio.testing.wait_all_tasks_blocked()
            assert serving_it() is None
    finally:
        gc.enable()


async def test_a_connection_rests_for_a_bounded_time_after_each_answer(mock_clock: trio.testing.MockClock) -> None:
    """Guard: daemon/http_connection.py, "self._rest(event.idle)"."""
    async with serving(careless) as (address, _, _), connected(address) as stream:
        for _ in range(3):
            mock_clock.jump(IDLE_SECONDS_MAX * 0.9)
            await stream.send_all(ASK)
            await receive_until(stream, b"ok")
        mock_clock.jump(IDLE_SECONDS_MAX)
        assert await everything(stream) == b""


async def test_an_answer_may_take_longer_than_a_connection_rests(mock_clock: trio.testing.MockClock) -> None:
    """Guard: daemon/http_connection.py, "if is_idle else math.inf"."""
    begun, gate = trio.Event(), trio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await gate.wait()
        await careless(scope, receive, send)

    async with serving(slow) as (address, _, _), connected(address) as stream:
        await stream.send_all(ASK)
        await begun.wait()
        mock_clock.jump(3 * IDLE_SECONDS_MAX)
        await trio.testing.wait_all_tasks_blocked()
        gate.set()
        assert (await receive_until(stream, b"ok")).endswith(b"ok")


async def test_a_stopping_server_lets_an_answer_end_and_takes_no_request_after_it() -> None:
    """Guard: daemon/http_connection.py, "if self._rests_until < math.inf:"."""
    begun, gate = trio.Event(), trio.Event()

    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await gate.wait()
        await careless(scope, receive, send)

    async with serving(patient) as (address, counts, server), connected(address) as stream:
        await stream.send_all(ASK)
        await begun.wait()
        await server.stop()
        await stream.send_all(ASK)
        gate.set()
        answer = await everything(stream)
        assert answer.count(b"HTTP/1.1 200") == 1 and answer.endswith(b"ok")
    assert counts[-1] == 0


async def test_a_connection_that_is_taken_while_the_server_stops_does_not_hold_it_up() -> None:
    """Guard: daemon/http_connection.py, "if self._context.terminated.is_set():"."""
    async with serving(careless) as (address, _, server):
        await server._context.terminated.set()
        async with connected(address) as stream:
            with trio.fail_after(IDLE_SECONDS_MAX / 2):
                assert await everything(stream) == b""


async def test_a_whole_answer_that_the_system_does_not_take_at_once_comes_whole() -> None:
    """Guard: daemon/bounded_stream.py, "data = data[self._sent_at_once(data) :]"."""
    body = bytes(range(256)) * 40_000

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async with serving(large) as (address, _, _), connected(address) as stream:
        await stream.send_all(ASK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
        await trio.testing.wait_all_tasks_blocked()
        answer = await everything(stream)
    assert answer.partition(b"\r\n\r\n")[2] == body

"""One connection of a client: hypercorn's protocol, with what a request needs of the event loop cut to the needful.

Owns the course of a connection: reading, idle time, sending, the tasks of its applications. hypercorn's own begins a
task for the idle time after each request and ends it with the next one, and takes a turn of the event loop for every
lock and every queue; where a node is busy a turn is some milliseconds, and a small answer took eight of them. Here the
idle time is a deadline, and what is free is taken at once. Whoever is found to be gone ends all that works for it.
Never looks into HTTP, which is the protocol's and the application's.
Source: docs/adr/0008-http-stack.md.
"""

import math
from collections.abc import Awaitable, Callable
from contextlib import suppress

import trio
from hypercorn.config import Config as HypercornConfig
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.trio.task_group import TaskGroup, _handle
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import (
    AppWrapper,
    ASGIReceiveEvent,
    ASGISendEvent,
    ConnectionState,
    HTTPDisconnectEvent,
    Scope,
)
from hypercorn.utils import parse_socket_addr

from daemon.bounded_stream import BoundedStream
from daemon.http1_protocol import Http1Protocol

# The client, or this side of its connection.
_GONE = (trio.BrokenResourceError, trio.ClosedResourceError)
Give = Callable[[ASGIReceiveEvent], Awaitable[None]]


class HttpConnection:
    """Serves one client; `run` once."""

    def __init__(self, app: AppWrapper, config: HypercornConfig, context: WorkerContext, stream: BoundedStream) -> None:
        self._app = app
        self._config = config
        self._context = context
        self._stream = stream
        self._protocol: Http1Protocol | None = None
        self._sending = trio.Lock()
        # Until when a next request may begin; for ever while one is under way.
        self._rests_until = math.inf
        # While the next bytes are waited for, and nothing else.
        self._waiting: trio.CancelScope | None = None

    async def run(self) -> None:
        """Serve until the client goes, has asked nothing for as long as the settings say, or `end_if_idle`."""
        try:
            await self._serve()
        except OSError:
            # The client was gone before one could ask for its address.
            pass
        finally:
            # It points back at this object, and the two would stay until the collector comes.
            self._protocol = None
            await self._close()

    def end_if_idle(self) -> None:
        """End, unless a request is under way."""
        if self._rests_until < math.inf:
            self._rests_until = -math.inf
            if self._waiting is not None:
                self._waiting.cancel()

    async def _serve(self) -> None:
        socket = self._stream.socket
        client = parse_socket_addr(socket.family, socket.getpeername())
        server = parse_socket_addr(socket.family, socket.getsockname())
        state = ConnectionState({})
        async with _Tasks(self._stream) as tasks:
            self._protocol = Http1Protocol(
                self._app, self._config, self._context, tasks, state, False, client, server, self._carry_out
            )
            await self._protocol.initiate()
            self._rest(True)
            await self._read(self._protocol)
            await self._protocol.handle(Closed())

    async def _read(self, protocol: Http1Protocol) -> None:
        """Read until the end of what the client sends, or until it has rested for too long, which closes."""
        data: bytes | None = b"?"
        while data:
            data = None
            # A scope for each wait: what was read as the time ended is served.
            with trio.CancelScope(deadline=self._rests_until) as self._waiting, suppress(*_GONE):
                data = await self._stream.receive_some()
            self._waiting = None
            if data is not None:
                # At the end too: a request that is not whole is told so.
                await protocol.handle(RawData(data))
        if data is None:
            await self._stream.aclose()

    async def _carry_out(self, event: Event) -> None:
        """What the protocol wants done: bytes, an end, or the beginning or end of an idle time."""
        if isinstance(event, RawData):
            await self._send(event.data)
        elif isinstance(event, Updated):
            self._rest(event.idle)
        elif isinstance(event, Closed):
            await self._close()

    def _rest(self, is_idle: bool) -> None:
        """The time for a next request begins, or one has come."""
        self._rests_until = trio.current_time() + self._config.keep_alive_timeout if is_idle else math.inf
        if self._waiting is not None:
            self._waiting.deadline = self._rests_until
        if self._context.terminated.is_set():
            self.end_if_idle()

    async def _send(self, data: bytes) -> None:
        # An application whose connection ends answers nothing any more; hypercorn would say 500 for it.
        await trio.lowlevel.checkpoint_if_cancelled()
        # The protocol itself asks for the rest of a request, and says what is wrong with one.
        try:
            self._sending.acquire_nowait()
        except trio.WouldBlock:
            await self._sending.acquire()
        try:
            await self._stream.send_all(data)
        except _GONE:
            await self._stream.aclose()
            # Whoever goes on sending would wait for nothing any more, and never learn of its end.
            await trio.lowlevel.checkpoint()
        finally:
            self._sending.release()

    async def _close(self) -> None:
        with suppress(trio.BusyResourceError, *_GONE):
            await self._stream.send_eof()
        await self._stream.aclose()


class _Tasks(TaskGroup):
    """The applications of one connection, each with a bounded queue of what comes for it."""

    def __init__(self, stream: BoundedStream) -> None:
        super().__init__()
        self._stream = stream

    async def spawn_app(
        self,
        app: AppWrapper,
        config: HypercornConfig,
        scope: Scope,
        send: Callable[[ASGISendEvent | None], Awaitable[None]],
    ) -> Give:
        """Begin to answer one request; returns how parts of it are given to the application."""
        giving, taking = trio.open_memory_channel[ASGIReceiveEvent](config.max_app_queue_size)

        async def give(part: ASGIReceiveEvent) -> None:
            if part["type"] == "http.disconnect":
                # Told after what came before it, and nobody waits to tell it: it may be the application's own task.
                giving.close()
                return
            try:
                giving.send_nowait(part)
            except trio.WouldBlock:
                with suppress(trio.ClosedResourceError):
                    await giving.send(part)

        async def take() -> ASGIReceiveEvent:
            with suppress(trio.EndOfChannel):
                with suppress(trio.WouldBlock):
                    return taking.receive_nowait()
                return await taking.receive()
            return HTTPDisconnectEvent(type="http.disconnect")

        async def answer() -> None:
            try:
                await _handle(app, config, scope, take, send, trio.to_thread.run_sync, trio.from_thread.run)
            finally:
                self._stream.end_answer()

        # The task begins in the next turn of the event loop; in this one somebody else may look for an idle connection.
        self._stream.begin_answer()
        self.spawn(answer)
        return give

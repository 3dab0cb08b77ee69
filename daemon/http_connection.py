"""One connection of hypercorn's, with what a request needs of the event loop cut to the needful.

Owns the course of a connection: reading, idle time, sending. hypercorn's own begins a task for the idle time after each
request and ends it with the next one, and takes a turn of the event loop for every lock and every queue; where a node
is busy a turn is some milliseconds, and a small answer took eight of them. Here the idle time is a deadline, and what
is free is taken at once. Never looks into HTTP, which is hypercorn's protocols' and the application's.
Source: docs/adr/0008-http-stack.md.
"""

import math
from collections.abc import Awaitable, Callable

import trio
from hypercorn.config import Config as HypercornConfig
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol import ProtocolWrapper
from hypercorn.trio.task_group import TaskGroup, _handle
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ASGIReceiveEvent, ASGISendEvent, ConnectionState, Scope
from hypercorn.utils import parse_socket_addr

from daemon.bounded_stream import READ_SIZE_BYTES_MAX, BoundedStream

Give = Callable[[ASGIReceiveEvent], Awaitable[None]]


class HttpConnection(TCPServer):
    """Serves one client; `run` once."""

    def __init__(self, app: AppWrapper, config: HypercornConfig, context: WorkerContext, stream: BoundedStream) -> None:
        # hypercorn types its parameter as a TLS stream; it asks a plain one for nothing else than this.
        super().__init__(app, config, context, ConnectionState({}), stream)  # type: ignore[arg-type]
        self._bounded = stream
        self._reading = trio.CancelScope()

    async def run(self) -> None:
        """Serve until the client goes, has asked nothing for as long as the settings say, or `end_if_idle`."""
        try:
            await self._serve()
        except OSError:
            # The client was gone before one could ask for its address.
            pass
        finally:
            # It points back at this object, and the two would stay until the collector comes.
            vars(self).pop("protocol", None)
            await self._close()

    def end_if_idle(self) -> None:
        """End, unless a request is under way."""
        if self._reading.deadline < math.inf:
            self._reading.cancel()

    async def protocol_send(self, event: Event) -> None:
        """What the protocol wants done: bytes, an end, or the beginning or end of an idle time."""
        if isinstance(event, RawData):
            if event.data:
                await self._send(event.data)
        elif isinstance(event, Updated):
            self._rest(event.idle)
        else:
            await super().protocol_send(event)

    async def _serve(self) -> None:
        socket = self.stream.socket
        client = parse_socket_addr(socket.family, socket.getpeername())
        server = parse_socket_addr(socket.family, socket.getsockname())
        async with _Tasks(self._bounded) as tasks:
            self.protocol = ProtocolWrapper(
                self.app,
                self.config,
                self.context,
                tasks,
                ConnectionState(self.state),
                False,
                client,
                server,
                self.protocol_send,
                "http/1.1",
            )
            await self.protocol.initiate()
            self._rest(True)
            with self._reading:
                await self._read_data()
            if self._reading.cancelled_caught:
                await self.protocol.handle(Closed())
                await self.stream.aclose()

    def _rest(self, is_idle: bool) -> None:
        """The time for a next request begins, or one has come."""
        self._reading.deadline = trio.current_time() + self.config.keep_alive_timeout if is_idle else math.inf
        if self.context.terminated.is_set():
            self.end_if_idle()

    async def _read_data(self) -> None:
        data = b"?"
        while data:
            try:
                data = bytes(await self.stream.receive_some(READ_SIZE_BYTES_MAX))
            except (trio.ClosedResourceError, trio.BrokenResourceError):
                break
            await self.protocol.handle(RawData(data))
        await self.protocol.handle(Closed())

    async def _send(self, data: bytes) -> None:
        # An application whose connection ends answers nothing any more; hypercorn would say 500 for it.
        await trio.lowlevel.checkpoint_if_cancelled()
        # Of HTTP/2, several answers go over one connection.
        try:
            self.send_lock.acquire_nowait()
        except trio.WouldBlock:
            await self.send_lock.acquire()
        try:
            await self.stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await self.protocol.handle(Closed())
            # An application that goes on sending waits for nothing any more, and would never learn of its end.
            await trio.lowlevel.checkpoint()
        finally:
            self.send_lock.release()


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
            try:
                giving.send_nowait(part)
            except trio.WouldBlock:
                await giving.send(part)

        async def take() -> ASGIReceiveEvent:
            try:
                return taking.receive_nowait()
            except trio.WouldBlock:
                return await taking.receive()

        async def answer() -> None:
            try:
                await _handle(app, config, scope, take, send, trio.to_thread.run_sync, trio.from_thread.run)
            finally:
                self._stream.end_answer()

        # The task begins in the next turn of the event loop; in this one somebody else may look for an idle connection.
        self._stream.begin_answer()
        self.spawn(answer)
        return give

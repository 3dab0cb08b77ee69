"""Serving the API on a listening socket: hypercorn's HTTP over trio, with the bounds it lacks.

Owns how a connection is served: how long it may take to say what it wants or to take what it is sent, and that
everything belonging to it ends with it. How many there may be is for `daemon.connections`. Never looks into a request.

Why not `hypercorn.trio.serve` (docs/adr/0008): it has no bound on connections; it sends with a shielded scope and no
deadline, so one client that reads nothing would hold a shutdown for ever; and a handler that answers before it has read
the body would leave its connection's reader waiting for ever.
"""

import fcntl
import logging
import socket
import sys
import termios
from collections.abc import Callable
from functools import partial
from typing import cast

import structlog
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config as HypercornConfig
from hypercorn.logging import Logger as HypercornLogger
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daemon.accepting import Accepting
from daemon.api.problems import problem_response
from daemon.api.request_errors import TooManyRequestsError
from daemon.bounded_stream import BoundedStream
from daemon.connections import Connection, Connections
from daemon.http_connection import HttpConnection
from daemon.unread_body import UnreadBody
from daemon.whole_answer import WholeAnswer

# To say what it wants, and between two requests.
IDLE_SECONDS_MAX = 15
# To say what it wants where there is no place for it; it has usually said it with the first packets.
REFUSED_SECONDS_MAX = 0.1
REFUSED_SIZE_BYTES_MAX = 128 * 1024
# What is being answered when the node stops may take so long to end.
GRACE_SECONDS = 3
HEADERS_SIZE_BYTES_MAX = 16 * 1024
_CHUNKS_WAITING_MAX = 4
_C_INT_SIZE_BYTES = 4
_log = structlog.get_logger("http")


class Server:
    """One door: `run` accepts connections until `stop`."""

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        connections_max: int,
        count_connections: Callable[[int], None],
    ) -> None:
        """`listener` listens already; `count_connections` is called with each new number of open connections."""
        self._app = app
        self._config = _hypercorn_config()
        self._context = WorkerContext(None)
        self._listener = listener
        self._connections = Connections(connections_max, count_connections)
        self._serving: set[HttpConnection] = set()
        # Whether somebody waits outside.
        self._is_waited_at: Callable[[], bool] = bool
        self._accepting = trio.CancelScope()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve; returns when `stop` was called and every connection has ended, or its grace is over."""
        async with trio.open_nursery() as connections:
            with self._accepting:
                task_status.started()
                await self._door(connections).run()
            self._listener.close()
            connections.cancel_scope.deadline = trio.current_time() + GRACE_SECONDS

    async def stop(self) -> None:
        """Take no further connections, close idle ones, let the others end."""
        self._accepting.cancel()
        await self._context.terminated.set()
        for serving in self._serving:
            serving.end_if_idle()

    def _door(self, connections: trio.Nursery) -> Accepting:
        take = partial(self._take, connections)
        door = Accepting(self._listener, lambda: self._connections.room, take, self._refuse)
        self._is_waited_at = lambda: door.is_waited_at
        return door

    def _take(self, connections: trio.Nursery, stream: trio.SocketStream) -> None:
        # Places are given in the order of coming; tasks begin in any.
        connection = self._connections.enter(trio.CancelScope(), partial(has_unread, stream))
        if connection is None:
            connections.start_soon(self._refuse, stream)
        else:
            connections.start_soon(self._handle, stream, connection)

    async def _handle(self, stream: trio.SocketStream, connection: Connection) -> None:
        try:
            with connection.end:
                await self._serve(stream, connection)
        except Exception as error:
            # A bug in the HTTP layer ends this connection, never the node.
            _log.error("connection-failed", exc_info=error)
        finally:
            self._connections.leave(connection)
            await trio.aclose_forcefully(stream)

    async def _refuse(self, stream: trio.SocketStream) -> None:
        """Say that the door is full, to whoever reads it at once.

        What was asked is taken first, as far as there is time: closing a connection on which something is unread would
        take the answer from the client.
        """
        answer = problem_response(
            TooManyRequestsError(
                "{count} connections are open, as many as the settings allow; try again in a moment",
                count=len(self._connections),
            )
        )
        headers = b"".join(b"%b: %b\r\n" % header for header in answer.raw_headers)
        try:
            with trio.move_on_after(REFUSED_SECONDS_MAX):
                await stream.receive_some(REFUSED_SIZE_BYTES_MAX)
            with trio.move_on_after(1):
                await stream.send_all(
                    b"HTTP/1.1 429 Too Many Requests\r\n%bconnection: close\r\n\r\n%b" % (headers, bytes(answer.body))
                )
                await stream.send_eof()
        except trio.BrokenResourceError:
            return
        finally:
            await trio.aclose_forcefully(stream)

    async def _serve(self, stream: trio.SocketStream, connection: Connection) -> None:
        bounded = BoundedStream(stream, connection)

        async def application(request: Scope, receive: Receive, send: Send) -> None:
            send_on = partial(self._send, connection, send)
            has_body = request["type"] == "http" and request["method"] != "HEAD"
            answer = WholeAnswer(send_on, bounded.hold) if has_body else None
            body = UnreadBody(request, receive, answer.send if answer else send_on, connection.end)
            await self._app(request, body.receive, body.send)
            if answer:
                await answer.end()
            await body.throw_away()

        serving = HttpConnection(ASGIWrapper(cast(ASGIFramework, application)), self._config, self._context, bounded)
        self._serving.add(serving)
        try:
            await serving.run()
        finally:
            self._serving.remove(serving)

    async def _send(self, connection: Connection, send: Send, message: Message) -> None:
        """Pass on a part of an answer: of the last one, where others wait and this one has had its turn."""
        if message["type"] == "http.response.start" and connection.has_had_its_turn and self._is_waited_at():
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await send(message)


def has_unread(stream: trio.SocketStream) -> bool:
    """Whether bytes have arrived that nobody has read; the end is none, nor is anything in what is closed already."""
    descriptor = stream.socket.fileno()
    if descriptor < 0:
        return False
    count = fcntl.ioctl(descriptor, termios.FIONREAD, bytes(_C_INT_SIZE_BYTES))
    return int.from_bytes(count, sys.byteorder) > 0


class _StructuredLogger(HypercornLogger):
    """hypercorn's own messages, as events of our log."""

    def __init__(self, config: HypercornConfig) -> None:
        super().__init__(config)
        self.error_logger = logging.getLogger("hypercorn")


def _hypercorn_config() -> HypercornConfig:
    config = HypercornConfig()
    config.logger_class = _StructuredLogger
    config.accesslog = None
    config.errorlog = None
    config.include_server_header = False
    config.keep_alive_timeout = IDLE_SECONDS_MAX
    config.h11_max_incomplete_size = HEADERS_SIZE_BYTES_MAX
    config.max_app_queue_size = _CHUNKS_WAITING_MAX
    return config

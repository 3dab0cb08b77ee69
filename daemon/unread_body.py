"""Bodies that nobody reads: read to their end within bounds, or the connection ends.

Owns what happens between an application that answers before it has read the body (a refusal, an error) and hypercorn,
which then waits for ever for somebody to take the rest. A client of good will gets its answer; one that goes on sending
is cut off.
"""

import trio
from starlette.types import Message, Receive, Scope, Send

SIZE_BYTES_MAX = 4 * 1024 * 1024
SECONDS_MAX = 2


class UnreadBody:
    """Stands between one request's application and the server; `connection` is cancelled to cut the client off."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, connection: trio.CancelScope) -> None:
        self._receive = receive
        self._send = send
        self._connection = connection
        names = {name for name, _ in scope["headers"]} if scope["type"] == "http" else set()
        self._unread = b"transfer-encoding" in names or b"content-length" in names

    async def receive(self) -> Message:
        """The next part of the request."""
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        """Pass on a part of the answer; its end only when the body was read."""
        is_end = message["type"] == "http.response.body" and not message.get("more_body", False)
        if is_end and self._unread:
            # The client has all of the answer before the rest of its body is thrown away.
            await self._send({**message, "more_body": True})
            await self.throw_away()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    async def throw_away(self) -> None:
        """Read what is left of the body; cut the client off where it is too much. Harmless if nothing is left."""
        size = 0
        with trio.move_on_after(SECONDS_MAX):
            while self._unread and size < SIZE_BYTES_MAX:
                message = await self.receive()
                size += len(message.get("body", b""))
        if self._unread:
            self._connection.cancel()
            await trio.lowlevel.checkpoint()

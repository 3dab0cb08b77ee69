"""Answers that are sent piece by piece, for as long as there is something to send.

Owns the ASGI messages of such an answer. Starlette's own streaming answer reads the request's body to notice a client
that went away; a batch reads that body itself, so it cannot be used here.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

SendPiece: TypeAlias = Callable[[bytes], Awaitable[None]]


class StreamedAnswer(Response):
    """An answer whose body `produce` sends; the answer ends when it returns.

    Headers leave before the first piece is there, so `produce` can report errors only in the body.
    """

    def __init__(self, produce: Callable[[SendPiece], Awaitable[None]], media_type: str) -> None:
        super().__init__(None, 200, {"cache-control": "no-store"}, media_type)
        del self.headers["content-length"]
        self._produce = produce

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send headers at once, then what is produced."""

        async def send_piece(piece: bytes) -> None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await self._produce(send_piece)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

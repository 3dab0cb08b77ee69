"""Answers that leave in one piece: headers with the body that is there already.

Owns what stands between an application and hypercorn, which sends headers and body as two pieces, each a packet and a
turn of the event loop of its own. Headers wait for the first part of their body inside one call only, so nothing can
come between; where the body has no length yet, or is empty, nothing waits.
"""

from collections.abc import Callable

from starlette.types import Message, Send


class WholeAnswer:
    """One answer over HTTP/1, not to HEAD; `hold` lets the next piece leave with the one after it."""

    def __init__(self, send: Send, hold: Callable[[], None]) -> None:
        self._send = send
        self._hold = hold
        self._headers: Message | None = None

    async def send(self, message: Message) -> None:
        """Pass on a part of the answer, or keep it until the next."""
        if message["type"] == "http.response.start" and _has_length(message):
            self._headers = message
            return
        headers, self._headers = self._headers, None
        if headers is not None:
            if message.get("body"):
                self._hold()
            await self._send(headers)
        await self._send(message)

    async def end(self) -> None:
        """The application is done: what it began without an end is not kept back."""
        headers, self._headers = self._headers, None
        if headers is not None:
            await self._send(headers)


def _has_length(message: Message) -> bool:
    return any(name == b"content-length" for name, _ in message["headers"])

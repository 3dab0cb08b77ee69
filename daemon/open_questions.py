"""Linearizable reads that wait for the node to confirm them.

Owns the questions of this process between a client and the node; never reads a record. A question that the node refuses
is asked again, as a new one, while its client waits: an election may be under way. Bounds: `QUESTIONS_MAX` who wait.
Source: docs/protocol.md, section 6, "Reads".
"""

import secrets
from collections.abc import Callable

import trio

from consensus.statement import NONCE_SIZE_BYTES
from daemon.errors import NotLeaderError, OverloadedError

# As many as the node takes (`daemon.reading`).
QUESTIONS_MAX = 1024
# An election takes about this many times ten.
ASK_AGAIN_SECONDS = 0.1


class _Question:
    __slots__ = ("answered", "is_confirmed")

    def __init__(self) -> None:
        self.answered = trio.Event()
        self.is_confirmed = False


class OpenQuestions:
    """`ask` hands a question of 16 bytes to the node; `ready` or `failed` follows."""

    def __init__(self, ask: Callable[[bytes], None]) -> None:
        self._ask = ask
        self._open: dict[bytes, _Question] = {}
        self._is_closed = False

    async def confirm(self, wait_ms: int) -> None:
        """Return when everything that was reported committed before the call can be read from the store.

        Raises:
            NotLeaderError: nobody confirmed it within `wait_ms`, or the node has ended.
            OverloadedError: too many wait already.
        """
        if len(self._open) >= QUESTIONS_MAX:
            raise OverloadedError("too many wait for the newest state already; ask again in a moment")
        with trio.move_on_after(wait_ms / 1000):
            while not self._is_closed:
                if await self._asked():
                    return
                await trio.sleep(ASK_AGAIN_SECONDS)
        raise NotLeaderError("nobody confirms now that this node knows the newest block; ask again in a second")

    async def _asked(self) -> bool:
        number, question = secrets.token_bytes(NONCE_SIZE_BYTES), _Question()
        self._open[number] = question
        try:
            self._ask(number)
            await question.answered.wait()
        finally:
            self._open.pop(number, None)
        return question.is_confirmed

    def answered(self, number: bytes, is_confirmed: bool) -> None:
        """The node has an answer; nothing happens if nobody waits for it any more."""
        question = self._open.pop(number, None)
        if question is not None:
            question.is_confirmed = is_confirmed
            question.answered.set()

    def close(self) -> None:
        """The node has ended: nobody gets an answer any more."""
        self._is_closed = True
        for number in list(self._open):
            self.answered(number, False)

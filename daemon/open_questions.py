"""Linearizable reads that wait for the node to confirm them.

Owns the questions of this process between its clients and the node; never reads a record. One question is for all who
came before it was asked: while one is under way, those who come wait for the next together, so a thousand readers cost
the network as much as a few. A question that the node refuses is asked again, as a new one, while its clients wait: an
election may be under way. Bounds: `QUESTIONS_MAX` who wait; a question every `PATIENCE_SECONDS` while none is answered.
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
# Several times what an answer takes; it may have been lost, with a leader or with a connection.
PATIENCE_SECONDS = 0.3


class _Question:
    """`answered` is set when the node has said whether it `is_confirmed`."""

    __slots__ = ("answered", "is_asked", "is_confirmed")

    def __init__(self) -> None:
        self.answered = trio.Event()
        self.is_asked = False
        self.is_confirmed = False


class OpenQuestions:
    """`ask` hands a question of 16 bytes to the node; `answered` follows, at once or later."""

    def __init__(self, ask: Callable[[bytes], None]) -> None:
        self._ask = ask
        # Asked, by number; more than one only where an answer is late.
        self._open: dict[bytes, _Question] = {}
        # What was asked last, and when.
        self._newest: _Question | None = None
        self._newest_seconds = 0.0
        # What is asked next, with those who wait for it.
        self._next: _Question | None = None
        self._waiting_count = 0
        self._is_closed = False

    @property
    def is_empty(self) -> bool:
        """Whether nobody waits for an answer."""
        return not self._waiting_count

    async def confirm(self, wait_ms: int) -> None:
        """Return when everything that was reported committed before the call can be read from the store.

        Raises:
            NotLeaderError: nobody confirmed it within `wait_ms`, or the node has ended.
            OverloadedError: too many wait already.
        """
        if self._waiting_count >= QUESTIONS_MAX or len(self._open) >= QUESTIONS_MAX:
            raise OverloadedError("too many wait for the newest state already; ask again in a moment")
        self._waiting_count += 1
        try:
            with trio.move_on_after(wait_ms / 1000):
                while not self._is_closed:
                    if await self._joined():
                        return
                    await trio.sleep(ASK_AGAIN_SECONDS)
        finally:
            self._waiting_count -= 1
        raise NotLeaderError("nobody confirms now that this node knows the newest block; ask again in a second")

    async def _joined(self) -> bool:
        """Whether the next question, which is asked after now, is confirmed."""
        if self._next is None:
            self._next = _Question()
        question = self._next
        if self._newest is None or self._newest.answered.is_set():
            self._ask_next()
        else:
            with trio.move_on_at(self._newest_seconds + PATIENCE_SECONDS):
                await question.answered.wait()
            if not question.is_asked:
                self._ask_next()
        await question.answered.wait()
        return question.is_confirmed

    def _ask_next(self) -> None:
        question, self._next = self._next, None
        if question is not None:
            number = secrets.token_bytes(NONCE_SIZE_BYTES)
            question.is_asked = True
            self._newest, self._newest_seconds = question, trio.current_time()
            self._open[number] = question
            self._ask(number)

    def answered(self, number: bytes, is_confirmed: bool) -> None:
        """The node has an answer; what waits is asked now. Nothing happens if the number is not known any more."""
        question = self._open.pop(number, None)
        if question is None:
            return
        question.is_confirmed = is_confirmed
        question.answered.set()
        if not self._is_closed:
            self._ask_next()

    def close(self) -> None:
        """The node has ended: nobody gets an answer any more."""
        self._is_closed = True
        waiting, self._next = self._next, None
        if waiting is not None:
            waiting.is_asked = True
            waiting.answered.set()
        for number in list(self._open):
            self.answered(number, False)

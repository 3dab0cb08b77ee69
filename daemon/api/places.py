"""The places for requests that are being answered at once, and a bounded queue before them.

Owns who waits and for how long. A refusal costs the node as much as a small answer, and who is refused comes again: a
node that refused at once would, offered four times what it can do, do a third of it. So a request waits for a place
first, longer than whoever is refused is told to stay away, and no connection can be refused more often than that.
Bounds: `count_max` places, `waiting_max` who wait, `WAIT_SECONDS_MAX` for each.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

# In this time a busy node answers some hundred requests; clients wait for ten seconds and more.
WAIT_SECONDS_MAX = 3.0


class Places:
    """Not thread-safe; who came first is first."""

    def __init__(self, count_max: int, waiting_max: int) -> None:
        self._free = trio.Semaphore(count_max, max_value=count_max)
        self._count_max = count_max
        self._waiting_max = waiting_max

    @property
    def taken_count(self) -> int:
        """How many are being answered."""
        return self._count_max - self._free.value

    @asynccontextmanager
    async def place(self) -> AsyncIterator[bool]:
        """A place while the `async with` block runs; False where none became free in time."""
        has_place = await self._take()
        try:
            yield has_place
        finally:
            if has_place:
                self._free.release()

    async def _take(self) -> bool:
        try:
            self._free.acquire_nowait()
        except trio.WouldBlock:
            if self._free.statistics().tasks_waiting >= self._waiting_max:
                return False
            with trio.move_on_after(WAIT_SECONDS_MAX):
                await self._free.acquire()
                return True
            return False
        return True

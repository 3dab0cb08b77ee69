"""The places for requests that are being worked on at once, and a bounded queue before them.

Owns who waits and for how long. A refusal costs the node as much as a small answer, and who is refused comes again: a
node that refused at once would, offered four times what it can do, do a third of it. So a request waits for a place
first, longer than whoever is refused is told to stay away, and no connection can be refused more often than that.
Who only waits for somebody else's work needs no place for that and lends it: else a hundred who wait for their blocks,
or for what never comes, would keep everybody out. For the answer it has to have one again: a block answers a thousand
clients, and the node is not to stand still until all of them are.
Bounds: `count_max` places, `waiting_max` who wait, `WAIT_SECONDS_MAX` for each, `lent_max` places that are lent.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

# In this time a busy node answers some hundred requests; clients wait for ten seconds and more.
WAIT_SECONDS_MAX = 3.0


class Place:
    """What one request holds while it is worked on."""

    __slots__ = ("_free", "_is_held", "_lending")

    def __init__(self, free: trio.Semaphore, lending: trio.Semaphore) -> None:
        self._free = free
        self._lending = lending
        self._is_held = True

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Let others have it while the `async with` block waits; after that, wait until there is one again.

        It is kept where too many are lent. Where none becomes free in time the answer, which is known, goes without.
        """
        try:
            self._lending.acquire_nowait()
        except trio.WouldBlock:
            yield
            return
        try:
            self.give_back()
            yield
        finally:
            self._lending.release()
        await self._take_again()

    async def _take_again(self) -> None:
        with trio.move_on_after(WAIT_SECONDS_MAX):
            try:
                self._free.acquire_nowait()
            except trio.WouldBlock:
                await self._free.acquire()
            self._is_held = True

    def give_back(self) -> None:
        """Let somebody else have it, for good; without effect while it is lent."""
        if self._is_held:
            self._is_held = False
            self._free.release()


class Places:
    """Not thread-safe; who came first is first."""

    def __init__(self, count_max: int, waiting_max: int, lent_max: int) -> None:
        self._lending = trio.Semaphore(lent_max, max_value=lent_max)
        self._free = trio.Semaphore(count_max, max_value=count_max)
        self._count_max = count_max
        self._waiting_max = waiting_max

    @property
    def taken_count(self) -> int:
        """How many are being worked on."""
        return self._count_max - self._free.value

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Place | None]:
        """A place while the `async with` block runs, apart from where it is lent; None where none became free."""
        place = Place(self._free, self._lending) if await self._take() else None
        try:
            yield place
        finally:
            if place is not None:
                place.give_back()

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

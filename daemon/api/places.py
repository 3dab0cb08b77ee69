"""The places for requests that are being worked on at once, and a bounded queue before them.

Owns who waits and for how long. A refusal costs the node as much as a small answer, and who is refused comes again: a
node that refused at once would, offered four times what it can do, do a third of it. So a request waits for a place
first, longer than whoever is refused is told to stay away, and no connection can be refused more often than that.
Who only waits for somebody else's work needs no place for that and lends it: else a hundred who wait for their blocks,
or for what never comes, would keep everybody out. For the answer it has to have one again: a block answers a thousand
clients, and the node is not to stand still until all of them are.
Bounds: `count_max` places, `waiting_max` who wait, `WAIT_SECONDS_MAX` for each, `lent_max` places that are lent.
"""

from types import TracebackType

import trio

# In this time a busy node answers some hundred requests; clients wait for ten seconds and more.
WAIT_SECONDS_MAX = 3.0


class Lent:
    """While an `async with` block of this waits, others may have the place; see `Place.lent`."""

    __slots__ = ("_is_lent", "_lending", "_place")

    def __init__(self, place: "Place", lending: trio.Semaphore) -> None:
        self._place = place
        self._lending = lending
        self._is_lent = False

    async def __aenter__(self) -> None:
        try:
            self._lending.acquire_nowait()
        except trio.WouldBlock:
            return
        self._is_lent = True
        self._place.give_back()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_lent:
            return
        self._lending.release()
        if error is None:
            await self._place.take_again()


class Place:
    """What one request holds while it is worked on."""

    __slots__ = ("_free", "_is_held", "_lending")

    def __init__(self, free: trio.Semaphore, lending: trio.Semaphore) -> None:
        self._free = free
        self._lending = lending
        self._is_held = True

    def lent(self) -> Lent:
        """Let others have it while the `async with` block waits; after that, wait until there is one again.

        It is kept where too many are lent. Where none becomes free in time the answer, which is known, goes without.
        """
        return Lent(self, self._lending)

    async def take_again(self) -> None:
        """Wait for a place once more, after it was given back; a bounded time."""
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


class Taken:
    """A place while an `async with` block of this runs; see `Places.place`."""

    __slots__ = ("_place", "_places")

    def __init__(self, places: "Places") -> None:
        self._places = places
        self._place: Place | None = None

    async def __aenter__(self) -> Place | None:
        self._place = await self._places.take()
        return self._place

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._place is not None:
            self._place.give_back()


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

    def place(self) -> Taken:
        """A place while the `async with` block runs, apart from where it is lent; None where none became free."""
        return Taken(self)

    async def take(self) -> Place | None:
        """A place, which has to be given back; None where none became free in time, or too many wait."""
        try:
            self._free.acquire_nowait()
        except trio.WouldBlock:
            if not await self._wait():
                return None
        return Place(self._free, self._lending)

    async def _wait(self) -> bool:
        if self._free.statistics().tasks_waiting >= self._waiting_max:
            return False
        with trio.move_on_after(WAIT_SECONDS_MAX):
            await self._free.acquire()
            return True
        return False

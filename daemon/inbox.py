"""What waits for the node: three lanes of events, one consumer.

Owns the order in which the node hears of things, and the time that each event carries: that of the moment when the node
takes it, so that the node's clock never goes back from one lane to another. Reports come first: each is the answer to
an effect. Then what neighbours say, in its order, with ticks in between: a busy node must not find its leader silent
before it has heard what waits. Then submissions of clients, so that a flood of them never holds up an acknowledgement
(docs/protocol.md, section 6: votes are never queued behind blocks); but one batch of them after each
`HEARD_IN_A_ROW_MAX` things heard, so that neighbours do not silence clients either.

Bounds: the lane of reports by what is under way; the lane of what was heard by `HEARD_MAX` events and
`HEARD_SIZE_BYTES_MAX`, and one tick; the lane of submissions by `SUBMITTED_MAX` events. Beyond, the sender waits.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import trio

from daemon.events import Event, Submission, Submitted, Ticked

# Two batches for each of four threads: enough that the node never waits for the verifier, little enough that a
# submission in it is at most some hundred milliseconds old.
SUBMITTED_MAX = 8
# A few milliseconds of work as a rule; what waits longer waits at the neighbours.
HEARD_MAX = 256
# Four of the largest frames; a single one always finds room.
HEARD_SIZE_BYTES_MAX = 16 * 1024 * 1024
HEARD_IN_A_ROW_MAX = 16

# Makes an event of the time, in milliseconds since 1970 UTC, and its other fields.
MakeEvent: TypeAlias = Callable[..., Event]


class _Waiting(NamedTuple):
    make: MakeEvent
    arguments: tuple[Any, ...]
    size_bytes: int = 0


class Inbox:
    """Not thread-safe; threads come in through `trio.from_thread` or a trio token."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._reports: deque[_Waiting] = deque()
        self._heard: deque[_Waiting] = deque()
        self._heard_size_bytes = 0
        self._heard_in_a_row = 0
        self._heard_room = trio.lowlevel.ParkingLot()
        self._submitted: deque[tuple[Submission, ...]] = deque()
        self._submitted_room = trio.lowlevel.ParkingLot()
        self._arrived = trio.Event()
        self._tick_waits = False
        self._is_closed = False

    def post(self, make: MakeEvent, *arguments: Any) -> None:
        """Put a report, start or stop into the first lane; never waits."""
        self._reports.append(_Waiting(make, arguments))
        self._arrived.set()

    def tick(self) -> None:
        """Put a tick behind what was heard before; at most one waits."""
        if not self._tick_waits:
            self._tick_waits = True
            self._heard.append(_Waiting(Ticked, ()))
            self._arrived.set()

    async def hear(self, make: MakeEvent, *arguments: Any, size_bytes: int = 0) -> None:
        """Put what a neighbour did into the second lane; waits while it is full.

        No checkpoint where there is room: whoever reads from a connection has one with each read.
        """
        # Whoever waits goes first. One that gives up leaves its place to the next thing taken, a tick at the latest.
        if (self._is_full or self._heard_room) and not self._is_closed:
            await self._heard_room.park()
        if not self._is_closed:
            self._heard.append(_Waiting(make, arguments, size_bytes))
            self._heard_size_bytes += size_bytes
            self._arrived.set()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits for the node."""
        return not (self._reports or self._heard or self._submitted)

    @property
    def _is_full(self) -> bool:
        return len(self._heard) >= HEARD_MAX or self._heard_size_bytes >= HEARD_SIZE_BYTES_MAX

    async def submit(self, submissions: tuple[Submission, ...]) -> None:
        """Put verified submissions into the third lane; waits while it is full, and goes on in the order of coming."""
        if len(self._submitted) >= SUBMITTED_MAX or self._submitted_room:
            await self._submitted_room.park()
        self._submitted.append(submissions)
        self._arrived.set()

    def close(self) -> None:
        """The node has ended: what neighbours do is nobody's business any more, and nobody waits for room."""
        self._is_closed = True
        self._heard.clear()
        self._heard_room.unpark_all()

    async def next(self, at_once: bool = False) -> Event:
        """The next event for the node; waits for one.

        A checkpoint, so that others run between two steps; unless something waits and the caller wants it `at_once`.
        """
        if not self.is_empty and not at_once:
            await trio.lowlevel.checkpoint()
        while self.is_empty:
            self._arrived = trio.Event()
            await self._arrived.wait()
        if self._reports:
            report = self._reports.popleft()
            return report.make(self._now_ms(), *report.arguments)
        if self._heard and (not self._submitted or self._heard_in_a_row < HEARD_IN_A_ROW_MAX):
            return self._next_heard()
        self._heard_in_a_row = 0
        submitted = self._submitted.popleft()
        if len(self._submitted) < SUBMITTED_MAX:
            self._submitted_room.unpark()
        return Submitted(self._now_ms(), submitted)

    def _next_heard(self) -> Event:
        self._heard_in_a_row += 1
        heard = self._heard.popleft()
        self._heard_size_bytes -= heard.size_bytes
        if not self._is_full:
            self._heard_room.unpark()
        event = heard.make(self._now_ms(), *heard.arguments)
        if isinstance(event, Ticked):
            self._tick_waits = False
        return event

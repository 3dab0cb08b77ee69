"""What waits for the node: two lanes of events, one consumer.

Owns the order in which the node hears of things: reports and ticks first, submissions after, so that a flood of
submissions never holds up an acknowledgement (docs/protocol.md, section 6: votes are never queued behind blocks).

Bounds: the lane of reports by what is under way (each is the answer to one effect, and at most one tick waits); the
lane of submissions by `SUBMITTED_MAX` events, beyond which the sender waits.
"""

from collections import deque

import trio

from daemon.events import Event, Submitted, Ticked

# Two batches for each of four threads: enough that the node never waits for the verifier, little enough that a
# submission in it is at most some hundred milliseconds old.
SUBMITTED_MAX = 8


class Inbox:
    """Not thread-safe; threads come in through `trio.from_thread` or a trio token."""

    def __init__(self) -> None:
        self._reports: deque[Event] = deque()
        self._submitted: deque[Submitted] = deque()
        self._room = trio.Condition()
        self._arrived = trio.Event()
        self._tick_waits = False

    def post(self, event: Event) -> None:
        """Put a report, tick, start or stop into the first lane; never waits."""
        if isinstance(event, Ticked):
            if self._tick_waits:
                return
            self._tick_waits = True
        self._reports.append(event)
        self._arrived.set()

    async def submit(self, event: Submitted) -> None:
        """Put verified submissions into the second lane; waits while it is full."""
        async with self._room:
            while len(self._submitted) >= SUBMITTED_MAX:
                await self._room.wait()
            self._submitted.append(event)
        self._arrived.set()

    async def next(self) -> Event:
        """The next event for the node; waits for one. Always a checkpoint, so that others run between two steps."""
        await trio.lowlevel.checkpoint()
        while not self._reports and not self._submitted:
            self._arrived = trio.Event()
            await self._arrived.wait()
        if self._reports:
            event = self._reports.popleft()
            if isinstance(event, Ticked):
                self._tick_waits = False
            return event
        async with self._room:
            submitted = self._submitted.popleft()
            self._room.notify()
        return submitted

"""Carrying out `StoreBatch`: in order, grouped, durable before it is reported; and what happens on a full disk.

Owns the queue in front of the store and the waiting for room. Batches that wait are written in one transaction (group
commit), so a slow disk makes groups larger instead of the queue longer. Never drops a batch: what a full disk refuses
is tried again until there is room. Bounded by the node, which has at most a window of blocks under way.
"""

from collections import deque
from collections.abc import Callable

import trio

from daemon.effects import StoreBatch
from daemon.events import BatchStored
from daemon.inbox import Inbox
from storage.errors import StoreFullError
from storage.interface import Store

# Often enough that an operator who made room sees it at once, seldom enough to leave a full disk alone.
RETRY_SECONDS = 1.0
# At most so many batches in one transaction: a window of blocks and their checkpoints, with room to spare.
GROUP_MAX = 64


class Disk:
    """Writes to `store` from a thread and reports to `inbox`; `full` is the error while there is no room."""

    def __init__(self, store: Store, inbox: Inbox, log: Callable[..., None]) -> None:
        self._store = store
        self._inbox = inbox
        self._log = log
        self._queue: deque[StoreBatch] = deque()
        self._arrived = trio.Event()
        self.full: StoreFullError | None = None

    def store(self, effect: StoreBatch) -> None:
        """Queue a batch; it is reported with `BatchStored`."""
        self._queue.append(effect)
        self._arrived.set()

    async def run(self) -> None:
        """Write what waits until cancelled; a write under way is finished first.

        Raises:
            StoreError, LocalError: anything but a full disk; the node must not go on.
        """
        while True:
            while not self._queue:
                await self._idle()
            group = [self._queue.popleft() for _ in range(min(GROUP_MAX, len(self._queue)))]
            await self._write(group)
            self._inbox.post(BatchStored, group[-1].ticket)

    async def _idle(self) -> None:
        """Wait for a batch; do the store's background work in the meantime, a bounded step at a time."""
        self._arrived = trio.Event()
        try:
            busy = await trio.to_thread.run_sync(self._store.maintain)
        except StoreFullError:
            # The next write finds the disk full too, and says so.
            busy = False
        if not busy:
            await self._arrived.wait()

    async def _write(self, group: list[StoreBatch]) -> None:
        batches = [effect.batch for effect in group]
        while True:
            try:
                await trio.to_thread.run_sync(self._store.apply, batches)
            except StoreFullError as error:
                if self.full is None:
                    self._log("disk-full", level="error", reason=str(error))
                self.full = error
                await trio.sleep(RETRY_SECONDS)
            else:
                if self.full is not None:
                    self._log("disk-has-room", level="info")
                self.full = None
                return

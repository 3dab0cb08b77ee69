"""Carrying out `StoreBatch`: in order, grouped, durable before it is reported; and what happens on a full disk.

Owns the queue in front of the store, the looks at its disk and the waiting for room. Batches that wait are written in
one transaction (group commit), so a slow disk makes groups larger instead of the queue longer. Never drops a batch:
what finds no room is tried again until there is some. A group is cut in two where a snapshot is to be taken between.
Bounded by the node, which has at most two windows of blocks
under way. What is full or scarce is told the log and, as far as it decides anything, the node.
"""

import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import trio

from daemon.disk_room import DiskFigures, DiskRoom, RoomLevel
from daemon.effects import StoreBatch
from daemon.events import BatchStored, RoomChanged
from daemon.inbox import Inbox
from daemon.own_thread import own_thread
from daemon.snapshot_maker import SnapshotMaker
from ledger.errors import BanyanError
from storage.errors import StoreFullError
from storage.interface import Store, WriteBatch

# Often enough that an operator who made room sees it at once, seldom enough to leave a full disk alone.
RETRY_SECONDS = 1.0
# How often the disk is looked at while nothing is written: others fill it, and free it, too.
LOOK_SECONDS = 2.0
# How often a warning is repeated: an operator looks at the log once in a while, and not for what was said last month.
REMIND_SECONDS = 6 * 3600
# At most so many batches in one transaction: a window of blocks and their checkpoints, with room to spare.
GROUP_MAX = 64
DATABASE = "database"
# `st_blocks` counts blocks of this size whatever the file system's own is.
_STAT_BLOCK_SIZE_BYTES = 512


def measure_folder(folder: Path) -> DiskFigures | None:
    """What the files in `folder` take on their disk, and what that has left for this user; about 20 µs.

    None where the system does not tell: reading and writing then find out by themselves.
    """
    used = 0
    try:
        with os.scandir(folder) as files:
            for file in files:
                used += file.stat(follow_symlinks=False).st_blocks * _STAT_BLOCK_SIZE_BYTES
        system = os.statvfs(folder)
    except OSError:
        return None
    return DiskFigures(used, system.f_bavail * system.f_frsize)


class Disk:
    """Writes to `store` from a thread and reports to `inbox`; `room` says how much there is left for it."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        log: Callable[..., None],
        room: DiskRoom,
        snapshots: SnapshotMaker | None = None,
    ) -> None:
        self.room = room
        self._store = store
        self._inbox = inbox
        self._log = log
        self._snapshots = snapshots
        self._thread = own_thread()
        self._queue: deque[StoreBatch] = deque()
        self._arrived = trio.Event()
        # What was left undone when the node was ended comes first.
        self._is_maintenance_due = True
        self._was_full = False
        self._warned_at = 0.0

    @property
    def full(self) -> BanyanError | None:
        """Why nothing is written; None while there is room."""
        return self.room.error

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

    async def watch(self) -> None:
        """Look at the disk now and then, until cancelled."""
        while True:
            await self.look()
            await trio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Take what the disk has now, and tell of what changed."""
        self._tell(self.room.looked(await trio.to_thread.run_sync(self.room.measure)))

    def refused(self, who: str, error: BanyanError) -> None:
        """A write of `who`, of this node, found no room."""
        self._tell(self.room.refused(who, error))

    def wrote(self, who: str) -> None:
        """A write of `who` was done."""
        self._tell(self.room.wrote(who))

    async def _idle(self) -> None:
        """Wait for a batch; do the store's background work in the meantime, a bounded step at a time."""
        self._arrived = trio.Event()
        # It writes too, and can wait; where nothing is due, which is nearly always, no thread is asked.
        if self._is_maintenance_due and self.full is None:
            try:
                self._is_maintenance_due = await trio.to_thread.run_sync(self._store.maintain)
                return
            except StoreFullError:
                # The next write finds the disk full too, and says so.
                pass
        await self._arrived.wait()

    async def _write(self, group: list[StoreBatch]) -> None:
        batches = [effect.batch for effect in group]
        if self._snapshots is None:
            await self._write_whole(batches)
            return
        for part in self._snapshots.parts(batches):
            await self._write_whole(part)
            self._snapshots.written()

    async def _write_whole(self, batches: Sequence[WriteBatch]) -> None:
        def write() -> tuple[DiskFigures | None, bool]:
            figures = self.room.measure()
            if self.room.lacks(figures) is not None:
                return figures, False
            self._store.apply(batches)
            self._is_maintenance_due = self._store.is_maintenance_due
            return figures, True

        while True:
            try:
                figures, is_written = await trio.to_thread.run_sync(write, limiter=self._thread)
            except StoreFullError as error:
                self.refused(DATABASE, error)
            else:
                changed = self.room.looked(figures)
                if is_written:
                    changed |= self.room.wrote(DATABASE)
                self._tell(changed)
                if is_written:
                    return
            await trio.sleep(RETRY_SECONDS)

    def _tell(self, changed: bool) -> None:
        """Tell the log of a new level, of a bad one again and again, and the node whether it can write."""
        level = self.room.level
        is_due = level is not RoomLevel.PLENTY and trio.current_time() - self._warned_at >= REMIND_SECONDS
        if changed or is_due:
            self._warned_at = trio.current_time()
            self._log_level()
        if changed:
            self._was_full = level is RoomLevel.FULL
            self._inbox.post(RoomChanged, not self._was_full)

    def _log_level(self) -> None:
        """Writing that goes on is told as `disk-has-room`, however much that is."""
        figures: dict[str, int | None] = {"room_bytes": self.room.room_bytes}
        if self.room.figures is not None:
            figures |= self.room.figures._asdict()
        match self.room.level:
            case RoomLevel.FULL:
                self._log("disk-full", level="error", reason=str(self.room.error), **figures)
            case RoomLevel.CRITICAL if not self._was_full:
                self._log("disk-critical", level="error", **figures)
            case RoomLevel.LOW if not self._was_full:
                self._log("disk-low", level="warning", **figures)
            case _:
                self._log("disk-has-room", level="info", **figures)

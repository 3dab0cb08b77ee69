"""Carrying out `StoreBatch`: in order, grouped, durable before it is reported; and what happens on a full disk.

Owns the queue in front of the store, the looks at its disk and the waiting for room. Batches that wait are written in
one transaction (group commit), so a slow disk makes groups larger instead of the queue longer. Never drops a batch:
what finds no room is tried again until there is some. A group is cut in two where a snapshot is to be taken between.
Bounded by the node, which has at most two windows of blocks
under way. What is full or scarce is told the log and, as far as it decides anything, the node.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import trio

from daemon.disk_room import DiskFigures, DiskRoom, RoomLevel
from daemon.effects import StoreBatch
from daemon.events import BatchStored, RoomChanged
from daemon.inbox import Inbox
from daemon.lone_writes import LoneWrites, is_small
from daemon.snapshot_maker import SnapshotMaker
from daemon.worker_threads import WorkerThreads
from ledger.errors import BanyanError
from storage.errors import StoreFullError
from storage.interface import Store, WriteBatch

THREAD_NAME = "disk"
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

Done = TypeVar("Done")


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


class _Written(NamedTuple):
    """What came of a write: how much room there was before it, whether it was done, and how long that took."""

    figures: DiskFigures | None
    is_written: bool
    is_maintenance_due: bool
    seconds: float = 0.0


class _Task(Generic[Done]):
    """Something to be done to the store on the thread; `report` is called in the event loop afterwards."""

    def __init__(self, do: Callable[[], Done], report: Callable[["_Task[Done]"], None]) -> None:
        self._do = do
        self._report = report
        self.done: Done | None = None
        self.error: Exception | None = None

    def work(self) -> None:
        """On the thread."""
        try:
            self.done = self._do()
        except Exception as error:
            self.error = error

    def finish(self) -> None:
        """In the event loop."""
        self._report(self)


class Disk:
    """Writes to `store` on a thread and reports to `inbox`; `room` says how much there is left for it.

    A batch is given to the thread in the moment in which it comes, unless others are about to, and reported in the
    moment in which the thread is done: a task in between would cost two turns of the event loop for each write. A small
    one is not even given to the thread, where nothing else is to be done and the disk is quick (`daemon.lone_writes`).
    """

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        log: Callable[..., None],
        room: DiskRoom,
        snapshots: SnapshotMaker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.room = room
        self._clock = clock
        self._lone_writes = LoneWrites()
        self._store = store
        self._inbox = inbox
        self._log = log
        self._snapshots = snapshots
        # One job at a time; a write under way is finished before the node ends.
        self._thread: WorkerThreads[_Task[Any]] = WorkerThreads(THREAD_NAME, 1, must_finish=True)
        self._queue: deque[StoreBatch] = deque()
        # The group that is being written, in the parts that are left of it, and the ticket that is reported then.
        self._parts: deque[Sequence[WriteBatch]] = deque()
        self._ticket = 0
        self._is_small = False
        self._is_open = False
        self._is_busy = False
        self._token: trio.lowlevel.TrioToken | None = None
        # Set when writing has to wait for room, or must not go on at all.
        self._halted = trio.Event()
        self._error: Exception | None = None
        # What was left undone when the node was ended comes first.
        self._is_maintenance_due = True
        self._was_full = False
        self._warned_at = 0.0

    @property
    def full(self) -> BanyanError | None:
        """Why nothing is written; None while there is room."""
        return self.room.error

    def store(self, effect: StoreBatch, may_wait: bool = False) -> None:
        """Queue a batch; it is reported with `BatchStored`. One that `may_wait` does so for the next one, or `hurry`.

        Where the node has more to do, the next turn of the event loop brings another batch as a rule: one flush does
        for both.
        """
        self._queue.append(effect)
        if may_wait:
            return
        if self._token is None or self._inbox.is_empty:
            self._go_on()
        elif not self._is_busy:
            self._token.run_sync_soon(self._go_on, idempotent=True)

    def hurry(self) -> None:
        """Write what waits for company."""
        if self._queue:
            self._go_on()

    async def run(self) -> None:
        """Write what waits until cancelled; a write under way is finished first.

        Raises:
            StoreError, LocalError: anything but a full disk, in a group; the node must not go on.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._thread.run)
            self._is_open, self._token = True, trio.lowlevel.current_trio_token()
            self._go_on()
            try:
                while True:
                    await self._halted.wait()
                    if self._error is not None:
                        raise self._error
                    await trio.sleep(RETRY_SECONDS)
                    self._halted = trio.Event()
                    self._is_busy = False
                    self._go_on()
            finally:
                self._is_open = False

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

    def _go_on(self) -> None:
        """Give the thread what is next, if it has nothing to do: batches, else the store's background work, which
        writes too and can wait, a bounded step at a time."""
        if self._is_busy or not self._is_open:
            return
        if not self._parts and self._queue:
            group = [self._queue.popleft() for _ in range(min(GROUP_MAX, len(self._queue)))]
            batches = [effect.batch for effect in group]
            self._ticket = group[-1].ticket
            self._parts.extend([batches] if self._snapshots is None else self._snapshots.parts(batches))
        if self._parts:
            part = self._parts[0]
            task = _Task(lambda: self._write(part), self._written)
            self._is_small = is_small(part)
            if self._is_small and self._lone_writes.are_quick and self._inbox.is_empty and not self._store.is_held:
                self._do_here(task)
            else:
                self._give(task)
        elif self._is_maintenance_due and self.full is None:
            self._give(_Task(self._store.maintain, self._maintained))

    def _give(self, task: "_Task[Any]") -> None:
        self._is_busy = True
        self._thread.put(task)

    def _do_here(self, task: "_Task[Any]") -> None:
        """The thread has nothing to do, and would be no help."""
        self._is_busy = True
        task.work()
        try:
            task.finish()
        except Exception as error:
            # As if the thread had done it: `run` ends, not whoever stores.
            self._fail(error)

    def _write(self, batches: Sequence[WriteBatch]) -> "_Written":
        """One transaction, if there is room for it; on the thread as a rule."""
        started = self._clock()
        figures = self.room.measure()
        if self.room.lacks(figures) is not None:
            return _Written(figures, False, self._is_maintenance_due)
        self._store.apply(batches)
        return _Written(figures, True, self._store.is_maintenance_due, self._clock() - started)

    def _written(self, task: "_Task[_Written]") -> None:
        if isinstance(task.error, StoreFullError):
            self.refused(DATABASE, task.error)
            self._halted.set()
        elif task.done is None:
            self._fail(task.error)
        else:
            changed = self.room.looked(task.done.figures)
            if task.done.is_written:
                changed |= self.room.wrote(DATABASE)
            self._tell(changed)
            if task.done.is_written:
                self._is_maintenance_due = task.done.is_maintenance_due
                if self._is_small:
                    self._lone_writes.took(task.done.seconds)
                self._end_part()
            else:
                self._halted.set()

    def _end_part(self) -> None:
        self._parts.popleft()
        if self._snapshots is not None:
            self._snapshots.written()
        if not self._parts:
            self._inbox.post(BatchStored, self._ticket)
        self._is_busy = False
        self._go_on()

    def _maintained(self, task: "_Task[bool]") -> None:
        self._is_busy = False
        if task.done is not None:
            self._is_maintenance_due = task.done
            self._go_on()
        elif isinstance(task.error, StoreFullError):
            # The next write finds the disk full too, and says so.
            if self._queue:
                self._go_on()
        else:
            self._fail(task.error)

    def _fail(self, error: Exception | None) -> None:
        self._is_busy = True
        self._error = error
        self._halted.set()

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

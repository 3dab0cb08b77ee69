"""Making the node's snapshots while it runs: at heights by rule, or when its operator asks.

Owns when one is begun, the moment of the store that it is of, and the process that writes it; what it consists of is
`storage.snapshot_making`'s, where it lies `storage.snapshot_folder`'s. Never holds up a block: until the process has
begun to read, the store's journal keeps what blocks change. Never ends the node: a snapshot that cannot be made is
logged, and the next is made.

    Disk: parts (where to cut a group of writes) -> written (the store stands there: begin) -> run: a process writes
          chunks -> written … (until a header states the height) -> the snapshot appears

Bounds: one at a time, one chunk in memory; heights that come while one is made are passed over.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import trio

from daemon.draft_process import draft_beside
from ledger.errors import BanyanError
from ledger.hashing import Hash
from ledger.stated_heights import STATED_INTERVAL_BLOCKS
from storage.batch_cut import ExecutedHeight, cut_after, executed_heights
from storage.interface import WriteBatch
from storage.lmdb_store import LmdbStore
from storage.snapshot_folder import SnapshotFolder
from storage.snapshot_making import complete_snapshot, is_covered, stated_height
from storage.snapshot_process import DraftOrder

# Making a snapshot reads all records, of which a log of so many entries has about as many: some two seconds of
# processor, and as long as the disk takes.
ENTRIES_AN_INTERVAL = 1 << 20


def spread_interval(interval_blocks: int, tree_size: int) -> int:
    """How many blocks lie between two snapshots of a log of so many entries: the same on every node with the setting.

    The interval, times the largest power of two that is not above the millions (2^20) of entries. So what snapshots
    cost for each entry stays the same however long the log is, and heights of a longer interval are such of the shorter
    ones.
    """
    return interval_blocks << max((tree_size // ENTRIES_AN_INTERVAL).bit_length() - 1, 0)


@dataclass(frozen=True, slots=True)
class _Moment:
    """The records of one height, and up to which one blocks that changed nothing were executed."""

    height: int
    executed_height: int
    state_digest: Hash


class SnapshotMaker:
    """The snapshots of one node; everything belongs to the tasks of the node.

    Args:
        store: The node's.
        database: The folder that it is in.
        folder: Where they lie; nobody else writes there.
        interval_blocks: One at each height that this divides, a multiple of 16, and seldomer where the log is long
            (`spread_interval`); 0: only when asked.
        log: As of `daemon.service`.
        has_room: Whether the disk has room for them; without it none is begun.
    """

    def __init__(
        self,
        store: LmdbStore,
        database: Path,
        folder: SnapshotFolder,
        interval_blocks: int,
        log: Callable[..., None],
        has_room: Callable[[], bool] = lambda: True,
    ) -> None:
        self.folder = folder
        self.interval_blocks = interval_blocks
        self.is_asked = False
        self._store = store
        self._database = database
        self._log = log
        self._has_room = has_room
        self._due: int | None = None
        self._moment: _Moment | None = None
        self._moved = trio.Event()

    @property
    def making(self) -> int | None:
        """The height of the snapshot that is being made."""
        return None if self._moment is None else self._moment.height

    def ask(self) -> int | None:
        """Make one of where the store stands, or of the next height that will be stated; its height if that is known.

        Nothing more than what is under way if one is being made.
        """
        if self._moment is None:
            # First: of what is executed from now on nothing is moved to where it could not be told apart.
            self._store.pin_records()
            head = self._store.head()
            height = stated_height(self._store, head)
            self.is_asked = height is None
            if height is None:
                self._store.unpin_records()
            else:
                self._begin(_Moment(height, head.executed_height, head.state_digest))
        return self.making

    # -- for the disk -----------------------------------------------------------------------------------------------

    def parts(self, batches: Sequence[WriteBatch]) -> list[Sequence[WriteBatch]]:
        """A group of writes as it is to be written: whole, or cut where the store has to stand for a moment."""
        self._due = self._due_height(batches)
        if self._due is None:
            return [batches]
        return [part for part in cut_after(batches, self._due) if part]

    def written(self) -> None:
        """A part of a group is on disk; called before the next is written."""
        if self._moment is not None:
            self._due = None
            self._wake()
        elif self._due is not None or self.is_asked:
            self._begin_if_it_stands()

    def _begin_if_it_stands(self) -> None:
        """Begin a snapshot if the store stands where one is due, or where a header states all that was executed."""
        head = self._store.head()
        height: int | None = None
        if self._due is not None and head.executed_height == self._due:
            height = self._due
        elif self.is_asked:
            # Nothing was executed since that changed anything: a node that has nothing to do gets here.
            height = stated_height(self._store, head)
        if height is not None:
            self._due = None
            self.is_asked = False
            # Nothing is written or moved at this moment.
            self._store.pin_records()
            self._begin(_Moment(height, head.executed_height, head.state_digest))

    def _due_height(self, batches: Sequence[WriteBatch]) -> int | None:
        if not (self.interval_blocks or self.is_asked) or self._moment is not None or not self._has_room():
            return None
        return next((one.height for one in executed_heights(batches) if self._is_due(one)), None)

    def _is_due(self, executed: ExecutedHeight) -> bool:
        if self.is_asked:
            return executed.height % STATED_INTERVAL_BLOCKS == 0
        return executed.height % spread_interval(self.interval_blocks, executed.tree_size) == 0

    def _begin(self, moment: _Moment) -> None:
        self._moment = moment
        self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = trio.Event()

    # -- the work -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Make what is begun, until cancelled; a process that is at it is killed then."""
        while True:
            while (moment := self._moment) is None:
                await self._moved.wait()
            try:
                await self._make(moment)
            except BanyanError as error:
                self._log("snapshot-failed", level="warning", height=moment.height, reason=str(error))
            finally:
                self._store.unpin_records()
                self._moment = None

    async def _make(self, moment: _Moment) -> None:
        started = time.monotonic()
        writer = self.folder.begin(moment.height)
        network_id = self._store.head().network_id
        order = DraftOrder(self._database, network_id, self.folder.path, *astuple(moment))
        try:
            try:
                made = await draft_beside(order, self._store.unpin_records)
            finally:
                self._store.forget_dead_readers()
            moved = self._moved
            while not is_covered(self._store, moment.height):
                await moved.wait()
                moved = self._moved
            manifest = await trio.to_thread.run_sync(complete_snapshot, self._store, made)
            if manifest is None:
                # A leader that steps over a height which it should have stated.
                self._log("snapshot-unproven", level="warning", height=moment.height)
                return
            await trio.to_thread.run_sync(writer.finish, manifest)
            self._log(
                "snapshot-made",
                height=moment.height,
                chunks=len(manifest.chunks),
                size_bytes=manifest.size_bytes,
                seconds=round(time.monotonic() - started, 1),
            )
        finally:
            writer.discard()

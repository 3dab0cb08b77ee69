"""The index from transaction id to log index, at a cost that does not grow with the ledger.

Owns the ids that wait in memory (all of them also in the journal on disk), the manifest of sorted runs, and the steps
of background work. Invariants:

- every executed id is in memory or in exactly one run of the manifest, whenever the process dies;
- an id is put into memory before its block is committed, and answers leave out what is not below the tree size that
  the asking transaction sees: ids become visible with their block, neither earlier nor later;
- a step of background work is one short transaction; what it takes away from readers, it takes after they were told.

Writing is for one thread; questions may come from any. Source: docs/adr/0006-sorted-run-id-index.md.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ledger.errors import LocalError
from ledger.hashing import Hash
from storage.environment import FOREIGN_ERRORS, AnyRead, Environment, View, Write, translate
from storage.id_manifest import Manifest, Merge, Run
from storage.id_merge import IdIndexSizes, flush_journal, start_merge, step_clearing, step_merge
from storage.id_runs import Query, find_one
from storage.id_segment import pack_ids, unpack_ids
from storage.interface import ExecutedId
from storage.layout import META_IDS, MalformedRecordError, number_key
from storage.meta import read_standing

# Below this many ids, sorting them for a batch costs more than asking one by one.
_BATCH_COUNT_MIN = 8
# Between two steps of background work hardly anything changes; more rounds than this can only be a mistake.
_RETRY_COUNT_MAX = 100
# The writer clears away runs and journals in the background; it works at once where it is this many times behind.
_LAG_FACTOR = 2


class _Snapshot(NamedTuple):
    """What a question works on: ids in memory with (expiry in ms, log index), and the runs."""

    recent: dict[Hash, tuple[int, int]]
    runs: tuple[Run, ...]


class IdIndex:
    """The index of one open store."""

    __slots__ = (
        "_environment",
        "_journal",
        "_loaded",
        "_lock",
        "_manifest",
        "_meta",
        "_runs",
        "_sizes",
        "_snapshot",
        "_tree_size",
        "_uncommitted",
    )

    def __init__(self, environment: Environment, sizes: IdIndexSizes) -> None:
        """An empty index; `load` fills it."""
        self._environment = environment
        self._sizes = sizes
        self._meta = environment.tables["meta"]
        self._runs = environment.tables["id_runs"]
        self._journal = environment.tables["id_journal"]
        self._manifest = Manifest()
        self._snapshot = _Snapshot({}, ())
        # What the transaction under way took into memory: this, and nothing else, must leave again if it fails.
        self._uncommitted: list[Hash] = []
        # A lower bound of the entries whose blocks are committed: what is below needs no look at the disk.
        self._tree_size = 0
        # Where another process writes: the transaction that was read last, and who may read the next one.
        self._loaded = 0
        self._lock = threading.Lock()

    def load(self, transaction: AnyRead) -> None:
        """Read manifest and journal; about 0.5 µs for each id in the journal."""
        record = transaction.get(META_IDS, db=self._meta)
        if record is None:
            raise MalformedRecordError("the record of the id index is missing")
        manifest = Manifest.unpack(bytes(record))
        recent: dict[Hash, tuple[int, int]] = {}
        with transaction.cursor(self._journal) as cursor:
            for row in cursor.iternext(keys=False):
                recent.update((one.id, (one.expires_ms, one.leaf_index)) for one in unpack_ids(bytes(row)))
        self._manifest = manifest
        self._tree_size = read_standing(transaction, self._meta).tree_size
        self._loaded = transaction.id()
        self._snapshot = _Snapshot(recent, manifest.runs)

    # --- questions ---

    def index_of(self, one: Hash) -> int | None:
        """The log index of an id; about 2 µs for each run it is not in, less than 1 if it is in memory."""
        hit = self._snapshot.recent.get(one)
        if hit is not None and hit[1] < self._tree_size:
            # Once found, found for ever: no look at the disk is needed.
            return hit[1]
        snapshot, transaction = self._begin()
        try:
            hit = snapshot.recent.get(one)
            if hit is not None:
                return hit[1] if hit[1] < read_standing(transaction, self._meta).tree_size else None
            for run in snapshot.runs:
                found = find_one(transaction, self._runs, run, one)
                if found is not None:
                    return found[1]
            return None
        except FOREIGN_ERRORS as error:
            raise translate(error, self._environment.path) from error
        finally:
            transaction.abort()

    def duplicates(self, ids: Sequence[Hash], now_ms: int, expiries_ms: Sequence[int] | None) -> set[Hash]:
        """Those of `ids` that are in the index and have not expired at `now_ms`.

        Cost: 0.1 µs an id, and 0.2 µs an id for each run that holds ids of about the same expiry.
        """
        snapshot, transaction = self._begin()
        try:
            found: set[Hash] = set()
            unknown: list[int] = []
            size = self._tree_size
            recent = snapshot.recent
            for place, one in enumerate(ids):
                hit = recent.get(one)
                if hit is None:
                    unknown.append(place)
                    continue
                if hit[1] >= size:
                    size = read_standing(transaction, self._meta).tree_size
                if hit[0] >= now_ms and hit[1] < size:
                    found.add(one)
            runs = [run for run in snapshot.runs if run.newest_expiry_ms >= now_ms]
            if unknown and runs:
                asked = [ids[place] for place in unknown]
                expiries = None if expiries_ms is None else [expiries_ms[place] for place in unknown]
                found.update(self._unexpired(transaction, runs, asked, expiries, now_ms))
            return found
        except FOREIGN_ERRORS as error:
            raise translate(error, self._environment.path) from error
        finally:
            transaction.abort()

    def _unexpired(
        self, transaction: View, runs: list[Run], ids: list[Hash], expiries_ms: list[int] | None, now_ms: int
    ) -> Iterator[Hash]:
        if expiries_ms is not None:
            first, last = min(expiries_ms), max(expiries_ms)
            runs = [run for run in runs if run.oldest_expiry_ms <= last and run.newest_expiry_ms >= first]
        if not runs:
            return
        if len(ids) < _BATCH_COUNT_MIN:
            for one in ids:
                for run in runs:
                    hit = find_one(transaction, self._runs, run, one)
                    if hit is not None and hit[0] >= now_ms:
                        yield one
            return
        query = Query.of(ids, expiries_ms)
        for run in runs:
            for one, expires_ms in query.within(run).find_in(transaction, self._runs, run):
                if expires_ms >= now_ms:
                    yield one

    def _begin(self) -> tuple[_Snapshot, View]:
        """A snapshot that was current when the transaction began, so that neither lacks what the other moved."""
        if self._environment.readonly:
            return self._begin_beside_a_writer()
        for _ in range(_RETRY_COUNT_MAX):
            snapshot = self._snapshot
            transaction = self._environment.begin_view()
            if self._snapshot is snapshot:
                return snapshot, transaction
            transaction.abort()
        raise LocalError("The id index changes faster than it can be read.")

    def _begin_beside_a_writer(self) -> tuple[_Snapshot, View]:
        """The same where another process writes: what it did since is read first."""
        transaction = self._environment.begin_view()
        try:
            with self._lock:
                if transaction.id() != self._loaded:
                    self.load(transaction)
                return self._snapshot, transaction
        except BaseException as error:
            transaction.abort()
            if isinstance(error, FOREIGN_ERRORS):
                raise translate(error, self._environment.path) from error
            raise

    # --- writing, on the writer's thread alone ---

    def create(self, transaction: Write) -> None:
        """Write the manifest of an empty index."""
        transaction.put(META_IDS, self._manifest.pack(), db=self._meta)

    def append(self, transaction: Write, height: int, ids: Sequence[ExecutedId]) -> None:
        """Journal the ids of a block, and take them into memory; `forget` must follow whatever fails from here on.

        Raises:
            LocalError: an id is there already; it stays.
        """
        recent = self._snapshot.recent
        for one in ids:
            if one.id in recent:
                raise LocalError("The transaction {id} is executed twice.", id=one.id.hex())
            self._uncommitted.append(one.id)
            recent[one.id] = (one.expires_ms, one.leaf_index)
        transaction.put(number_key(height), pack_ids(ids), append=True, db=self._journal)

    def journal_past(self, transaction: Write, height: int, ids: Sequence[ExecutedId]) -> None:
        """Journal the ids of a block far below the newest; `take_past` must follow once this is committed."""
        if ids:
            transaction.put(number_key(height), pack_ids(ids), db=self._journal)

    def take_past(self, ids: Iterable[ExecutedId]) -> None:
        """Find these ids from now on: their rows in the journal are on disk."""
        self._snapshot.recent.update((one.id, (one.expires_ms, one.leaf_index)) for one in ids)

    def committed(self, tree_size: int) -> None:
        """The blocks whose ids were appended are on disk, up to this tree size."""
        self._uncommitted.clear()
        self._tree_size = tree_size

    def forget(self) -> None:
        """The transaction failed: take out of memory what was appended since the last one that was committed."""
        for one in self._uncommitted:
            self._snapshot.recent.pop(one, None)
        self._uncommitted.clear()

    @property
    def is_behind(self) -> bool:
        """Whether so much background work is due that writes should wait for it."""
        sizes = self._sizes
        levels = [run.level for run in self._manifest.runs]
        crowded = any(levels.count(level) > _LAG_FACTOR * sizes.fan_out for level in set(levels))
        return crowded or len(self._snapshot.recent) >= _LAG_FACTOR * sizes.journal_id_count

    @property
    def is_maintenance_due(self) -> bool:
        """Whether there is background work to do."""
        is_full = len(self._snapshot.recent) >= self._sizes.journal_id_count
        return is_full or bool(self._manifest.garbage) or self._next_merge()[1] is not None

    def maintain(self) -> bool:
        """One step of background work, if any is due: a transaction of a few milliseconds. Whether there was."""
        if len(self._snapshot.recent) >= self._sizes.journal_id_count:
            self._flush()
            return True
        manifest = self._manifest
        if manifest.garbage:
            self._step(lambda transaction: step_clearing(transaction, self._runs, manifest))
            return True
        started, merge = self._next_merge()
        if merge is None:
            return False
        self._step(lambda transaction: step_merge(transaction, self._runs, started, merge))
        return True

    def _flush(self) -> None:
        with self._environment.write() as transaction:
            with transaction.cursor(self._journal) as cursor:
                rows = [bytes(row) for row in cursor.iternext(keys=False)]
            manifest = flush_journal(transaction, self._runs, self._manifest, rows, self._sizes)
            transaction.drop(self._journal, delete=False)
            transaction.put(META_IDS, manifest.pack(), db=self._meta)
        self._manifest = manifest
        self._snapshot = _Snapshot({}, manifest.runs)

    def _step(self, work: Callable[[Write], Manifest]) -> None:
        with self._environment.write() as transaction:
            manifest = work(transaction)
            transaction.put(META_IDS, manifest.pack(), db=self._meta)
        self._manifest = manifest
        if manifest.runs != self._snapshot.runs:
            self._snapshot = _Snapshot(self._snapshot.recent, manifest.runs)

    def _next_merge(self) -> tuple[Manifest, Merge | None]:
        """The merge to go on with, the lowest level first; begun here if its level has become full."""
        manifest = self._manifest
        busy = {number for merge in manifest.merges for number in merge.inputs}
        underway = {merge.output.level - 1: merge for merge in manifest.merges}
        for level in sorted({run.level for run in manifest.runs}):
            if level in underway:
                return manifest, underway[level]
            waiting = [run for run in manifest.runs if run.level == level and run.number not in busy]
            if len(waiting) >= self._sizes.fan_out:
                oldest = sorted(waiting, key=lambda run: run.number)[: self._sizes.fan_out]
                started = start_merge(manifest, level, oldest, self._sizes)
                return started, started.merges[-1]
        return manifest, None

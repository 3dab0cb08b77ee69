"""The store on disk.

Owns the making and opening of a store, and the one transaction in which a group of batches becomes durable. Never
leaves part of a batch behind. One thread writes at a time; questions may come from any thread.
Source: docs/reference/storage.md; docs/adr/0005-lmdb-layout.md.
"""

import os
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from heapq import merge
from pathlib import Path
from typing import NamedTuple, Self

from ledger.errors import LocalError
from ledger.hashing import Hash
from storage.batch_rules import advance, genesis_standing
from storage.batch_writing import write_batch, write_kept, write_past
from storage.durable_folder import make_durable
from storage.environment import Environment, Write, translate
from storage.errors import StoreDamagedError, StoreExistsError, StoreFullError
from storage.id_index import IdIndex
from storage.id_merge import IdIndexSizes
from storage.interface import StoredHeader, StoredPast, WriteBatch
from storage.kept import WHOLE, check_past
from storage.layout import (
    FORMAT_VERSION,
    META_FORMAT,
    META_HEAD,
    META_LANES,
    Standing,
    number_key,
    pack_format,
    pack_standing,
    unpack_header,
)
from storage.link_journal import LinkJournal, LinkJournalSizes
from storage.lmdb_reader import LmdbReader
from storage.meta import check_format, check_head, check_outdated, read_kept
from storage.record_journal import RecordJournal, RecordJournalSizes
from storage.record_layer import RecordLayer


class StoreSizes(NamedTuple):
    """When background work is due. Others than these are for tests."""

    ids: IdIndexSizes = IdIndexSizes()
    links: LinkJournalSizes = LinkJournalSizes()
    records: RecordJournalSizes = RecordJournalSizes()


_DEFAULT_SIZES = StoreSizes()


class LmdbStore(LmdbReader):
    """A `storage.interface.Store` in a folder; made by `create` or `open`, never directly."""

    def __init__(
        self,
        environment: Environment,
        network_id: Hash,
        sizes: StoreSizes = _DEFAULT_SIZES,
    ) -> None:
        ids = IdIndex(environment, sizes.ids)
        super().__init__(environment, network_id, ids)
        self._links = LinkJournal(environment, sizes.links)
        self._records = RecordJournal(environment, sizes.records)
        self._lock = threading.Lock()
        with environment.read() as transaction:
            self._format_version = check_format(environment, transaction, network_id)
            self._standing = check_head(environment, transaction, network_id)
            ids.load(transaction)
            self._links.load(transaction)
            self._records.load(transaction)

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        network_id: Hash,
        genesis_records: Mapping[bytes, bytes],
        digest_lanes: bytes,
        *,
        inherited: Iterable[tuple[bytes, bytes]] = (),
        sizes: StoreSizes = _DEFAULT_SIZES,
    ) -> Self:
        """Make and open an empty store of a network, at its genesis state.

        Args:
            path: The folder to make; may exist if it is empty. It appears under this name when it is complete.
            network_id: 32 bytes.
            genesis_records: Record bytes by key.
            digest_lanes: 2,048 bytes: the state digest of those records and the inherited ones.
            inherited: Further records, ascending by key, of a successor network; none has a key of the others.
            sizes: For tests.

        Raises:
            StoreExistsError: there is something in the folder.
            StoreError: the disk or its rights forbid it.
        """
        folder = Path(path)
        try:
            if folder.exists() and any(folder.iterdir()):
                raise StoreExistsError(
                    "There is a store in {path} already: remove it first, or use another folder.", path=folder
                )
            draft = folder.with_name(folder.name + ".new")
            # What a crash in the middle of making a store left behind.
            shutil.rmtree(draft, ignore_errors=True)
            _write_genesis(draft, network_id, genesis_records, inherited, digest_lanes, sizes.ids)
            draft.rename(folder)
            make_durable(folder.parent)
        except OSError as error:
            raise translate(error, folder) from error
        return cls.open(folder, network_id, sizes=sizes)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        network_id: Hash,
        *,
        readonly: bool = False,
        reads_all: bool = False,
        sizes: StoreSizes = _DEFAULT_SIZES,
    ) -> Self:
        """Open the store of a network; well under a second at a million entries.

        Args:
            path: The folder that `create` made.
            network_id: The network it must belong to.
            readonly: Refuse writes; the folder must be writable all the same, LMDB notes its readers there.
            reads_all: Most of it is about to be read, table by table.
            sizes: For tests.

        Raises:
            StoreMissingError, StoreVersionError, StoreMismatchError, StoreDamagedError, StoreReadOnlyError,
            StoreBusyError, StoreDiskError. Damage deep inside may end the process: see `storage.probe`.
        """
        try:
            environment = Environment(Path(path), readonly=readonly, reads_all=reads_all)
        except StoreDamagedError:
            # A table that is missing may be one that came with a later format.
            check_outdated(Path(path))
            raise
        try:
            environment.forget_dead_readers()
            return cls(environment, network_id, sizes)
        except BaseException:
            environment.close()
            raise

    def _newest_layer(self) -> RecordLayer | None:
        """Only who writes the journal knows what is in it now; beside another program it has to be read."""
        return None if self._environment.readonly else self._records.layer

    def apply(self, batches: Sequence[WriteBatch]) -> None:
        """Apply whole batches in order, durably in one transaction; when it returns, all of it is on disk.

        Background work is done here only if it lags far behind; otherwise call `maintain`.

        Raises:
            StoreFullError: nothing was written; room is needed.
            LocalError: a batch contradicts what is stored; nothing was written.
            StoreError: the disk failed.
        """
        with self._lock:
            # Nothing as a rule: only where a write before found room and the work behind it did not.
            self._make_up()
            try:
                with self._environment.write() as transaction:
                    standing = self._write(transaction, batches)
            except BaseException:
                self._ids.forget()
                self._links.forget()
                self._records.forget()
                raise
            self._standing = standing
            self._format_version = FORMAT_VERSION
            self._ids.committed(standing.tree_size)
            self._links.committed()
            self._records.committed()
            self._catch_up()

    def fill(self, past: Sequence[StoredPast]) -> None:
        """Add what is missing of the blocks below `kept_from`, downwards from there, durably in one transaction.

        Raises:
            StoreFullError: nothing was written; room is needed.
            LocalError: another block, or its entries are not those that the tree has; nothing was written.
            StoreError: the disk failed.
        """
        with self._lock:
            with self._environment.write() as transaction:
                kept = read_kept(transaction, self._tables["meta"])
                for one in past:
                    header = self.header(one.height)
                    check_past(kept, one, header, self)
                    assert header is not None, "it was checked"
                    write_past(transaction, self._tables, header, one)
                    self._ids.journal_past(transaction, one.height, one.ids)
                    kept = kept.below(header)
                write_kept(transaction, self._tables, kept)
            self._ids.take_past(executed for one in past for executed in one.ids)
            self._lacks_past = kept != WHOLE
            self._catch_up()

    @property
    def is_held(self) -> bool:
        """Whether another thread writes at the moment."""
        return self._lock.locked()

    @property
    def is_maintenance_due(self) -> bool:
        """Whether `maintain` would find something to do; about 5 µs."""
        with self._lock:
            return self._ids.is_maintenance_due or self._links.is_step_due or self._records.is_step_due

    def pin_records(self) -> None:
        """Move no changes out of the journal of records until `unpin_records`; seconds at most, since it grows.

        Whoever opens the store meanwhile can read records as of heights that were executed after this
        (`LmdbReader.records_of`). A step that is under way moves what was executed before this.
        """
        self._records.is_pinned = True

    def unpin_records(self) -> None:
        """Changes may be moved again. May be called twice."""
        self._records.is_pinned = False

    def forget_dead_readers(self) -> None:
        """Let the room be used again that a reading process kept which was killed."""
        self._environment.forget_dead_readers()

    def maintain(self) -> bool:
        """One bounded step of background work, if any is due; whether there was. To be called between writes."""
        with self._lock:
            if self._ids.maintain():
                return True
            if self._links.is_step_due:
                return self._links.step()
            return self._records.is_step_due and self._records.step()

    def _make_up(self) -> None:
        """Do the background work that lags far behind, so that what waits stays bounded."""
        while self._ids.is_behind and self._ids.maintain():
            pass
        while self._links.is_behind and self._links.step():
            pass
        while self._records.is_behind and self._records.step():
            pass

    def _catch_up(self) -> None:
        try:
            self._make_up()
        except StoreFullError:
            # The batches are stored; the next write begins with this, and its caller is told.
            return

    def _write(self, transaction: Write, batches: Sequence[WriteBatch]) -> Standing:
        tables = self._tables

        def header_at(height: int) -> StoredHeader | None:
            row = transaction.get(number_key(height), db=tables["headers"])
            return None if row is None else unpack_header(height, bytes(row))

        standing = self._standing
        for batch in batches:
            step = advance(standing, batch, header_at, self._network_id)
            write_batch(transaction, tables, batch, step)
            for execution in batch.executions:
                self._ids.append(transaction, execution.height, execution.ids)
                self._links.append(transaction, execution.height, execution.links)
                self._records.append(transaction, execution.height, execution.changes)
            standing = step.standing
        if self._format_version < FORMAT_VERSION:
            transaction.put(META_FORMAT, pack_format(self._network_id), db=tables["meta"])
        transaction.put(META_HEAD, pack_standing(standing), db=tables["meta"])
        return standing


def _write_genesis(
    folder: Path,
    network_id: Hash,
    genesis_records: Mapping[bytes, bytes],
    inherited: Iterable[tuple[bytes, bytes]],
    digest_lanes: bytes,
    id_sizes: IdIndexSizes,
) -> None:
    environment = Environment(folder, create=True)
    try:
        meta = environment.tables["meta"]
        with environment.write() as transaction:
            transaction.put(META_FORMAT, pack_format(network_id), db=meta)
            transaction.put(META_HEAD, pack_standing(genesis_standing(network_id, digest_lanes)), db=meta)
            transaction.put(META_LANES, digest_lanes, db=meta)
            IdIndex(environment, id_sizes).create(transaction)
            for key, value in merge(sorted(genesis_records.items()), inherited):
                if not transaction.put(key, value, append=True, db=environment.tables["state"]):
                    raise LocalError("The genesis record {key!r} occurs twice.", key=key)
    finally:
        environment.close()

"""Making a store on disk out of headers and a snapshot.

Owns the folder of a load under way: an environment that is no store yet, with the `loading` record in the place of the
`format` record until a snapshot is in it. It lies elsewhere than the node's database and takes its place by a rename
when it is finished. Never keeps more than `_FLUSH_SIZE_BYTES` of a snapshot in memory. An interrupted load goes on with
the headers that it has. Source: docs/reference/storage.md, "Loading".
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from ledger.errors import LocalError
from ledger.hashing import HASH_SIZE_BYTES, Hash
from ledger.tree import TileHashes
from storage.batch_writing import drop_headers, extend_tiles, put_all, write_header, write_kept, write_results
from storage.durable_folder import make_durable
from storage.effects import pack_effects
from storage.environment import Environment, translate
from storage.errors import StoreDamagedError, StoreExistsError, StoreMissingError
from storage.id_index import IdIndex
from storage.id_merge import IdIndexSizes
from storage.interface import CertifiedHeader, StoredHeader, StoredPast
from storage.kept import Kept
from storage.layout import (
    META_FORMAT,
    META_HEAD,
    META_LANES,
    META_LOADING,
    Standing,
    number_key,
    pack_format,
    pack_standing,
)
from storage.lmdb_reader import LmdbReader
from storage.lmdb_store import LmdbStore
from storage.loading import check_filled, check_follows, needed_from
from storage.snapshot_check import ReadChunk, headers_of, take_snapshot
from storage.snapshot_manifest import SnapshotManifest

# LMDB holds the pages of a transaction in memory: this and about as much again for its tree.
_FLUSH_SIZE_BYTES = 8 << 20
_SIZES = IdIndexSizes()


class LmdbLoading:
    """A `storage.loading.Loading` in a folder; made by `begin`. For one thread at a time."""

    def __init__(self, environment: Environment, network_id: Hash) -> None:
        self._environment = environment
        self._network_id = network_id
        self._reader = LmdbReader(environment, network_id, IdIndex(environment, _SIZES))
        with environment.read() as transaction:
            with transaction.cursor(environment.tables["headers"]) as cursor:
                self._height = int.from_bytes(cursor.key()) if cursor.last() else 0
            is_taken = transaction.get(META_HEAD, db=environment.tables["meta"]) is not None
        self._store = LmdbStore(environment, network_id) if is_taken else None

    @classmethod
    def begin(cls, path: str | os.PathLike[str], network_id: Hash) -> Self:
        """Go on with the load in the folder `path`, or begin one: where there is none, or one that is of no use.

        Raises:
            StoreError: the disk or its rights forbid it.
        """
        folder = Path(path)
        try:
            environment = Environment(folder)
        except (StoreMissingError, StoreDamagedError):
            environment = _new(folder, network_id)
        if _network_of(environment) != network_id:
            environment.close()
            environment = _new(folder, network_id)
        try:
            return cls(environment, network_id)
        except StoreDamagedError:
            environment.close()
            return cls(_new(folder, network_id), network_id)

    @property
    def headers_height(self) -> int:
        """Headers 1 to this height are here, durably."""
        return self._height

    def header(self, height: int) -> StoredHeader | None:
        """The header of a height."""
        return self._reader.header(height)

    def certificate(self, height: int) -> bytes | None:
        """What committed the block of that height."""
        return self._reader.certificate(height)

    def add_headers(self, headers: Sequence[CertifiedHeader]) -> None:
        """Add headers that follow, durably."""
        self._check_open()
        tables = self._environment.tables
        newest = self.header(self._height)
        with self._environment.write() as transaction:
            for one in headers:
                check_follows(newest, self._network_id, one.header)
                newest = one.header
                write_header(transaction, tables, newest)
                transaction.put(number_key(newest.height), one.certificate, append=True, db=tables["certificates"])
        self._height = newest.height if newest is not None else 0

    def drop_headers_from(self, height: int) -> None:
        """Forget headers from `height` on."""
        self._check_open()
        doomed = self.header(height)
        if doomed is not None:
            with self._environment.write() as transaction:
                drop_headers(transaction, self._environment.tables, height, doomed.first_index)
            self._height = height - 1

    def take(self, manifest: SnapshotManifest, read_chunk: ReadChunk) -> None:
        """Check a whole snapshot and keep it."""
        self._check_open()
        self._clear()
        header_at = headers_of(self._encoded)
        sink = _Sink(self._environment, self)
        lanes = take_snapshot(manifest, header_at, read_chunk, sink)
        sink.flush()
        self._conclude(manifest, lanes, sink.results_height)
        self._store = LmdbStore(self._environment, self._network_id)

    @property
    def is_taken(self) -> bool:
        """Whether a snapshot is here, checked."""
        return self._store is not None

    @property
    def reader(self) -> LmdbStore:
        """The store as it is so far; once a snapshot is taken."""
        if self._store is None:
            raise LocalError("Nothing can be read of a store before its snapshot is loaded.")
        return self._store

    def fill(self, past: Sequence[StoredPast]) -> None:
        """As `LmdbStore.fill`; background work of the id index is done at once."""
        self.reader.fill(past)
        while self.reader.maintain():
            pass

    def needed_from(self, lifetime_ms: int) -> int:
        """The height down to which it must be filled before a node runs on it."""
        return needed_from(self.reader.head().executed_height, self.reader.header, lifetime_ms)

    def finish(self, target: str | os.PathLike[str], lifetime_ms: int) -> None:
        """Make it the database in the folder `target`, which must not be there or be empty; closed afterwards.

        Raises:
            StoreExistsError: there is something in the folder.
            LocalError: it is not filled down to `needed_from`.
            StoreError: the disk or its rights forbid it.
        """
        check_filled(self.reader.head().kept_from, self.needed_from(lifetime_ms))
        folder = Path(target)
        try:
            if folder.exists() and any(folder.iterdir()):
                raise StoreExistsError(
                    "There is a store in {path} already: remove it first, or use another folder.", path=folder
                )
            self.close()
            self._environment.path.rename(folder)
            make_durable(folder.parent)
        except OSError as error:
            raise translate(error, folder) from error

    def close(self) -> None:
        """Let go of it."""
        self._environment.close()

    def _check_open(self) -> None:
        if self._store is not None:
            raise LocalError("The snapshot is loaded: its headers cannot be changed any more.")

    def _encoded(self, height: int) -> bytes | None:
        stored = self.header(height)
        return None if stored is None else stored.header

    def _clear(self) -> None:
        """Throw away what an earlier attempt left."""
        tables = self._environment.tables
        with self._environment.write() as transaction:
            for name in ("state", "tiles", "results"):
                transaction.drop(tables[name], delete=False)

    def _conclude(self, manifest: SnapshotManifest, lanes: bytes, results_height: int) -> None:
        """Make it a store at the snapshot's height, in one transaction."""
        tables, meta = self._environment.tables, self._environment.tables["meta"]
        base, oldest = self.header(manifest.height), self.header(results_height)
        assert base is not None and oldest is not None, "the snapshot was held against them"
        end = base.first_index + base.leaf_count
        standing = Standing(
            base.height, base.term, base.header_hash, end, base.height, end, state_digest=manifest.state_digest
        )
        kept = Kept(base.height + 1, end, results_height, oldest.first_index)
        with self._environment.write() as transaction:
            drop_headers(transaction, tables, base.height + 1, end)
            write_kept(transaction, tables, kept)
            transaction.put(META_LANES, lanes, db=meta)
            transaction.put(META_HEAD, pack_standing(standing), db=meta)
            IdIndex(self._environment, _SIZES).create(transaction)
            transaction.put(META_FORMAT, pack_format(self._network_id), db=meta)
        self._height = base.height


class _Sink:
    """Writes what was checked, some megabytes in a transaction; `results_height` is the lowest with results."""

    def __init__(self, environment: Environment, loading: LmdbLoading) -> None:
        self._environment = environment
        self._loading = loading
        self._tiles: list[TileHashes] = []
        self._records: list[tuple[bytes, bytes]] = []
        self._size_bytes = 0
        self.results_height = 0

    def take_tiles(self, added: Sequence[TileHashes]) -> None:
        """Hashes of tiles, in the order in which the log grew."""
        self._tiles += added
        self._count(sum(len(one.hashes) for one in added) * HASH_SIZE_BYTES)

    def take_records(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Records by ascending key."""
        self._records += records
        self._count(sum(len(key) + len(value) for key, value in records))

    def take_results(self, height: int, effects: Sequence[bytes], results: Sequence[bytes]) -> None:
        """All effect leaves and all result leaves of a height; at most those of a window of blocks."""
        header = self._loading.header(height)
        assert header is not None, "it was checked"
        rows = [(header.first_index, pack_effects(effects))] if effects else []
        rows += enumerate(results, header.first_index + 1)
        with self._environment.write() as transaction:
            write_results(transaction, self._environment.tables, rows)
        self.results_height = self.results_height or height

    def _count(self, size_bytes: int) -> None:
        self._size_bytes += size_bytes
        if self._size_bytes >= _FLUSH_SIZE_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered."""
        tables = self._environment.tables
        with self._environment.write() as transaction:
            for gained in self._tiles:
                extend_tiles(transaction, tables["tiles"], gained)
            put_all(transaction, tables["state"], self._records, append=True)
        self._tiles, self._records, self._size_bytes = [], [], 0


def _new(folder: Path, network_id: Hash) -> Environment:
    """An empty environment, where nothing of use is."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise translate(error, folder) from error
    environment = Environment(folder, create=True)
    with environment.write() as transaction:
        transaction.put(META_LOADING, network_id, db=environment.tables["meta"])
    return environment


def _network_of(environment: Environment) -> bytes | None:
    with environment.read() as transaction:
        return transaction.get(META_LOADING, db=environment.tables["meta"])

"""A ledger in a node's folder, read while the node may run.

Owns the environment, opened for reading only, and one held moment of it: every answer between two calls of `head` is
of the same transaction. Never writes; LMDB notes the reader in its lock file, and that is all. Rows that cannot be
read become the finding `audit.unreadable`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import lmdb

from cli.audit.finding import AuditFinding
from cli.audit.id_rows import read_id_rows
from cli.audit.source import IdRows, LocalTables, SourceBlock, SourceHead, check_whole
from contracts.changes import SubjectLink
from ledger.hashing import HASH_SIZE_BYTES
from ledger.tree import MissingTileError
from storage.chunks import row_count, unpack_rows
from storage.effects import is_effects, unpack_effects
from storage.environment import Environment, Read, ReadTransaction, translate
from storage.errors import StoreDamagedError, StoreVersionError
from storage.id_index import IdIndex
from storage.id_merge import IdIndexSizes
from storage.interface import StoredPayload
from storage.layout import (
    FORMAT_VERSION,
    META_CHECKPOINT,
    META_FORMAT,
    META_LANES,
    MalformedRecordError,
    key_number,
    number_key,
    unpack_format,
    unpack_payload,
)
from storage.link_journal import is_journal_key, links_from, read_journal, row_link_count
from storage.links import LINK_SIZE_BYTES, row_sequence, subject_key
from storage.lmdb_reader import LmdbReader
from storage.meta import read_kept, read_standing


def database_folder(folder: Path) -> Path:
    """Where the database of a node's folder lies; `folder` itself if it is no node's."""
    inside = folder / "db"
    return inside if inside.is_dir() else folder


class _Held(ReadTransaction):
    """A question within the moment that is held: its transaction outlives it."""

    __slots__ = ("_held",)

    def __init__(self, environment: Environment, held: Read) -> None:
        super().__init__(environment)
        self._held = held

    def __enter__(self) -> Read:
        return self._held

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            translated = translate(error, self._environment.path)
            if translated is not error and isinstance(translated, StoreDamagedError):
                raise translated from error


class _MomentEnvironment(Environment):
    """An environment whose questions are all answered out of one transaction until it is renewed."""

    __slots__ = ("held",)

    def __init__(self, path: Path) -> None:
        super().__init__(path, readonly=True, reads_all=True)
        self.held: Read = self.begin_read()

    def renew(self) -> None:
        """Take the newest committed moment; pages of the earlier one can be reused."""
        self.held.abort()
        self.held = self.begin_read()

    def read(self) -> ReadTransaction:
        """The held moment."""
        return _Held(self, self.held)

    def close(self) -> None:
        """Let the moment go and close."""
        self.held.abort()
        super().close()


class _MomentReader(LmdbReader):
    """Answers out of the held moment; it reads the journal of links once, since it is asked for every subject."""

    def __init__(self, environment: Environment, network_id: bytes, ids: IdIndex) -> None:
        super().__init__(environment, network_id, ids)
        self._journal: Mapping[bytes, Sequence[tuple[int, bytes]]] = {}
        # What it was read in.
        self._moment: object = None

    def _journaled(self, transaction: Read, subject: str, wanted: int, limit: int) -> list[SubjectLink]:
        if self._moment is not transaction:
            self._journal, self._moment = read_journal(transaction, self._tables), transaction
        return links_from(subject, self._journal.get(subject_key(subject), ()), wanted, limit)


class FolderSource:
    """A `LedgerSource` over a database folder."""

    def __init__(self, folder: Path) -> None:
        """Open the database in `folder`.

        Raises:
            StoreError: there is none, it is damaged, or it cannot be opened.
        """
        self._environment = _MomentEnvironment(folder)
        try:
            with self._environment.read() as transaction:
                self._network_id = _network_of(self._environment, transaction)
        except BaseException:
            self._environment.close()
            raise
        # The index of ids is read whole by `id_rows`; the reader is never asked for one.
        ids = IdIndex(self._environment, IdIndexSizes())
        self._reader = _MomentReader(self._environment, self._network_id, ids)

    def head(self) -> SourceHead:
        """Where the ledger stands now."""
        self._environment.renew()
        meta = self._environment.tables["meta"]
        with self._readable("head"), self._environment.read() as transaction:
            standing = read_standing(transaction, meta)
            check_whole(read_kept(transaction, meta).height)
            return SourceHead(
                network_id=self._network_id,
                tip_height=standing.tip_height,
                tip_hash=standing.tip_hash,
                executed_height=standing.executed_height,
                tree_size=standing.tree_size,
                digest_lanes=transaction.get(META_LANES, db=meta) or b"",
                state_digest=standing.state_digest,
                checkpoint=transaction.get(META_CHECKPOINT, db=meta),
            )

    def block(self, height: int) -> SourceBlock | None:
        """The block with its entries and results."""
        with self._readable(f"block {height}", height):
            header = self._reader.header(height)
            if header is None:
                return None
            self._check_start(height, header.first_index)
            certificate = self._reader.certificate(height)
            results = None if certificate is None else self._results(header.first_index, header.leaf_count)
            return SourceBlock(
                header=header,
                entries=self._reader.entries(header.first_index, header.leaf_count),
                results=None if results is None else results[1:],
                certificate=certificate,
                effects=None if results is None else _effects(results[0]),
            )

    def tile(self, level: int, index: int, width: int) -> bytes | None:
        """All hashes of the tile."""
        try:
            with self._readable(f"tile {level}/{index}"):
                tile = self._reader.tile(level, index)
        except MissingTileError:
            return None
        return tile if len(tile) >= width * HASH_SIZE_BYTES else None

    def records(self, kinds: Sequence[str]) -> Iterator[tuple[bytes, bytes]]:
        """The whole state, whatever its kinds."""
        with self._readable("state"):
            yield from self._reader.scan_state(b"")

    def has_moved(self) -> bool:
        """Never: the moment is held."""
        return False

    def tables(self) -> LocalTables:
        """The look-ups of this store."""
        return self

    def id_rows(self) -> Iterator[IdRows]:
        """The permanent look-up of ids."""
        with self._readable("ids"), self._environment.read() as transaction:
            yield from read_id_rows(transaction, self._environment.tables)

    def subject_links(self, subject: str, first_sequence: int, count: int) -> Sequence[SubjectLink]:
        """Links of one subject."""
        with self._readable(f"links of {subject}"):
            return self._reader.subject_links(subject, first_sequence - 1, count)

    def subject_link_count(self) -> int:
        """Links of all subjects."""
        with self._readable("links"), self._environment.read() as transaction:
            count = 0
            for key, row in transaction.cursor(self._environment.tables["links"]):
                if is_journal_key(key):
                    count += row_link_count(row)
                    continue
                row_sequence(key)
                count += len(row) // LINK_SIZE_BYTES
            return count

    def result_count(self) -> int:
        """Rows of results: a leaf for each transaction, and one row for each block in which timers ran."""
        with self._readable("results"):
            return self._row_count("results")

    def block_counts(self, head: SourceHead) -> dict[str, tuple[int, int]]:
        """Rows of the tables with a row for each block, and entries."""
        with self._readable("blocks"), self._environment.read() as transaction:
            tables = self._environment.tables
            tip = self._reader.header(head.tip_height)
            entries = tip.first_index + tip.leaf_count if tip is not None else 0

            def rows(name: str) -> int:
                return int(transaction.stat(tables[name])["entries"])

            return {
                "headers": (head.tip_height, rows("headers")),
                "block starts": (head.tip_height, rows("starts")),
                "certificates": (head.executed_height, rows("certificates")),
                "entries": (entries, self._row_count("entries")),
            }

    def payloads(self) -> Iterator[StoredPayload]:
        """All payloads."""
        with self._readable("payloads"), self._environment.read() as transaction:
            for commitment, row in transaction.cursor(self._environment.tables["payloads"]):
                yield unpack_payload(commitment, row)

    def close(self) -> None:
        """Close the database."""
        self._environment.close()

    def _check_start(self, height: int, first_index: int) -> None:
        with self._environment.read() as transaction:
            found = transaction.get(number_key(first_index), db=self._environment.tables["starts"])
        if found != number_key(height):
            raise AuditFinding(
                "audit.block-start-changed",
                "the index of block starts does not lead from entry {index} to block {height}",
                height=height,
                index=first_index,
                expected=height,
                found=found,
            )

    def _results(self, first_index: int, count: int) -> list[bytes | None]:
        """The rows of `count` entries from `first_index`; None for one that is not there."""
        found: list[bytes | None] = [None] * count
        end = first_index + count
        with self._environment.read() as transaction, transaction.cursor(self._environment.tables["results"]) as cursor:
            there = count > 0 and cursor.set_range(number_key(first_index))
            while there and (start := key_number(cursor.key())) < end:
                for offset, leaf in enumerate(unpack_rows(cursor.value(), 0, end - start)):
                    found[start - first_index + offset] = leaf
                there = cursor.next()
        return found

    def _row_count(self, name: str) -> int:
        """Rows in a table of chunks; a chunk is counted without being copied whole."""
        with self._environment.read() as transaction:
            return sum(row_count(chunk) for _, chunk in transaction.cursor(self._environment.tables[name]))

    @contextmanager
    def _readable(self, what: str, height: int | None = None) -> Iterator[None]:
        try:
            yield
        except (StoreDamagedError, MalformedRecordError, lmdb.Error) as error:
            raise AuditFinding(
                "audit.unreadable",
                "the store cannot be read at {key}: {reason}",
                height=height,
                key=what,
                reason=error,
            ) from error


def _network_of(environment: Environment, transaction: Read) -> bytes:
    record = transaction.get(META_FORMAT, db=environment.tables["meta"])
    if record is None:
        raise MalformedRecordError("the format record is missing")
    version, network_id = unpack_format(record)
    if version > FORMAT_VERSION:
        raise StoreVersionError(
            "The store {path} has format {found}, this program knows formats up to {known}: install a newer Banyan.",
            path=environment.path,
            found=version,
            known=FORMAT_VERSION,
        )
    return network_id


def _effects(row: bytes | None) -> list[bytes]:
    """The effects in the row at the place of an outcome leaf; another row there is one too many, which is counted."""
    return unpack_effects(row) if row is not None and is_effects(row) else []

"""The questions to a store on disk.

Owns every look-up in LMDB's tables. Never writes, keeps no transaction open between two questions (except a scan, while
it is consumed), and may be asked from any thread. Source: docs/reference/storage.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from operator import attrgetter

from contracts.changes import SubjectLink
from ledger.hashing import Hash
from ledger.state_digest import StateDigest
from ledger.tree import MissingTileError
from storage.chunks import row_count, unpack_rows
from storage.effects import is_effects, unpack_effects
from storage.environment import Cursor, Environment, Read, Table
from storage.id_index import IdIndex
from storage.interface import OrderedState, StoredHeader, StoredPayload, StoreHead
from storage.kept import WHOLE, Kept, misses_links
from storage.layout import (
    META_CHECKPOINT,
    META_LANES,
    META_UNSTATED,
    TILE_LEVEL_MAX,
    MalformedRecordError,
    key_number,
    number_key,
    tile_key,
    unpack_header,
    unpack_payload,
    unpack_unstated,
)
from storage.link_journal import journaled_links
from storage.links import SUBJECT_KEY_SIZE_BYTES, row_key, row_sequence, subject_key, unpack_row
from storage.meta import read_kept, read_standing
from storage.record_journal import FIRST_RECORD, changes_above, journal_rows, read_layer, read_span, unpack_changes
from storage.record_layer import RecordLayer, laid_over


class LmdbReader:
    """A `storage.interface.StoreReader` over an open environment."""

    def __init__(self, environment: Environment, network_id: Hash, ids: IdIndex) -> None:
        self._environment = environment
        self._network_id = network_id
        self._ids = ids
        self._tables = environment.tables
        with environment.read() as transaction:
            # A store that is whole stays so, and is never asked again.
            self._lacks_past = read_kept(transaction, self._tables["meta"]) != WHOLE
        # What was read of the journal of records last.
        self._layer = RecordLayer()

    def head(self) -> StoreHead:
        """Where the store stands; four look-ups, 2 kB copied."""
        meta = self._tables["meta"]
        with self._environment.read() as transaction:
            standing = read_standing(transaction, meta)
            lanes = transaction.get(META_LANES, db=meta)
            checkpoint = transaction.get(META_CHECKPOINT, db=meta)
            if lanes is None:
                raise MalformedRecordError("the lanes of the state digest are missing")
            kept = self._kept(transaction)
        return StoreHead(
            network_id=self._network_id,
            tip_height=standing.tip_height,
            tip_term=standing.tip_term,
            tip_hash=standing.tip_hash,
            executed_height=standing.executed_height,
            tree_size=standing.tree_size,
            digest_lanes=lanes,
            state_digest=standing.state_digest,
            checkpoint=checkpoint,
            kept_from=kept.height,
        )

    def _kept(self, transaction: Read) -> Kept:
        return read_kept(transaction, self._tables["meta"]) if self._lacks_past else WHOLE

    def header(self, height: int) -> StoredHeader | None:
        """The block's header part."""
        if height < 1:
            return None
        with self._environment.read() as transaction:
            row = transaction.get(number_key(height), db=self._tables["headers"])
            return None if row is None else unpack_header(height, row)

    def height_of(self, leaf_index: int) -> int | None:
        """The height whose block holds the entry; O(log n)."""
        with self._environment.read() as transaction:
            if not 0 <= leaf_index < read_standing(transaction, self._tables["meta"]).next_index:
                return None
            found = _row_at_or_before(transaction, self._tables["starts"], leaf_index)
            if found is None:
                raise MalformedRecordError(f"no block holds the entry {leaf_index}")
            return key_number(found[1])

    def entries(self, first_index: int, count: int) -> Sequence[bytes]:
        """Up to `count` entries from `first_index`; about 0.2 µs each beyond the first."""
        if first_index < 0 or count <= 0:
            return []
        with self._environment.read() as transaction, transaction.cursor(self._tables["entries"]) as cursor:
            kept = self._kept(transaction)
            if first_index < kept.first_index:
                raise kept.missing()
            return _rows(cursor, first_index, count)

    def certificate(self, height: int) -> bytes | None:
        """The certificate that committed the block."""
        if height < 1:
            return None
        with self._environment.read() as transaction:
            return transaction.get(number_key(height), db=self._tables["certificates"])

    def result(self, leaf_index: int) -> bytes | None:
        """The result leaf of an executed transaction."""
        with self._environment.read() as transaction:
            row = self._result_row(transaction, leaf_index)
            if row is None and 0 <= leaf_index < (kept := self._kept(transaction)).results_index:
                raise kept.missing()
        return None if row is None or is_effects(row) else row

    def results(self, first_index: int, count: int) -> Sequence[bytes]:
        """Up to `count` result leaves of one block; about 0.2 µs each beyond the first."""
        if first_index < 0 or count <= 0:
            return []
        with self._environment.read() as transaction, transaction.cursor(self._tables["results"]) as cursor:
            kept = self._kept(transaction)
            if first_index < kept.results_index:
                raise kept.missing()
            return [row for row in _rows(cursor, first_index, count) if not is_effects(row)]

    def timer_effects(self, height: int) -> Sequence[bytes]:
        """The effect leaves of the block's timers; two look-ups."""
        header = self.header(height)
        if header is None:
            return ()
        with self._environment.read() as transaction:
            row = self._result_row(transaction, header.first_index)
            if row is None and height < (kept := self._kept(transaction)).results_height:
                raise kept.missing()
            return () if row is None else unpack_effects(row)

    def unstated_digests(self) -> Mapping[int, Hash]:
        """State digests of executed heights that headers were late to state; one look-up."""
        with self._environment.read() as transaction:
            record = transaction.get(META_UNSTATED, db=self._tables["meta"])
            return {} if record is None else unpack_unstated(bytes(record))

    def _result_row(self, transaction: Read, leaf_index: int) -> bytes | None:
        found = _row_at_or_before(transaction, self._tables["results"], leaf_index) if leaf_index >= 0 else None
        if found is None or leaf_index >= found[0] + row_count(found[1]):
            return None
        return unpack_rows(found[1], leaf_index - found[0], 1)[0]

    def tile(self, level: int, index: int) -> bytes:
        """The hashes of a tile, as many as there are."""
        tile = None
        if 0 <= level <= TILE_LEVEL_MAX and index >= 0:
            with self._environment.read() as transaction:
                tile = transaction.get(tile_key(level, index), db=self._tables["tiles"])
        if tile is None:
            raise MissingTileError("There is no tile {index} of level {level} yet.", index=index, level=level)
        return tile

    def duplicates(self, ids: Sequence[Hash], now_ms: int, expiries_ms: Sequence[int] | None = None) -> set[Hash]:
        """Those of `ids` that were used up and have not expired at `now_ms`."""
        return self._ids.duplicates(ids, now_ms, expiries_ms)

    def index_of(self, transaction_id: Hash) -> int | None:
        """The log index of an executed transaction."""
        return self._ids.index_of(transaction_id)

    def state(self, key: bytes) -> bytes | None:
        """The bytes of one record as of the executed height."""
        newest = self._newest_layer()
        with self._environment.read() as transaction:
            if newest is not None:
                # On disk, and not told to the layer yet: whoever scanned has seen it.
                late = changes_above(transaction, self._tables["state"], newest.span.last_height)
                if key in late:
                    return late[key]
            return self._records_of(transaction, newest).get(key)

    def next_state_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The smallest key that starts with `prefix` and is above `after`."""
        newest = self._newest_layer()
        with self._environment.read() as transaction:
            return self._records_of(transaction, newest).next_key(prefix, after)

    @contextmanager
    def states(self) -> Iterator[OrderedState]:
        """The records for many questions in a row: one transaction instead of one each.

        To begin and to end a transaction lets go of the interpreter lock, and a busy process waits to get it back.
        """
        newest = self._newest_layer()
        with self._environment.read() as transaction:
            yield self._records_of(transaction, newest)

    def scan_state(self, prefix: bytes, after: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Records by key, ascending, all of one moment; the iterator holds that moment until it is done with."""
        start = prefix if after is None else _start(prefix, after)
        newest = self._newest_layer()
        with self._environment.read() as transaction:
            changes = self._changes_at(transaction, newest)
            asked = {key: changes[key] for key in changes if key >= start and key.startswith(prefix)}
            yield from laid_over(_stored_records(transaction, self._tables["state"], start, prefix), asked)

    @contextmanager
    def records_of(self, height: int) -> Iterator[Iterator[tuple[bytes, bytes]]]:
        """All records by key as of an executed height, which the journal must not have been emptied above before.

        They are those of the moment in which the `with` block begins; it has read nothing but the journal by then.
        """
        table = self._tables["state"]
        with self._environment.read() as transaction:
            changes: dict[bytes, bytes | None] = {}
            for at, row in journal_rows(transaction, table):
                if at <= height:
                    changes.update(unpack_changes(row))
            with closing(self._environment.pages_ahead(transaction, "state")) as pages:
                yield laid_over(pages.before(_stored_records(transaction, table)), changes)

    def checked_state(self) -> tuple[int, Hash]:
        """The executed height and its state digest, once all records of that moment were found to give it.

        Holds one transaction for as long as it takes: about 4 µs a record.

        Raises:
            StoreDamagedError: the records are not those whose digest is stored.
        """
        newest, table = self._newest_layer(), self._tables["state"]
        with self._environment.read() as transaction:
            standing = read_standing(transaction, self._tables["meta"])
            digest = StateDigest.empty()
            records = laid_over(_stored_records(transaction, table), self._changes_at(transaction, newest))
            digest.apply((key, None, value) for key, value in records)
            if digest.digest() != standing.state_digest:
                raise MalformedRecordError("the records do not give the state digest")
        return standing.executed_height, standing.state_digest

    def subject_links(self, subject: str, after_sequence: int = 0, limit: int = 1000) -> Sequence[SubjectLink]:
        """A subject's chain from `after_sequence` + 1."""
        wanted = max(after_sequence, 0) + 1
        links: list[SubjectLink] = []
        key, newest = subject_key(subject), self._newest_layer()
        with self._environment.read() as transaction, transaction.cursor(self._tables["links"]) as cursor:
            start = row_key(key, wanted)
            found = cursor.set_range(start)
            if cursor.key() != start:
                # The wanted link may lie inside the row before; the loop leaves out what comes too early.
                found = (cursor.prev() if found else cursor.last()) and cursor.key() >= row_key(key, 0)
                if not found:
                    found = cursor.set_range(start)
            while found and cursor.key()[:SUBJECT_KEY_SIZE_BYTES] == key and len(links) < limit:
                row = unpack_row(subject, row_sequence(cursor.key()), cursor.value())
                links += [link for link in row if link.sequence >= wanted]
                found = cursor.next()
            if limit > 0 and (len(links) < limit or links[limit - 1].sequence != wanted + limit - 1):
                journaled = self._journaled(transaction, subject, wanted, limit)
                links = sorted([*links, *journaled], key=attrgetter("sequence")) if journaled else links
            if self._lacks_past and limit > 0:
                self._check_links(transaction, newest, subject, wanted, links)
        return links[: max(limit, 0)]

    def _journaled(self, transaction: Read, subject: str, wanted: int, limit: int) -> list[SubjectLink]:
        """Links of a subject that are in the journal yet, up to `limit` from the sequence number `wanted` on."""
        return journaled_links(transaction, self._tables, subject, wanted, limit)

    def _check_links(
        self,
        transaction: Read,
        newest: RecordLayer | None,
        subject: str,
        wanted: int,
        found: Sequence[SubjectLink],
    ) -> None:
        """Refuse to answer where the chain has the wanted link and the store has not."""
        table, changes = self._tables["state"], self._changes_at(transaction, newest)

        def record(key: bytes) -> bytes | None:
            return changes[key] if key in changes else transaction.get(key, db=table)

        if misses_links(subject, wanted, found, record):
            raise self._kept(transaction).missing()

    def _newest_layer(self) -> RecordLayer | None:
        """What the journal of records says, and may say more of while it is asked; None if nobody here knows.

        To be taken before the transaction begins: see `RecordJournal.layer`.
        """
        return None

    def _records_of(self, transaction: Read, newest: RecordLayer | None) -> "_Records":
        """The records; as new as the newest write that was reported before the layer was taken, or newer."""
        return _Records(transaction, self._tables["state"], self._read_layer(transaction) if newest is None else newest)

    def _changes_at(self, transaction: Read, newest: RecordLayer | None) -> Mapping[bytes, bytes | None]:
        """What the journal of records says at exactly this moment."""
        span = read_span(transaction, self._tables["state"])
        changes = None if newest is None else newest.changes_at(span)
        return self._read_layer(transaction).newest if changes is None else changes

    def _read_layer(self, transaction: Read) -> RecordLayer:
        layer = self._layer
        if layer.span != read_span(transaction, self._tables["state"]):
            layer = self._layer = read_layer(transaction, self._tables["state"])
        return layer

    def payload(self, commitment: Hash) -> StoredPayload | None:
        """A detached value."""
        with self._environment.read() as transaction:
            row = transaction.get(commitment, db=self._tables["payloads"])
            return None if row is None else unpack_payload(commitment, row)

    def close(self) -> None:
        """Close the environment."""
        self._environment.close()


class _Records:
    """The records, as `contracts` reads them."""

    __slots__ = ("_layer", "_newest", "_table", "_transaction")

    def __init__(self, transaction: Read, table: Table, layer: RecordLayer) -> None:
        self._transaction = transaction
        self._table = table
        self._layer = layer
        self._newest = layer.newest

    def get(self, key: bytes) -> bytes | None:
        """The bytes of one record."""
        newest = self._newest
        if key in newest:
            return newest[key]
        return self._transaction.get(key, db=self._table) if key else None

    def next_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The smallest key that starts with `prefix` and is above `after`."""
        return self._layer.next_key(self._next_stored, prefix, after)

    def _next_stored(self, prefix: bytes, after: bytes) -> bytes | None:
        with self._transaction.cursor(self._table) as cursor:
            found = cursor.key() if cursor.set_range(_start(prefix, after)) else None
        return found if found is not None and found.startswith(prefix) else None


def _stored_records(
    transaction: Read, table: Table, start: bytes = FIRST_RECORD, prefix: bytes = b""
) -> Iterator[tuple[bytes, bytes]]:
    """What the table says of records, ascending from `start`; the journal's rows lie before all of them."""
    with transaction.cursor(table) as cursor:
        found = cursor.set_range(max(start, FIRST_RECORD))
        while found and cursor.key().startswith(prefix):
            yield cursor.item()
            found = cursor.next()


def _start(prefix: bytes, after: bytes) -> bytes:
    """The least key that can follow `after` and start with `prefix`."""
    return after + b"\0" if after >= prefix else prefix


def _seek(cursor: Cursor, index: int) -> bool:
    """Move to the row with the largest key that is not above `index`, if there is one."""
    if not cursor.set_range(number_key(index)):
        return cursor.last()
    return key_number(cursor.key()) == index or cursor.prev()


def _rows(cursor: Cursor, index: int, count: int) -> list[bytes]:
    """Up to `count` rows from `index` on, as long as there is no gap."""
    rows: list[bytes] = []
    if not _seek(cursor, index):
        return rows
    while len(rows) < count:
        taken = unpack_rows(cursor.value(), index - key_number(cursor.key()), count - len(rows))
        if not taken:
            break
        rows += taken
        index += len(taken)
        if len(rows) < count and (not cursor.next() or key_number(cursor.key()) != index):
            break
    return rows


def _row_at_or_before(transaction: Read, table: Table, index: int) -> tuple[int, bytes] | None:
    """The row with the largest key that is not above `index`, as (key, value)."""
    with transaction.cursor(table) as cursor:
        return (key_number(cursor.key()), cursor.value()) if _seek(cursor, index) else None

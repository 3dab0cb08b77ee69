"""Changes of records on their way into `state`: those of the newest blocks lie together, until many are put in at once.

Owns form and bounds of the journal's rows, and the step that puts what they say into `state`. Records that are written
lie anywhere: a change that is put in by itself costs a page of 4 KiB or two, for some hundred bytes. Together, changes
share pages, and of a record that is written again and again only the newest value goes there. Rows of the journal are
in the table `state` before all records: their keys begin with a zero byte, which the name of a kind cannot. Invariants:

- every change is in the journal or in `state`, whenever the process dies: a step moves them in one transaction;
- a row is never changed, and goes with all others; whoever asks sees the same before and after a step.

Writing is for one thread; questions may come from any. The key of a row: height (8), number in the block (2). A row:
keys and values in turn as canonical MessagePack, nil for a record that was removed.
Source: docs/reference/storage.md; docs/adr/0042-records-in-a-journal.md.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from struct import Struct
from typing import NamedTuple, cast

from contracts.changes import StateChange
from ledger.encoding import encode_checked
from ledger.errors import DecodingError
from ledger.shape import reader_of
from storage.batch_writing import put_all
from storage.chunks import CHUNK_SIZE_BYTES_MAX
from storage.environment import AnyRead, Environment, Table, Write
from storage.layout import MalformedRecordError, number_key
from storage.record_layer import NOTHING, RecordLayer, Span

# What the key of every record is above.
FIRST_RECORD = b"\x01"
_KEY = Struct(">QH")
# What canonical MessagePack puts before a key and a value, and before the whole.
_FRAMING_SIZE_BYTES = 8
# How far writes may get ahead of steps, in shares of what a step moves.
_LAG_FACTOR = 2

_read_row = reader_of(list[bytes | None])


class RecordJournalSizes(NamedTuple):
    """When a step is due: at so many changes, or bytes of them."""

    change_count: int = 8_192
    size_bytes: int = 4 << 20


class RecordJournal:
    """The journal of one open store, for its writer."""

    def __init__(self, environment: Environment, sizes: RecordJournalSizes) -> None:
        """An empty journal; `load` reads what is there."""
        self._environment = environment
        self._sizes = sizes
        self._table = environment.tables["state"]
        # What the journal says as of the last commit. To be taken before a transaction is begun that is asked for what
        # is not in it: a step in between puts it there, never out of there.
        self.layer = RecordLayer()
        self._change_count = self._size_bytes = 0
        # While somebody is about to read records of a height that is not the newest, nothing is moved.
        self.is_pinned = False
        # What the transaction under way appended: for each block its height and changes, and the bytes of all.
        self._uncommitted: list[tuple[int, Sequence[StateChange]]] = []
        self._uncommitted_size_bytes = 0

    def load(self, transaction: AnyRead) -> None:
        """Read what is in the journal: 15 ms for 16,384 changes."""
        self.layer = RecordLayer()
        for height, row in journal_rows(transaction, self._table):
            self._size_bytes += len(row)
            self._change_count += _lay_row(self.layer, height, row)

    def append(self, transaction: Write, height: int, changes: Sequence[StateChange]) -> None:
        """Write the changes of an executed block; `committed` or `forget` must follow."""
        rows = [(_KEY.pack(height, number), row) for number, row in enumerate(pack_changes(changes))]
        if rows:
            put_all(transaction, self._table, rows)
            self._uncommitted.append((height, changes))
            self._uncommitted_size_bytes += sum(len(row) for _, row in rows)

    def committed(self) -> None:
        """What was appended is on disk."""
        for height, changes in self._uncommitted:
            created = [key for key, old, new in changes if old is None and new is not None]
            self.layer.lay(height, {key: new for key, _, new in changes}, created)
            self._change_count += len(changes)
        self._size_bytes += self._uncommitted_size_bytes
        self.forget()

    def forget(self) -> None:
        """The transaction failed: nothing was appended."""
        self._uncommitted, self._uncommitted_size_bytes = [], 0

    @property
    def is_step_due(self) -> bool:
        """Whether enough came together to be moved."""
        return self._has(1)

    @property
    def is_behind(self) -> bool:
        """Whether so much came together that writes should wait until it is moved."""
        return self._has(_LAG_FACTOR)

    def _has(self, shares: int) -> bool:
        sizes = self._sizes
        is_enough = self._change_count >= shares * sizes.change_count or self._size_bytes >= shares * sizes.size_bytes
        return is_enough and not self.is_pinned

    def step(self) -> bool:
        """Put everything into `state`: one transaction, of some 20 ms for 8,192 changes of 4,000 records.

        Whether there was anything.
        """
        newest = self.layer.newest
        with self._environment.write() as transaction:
            with transaction.cursor(self._table) as cursor:
                found = cursor.first()
                while found and is_journal_key(cursor.key()):
                    # Moves on to the next row, or to none.
                    cursor.delete()
                    found = bool(cursor.key())
            for key in [key for key, value in newest.items() if value is None]:
                transaction.delete(key, db=self._table)
            put_all(
                transaction, self._table, sorted((key, value) for key, value in newest.items() if value is not None)
            )
        self.layer = RecordLayer()
        self._change_count = self._size_bytes = 0
        return bool(newest)


def is_journal_key(key: bytes | memoryview) -> bool:
    """Whether a key of `state` is that of a row of the journal."""
    return bytes(key[:1]) < FIRST_RECORD


def pack_changes(changes: Sequence[StateChange]) -> Iterator[bytes]:
    """The rows of a block's changes: as large as a chunk, larger only where a single record is."""
    sizes = [len(key) + len(new or b"") + _FRAMING_SIZE_BYTES for key, _, new in changes]
    ends = list(accumulate(sizes))
    start = size_bytes = 0
    while start < len(changes):
        end = max(bisect_right(ends, size_bytes + CHUNK_SIZE_BYTES_MAX - _FRAMING_SIZE_BYTES), start + 1)
        yield encode_checked([part for key, _, new in changes[start:end] for part in (key, new)])
        start, size_bytes = end, ends[end - 1]


def unpack_changes(row: bytes | memoryview) -> list[tuple[bytes, bytes | None]]:
    """Keys and values of a row, None for a record that was removed.

    Raises:
        MalformedRecordError: not such a row.
    """
    try:
        parts = _read_row(bytes(row))
    except DecodingError as error:
        raise MalformedRecordError("a row of the journal of records cannot be read") from error
    keys, values = parts[::2], parts[1::2]
    if len(keys) != len(values) or not all(key is not None and key.find(b"\0") > 0 for key in keys):
        raise MalformedRecordError("a row of the journal of records does not have a record's key for each value")
    return list(zip(cast(list[bytes], keys), values, strict=True))


def journal_rows(transaction: AnyRead, table: Table, above_height: int = 0) -> Iterator[tuple[int, bytes | memoryview]]:
    """The journal's rows above a height with their heights, in order.

    Raises:
        MalformedRecordError: a row has another key.
    """
    with transaction.cursor(table) as cursor:
        found = cursor.set_range(number_key(above_height + 1))
        while found and is_journal_key(cursor.key()):
            yield _height(bytes(cursor.key())), cursor.value()
            found = cursor.next()


def changes_above(transaction: AnyRead, table: Table, height: int) -> dict[bytes, bytes | None]:
    """What the journal's rows above a height say; 2 µs where there are none.

    Raises:
        MalformedRecordError: a row is not one of the journal.
    """
    return {key: new for _, row in journal_rows(transaction, table, height) for key, new in unpack_changes(row)}


def read_span(transaction: AnyRead, table: Table) -> Span:
    """The heights whose changes are in the journal; 3 µs.

    Raises:
        MalformedRecordError: a row has another key.
    """
    with transaction.cursor(table) as cursor:
        if not cursor.first() or not is_journal_key(cursor.key()):
            return NOTHING
        first = bytes(cursor.key())
        # A row of the journal is before the first record, if there is one, and it is the last row if there is none.
        _ = cursor.prev() if cursor.set_range(FIRST_RECORD) else cursor.last()
        return Span(_height(first), _height(bytes(cursor.key())))


def read_layer(transaction: AnyRead, table: Table) -> RecordLayer:
    """What the journal says at the moment of a transaction: 15 ms for 16,384 changes.

    Raises:
        MalformedRecordError: a row is not one of the journal.
    """
    layer = RecordLayer()
    for height, row in journal_rows(transaction, table):
        _lay_row(layer, height, row)
    return layer


def _lay_row(layer: RecordLayer, height: int, row: bytes | memoryview) -> int:
    """How many changes there were; whether there was a record before is not known, and need not be."""
    changes = dict(unpack_changes(row))
    layer.lay(height, changes, [key for key, value in changes.items() if value is not None])
    return len(changes)


def _height(key: bytes) -> int:
    if len(key) != _KEY.size:
        raise MalformedRecordError("a row of the journal of records has another key")
    height: int = _KEY.unpack(key)[0]
    return height

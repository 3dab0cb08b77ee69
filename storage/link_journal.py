"""Links on their way into their chains: those of the newest blocks lie together, until many are put in at once.

Owns form and bounds of the journal's rows, and the step that puts the oldest of them into `links`. A chain grows at a
place of its own: a link that is put there by itself costs one or two pages of 4 KiB, the more the larger the ledger is.
A row of the journal has a number key, a row of a chain one of 28 bytes; both are in the table `links`. Invariants:

- every link is in one row of the journal or in one row of its chain, whenever the process dies: a step moves links in
  one transaction;
- readers see the same before and after a step.

Writing is for one thread; questions may come from any. A row: for each link the subject's key (20), sequence (8), log
index (8) and link (32), in the order in which they were made. Source: docs/reference/storage.md;
docs/adr/0040-links-in-a-journal.md.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from operator import itemgetter
from struct import Struct
from typing import NamedTuple, TypeAlias

from contracts.changes import SubjectLink
from storage.environment import AnyRead, Environment, Table, Write
from storage.layout import MalformedRecordError, key_number, number_key
from storage.links import chain_rows, keyed, subject_key, unpack_row
from storage.meta import read_standing

Tables: TypeAlias = dict[str, Table]

_NUMBER_KEY_SIZE_BYTES = 8
_ENTRY = Struct(">20sQ40s")
# What readers may have to look through, in shares of what a step moves.
_LAG_FACTOR = 2


class LinkJournalSizes(NamedTuple):
    """When a step is due: at so many links or rows. A block with more links than `block_link_count_max` needs none."""

    link_count: int = 8192
    # Whoever asks for a chain looks through all rows, at about a microsecond each.
    row_count: int = 512
    # They lie next to each other by themselves, and a row of the journal stays well below 100 kB.
    block_link_count_max: int = 1024


class LinkJournal:
    """The journal of one open store."""

    __slots__ = ("_environment", "_link_count", "_row_count", "_sizes", "_table", "_uncommitted")

    def __init__(self, environment: Environment, sizes: LinkJournalSizes) -> None:
        """An empty journal; `load` counts what is there."""
        self._environment = environment
        self._sizes = sizes
        self._table = environment.tables["links"]
        self._row_count = self._link_count = 0
        # Rows and links of the transaction under way.
        self._uncommitted = (0, 0)

    def load(self, transaction: AnyRead) -> None:
        """Count what is in the journal: twice `row_count` rows at most."""
        counts = [row_link_count(row) for _, row in _rows(transaction, self._environment.tables)]
        self._row_count, self._link_count = len(counts), sum(counts)

    def append(self, transaction: Write, height: int, links: Sequence[SubjectLink]) -> None:
        """Write the links of an executed block; `committed` or `forget` must follow."""
        if not links:
            return
        if len(links) > self._sizes.block_link_count_max:
            with transaction.cursor(self._table) as cursor:
                cursor.putmulti(chain_rows(keyed(links)))
            return
        transaction.put(number_key(height), pack_journal_row(links), db=self._table)
        rows, count = self._uncommitted
        self._uncommitted = rows + 1, count + len(links)

    def committed(self) -> None:
        """What was appended is on disk."""
        self._row_count += self._uncommitted[0]
        self._link_count += self._uncommitted[1]
        self._uncommitted = (0, 0)

    def forget(self) -> None:
        """The transaction failed: nothing was appended."""
        self._uncommitted = (0, 0)

    @property
    def is_step_due(self) -> bool:
        """Whether enough came together to be moved."""
        return self._link_count >= self._sizes.link_count or self._row_count >= self._sizes.row_count

    @property
    def is_behind(self) -> bool:
        """Whether so much came together that writes should wait until it is moved."""
        sizes = self._sizes
        return self._link_count >= _LAG_FACTOR * sizes.link_count or self._row_count >= _LAG_FACTOR * sizes.row_count

    def step(self) -> bool:
        """Move the oldest rows into their chains: one transaction, of some 20 ms for 8,192 links of 1,000 chains.

        Whether there were any.
        """
        moved: list[bytes] = []
        links: list[tuple[bytes, int, bytes]] = []
        with self._environment.write() as transaction:
            for key, row in _rows(transaction, self._environment.tables):
                links += _entries(row)
                moved.append(key)
                if len(links) >= self._sizes.link_count:
                    break
            for key in moved:
                transaction.delete(key, db=self._table)
            with transaction.cursor(self._table) as cursor:
                cursor.putmulti(chain_rows(links))
        self._row_count -= len(moved)
        self._link_count -= len(links)
        return bool(moved)


def pack_journal_row(links: Sequence[SubjectLink]) -> bytes:
    """The row of a block's links; one or more."""
    return b"".join([_ENTRY.pack(*one) for one in keyed(links)])


def row_link_count(row: bytes | memoryview) -> int:
    """How many links a row of the journal has.

    Raises:
        MalformedRecordError: not such a row.
    """
    if not row or len(row) % _ENTRY.size:
        raise MalformedRecordError("a row of the journal of links has another size")
    return len(row) // _ENTRY.size


def journaled_links(transaction: AnyRead, tables: Tables, subject: str, wanted: int, limit: int) -> list[SubjectLink]:
    """The links of a subject that are in the journal: up to `limit` from the sequence number `wanted` on, ascending.

    Raises:
        MalformedRecordError: a row is not one of the journal.

    Cost: one microsecond for each row of the journal, and one for each link of the rows that hold what is asked for.
    """
    key = subject_key(subject)
    found: list[SubjectLink] = []
    for _, row in _rows(transaction, tables):
        row_link_count(row)
        for sequence, content in _find(bytes(row), key, wanted, wanted + limit):
            found += unpack_row(subject, sequence, content)
    return found


def read_journal(transaction: AnyRead, tables: Tables) -> dict[bytes, list[tuple[int, bytes]]]:
    """Sequence number and content of all links in the journal, by subject key and ascending: for who asks for many.

    Raises:
        MalformedRecordError: a row is not one of the journal.

    Cost: half a microsecond for each link, and some 300 bytes.
    """
    found: dict[bytes, list[tuple[int, bytes]]] = defaultdict(list)
    for _, row in _rows(transaction, tables):
        for key, sequence, content in _entries(row):
            found[key].append((sequence, content))
    return found


def links_from(subject: str, found: Sequence[tuple[int, bytes]], wanted: int, limit: int) -> list[SubjectLink]:
    """Up to `limit` links of a subject from the sequence number `wanted` on, out of what `read_journal` has of it."""
    start = bisect_left(found, wanted, key=itemgetter(0))
    return [
        link for sequence, content in found[start : start + limit] for link in unpack_row(subject, sequence, content)
    ]


def is_journal_key(key: bytes) -> bool:
    """Whether a key of `links` is that of a row of the journal."""
    return len(key) == _NUMBER_KEY_SIZE_BYTES


def _rows(transaction: AnyRead, tables: Tables) -> Iterator[tuple[bytes, bytes | memoryview]]:
    """The journal's rows by ascending height.

    Subjects whose key lies between heights are passed over, each with one look-up. To find one takes as many hashes as
    2^64 divided by the height of the ledger.
    """
    end = number_key(read_standing(transaction, tables["meta"]).executed_height + 1)
    with transaction.cursor(tables["links"]) as cursor:
        found = cursor.set_range(number_key(0))
        while found:
            key = bytes(cursor.key())
            if key >= end:
                return
            if is_journal_key(key):
                yield key, cursor.value()
                found = cursor.next()
            else:
                found = cursor.set_range(number_key(key_number(key[:_NUMBER_KEY_SIZE_BYTES]) + 1))


def _entries(row: bytes | memoryview) -> Iterator[tuple[bytes, int, bytes]]:
    """What `KeyedLink` has of each link."""
    row_link_count(row)
    return _ENTRY.iter_unpack(row)


def _find(row: bytes, key: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Sequence number and content of the links of a chain in a row of the journal, of those from `start` to `end`."""
    at, last = row.find(key), row.rfind(key)
    # Elsewhere than where an entry begins, these bytes are a part of something else.
    while last >= 0 and last % _ENTRY.size:
        last = row.rfind(key, 0, last + len(key) - 1)
    if last < 0 or _ENTRY.unpack_from(row, last)[1] < start:
        return
    while 0 <= at <= last:
        if at % _ENTRY.size == 0:
            _, sequence, content = _ENTRY.unpack_from(row, at)
            if sequence >= end:
                return
            if sequence >= start:
                yield sequence, content
        at = row.find(key, at + 1)

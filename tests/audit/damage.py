"""Ways to damage a store behind its back: rows are changed in LMDB itself, as a broken disk or an intruder would."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from storage.chunks import pack_chunks, unpack_rows
from storage.environment import Environment, Write
from storage.interface import StoredHeader
from storage.layout import key_number, number_key, pack_header, pack_standing, unpack_header
from storage.link_journal import LinkJournal, LinkJournalSizes
from storage.meta import read_standing
from storage.record_journal import RecordJournal, RecordJournalSizes


@contextmanager
def tables_of(home: Path) -> Iterator[tuple[Write, Environment]]:
    """A write transaction on the store of a node's folder, committed at the end."""
    environment = Environment(home / "db")
    try:
        with environment.write() as transaction:
            yield transaction, environment
    finally:
        environment.close()


def read_rows(home: Path, table: str) -> dict[bytes, bytes]:
    """All rows of a table."""
    with tables_of(home) as (transaction, environment):
        return {bytes(key): bytes(value) for key, value in transaction.cursor(environment.tables[table])}


def put_links_in_place(home: Path) -> None:
    """Move all links from the journal into their chains, as the background work of a larger ledger does."""
    environment = Environment(home / "db")
    try:
        journal = LinkJournal(environment, LinkJournalSizes(link_count=1, row_count=1))
        with environment.read() as transaction:
            journal.load(transaction)
        while journal.is_step_due:
            journal.step()
    finally:
        environment.close()


def put_records_in_place(home: Path) -> None:
    """The same for the journal of records, which has no row then."""
    environment = Environment(home / "db")
    try:
        journal = RecordJournal(environment, RecordJournalSizes())
        with environment.read() as transaction:
            journal.load(transaction)
        assert journal.step()
    finally:
        environment.close()


def put(home: Path, table: str, key: bytes, value: bytes | None) -> None:
    """Write a row, or remove it."""
    with tables_of(home) as (transaction, environment):
        if value is None:
            assert transaction.delete(key, db=environment.tables[table])
        else:
            transaction.put(key, value, db=environment.tables[table])


def change(home: Path, table: str, key: bytes, alter: Callable[[bytes], bytes]) -> None:
    """Replace a row's value by what `alter` makes of it."""
    with tables_of(home) as (transaction, environment):
        found = transaction.get(key, db=environment.tables[table])
        assert found is not None
        transaction.put(key, alter(bytes(found)), db=environment.tables[table])


def flip(data: bytes, at: int, mask: int = 1) -> bytes:
    """`data` with one byte changed."""
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def change_row(home: Path, table: str, index: int, alter: Callable[[bytes], bytes]) -> None:
    """Change one row of a table of chunks where it lies."""
    with tables_of(home) as (transaction, environment), transaction.cursor(environment.tables[table]) as cursor:
        if not cursor.set_range(number_key(index)) or key_number(cursor.key()) != index:
            assert cursor.prev()
        start = key_number(cursor.key())
        rows = unpack_rows(bytes(cursor.value()), 0, 1 << 20)
        rows[index - start] = alter(rows[index - start])
        [(_, chunk)] = pack_chunks(enumerate(rows, start))
        cursor.put(number_key(start), chunk)


def change_rows(home: Path, table: str, alter: Callable[[dict[int, bytes]], None]) -> None:
    """Let `alter` change the rows of a table of chunks, by log index; the chunks are made anew."""
    with tables_of(home) as (transaction, environment):
        rows: dict[int, bytes] = {}
        with transaction.cursor(environment.tables[table]) as cursor:
            for key, chunk in cursor:
                rows.update(enumerate(unpack_rows(bytes(chunk), 0, 1 << 20), start=key_number(key)))
        alter(rows)
        transaction.drop(environment.tables[table], delete=False)
        with transaction.cursor(environment.tables["starts"]) as cursor:
            starts = [key_number(key) for key, _ in cursor]
        # A chunk never holds rows of two blocks.
        for start, end in pairwise([*starts, 1 << 62]):
            own = sorted((index, row) for index, row in rows.items() if start <= index < end)
            for index, packed in pack_chunks(own):
                transaction.put(number_key(index), packed, db=environment.tables[table])


def change_header(home: Path, height: int, alter: Callable[[StoredHeader], StoredHeader]) -> None:
    """Replace the stored header of a block."""
    change(home, "headers", number_key(height), lambda row: pack_header(alter(unpack_header(height, row))))


def change_standing(home: Path, **changes: Any) -> None:
    """Replace fields of the head record, with a checksum that fits."""
    with tables_of(home) as (transaction, environment):
        meta = environment.tables["meta"]
        standing = read_standing(transaction, meta)
        transaction.put(b"head", pack_standing(standing._replace(**changes)), db=meta)


def with_header(stored: StoredHeader, header: bytes, header_hash: bytes, signature: bytes) -> StoredHeader:
    """A stored header with another header in it."""
    return replace(stored, header=header, header_hash=header_hash, signature=signature)

"""Carrying the detached values of one store over into another of the same ledger.

Owns the copying of one table. Values are found by their commitments, which say what they are, wherever they lie: no
block and no state depends on them, and no neighbour is bound to have them. Never changes the store that is read.
Bound: `_PART_SIZE_BYTES` and a value in one transaction.
"""

import os
from contextlib import closing
from pathlib import Path

from ledger.hashing import Hash
from storage.batch_writing import put_all
from storage.environment import Environment
from storage.lmdb_store import LmdbStore

_PART_SIZE_BYTES = 8 << 20
_TABLE = "payloads"


def carry_values(source: str | os.PathLike[str], target: str | os.PathLike[str], network_id: Hash) -> int:
    """Copy all detached values of the store in `source` into that in `target`; how many there were.

    Nobody else uses either. It may be done again after an interruption.

    Raises:
        StoreError: one of them cannot be opened, read or written.
    """
    # Opened as stores, they are looked at: sound, of a known format, of this ledger.
    for path in (source, target):
        LmdbStore.open(path, network_id, readonly=True).close()
    count = 0
    with closing(Environment(Path(source), readonly=True)) as old, closing(Environment(Path(target))) as new:
        rows, after = _rows(old, b"")
        while rows:
            with new.write() as transaction:
                put_all(transaction, new.tables[_TABLE], rows)
            count += len(rows)
            rows, after = _rows(old, after)
    return count


def _rows(environment: Environment, after: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Rows behind the key `after`, and the last of their keys."""
    rows: list[tuple[bytes, bytes]] = []
    size = 0
    with environment.read() as transaction, transaction.cursor(environment.tables[_TABLE]) as cursor:
        found = cursor.set_range(after + b"\0")
        while found and size < _PART_SIZE_BYTES:
            rows.append((cursor.key(), cursor.value()))
            size += len(rows[-1][1])
            after = rows[-1][0]
            found = cursor.next()
    return rows, after

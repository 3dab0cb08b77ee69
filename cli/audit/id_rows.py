"""Reading the permanent look-up of transaction ids whole, as columns.

Owns the walk over the journal and the sorted runs, and the check that each row stands where a look-up searches for
it. Never compares rows with the log (`id_table_check`). Source: docs/adr/0006-sorted-run-id-index.md.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cli.audit.finding import AuditFinding
from cli.audit.source import IdRows
from storage.environment import Read, Table
from storage.id_manifest import PREFIX_BITS, Manifest, Run
from storage.id_runs import prefixes_key, rests_key
from storage.id_segment import (
    NO_RESTS,
    PREFIX_SIZE_BYTES,
    REST_PART_COUNT,
    Prefixes,
    Rests,
    read_prefixes,
    read_rests,
    unpack_ids,
)
from storage.layout import META_IDS, MalformedRecordError, key_number

_NUMBER = np.dtype("<u8")


def read_id_rows(transaction: Read, tables: dict[str, Table]) -> Iterator[IdRows]:
    """All rows: the journal's, a batch for each block, then those of each run, a batch for each segment.

    Raises:
        MalformedRecordError: a row or the manifest is not what is ever written.
        AuditFinding: a run does not hold what the manifest says.
    """
    record = transaction.get(META_IDS, db=tables["meta"])
    if record is None:
        raise MalformedRecordError("the record of the id index is missing")
    for key, row in transaction.cursor(tables["id_journal"]):
        yield _journal_rows(f"journal of block {key_number(key)}", row)
    for run in Manifest.unpack(record).runs:
        yield from _run_rows(transaction, tables["id_runs"], run)


def _journal_rows(place: str, row: bytes) -> IdRows:
    ids = unpack_ids(row)
    return IdRows(
        place,
        np.frombuffer(b"".join(one.id for one in ids), np.uint8).reshape(-1, 32),
        np.array([one.expires_ms for one in ids], dtype=_NUMBER),
        np.array([one.leaf_index for one in ids], dtype=_NUMBER),
        None,
    )


def _run_rows(transaction: Read, table: Table, run: Run) -> Iterator[IdRows]:
    count = 0
    expiries_ms: list[int] = []
    for segment in range(run.segment_count):
        prefixes, rests = _columns(transaction, table, run, segment)
        if not len(prefixes):
            continue
        count += len(prefixes)
        expiries = _numbers(rests, 24)
        expiries_ms += int(expiries.min()), int(expiries.max())
        ids = np.concatenate((prefixes.astype(">u8").view(np.uint8).reshape(-1, 8), rests[:, :24]), axis=1)
        yield IdRows(
            f"run {run.number}, segment {segment}",
            ids,
            expiries,
            _numbers(rests, 32),
            _misplaced(prefixes, run, segment),
        )
    claimed = (run.id_count, run.oldest_expiry_ms, run.newest_expiry_ms)
    held = (count, min(expiries_ms, default=0), max(expiries_ms, default=0))
    if held != claimed:
        raise AuditFinding(
            "audit.id-run-changed",
            "run {key} of the look-up of ids does not hold what its manifest says",
            key=str(run.number),
            expected="{} ids, expiries {} to {}".format(*claimed),
            found="{} ids, expiries {} to {}".format(*held),
        )


def _columns(transaction: Read, table: Table, run: Run, segment: int) -> tuple[Prefixes, Rests]:
    """Both columns of a segment, the second put together from its parts."""
    column = transaction.get(prefixes_key(run.number, segment), db=table)
    if column is None or len(column) % PREFIX_SIZE_BYTES:
        raise MalformedRecordError(f"segment {segment} of run {run.number} of the id index is missing or malformed")
    prefixes = read_prefixes(memoryview(column))
    parts = [NO_RESTS]
    for part in range((len(prefixes) + REST_PART_COUNT - 1) // REST_PART_COUNT):
        value = transaction.get(rests_key(run.number, segment, part), db=table)
        if value is None:
            raise MalformedRecordError(f"segment {segment} of run {run.number} of the id index lacks part {part}")
        parts.append(read_rests(memoryview(value)))
    rests = np.concatenate(parts)
    if len(prefixes) != len(rests):
        raise MalformedRecordError("the columns of an id segment differ in length")
    return prefixes, rests


def _numbers(rests: Rests, start: int) -> NDArray[np.uint64]:
    return np.ascontiguousarray(rests[:, start : start + 8]).view(_NUMBER).ravel()


def _misplaced(prefixes: Prefixes, run: Run, segment: int) -> int | None:
    """The first row that is not in ascending order, or belongs to another segment."""
    wrong = np.zeros(len(prefixes), dtype=np.bool_)
    wrong[1:] = prefixes[1:] < prefixes[:-1]
    if run.segment_bits:
        wrong |= prefixes >> np.uint64(PREFIX_BITS - run.segment_bits) != segment
    return int(np.flatnonzero(wrong)[0]) if wrong.any() else None

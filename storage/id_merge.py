"""Writing sorted runs: a flush of the journal, one bounded step of a merge, one of clearing away.

Owns what is written to `id_runs`. Each function works inside a write transaction of its caller and returns the
manifest that holds once that transaction is committed; the caller stores it in the same transaction, so a crash at any
moment leaves either the state before a step or the one after it. Source: docs/adr/0006-sorted-run-id-index.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ledger.errors import LocalError
from storage.environment import Table, Write
from storage.id_manifest import PREFIX_BITS, Garbage, Manifest, Merge, Run
from storage.id_runs import prefixes_key, read_prefixes_of, read_rests_of, rests_key
from storage.id_segment import (
    NO_RESTS,
    PREFIX_SIZE_BYTES,
    REST_PART_COUNT,
    Prefixes,
    Rests,
    columns_of,
    expiry_range_ms,
    read_prefixes,
    read_rests,
    sort_columns,
)
from storage.layout import MalformedRecordError


@dataclass(frozen=True, slots=True)
class IdIndexSizes:
    """The sizes of the id index; tests make them small, everything else takes the defaults.

    `journal_id_count`: ids that wait in memory and in the journal before they become a run: 32,768 ids are about
    10 MB of memory and 30 ms of reading at the start. `segment_id_count`: ids in a segment, on average 0.75 to 1.5
    times as many: a column of prefixes is then about 256 kB, which a batch looks through in 20 µs. `fan_out`: runs
    of a level that are merged into one of the next: with 4, a look-up meets at most 20 runs at 100 million ids, and
    each id is written about seven times.
    """

    journal_id_count: int = 32_768
    segment_id_count: int = 32_768
    fan_out: int = 4

    def segment_bits(self, count: int) -> int:
        """How many leading bits tell the segments of a run of `count` ids apart."""
        return (2 * count // (3 * self.segment_id_count)).bit_length()


def flush_journal(
    transaction: Write, table: Table, manifest: Manifest, journal_rows: Iterable[bytes], sizes: IdIndexSizes
) -> Manifest:
    """Write the ids of the journal as a new run of level 0; clearing the journal is the caller's."""
    prefixes, rests = columns_of(journal_rows)
    count = len(prefixes)
    run = Run(manifest.next_number, 0, sizes.segment_bits(count), count, *expiry_range_ms(rests))
    edges = [*np.searchsorted(prefixes, _lower_bounds(run)).tolist(), count]
    for segment in range(run.segment_count):
        start, stop = edges[segment], edges[segment + 1]
        _put_segment(transaction, table, run, segment, prefixes[start:stop], rests[start:stop])
    return manifest._replace(next_number=run.number + 1, runs=(*manifest.runs, run))


def start_merge(manifest: Manifest, level: int, inputs: Sequence[Run], sizes: IdIndexSizes) -> Manifest:
    """Begin to merge `inputs`, runs of `level`, into one run of the next; nothing is written yet."""
    count = sum(run.id_count for run in inputs)
    oldest = min(run.oldest_expiry_ms for run in inputs)
    newest = max(run.newest_expiry_ms for run in inputs)
    # Never fewer segments than an input has: a segment then comes from one segment of each input.
    bits = max(sizes.segment_bits(count), *(run.segment_bits for run in inputs))
    output = Run(manifest.next_number, level + 1, bits, count, oldest, newest)
    merge = Merge(output, tuple(run.number for run in inputs), 0)
    return manifest._replace(next_number=output.number + 1, merges=(*manifest.merges, merge))


def step_merge(transaction: Write, table: Table, manifest: Manifest, merge: Merge) -> Manifest:
    """Write the next segment of a merge; with the last of them the output takes the place of its inputs."""
    inputs = [run for run in manifest.runs if run.number in merge.inputs]
    if len(inputs) != len(merge.inputs):
        raise MalformedRecordError("a merge of the id index lacks one of its runs")
    segment = merge.next_segment
    parts = [_part(transaction, table, run, merge.output, segment) for run in inputs]
    prefixes, rests = sort_columns(
        np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    )
    _put_segment(transaction, table, merge.output, segment, prefixes, rests)
    others = tuple(one for one in manifest.merges if one is not merge)
    if segment + 1 < merge.output.segment_count:
        return manifest._replace(merges=(*others, merge._replace(next_segment=segment + 1)))
    kept = (run for run in manifest.runs if run.number not in merge.inputs)
    runs = tuple(sorted((merge.output, *kept), key=lambda run: run.id_count, reverse=True))
    garbage = (*manifest.garbage, *(Garbage(run.number, run.segment_count, 0) for run in inputs))
    return manifest._replace(runs=runs, merges=others, garbage=garbage)


def step_clearing(transaction: Write, table: Table, manifest: Manifest) -> Manifest:
    """Delete the next segment of the oldest run that was merged away."""
    if not manifest.garbage:
        raise LocalError("There is nothing to clear away in the id index.")
    first, *others = manifest.garbage
    _delete_segment(transaction, table, first.number, first.next_segment)
    left = first._replace(next_segment=first.next_segment + 1)
    return manifest._replace(garbage=(left, *others) if left.next_segment < left.segment_count else tuple(others))


def _part(transaction: Write, table: Table, run: Run, output: Run, segment: int) -> tuple[Prefixes, Rests]:
    """The ids of `run` that belong to `segment` of `output`."""
    source = segment >> (output.segment_bits - run.segment_bits)
    prefixes = read_prefixes(read_prefixes_of(transaction, table, run, source))
    low, high = 0, len(prefixes)
    if output.segment_bits:
        shift = PREFIX_BITS - output.segment_bits
        low = int(np.searchsorted(prefixes, np.uint64(segment << shift)))
        high = int(np.searchsorted(prefixes, np.uint64((segment + 1 << shift) - 1), side="right"))
    first_part, last_part = low // REST_PART_COUNT, (high + REST_PART_COUNT - 1) // REST_PART_COUNT
    parts = [read_rests(read_rests_of(transaction, table, run, source, part)) for part in range(first_part, last_part)]
    rests = np.concatenate(parts) if parts else NO_RESTS
    start = first_part * REST_PART_COUNT
    rests = rests[low - start : high - start]
    if len(rests) != high - low:
        raise MalformedRecordError("the columns of an id segment differ in length")
    return prefixes[low:high], rests


def _lower_bounds(run: Run) -> Prefixes:
    """The lowest prefix of each segment."""
    if run.segment_bits == 0:
        return np.zeros(1, np.uint64)
    return np.arange(run.segment_count, dtype=np.uint64) << np.uint64(PREFIX_BITS - run.segment_bits)


def _put_segment(transaction: Write, table: Table, run: Run, segment: int, prefixes: Prefixes, rests: Rests) -> None:
    transaction.put(prefixes_key(run.number, segment), prefixes.tobytes(), db=table)
    for part, start in enumerate(range(0, len(rests), REST_PART_COUNT)):
        value = rests[start : start + REST_PART_COUNT].tobytes()
        transaction.put(rests_key(run.number, segment, part), value, db=table)


def _delete_segment(transaction: Write, table: Table, run_number: int, segment: int) -> None:
    count = len(transaction.get(prefixes_key(run_number, segment), b"", db=table)) // PREFIX_SIZE_BYTES
    transaction.delete(prefixes_key(run_number, segment), db=table)
    for part in range((count + REST_PART_COUNT - 1) // REST_PART_COUNT):
        transaction.delete(rests_key(run_number, segment, part), db=table)

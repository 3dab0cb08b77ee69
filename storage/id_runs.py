"""Looking ids up in sorted runs.

Owns the keys of `id_runs` and the two ways of asking: one id against one run, and a batch against one run. Works
inside a read transaction of its caller whose values are views. Source: docs/adr/0006-sorted-run-id-index.md.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from struct import Struct

import numpy as np

from ledger.hashing import Hash
from storage.environment import Table, View
from storage.id_manifest import PREFIX_BITS, Run
from storage.id_segment import Prefixes, find_id, first_place, holds_prefix, id_prefix, places_of, query_prefixes
from storage.layout import MalformedRecordError

PREFIXES = 0
RESTS = 1
_KEY = Struct(">IIB")
# Below this many ids in a segment, looking them up one by one costs less than the call into numpy.
_SINGLE_COUNT_MAX = 2


def segment_key(run_number: int, segment: int, column: int) -> bytes:
    """The key of one column of a segment: run, segment, then PREFIXES or RESTS."""
    return _KEY.pack(run_number, segment, column)


def read_column(transaction: View, table: Table, run: Run, segment: int, column: int) -> memoryview:
    """A column of a segment, in place.

    Raises:
        MalformedRecordError: it is not there.
    """
    value = transaction.get(segment_key(run.number, segment, column), db=table)
    if value is None:
        raise MalformedRecordError(f"segment {segment} of run {run.number} of the id index is missing")
    return value


def find_one(transaction: View, table: Table, run: Run, one: Hash) -> tuple[int, int] | None:
    """Expiry in ms and log index of an id, if this run holds it. Cost: 2 to 3 µs; 5 where it is found."""
    prefix = id_prefix(one)
    segment = run.segment_of(prefix)
    prefixes = read_column(transaction, table, run, segment, PREFIXES)
    place = first_place(prefixes, prefix)
    if not holds_prefix(prefixes, place, prefix):
        return None
    return find_id(prefixes, read_column(transaction, table, run, segment, RESTS), place, one)


class Query:
    """A batch of ids, sorted once for all the runs that it is looked up in."""

    __slots__ = ("expiries_ms", "ids", "prefixes")

    def __init__(self, ids: list[Hash], prefixes: Prefixes, expiries_ms: Prefixes | None) -> None:
        self.ids = ids
        self.prefixes = prefixes
        self.expiries_ms = expiries_ms

    @classmethod
    def of(cls, ids: Sequence[Hash], expiries_ms: Sequence[int] | None) -> "Query":
        """The query for some ids, and the expiries of their transactions if they are known."""
        prefixes = query_prefixes(ids)
        order = np.argsort(prefixes)
        expiries = None if expiries_ms is None else np.array(expiries_ms, np.uint64)[order]
        return cls([ids[place] for place in order.tolist()], prefixes[order], expiries)

    def within(self, run: Run) -> "Query":
        """The part of the batch that can be in `run`, going by expiry."""
        if self.expiries_ms is None:
            return self
        fits = (self.expiries_ms >= run.oldest_expiry_ms) & (self.expiries_ms <= run.newest_expiry_ms)
        if fits.all():
            return self
        places = np.flatnonzero(fits)
        return Query([self.ids[place] for place in places.tolist()], self.prefixes[places], self.expiries_ms[places])

    def find_in(self, transaction: View, table: Table, run: Run) -> Iterator[tuple[Hash, int]]:
        """The ids that `run` holds, with their expiry in ms.

        Cost: about 0.2 µs for each id, and 5 µs for each segment that some of them belong to.
        """
        for segment, start, stop in self._groups(run):
            if stop - start <= _SINGLE_COUNT_MAX:
                for one in self.ids[start:stop]:
                    found = find_one(transaction, table, run, one)
                    if found is not None:
                        yield one, found[0]
                continue
            prefixes = read_column(transaction, table, run, segment, PREFIXES)
            for number, place in places_of(prefixes, self.prefixes[start:stop]):
                one = self.ids[start + number]
                found = find_id(prefixes, read_column(transaction, table, run, segment, RESTS), place, one)
                if found is not None:
                    yield one, found[0]

    def _groups(self, run: Run) -> Iterator[tuple[int, int, int]]:
        """Segments that ids of the batch belong to, with the range of those ids."""
        if run.segment_bits == 0 or not self.ids:
            yield from [(0, 0, len(self.ids))] if self.ids else []
            return
        segments = self.prefixes >> np.uint64(PREFIX_BITS - run.segment_bits)
        starts = [0, *(np.flatnonzero(np.diff(segments)) + 1).tolist(), len(self.ids)]
        for start, stop in pairwise(starts):
            yield int(segments[start]), start, stop

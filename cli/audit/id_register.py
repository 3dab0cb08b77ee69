"""The transaction ids that may still repeat: is any id in the log twice?

Owns a set of ids with the log index of each, bucketed by the hour of expiry, in sorted numpy runs. Never keeps an
id longer than it can repeat: an id fixes its expiry, and an expired transaction cannot be in a block. Ids are told
apart by their first 16 bytes: a false alarm would take 2^64 hashes of work and would name both entries.

Memory: 24 bytes an id of the last day, while two runs are merged twice that. Cost: about 2 µs an id.
Source: docs/protocol.md, section 4 (an id is accepted once per ledger).
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from ledger.hashing import Hash

_PREFIX_SIZE_BYTES = 16
_PREFIX = np.dtype(f"S{_PREFIX_SIZE_BYTES}")
_BUCKET_MS = 3_600_000
# Ids wait in a dict until there are this many: below it, a sorted run costs more than it saves.
_UNSORTED_MAX = 4096

_Array: TypeAlias = "np.ndarray[Any, Any]"


class _Run:
    """Sorted prefixes and, beside them, the log index of each."""

    __slots__ = ("indices", "prefixes")

    def __init__(self, prefixes: _Array, indices: _Array) -> None:
        order = np.argsort(prefixes, kind="stable")
        self.prefixes = prefixes[order]
        self.indices = indices[order]

    def find(self, wanted: _Array) -> tuple[_Array, _Array]:
        """Positions in `wanted` that are in the run, and the log index of each."""
        places = np.searchsorted(self.prefixes, wanted)
        places[places == len(self.prefixes)] = 0
        hits = np.nonzero(self.prefixes[places] == wanted)[0]
        return hits, self.indices[places[hits]]

    def merged(self, other: "_Run") -> "_Run":
        return _Run(
            np.concatenate((self.prefixes, other.prefixes)),
            np.concatenate((self.indices, other.indices)),
        )


class _Bucket:
    """Ids that expire within one hour: runs of falling size and the newest ids unsorted."""

    def __init__(self) -> None:
        self.runs: list[_Run] = []
        self.unsorted: dict[bytes, int] = {}

    def flush(self) -> None:
        prefixes = np.frombuffer(b"".join(self.unsorted), dtype=_PREFIX)
        run = _Run(prefixes, np.fromiter(self.unsorted.values(), dtype=np.uint64, count=len(prefixes)))
        # Runs at least double towards the front, so each id is merged O(log n) times.
        while self.runs and len(self.runs[-1].prefixes) <= 2 * len(run.prefixes):
            run = self.runs.pop().merged(run)
        self.runs.append(run)
        self.unsorted.clear()


class IdRegister:
    """Takes in ids block by block and tells those that were there before."""

    def __init__(self) -> None:
        self._buckets: dict[int, _Bucket] = {}

    def forget_before(self, time_ms: int) -> None:
        """Drop ids that expired before `time_ms` (milliseconds since 1970), a bucket at a time."""
        oldest = time_ms // _BUCKET_MS
        for hour in [hour for hour in self._buckets if hour < oldest]:
            del self._buckets[hour]

    def add(self, ids: Sequence[Hash], expiries_ms: Sequence[int], indices: Sequence[int]) -> tuple[int, int] | None:
        """Take in ids with their expiry and log index; the first one that repeats as (its index, the earlier index).

        The three sequences run in parallel. After a repeat the register is not to be used further.
        """
        by_hour: dict[int, list[int]] = {}
        for position, expires_ms in enumerate(expiries_ms):
            by_hour.setdefault(expires_ms // _BUCKET_MS, []).append(position)
        repeats = [
            repeat
            for hour, positions in by_hour.items()
            if (repeat := self._add_to(self._buckets.setdefault(hour, _Bucket()), ids, indices, positions)) is not None
        ]
        return min(repeats, default=None)

    def _add_to(
        self, bucket: _Bucket, ids: Sequence[Hash], indices: Sequence[int], positions: list[int]
    ) -> tuple[int, int] | None:
        prefixes = [ids[position][:_PREFIX_SIZE_BYTES] for position in positions]
        repeats: list[tuple[int, int]] = []
        if bucket.runs:
            wanted = np.frombuffer(b"".join(prefixes), dtype=_PREFIX)
            for run in bucket.runs:
                hits, earlier = run.find(wanted)
                repeats += [(indices[positions[hit]], int(first)) for hit, first in zip(hits, earlier, strict=True)]
        unsorted = bucket.unsorted
        for prefix, position in zip(prefixes, positions, strict=True):
            first = unsorted.setdefault(prefix, indices[position])
            if first != indices[position]:
                repeats.append((indices[position], first))
        if len(unsorted) >= _UNSORTED_MAX:
            bucket.flush()
        return min(repeats, default=None)

"""The state as re-derived by the audit, in memory while it is small and in a database of its own after that.

Owns a temporary folder, which it makes when it is needed and removes when it is closed. Never looks at the audited
state: the two are compared at the end, row by row. Invariant: reads see every change applied so far.

Memory: at most `MEMORY_SIZE_BYTES_MAX` of keys and values, roughly doubled by Python. Nothing here is worth keeping
after a crash, so nothing is flushed to disk.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import lmdb

from cli.errors import CommandError
from contracts.changes import StateChange
from contracts.ordered_keys import HiddenKeys, OrderedKeys

# About 100,000 records of a few hundred bytes: a small ledger is audited without a file.
MEMORY_SIZE_BYTES_MAX = 32 * 1024 * 1024
# The map is an address range, not room on disk; the same size as the store's own.
_MAP_SIZE_BYTES = 1 << 40
# A transaction holds the pages it touches in memory until it commits: 16,384 pages of 4 KiB at most.
_COMMIT_RECORDS_MAX = 16_384
# What a dictionary entry costs besides the bytes in it.
_ENTRY_OVERHEAD_BYTES = 160


class TemporaryFilesError(CommandError):
    """The audit has no room for what it has to put aside."""

    code = "audit-temporary-files"


@contextmanager
def temporary_files() -> Iterator[None]:
    """Turn what the operating system says about temporary files into one sentence.

    Raises:
        TemporaryFilesError
    """
    try:
        yield
    except (OSError, lmdb.Error) as error:
        raise TemporaryFilesError(
            "the audit cannot write its temporary files in {folder} ({reason}); make room there, or name a folder with"
            " room in the variable TMPDIR",
            folder=tempfile.gettempdir(),
            reason=error.strerror if isinstance(error, OSError) else str(error),
        ) from error


class DerivedState:
    """Key to value, with the reads that execution needs; a context manager, which removes its files.

    `count` is the number of records.
    """

    def __init__(
        self, temporary_folder: Path | None = None, memory_size_bytes_max: int = MEMORY_SIZE_BYTES_MAX
    ) -> None:
        """`temporary_folder`: where the database is made if one is needed; None is the system's place for it."""
        self._recent: dict[bytes, bytes | None] = {}
        self._recent_size_bytes = 0
        # The keys of the above, those with a value and those without.
        self._present = OrderedKeys()
        self._removed = HiddenKeys()
        self.count = 0
        self._memory_size_bytes_max = memory_size_bytes_max
        self._parent_folder = temporary_folder
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._environment: lmdb.Environment | None = None
        self._reading: lmdb.Transaction | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_reading()
        if self._environment is not None:
            self._environment.close()
        if self._folder is not None:
            self._folder.cleanup()

    def get(self, key: bytes) -> bytes | None:
        """The record's bytes, or None."""
        if key in self._recent:
            return self._recent[key]
        if self._reading is None:
            return None
        value = self._reading.get(key)
        return None if value is None else bytes(value)

    def next_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The smallest key that starts with `prefix` and is above `after`, or None."""
        recent = self._present.next_key(prefix, after)
        spilled = self._removed.next_key(self._next_spilled, prefix, after)
        if recent is None or spilled is None:
            return recent if spilled is None else spilled
        return min(recent, spilled)

    def apply(self, changes: Iterable[StateChange]) -> None:
        """Take in what an execution changed."""
        for key, old, new in changes:
            self._recent[key] = new
            if new is None:
                self._present.discard(key)
                self._removed.hide(key)
            elif old is None:
                self._present.add(key)
                self._removed.show(key)
            self.count += (old is None) - (new is None)
            self._recent_size_bytes += len(key) + (len(new) if new is not None else 0) + _ENTRY_OVERHEAD_BYTES
        if self._recent_size_bytes > self._memory_size_bytes_max:
            with temporary_files():
                self._spill()

    def records(self) -> Iterator[tuple[bytes, bytes]]:
        """All records, ascending by key; nothing may be applied meanwhile."""
        if self._environment is None:
            for recent in sorted(self._recent):
                value = self._recent[recent]
                if value is not None:
                    yield recent, value
            return
        with temporary_files():
            self._spill()
        assert self._reading is not None, "spilling leaves a read transaction open"
        with self._reading.cursor() as cursor:
            for key, stored in cursor.iternext():
                yield bytes(key), bytes(stored)

    def kinds(self) -> list[str]:
        """The kinds of all records, ascending; a look-up for each kind."""
        if self._environment is None:
            present = {key.partition(b"\0")[0] for key, value in self._recent.items() if value is not None}
            return sorted(kind.decode("ascii") for kind in present)
        with temporary_files():
            self._spill()
        assert self._reading is not None, "spilling leaves a read transaction open"
        kinds: list[str] = []
        with self._reading.cursor() as cursor:
            found = cursor.first()
            while found:
                kind = bytes(cursor.key()).partition(b"\0")[0]
                kinds.append(kind.decode("ascii"))
                found = cursor.set_range(kind + b"\x01")
        return kinds

    def _next_spilled(self, prefix: bytes, after: bytes) -> bytes | None:
        if self._reading is None:
            return None
        with self._reading.cursor() as cursor:
            found = bytes(cursor.key()) if cursor.set_range(after + b"\0" if after >= prefix else prefix) else b""
        return found if found.startswith(prefix) else None

    def _spill(self) -> None:
        """Move what is in memory into the database, in key order, which keeps pages together."""
        environment = self._opened()
        self._stop_reading()
        keys = sorted(self._recent)
        for at in range(0, len(keys), _COMMIT_RECORDS_MAX):
            with environment.begin(write=True) as transaction:
                for key in keys[at : at + _COMMIT_RECORDS_MAX]:
                    value = self._recent[key]
                    if value is None:
                        transaction.delete(key)
                    else:
                        transaction.put(key, value)
        self._recent.clear()
        self._present, self._removed = OrderedKeys(), HiddenKeys()
        self._recent_size_bytes = 0
        self._reading = environment.begin()

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.abort()
            self._reading = None

    def _opened(self) -> lmdb.Environment:
        if self._environment is None:
            self._folder = tempfile.TemporaryDirectory(prefix="banyan-audit-", dir=self._parent_folder)
            self._environment = lmdb.open(
                self._folder.name, map_size=_MAP_SIZE_BYTES, sync=False, metasync=False, lock=False, lib_version=0
            )
        return self._environment

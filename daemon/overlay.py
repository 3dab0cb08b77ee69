"""State that was executed and is not on disk yet, laid over the store. Pure.

Owns the newest value of each record between its execution and its write; never writes anything itself. The
store answers for everything else. Reads through it see every executed block, in order.

Invariants: what is in the overlay is newer than the store; an entry leaves only when the write that carries
that very value was reported durable. Bounded by the window: a leader waits when so many writes are under way.
"""

from collections import deque
from collections.abc import Sequence

from contracts.changes import StateChange
from ledger.hashing import Hash
from storage.interface import ExecutedId, StoreReader


class StateOverlay:
    """The state as of the newest executed block, as `contracts` reads it."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader
        self._records: dict[bytes, bytes | None] = {}
        self._ids: dict[Hash, int] = {}
        self._writes: deque[tuple[int, tuple[StateChange, ...], tuple[ExecutedId, ...]]] = deque()

    def get(self, key: bytes) -> bytes | None:
        """The record's bytes, or None; a dictionary look-up, then at most one read of the store."""
        if key in self._records:
            return self._records[key]
        return self._reader.state(key)

    def executed(self, ids: Sequence[Hash], now_ms: int) -> set[Hash]:
        """Those of `ids` that a block already used up and that have not expired."""
        known = {one for one in ids if one in self._ids}
        asked = [one for one in ids if one not in known]
        return known | self._reader.duplicates(asked, now_ms) if asked else known

    def put(self, ticket: int, changes: tuple[StateChange, ...], ids: tuple[ExecutedId, ...]) -> None:
        """Lay an execution on top; it leaves when `ticket` is durable."""
        for change in changes:
            self._records[change.key] = change.new
        for executed in ids:
            self._ids[executed.id] = executed.leaf_index
        self._writes.append((ticket, changes, ids))

    def stored(self, ticket: int) -> None:
        """Forget what the store has by now: everything up to and including `ticket`."""
        while self._writes and self._writes[0][0] <= ticket:
            _, changes, ids = self._writes.popleft()
            for change in changes:
                if self._records.get(change.key) is change.new:
                    self._records.pop(change.key, None)
            for executed in ids:
                self._ids.pop(executed.id, None)

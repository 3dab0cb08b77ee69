"""State that was executed and is not on disk yet, laid over the store. Pure.

Owns the newest value of each record between its execution and its write; never writes anything itself. The
store answers for everything else. Reads through it see every executed block, in order.

Invariants: what is in the overlay is newer than the store; an entry leaves only when the write that carries that
very value was reported durable, and not when a later write holds the same bytes. Bounded by the window: a leader
waits when so many writes are under way. What was read or written of late is kept in a bounded cache, which every
execution corrects: the store changes by this node's executions alone. A read of LMDB is cheap by itself, but lets go of
the interpreter lock, and a busy node pays several times the read to get it back. Which key comes next is not cached:
the store says it, corrected by what it does not have yet.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from contracts.changes import StateChange
from contracts.ordered_keys import HiddenKeys, OrderedKeys
from ledger.hashing import Hash
from storage.interface import ExecutedId, OrderedState, StoreReader

# Members and units at work, and what is read and written for each of them: at about 300 bytes a record, 5 MB.
CACHED_RECORDS_MAX = 16_384


class StateOverlay:
    """The state as of the newest executed block, as `contracts` reads it."""

    def __init__(self, reader: StoreReader, cached_records_max: int = CACHED_RECORDS_MAX) -> None:
        self._reader = reader
        self._look_up = reader.state
        self._look_after = reader.next_state_key
        self._generation_max = cached_records_max // 2
        # The newest value with the ticket of the write that carries it: a value alone may come back (None does).
        self._records: dict[bytes, tuple[int, bytes | None]] = {}
        # Of the above, the keys that the store does not have yet, in order, and those that it has no longer.
        self._present = OrderedKeys()
        self._removed = HiddenKeys()
        # The same as `_present`: nearly every write changes what is there already, and that is told by a look.
        self._created: set[bytes] = set()
        # Two generations: when the younger is full, the older one goes. What is in use is always carried over.
        self._cache: dict[bytes, bytes] = {}
        self._cache_older: dict[bytes, bytes] = {}
        self._ids: dict[Hash, int] = {}
        self._writes: deque[tuple[int, tuple[StateChange, ...], tuple[ExecutedId, ...]]] = deque()

    def get(self, key: bytes) -> bytes | None:
        """The record's bytes, or None; up to three dictionary look-ups, then at most one read of the store."""
        cached = self._cache.get(key)
        if cached is not None:
            return cached
        unwritten = self._records.get(key)
        if unwritten is not None:
            return unwritten[1]
        found = self._cache_older.get(key) or self._look_up(key)
        if found is not None:
            self._remember(key, found)
        return found

    def next_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The smallest key that starts with `prefix` and is above `after`, or None; see `contracts.state.OrderedState`.

        Cost: a question to the store, and more where records were removed that it still has; the first question about a
        kind sorts its keys that are not written yet.
        """
        unwritten = self._present.next_key(prefix, after)
        stored = self._removed.next_key(self._look_after, prefix, after)
        if unwritten is None or stored is None:
            return unwritten if stored is None else stored
        return min(unwritten, stored)

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """Many look-ups in a row, such as a block's: the store is opened for them once."""
        with self._reader.states() as state:
            self._look(state)
            try:
                yield
            finally:
                self._look_up = self._reader.state
                self._look_after = self._reader.next_state_key

    def _look(self, state: OrderedState) -> None:
        self._look_up, self._look_after = state.get, state.next_key

    def _remember(self, key: bytes, value: bytes) -> None:
        if len(self._cache) >= self._generation_max:
            self._cache_older = self._cache
            self._cache = {}
        self._cache[key] = value

    def executed(self, expiries_ms: Mapping[Hash, int], now_ms: int) -> set[Hash]:
        """Those transactions that a block already used up and that have not expired at `now_ms`.

        Args:
            expiries_ms: When each expires, by id: the store looks only among those that expire about then.
            now_ms: Milliseconds since 1970 UTC.
        """
        known = {one for one in expiries_ms if one in self._ids}
        asked = [one for one in expiries_ms if one not in known]
        if not asked:
            return known
        return known | self._reader.duplicates(asked, now_ms, [expiries_ms[one] for one in asked])

    def put(self, ticket: int, changes: tuple[StateChange, ...], ids: tuple[ExecutedId, ...]) -> None:
        """Lay an execution on top; it leaves when `ticket` is durable."""
        records = self._records
        for key, old, new in changes:
            records[key] = (ticket, new)
            if new is None:
                self._remove(key)
                continue
            # What is written is what is read next. An older value in the older generation is never come to: this one
            # is looked at before, and takes its place when the generations change.
            self._remember(key, new)
            if old is None:
                self._created.add(key)
                self._present.add(key)
                self._removed.show(key)
        self._ids.update([(one.id, one.leaf_index) for one in ids])
        self._writes.append((ticket, changes, ids))

    def _remove(self, key: bytes) -> None:
        self._cache.pop(key, None)
        self._cache_older.pop(key, None)
        self._forget_created(key)
        self._removed.hide(key)

    def _forget_created(self, key: bytes) -> None:
        if key in self._created:
            self._created.remove(key)
            self._present.discard(key)

    def stored(self, ticket: int) -> None:
        """Forget what the store has by now: everything up to and including `ticket`."""
        self._removed.changed_below()
        while self._writes and self._writes[0][0] <= ticket:
            written, changes, ids = self._writes.popleft()
            for key, _old, _new in changes:
                newest = self._records.get(key)
                if newest is not None and newest[0] == written:
                    del self._records[key]
                    if key in self._created:
                        self._forget_created(key)
                    # Not this change's value: a later execution may go to disk in the same write.
                    if newest[1] is None:
                        self._removed.show(key)
            for executed in ids:
                self._ids.pop(executed.id, None)

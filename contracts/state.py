"""The state while a block is executed: what was before it, and what its transactions made of it so far.

Owns the block's view of the records and the coalescing of its writes; never writes to a store. Invariants: every
record is read from the state below at most once; what one transaction wrote the next one reads; `changes` holds
each key once, with its bytes before the block and after it, in ascending order, and nothing that stayed equal; keys
come in the order in which a sorted list of what is there now has them.
"""

from collections.abc import Mapping
from operator import itemgetter
from typing import Protocol, TypeAlias

from contracts.changes import StateChange
from contracts.ordered_keys import HiddenKeys, OrderedKeys


class StateReader(Protocol):
    """Whatever has the records as of the block before."""

    def get(self, key: bytes) -> bytes | None:
        """The bytes of a record, or None."""


class OrderedState(StateReader, Protocol):
    """A state whose records can also be found in order: what execution needs. Most others only look up."""

    def next_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The smallest key that starts with `prefix` and is strictly above `after`, or None.

        Args:
            prefix: A kind, its zero byte, and as much of an id as is wanted: a question is about one kind.
            after: Anything; what is below `prefix` is the same as nothing.

        Cost: O(log n), about that of a `get`: 1.5 µs in a store of 100,000 records, 0.6 µs where nothing is found.
        """


class LateRecord(Protocol):
    """A record of the runtime's own that changes with every transaction: encoded when somebody asks, not before."""

    def encode(self) -> bytes:
        """Its canonical bytes as of now."""


_Content: TypeAlias = bytes | LateRecord | None


class BlockState:
    """The records as the next transaction of the block finds them; dies with the block."""

    __slots__ = ("_below", "_created", "_hidden", "_reader", "_written")

    def __init__(self, reader: OrderedState) -> None:
        """Nothing is read yet; `reader` must not change while the block is executed."""
        self._reader = reader
        # Bounded by the block: its transactions times the reads and writes of one (see `contracts.limits`).
        # What was read of the state below. No map with a `__missing__` of its own: Python looks things up in subclasses
        # of `dict` at three times the cost.
        self._below: dict[bytes, bytes | None] = {}
        self._written: dict[bytes, _Content] = {}
        # What the block added to the keys below, and took from them. None until somebody asks for an order: most
        # blocks need none. A removed key stays hidden below when it comes back, and counts as added.
        self._created: OrderedKeys | None = None
        self._hidden = HiddenKeys()

    def get(self, key: bytes) -> bytes | None:
        """The bytes of a record now, or None."""
        written = self._written
        if key not in written:
            below = self._below
            return below[key] if key in below else self._read(key)
        content = written[key]
        return content if content is None or isinstance(content, bytes) else content.encode()

    def put(self, key: bytes, content: bytes | LateRecord | None) -> None:
        """Let the record be `content`; None removes it. What a `LateRecord` becomes later counts too."""
        self._written[key] = content
        if self._created is not None:
            self._order(self._created, key, content)

    def take(self, contents: Mapping[bytes, bytes | None]) -> None:
        """`put` all that a run wrote."""
        self._written.update(contents)
        if self._created is not None:
            for key, content in contents.items():
                self._order(self._created, key, content)

    def next_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The smallest key now that starts with `prefix` and is above `after`, or None; see `OrderedState`.

        Cost: O(log n); the first question of a block also sorts what the block created of that kind before it.
        """
        if self._created is None:
            self._created = OrderedKeys()
            for key, content in self._written.items():
                self._order(self._created, key, content)
        created = self._created.next_key(prefix, after)
        below = self._hidden.next_key(self._reader.next_key, prefix, after)
        if created is None or below is None:
            return created if below is None else below
        return min(created, below)

    def changes(self) -> tuple[StateChange, ...]:
        """What the block changed so far; O(n log n) in the records it wrote."""
        below = self._below
        changes = []
        for key, content in self._written.items():
            new = content if content is None or isinstance(content, bytes) else content.encode()
            old = below[key] if key in below else self._read(key)
            if new != old:
                # At a quarter of what the class's own constructor takes, which is written in Python.
                changes.append(tuple.__new__(StateChange, (key, old, new)))
        # Keys are there once, so they alone decide; comparing the whole changes takes three times as long.
        changes.sort(key=itemgetter(0))
        return tuple(changes)

    def _order(self, created: OrderedKeys, key: bytes, content: _Content) -> None:
        if content is None:
            self._hidden.hide(key)
            created.discard(key)
        elif key in self._hidden or self._read(key) is None:
            created.add(key)

    def _read(self, key: bytes) -> bytes | None:
        """The bytes of a record as of the block before."""
        if key not in self._below:
            self._below[key] = self._reader.get(key)
        return self._below[key]

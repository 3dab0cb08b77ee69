"""The state while a block is executed: what was before it, and what its transactions made of it so far.

Owns the block's view of the records and the coalescing of its writes; never writes to a store. Invariants: every
record is read from the state below at most once; what one transaction wrote the next one reads; `changes` holds
each key once, with its bytes before the block and after it, in ascending order, and nothing that stayed equal.
"""

from typing import Protocol, TypeAlias

from contracts.changes import StateChange


class StateReader(Protocol):
    """Whatever has the records as of the block before."""

    def get(self, key: bytes) -> bytes | None:
        """The bytes of a record, or None."""


class LateRecord(Protocol):
    """A record of the runtime's own that changes with every transaction: encoded when somebody asks, not before."""

    def encode(self) -> bytes:
        """Its canonical bytes as of now."""


_Content: TypeAlias = bytes | LateRecord | None


class BlockState:
    """The records as the next transaction of the block finds them; dies with the block."""

    __slots__ = ("_before", "_now", "_reader")

    def __init__(self, reader: StateReader) -> None:
        """Nothing is read yet; `reader` must not change while the block is executed."""
        self._reader = reader
        # Bounded by the block: its transactions times the reads and writes of one (see `contracts.limits`).
        self._before: dict[bytes, bytes | None] = {}
        self._now: dict[bytes, _Content] = {}

    def get(self, key: bytes) -> bytes | None:
        """The bytes of a record now, or None."""
        now = self._now
        content = now[key] if key in now else self._load(key)
        if content is None or isinstance(content, bytes):
            return content
        return content.encode()

    def put(self, key: bytes, content: bytes | LateRecord | None) -> None:
        """Let the record be `content`; None removes it. What a `LateRecord` becomes later counts too."""
        if key not in self._now:
            self._load(key)
        self._now[key] = content

    def changes(self) -> tuple[StateChange, ...]:
        """What the block changed so far; O(n log n) in the records it touched."""
        changes = []
        for key, old in self._before.items():
            content = self._now[key]
            new = content if content is None or isinstance(content, bytes) else content.encode()
            if new != old:
                changes.append(StateChange(key, old, new))
        changes.sort()
        return tuple(changes)

    def _load(self, key: bytes) -> bytes | None:
        content = self._reader.get(key)
        self._before[key] = content
        self._now[key] = content
        return content

"""Where an evaluation outside of blocks reads records: a node's API, a store, a ledger in memory.

Owns the questions. Never answers one: whoever evaluates hands an answerer over, so that the same pure function gives
the same figures to a node, to a report on the other side of an API and to a test. Invariant: nothing is ever written.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from contracts.record import Record


class Found(NamedTuple):
    """A record and its id."""

    id: str
    record: Record


class RecordSource(Protocol):
    """Records as they stand, of one ledger."""

    def find(self, kind: str, record_id: str) -> Record | None:
        """One record; None if there is none, or no such kind."""

    def each(self, kind: str, prefix: str = "", unit: str | None = None, state: str | None = None) -> Iterator[Found]:
        """Records of a kind whose ids begin with `prefix`, ascending; with these values in `unit` and `state`."""

    def of_unit(self, kind: str, unit: str) -> Iterator[Found]:
        """Records of a kind whose ids are `unit/…`; those of other units, whose ids begin so too, are left out."""

    def ids(self, kind: str, prefix: str = "") -> Iterator[str]:
        """The ids of records of a kind that begin with `prefix`, ascending."""

    def now_ms(self) -> int:
        """The time of the newest block, milliseconds since 1970 UTC."""

    def time_of(self, height: int) -> int:
        """The time of a block, milliseconds since 1970 UTC; 0 for the genesis and the block after it."""


def within(source: RecordSource, kind: str, unit: str | None) -> Iterator[Found]:
    """Records of a kind in a unit; None for all units."""
    return source.each(kind) if unit is None else source.of_unit(kind, unit)


class Remembered:
    """A source that asks another one for everything once, for a computation that looks at the same records often.

    It keeps what it was given: one unit's records, not a ledger's.
    """

    def __init__(self, source: RecordSource) -> None:
        self._source = source
        self._one: dict[tuple[str, str], Record | None] = {}
        self._many: dict[tuple[str, str, str | None, str | None], list[Found]] = {}

    def find(self, kind: str, record_id: str) -> Record | None:
        """One record; None if there is none."""
        if (kind, record_id) not in self._one:
            self._one[kind, record_id] = self._source.find(kind, record_id)
        return self._one[kind, record_id]

    def each(self, kind: str, prefix: str = "", unit: str | None = None, state: str | None = None) -> Iterator[Found]:
        """Records of a kind whose ids begin with `prefix`."""
        asked = (kind, prefix, unit, state)
        if asked not in self._many:
            self._many[asked] = list(self._source.each(kind, prefix, unit, state))
        return iter(self._many[asked])

    def of_unit(self, kind: str, unit: str) -> Iterator[Found]:
        """Records of a kind whose ids are `unit/…`."""
        return self.each(kind, f"{unit}/", unit)

    def ids(self, kind: str, prefix: str = "") -> Iterator[str]:
        """The ids of records of a kind."""
        return self._source.ids(kind, prefix)

    def now_ms(self) -> int:
        """The time of the newest block."""
        return self._source.now_ms()

    def time_of(self, height: int) -> int:
        """The time of a block."""
        return self._source.time_of(height)

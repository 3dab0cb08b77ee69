"""What one check of completeness looked at, and what it found missing.

Owns the counting. Never looks for anything itself. Invariant: a gap names the record at which somebody can see it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from contracts.errors import Reason
from contracts.record_source import RecordSource, within
from contracts.units.tree import KIND_UNIT, STATE_ACTIVE

# Of what is no part of the state: whoever verifies chains tells it.
LINK_BROKEN = Reason("completeness.chain", "the chain of {subject} does not hold: {reason}")


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing: why (`reason` and its `values`), and the record at which it is seen."""

    reason: Reason
    kind: str
    id: str
    values: dict[str, object]


@dataclass(slots=True)
class Survey:
    """One check: how many records it looked at, what is missing, and what only looked so.

    `explained` counts what is missing for a reason that the ledger knows, such as a request that was withdrawn.
    """

    looked_at: int = 0
    explained: int = 0
    gaps: list[Gap] = field(default_factory=list)

    def miss(self, reason: Reason, kind: str, record_id: str, /, **values: object) -> None:
        """Note a gap."""
        self.gaps.append(Gap(reason, kind, record_id, values))


class Presence:
    """Whether records are there; of a whole ledger, all ids of a kind are read once, of a unit, each is asked for."""

    def __init__(self, source: RecordSource, *, whole: bool) -> None:
        """`whole`: so much will be asked that reading the kinds as a whole is cheaper."""
        self._source = source
        self._whole = whole
        self._ids: dict[str, set[str]] = {}
        self._asked: dict[tuple[str, str], bool] = {}

    def has(self, kind: str, record_id: str) -> bool:
        """Whether there is this record."""
        if self._whole:
            if kind not in self._ids:
                self._ids[kind] = set(self._source.ids(kind))
            return record_id in self._ids[kind]
        if (kind, record_id) not in self._asked:
            self._asked[kind, record_id] = self._source.find(kind, record_id) is not None
        return self._asked[kind, record_id]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a check is handed: where to read, which unit (None: all), and as of when."""

    source: RecordSource
    unit: str | None
    now_ms: int
    presence: Presence
    active: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, source: RecordSource, unit: str | None) -> "Inspection":
        """An inspection as of the newest block."""
        return cls(source, unit, source.now_ms(), Presence(source, whole=unit is None))

    def is_active(self, unit: str) -> bool:
        """Whether something can still happen in a unit: of one that is over nothing is asked any more."""
        if self.unit is None and not self.active:
            self.active.update(
                {one.id: one.record.fields["state"] == STATE_ACTIVE for one in self.source.each(KIND_UNIT)}
            )
        if unit not in self.active:
            record = self.source.find(KIND_UNIT, unit)
            self.active[unit] = record is not None and record.fields["state"] == STATE_ACTIVE
        return self.active[unit]

    def records(self, kind: str) -> Iterator[tuple[str, dict[str, object]]]:
        """Ids and fields of the records of a kind in the unit, or of all."""
        for found in within(self.source, kind, self.unit):
            yield found.id, dict(found.record.fields)

"""Which version of the protocol which block follows: the decisions on it as records, and the rule that reads them.

Owns `protocol/current` and `protocol/<number>` and the one function that says which version a block must have; never
decides who decides (`contracts.governance` does) nor what a version means (`contracts.protocols` does). A network
begins with version 1 and has no such record before its first decision. Invariants: numbers start at 1 and have no
gaps; `protocol/current` is the newest of `protocol/<number>`; along a chain the version never goes down.
Source: docs/protocol.md, section 5, "Versions of the protocol"; docs/adr/0033-upgrades.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from contracts.decision import decision_in
from contracts.record import Record, record_key
from contracts.state import StateReader
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import Hash

KIND_PROTOCOL = "protocol"
PROTOCOL_ID = "current"
PROTOCOL_KEY = record_key(KIND_PROTOCOL, PROTOCOL_ID)
PROTOCOL_SUBJECT = "protocol/current"
VERSION_FIRST = 1
NUMBER_DIGITS = 9
# Decisions that a node keeps at hand. Older ones are in the state; what they put in force is in the parent's header.
DECISIONS_MAX = 64
_NAMES = ("number", "decided_height", "version", "height", "version_before")


@dataclass(frozen=True, slots=True)
class ProtocolDecision:
    """From block `height` on, blocks follow `version`; the block `decided_height` decided so.

    `version_before` is the one in force at that block. A decision that takes an earlier one back has the version in
    force as its own and its own block as its height.
    """

    number: int
    decided_height: int
    version: int
    height: int
    version_before: int
    # The transaction that proposed it; None only before the first decision.
    decision: Hash | None = field(default=None, compare=False)

    @classmethod
    def from_fields(cls, fields: dict[str, Value]) -> "ProtocolDecision":
        """The decision in the fields of its record.

        Raises:
            DecodingError: not such fields.
        """
        found = [fields.get(name) for name in _NAMES]
        numbers = [one for one in found if type(one) is int and one >= 0]
        if len(numbers) != len(_NAMES):
            raise DecodingError("the record of a version of the protocol lacks its numbers")
        number, decided_height, version, height, version_before = numbers
        return cls(number, decided_height, version, height, version_before, decision_in(fields))

    @property
    def fields(self) -> dict[str, Value]:
        """The fields of the record."""
        decision: dict[str, Value] = {} if self.decision is None else {"decision": self.decision}
        return decision | {name: getattr(self, name) for name in _NAMES}

    def in_force_at(self, height: int) -> int:
        """The version at this height, if nothing else is decided until then."""
        return self.version if self.height <= height else self.version_before


# What holds before anybody decided anything.
UNDECIDED = ProtocolDecision(0, 0, VERSION_FIRST, 0, VERSION_FIRST)


def numbered_id(number: int) -> str:
    """The id of the record of the decision with this number: nine digits."""
    return f"{number:0{NUMBER_DIGITS}d}"


def newest_decision(state: StateReader) -> ProtocolDecision:
    """The newest decision of this state, `UNDECIDED` if there is none.

    Raises:
        DecodingError: the record is damaged.
    """
    data = state.get(PROTOCOL_KEY)
    return UNDECIDED if data is None else ProtocolDecision.from_fields(Record.decode(data).fields)


def newest_decisions(state: StateReader) -> tuple[ProtocolDecision, ...]:
    """The newest decisions of this state in their order, at most `DECISIONS_MAX`.

    Raises:
        DecodingError: a record is damaged or missing.
    """
    newest = newest_decision(state)
    numbers = range(max(newest.number - DECISIONS_MAX, 0) + 1, newest.number + 1)
    return tuple(_numbered(state, number) for number in numbers)


def _numbered(state: StateReader, number: int) -> ProtocolDecision:
    data = state.get(record_key(KIND_PROTOCOL, numbered_id(number)))
    if data is None:
        raise DecodingError("the state has no record of the decision {number} on the protocol", number=number)
    return ProtocolDecision.from_fields(Record.decode(data).fields)


def required_version(
    decisions: Sequence[ProtocolDecision], parent_version: int, height: int, executed_height: int
) -> int:
    """The version of block `height`, which stands on a parent of `parent_version` and states `executed_height`.

    A pure function of what the block states: the decisions that the state after `executed_height` holds, of these the
    ones that have come into force at `height` and were not replaced before they did. The parent's version is the least.

    Args:
        decisions: In their order; those of later blocks than `executed_height` do not count.
    """
    if not decisions:
        return parent_version
    known = [one for one in decisions if one.decided_height <= executed_height]
    version = parent_version
    for place, one in enumerate(known):
        is_replaced = any(later.decided_height < one.height for later in known[place + 1 :])
        if one.height <= height and not is_replaced:
            version = max(version, one.version)
    return version

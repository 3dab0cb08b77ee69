"""Decisions: what the administrators agreed on, by which rule, and who they were.

Owns the records `decision/<id>`, one for each change that governance made; never removes one. The id is that of the
transaction that proposed the change, and what changed names it, so that whoever looks at a record finds who is behind
it. Source: docs/reference/contracts.md, "governance".
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import HASH_SIZE_BYTES, Hash

if TYPE_CHECKING:
    from contracts.context import Context

KIND_DECISION = "decision"
DECIDED = "governance.decided"


@dataclass(frozen=True, slots=True)
class Decision:
    """A change that enough administrators agreed on; `approvals` are member ids in the order of signing."""

    id: Hash
    method: str
    subject: str
    proposer: Hash
    approvals: tuple[Hash, ...]
    rule: str
    height: int

    @property
    def fields(self) -> dict[str, Value]:
        """The fields of the record."""
        return {
            "approvals": list(self.approvals),
            "height": self.height,
            "method": self.method,
            "proposer": self.proposer,
            "rule": self.rule,
            "subject": self.subject,
        }


def keep_decision(context: "Context", decision: Decision) -> None:
    """Write a decision down, for ever."""
    context.create(KIND_DECISION, decision.id.hex(), decision.fields)
    context.emit(
        DECIDED,
        {
            "approvals": len(decision.approvals),
            "decision": decision.id,
            "method": decision.method,
            "subject": decision.subject,
        },
    )


def decision_in(fields: dict[str, Value]) -> Hash | None:
    """The decision that a record's fields name as the one that made it so; None for what the genesis says.

    Raises:
        DecodingError: what they name cannot be one.
    """
    decision = fields.get("decision")
    if decision is None:
        return None
    if not isinstance(decision, bytes) or len(decision) != HASH_SIZE_BYTES:
        raise DecodingError("the record names a decision that cannot be one")
    return decision

"""What an operation of governance will do once enough administrators agree.

Owns the shape only. A plan is made twice where approvals are gathered: when they are asked for, so that nobody is asked
for what cannot be, and when they suffice, because the ledger has moved on in between.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from contracts.arguments import Arguments
from ledger.hashing import Hash

if TYPE_CHECKING:
    from contracts.context import Context


@dataclass(frozen=True, slots=True)
class Plan:
    """A change that was checked and not made.

    Attributes:
        subject: What it is about, the subject of a chain such as `node/<id>`.
        enact: Writes it. It is told the id of the decision, the transaction that proposed it, for the records that
            change to name it; it may still refuse, for what holds in one block and not in the next.
        approvals_min: More approvals than the network's rule asks for, where the change itself needs them; 0 for none.
        decided_by: An earlier decision that covers this step, so that one administrator is enough; None where there is
            none.
    """

    subject: str
    enact: Callable[[Hash], None]
    approvals_min: int = 0
    decided_by: Hash | None = None


# Checks everything and writes nothing; raises a `Refusal` for what cannot be.
Planner: TypeAlias = "Callable[[Context, Arguments], Plan]"

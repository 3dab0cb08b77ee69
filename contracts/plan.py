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
    """A change that was checked and not made: the node it is about, and `enact`, which writes it.

    `enact` may still refuse, for what holds in one block and not in the next.
    """

    node_id: Hash
    enact: Callable[[], None]


# Checks everything and writes nothing; raises a `Refusal` for what cannot be.
Planner: TypeAlias = "Callable[[Context, Arguments], Plan]"

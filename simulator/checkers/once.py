"""Rule: no transaction is executed twice; all nodes execute it at the same place of the log.

Source: docs/protocol.md, section 4, "An id is accepted once per ledger".
"""

from typing import Any, ClassVar

from ledger.hashing import Hash
from simulator.observation import BatchDurable


class Once:
    """Remembers where each transaction was executed."""

    RULE: ClassVar[str] = "no transaction twice"
    KINDS: ClassVar[tuple[type, ...]] = (BatchDurable,)

    def __init__(self) -> None:
        self._places: dict[Hash, int] = {}

    def see(self, observation: Any) -> str | None:
        """Compare a write's transactions with all earlier ones."""
        for execution in observation.batch.executions:
            here: set[Hash] = set()
            for one in execution.ids:
                before = self._places.setdefault(one.id, one.leaf_index)
                if before != one.leaf_index or one.id in here:
                    return (
                        f"node {observation.node} executed transaction {one.id.hex()} at entry {one.leaf_index} of"
                        f" height {execution.height}; it was executed at entry {before}"
                    )
                here.add(one.id)
        return None

    def end(self, time_us: int) -> str | None:
        """Nothing is left to say."""
        return None

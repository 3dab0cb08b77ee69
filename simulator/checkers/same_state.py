"""Rule: whoever executed a height has the same state digest, and the same log size, after it.

Source: docs/protocol.md, section 5, "State digest".
"""

from typing import Any, ClassVar

from ledger.hashing import Hash
from simulator.observation import BatchDurable


class SameState:
    """Remembers digest and size after each height."""

    RULE: ClassVar[str] = "one state a height"
    KINDS: ClassVar[tuple[type, ...]] = (BatchDurable,)

    def __init__(self) -> None:
        self._after: dict[int, tuple[Hash, int]] = {}

    def see(self, observation: Any) -> str | None:
        """Compare a write's executions with those of the others."""
        for execution in observation.batch.executions:
            found = (execution.state_digest, execution.tree_size)
            before = self._after.setdefault(execution.height, found)
            if before != found:
                return (
                    f"node {observation.node} has the digest {found[0].hex()} and {found[1]} entries after height"
                    f" {execution.height}, others have {before[0].hex()} and {before[1]}"
                )
        return None

    def end(self, time_us: int) -> str | None:
        """Nothing is left to say."""
        return None

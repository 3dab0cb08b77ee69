"""Rule: evidence names exactly the liars: nobody else, and in runs without faults all who signed contradictions.

Source: docs/protocol.md, section 7, "An honest voter never produces any of them".
"""

from typing import Any, ClassVar

from ledger.hashing import Hash
from simulator.observation import EvidenceShown, LiarNamed

# By then everybody who is connected has both messages.
FOUND_OUT_US = 5_000_000


class Evidence:
    """Remembers who lies and who was named."""

    RULE: ClassVar[str] = "evidence names exactly the liars"
    KINDS: ClassVar[tuple[type, ...]] = (EvidenceShown, LiarNamed)

    def __init__(self) -> None:
        self._provable: set[Hash] = set()
        # The liar's number, and when it was seen to have lied.
        self._must_be_named: dict[Hash, tuple[int, int]] = {}
        self._named: set[Hash] = set()

    def see(self, observation: Any) -> str | None:
        """Compare whom evidence names with who lies."""
        if isinstance(observation, LiarNamed):
            if observation.is_provable:
                self._provable.add(observation.node_id)
                if observation.must_be_named:
                    self._must_be_named.setdefault(observation.node_id, (observation.node, observation.time_us))
            return None
        self._named.add(observation.accused)
        if observation.accused not in self._provable:
            return (
                f"node {observation.node} shows evidence ({observation.offence}) against"
                f" {observation.accused.hex()}, which signed no contradiction"
            )
        return None

    def end(self, time_us: int) -> str | None:
        """Whether every liar was found out."""
        unnamed = [
            node
            for node_id, (node, lied_us) in self._must_be_named.items()
            if node_id not in self._named and lied_us + FOUND_OUT_US <= time_us
        ]
        return f"nobody has evidence against node {unnamed[0]}, which lied" if unnamed else None

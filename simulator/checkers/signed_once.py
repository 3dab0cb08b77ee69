"""Rule: an honest node signs one vote a term, and one hash for each term and height, whatever crashes.

Looks at the sign-states that nodes were told are kept: what they sign is what these say. A state that was lost with the
power counts all the same, because what it allowed may have left the machine. Source: docs/protocol.md, section 7.
"""

from typing import Any, ClassVar

from ledger.hashing import ZERO_HASH, Hash
from simulator.observation import LiarNamed, StateSigned


class SignedOnce:
    """Remembers every vote, proposal and acknowledgement of every node."""

    RULE: ClassVar[str] = "signed once"
    KINDS: ClassVar[tuple[type, ...]] = (StateSigned, LiarNamed)

    def __init__(self) -> None:
        self._signed: dict[tuple[int, str, int, int], Hash] = {}
        self._liars: set[int] = set()

    def see(self, observation: Any) -> str | None:
        """Compare what a node may sign with what it signed before."""
        if isinstance(observation, LiarNamed):
            self._liars.add(observation.node)
            return None
        if observation.node in self._liars:
            return None
        state = observation.state
        for what, term, height, signed in (
            ("vote", state.term, 0, state.voted_for),
            ("proposal", state.proposed_term, state.proposed_height, state.proposed_hash),
            ("acknowledgement", state.acknowledged_term, state.acknowledged_height, state.acknowledged_hash),
        ):
            if signed == ZERO_HASH:
                continue
            before = self._signed.setdefault((observation.node, what, term, height), signed)
            if before != signed:
                return (
                    f"node {observation.node} signed a {what} for {signed.hex()} in term {term} at height {height},"
                    f" after one for {before.hex()}"
                )
        return None

    def end(self, time_us: int) -> str | None:
        """Nothing is left to say."""
        return None

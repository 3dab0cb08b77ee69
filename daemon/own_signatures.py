"""What a chain shows that one node has signed, beside what its sign-state says. Pure.

Owns one comparison: a sign-state that does not know of a signature which the committed chain holds was put back from a
copy. A node that went on from it could sign twice. An honest file lags behind by less than its reservation, and never
in its term: terms and reservations are flushed before anything is signed under them.
Source: docs/protocol.md, section 3, "Sign-state".
"""

from daemon.sign_state import SignState
from ledger.hashing import Hash


class OwnSignatures:
    """The newest signatures of `node_id`; empty bytes for a folder without a node."""

    def __init__(self, node_id: Hash) -> None:
        self.node_id = node_id
        self.acknowledged_term = 0
        self.acknowledged_height = 0
        self.voted_term = 0

    @property
    def has_any(self) -> bool:
        """Whether the node signed anything at all."""
        return max(self.acknowledged_term, self.voted_term) > 0

    def acknowledged(self, term: int, height: int) -> None:
        """It acknowledged the block of this term and height."""
        newest = max((self.acknowledged_term, self.acknowledged_height), (term, height))
        self.acknowledged_term, self.acknowledged_height = newest

    def voted(self, term: int) -> None:
        """It voted in this term."""
        self.voted_term = max(self.voted_term, term)

    def are_known_to(self, state: SignState) -> bool:
        """Whether a sign-state that was never put back from a copy can be this one."""
        if max(self.acknowledged_term, self.voted_term) > state.term:
            return False
        if self.acknowledged_term < state.term:
            return True
        return self.acknowledged_height <= max(state.reserved_height, state.acknowledged_height)

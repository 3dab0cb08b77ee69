"""How old a node's keys are, and when they are to be replaced. Pure.

Owns the reckoning: keys count from the time of the block that registered the node, and serve for as many days as the
network's parameters say. Nothing of the ledger depends on it: an expired key signs as well as a young one, since a
network that refused expired keys could refuse a quorum of its own and never agree on new ones.
Source: docs/adr/0032-keys-of-nodes.md.
"""

from dataclasses import dataclass
from enum import Enum

DAY_MS = 86_400_000
# How long before keys expire their node begins to warn: time for a vacation, and for officers who meet once a month.
RENEWAL_DAYS = 90


class KeyState(Enum):
    """How urgent new keys are."""

    FRESH = "fresh"
    RENEW = "renew"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class KeyAge:
    """When a node was registered, and for how many days its keys are meant to serve; 0 days: for ever."""

    registered_ms: int
    lifetime_days: int

    @property
    def expires_ms(self) -> int | None:
        """When they expire, milliseconds since 1970 UTC; None for never."""
        return self.registered_ms + self.lifetime_days * DAY_MS if self.lifetime_days else None

    def state(self, now_ms: int) -> KeyState:
        """How urgent new keys are at this time."""
        expires_ms = self.expires_ms
        if expires_ms is None or now_ms < expires_ms - self._renewal_ms:
            return KeyState.FRESH
        return KeyState.RENEW if now_ms < expires_ms else KeyState.EXPIRED

    def days_left(self, now_ms: int) -> int | None:
        """Whole days until they expire, negative afterwards; None for never."""
        expires_ms = self.expires_ms
        return None if expires_ms is None else (expires_ms - now_ms) // DAY_MS

    @property
    def _renewal_ms(self) -> int:
        """Keys of a short life are not warned of from their first day on: half of it at most."""
        return min(RENEWAL_DAYS * DAY_MS, self.lifetime_days * DAY_MS // 2)

"""Whom to have nothing to do with, until when, and why. Pure.

Owns the list; never closes a connection. Bounded: when it is full, the ban that ends first makes room.
"""

from typing import NamedTuple

from ledger.hashing import Hash
from p2p.close_reasons import CloseReason

# As many as scores are kept of (`p2p.scores`).
BANS_MAX = 4096


class Ban(NamedTuple):
    """Until when, and why."""

    until_ms: int
    reason: CloseReason


class Bans:
    """The bans of one node."""

    def __init__(self) -> None:
        self._bans: dict[Hash, Ban] = {}

    def __len__(self) -> int:
        return len(self._bans)

    def add(self, peer: Hash, ban: Ban) -> None:
        """Ban `peer`; the later end counts where it was banned already."""
        known = self._bans.get(peer)
        if known is not None and known.until_ms >= ban.until_ms:
            return
        if known is None and len(self._bans) >= BANS_MAX:
            del self._bans[min(self._bans, key=lambda one: self._bans[one].until_ms)]
        self._bans[peer] = ban

    def of(self, peer: Hash, now_ms: int) -> Ban | None:
        """The ban that keeps `peer` away now."""
        ban = self._bans.get(peer)
        if ban is not None and ban.until_ms <= now_ms:
            del self._bans[peer]
            return None
        return ban

    def in_force(self, now_ms: int) -> dict[Hash, Ban]:
        """Everybody who is banned now."""
        self._bans = {peer: ban for peer, ban in self._bans.items() if ban.until_ms > now_ms}
        return dict(self._bans)

"""Which snapshots neighbours have, and which one to take. Pure.

Owns what each neighbour offers and which offers turned out to be no use; never asks. Any offer may be a lie that costs
its maker its score once it is seen: a snapshot is believed when a certified header proves it, not by who has it.
The newest that anybody offers is taken, of several for one height the one that most offer.

Bounds: `SNAPSHOTS_MAX` offers of each neighbour, `REFUSED_MAX` refused ones.
"""

from collections import Counter

from ledger.hashing import Hash
from p2p.snapshot_frames import Offer

# An honest network makes one snapshot at each height: more than these are made up.
REFUSED_MAX = 256


class SnapshotChoice:
    """What can be taken."""

    def __init__(self) -> None:
        self._offers: dict[Hash, tuple[Offer, ...]] = {}
        self._refused: dict[Offer, None] = {}

    def offered(self, peer: Hash, offers: tuple[Offer, ...]) -> None:
        """A neighbour says what it has now."""
        self._offers[peer] = offers

    def has_answered(self, peer: Hash) -> bool:
        """Whether a neighbour said what it has."""
        return peer in self._offers

    def lost(self, peer: Hash) -> None:
        """A neighbour is gone."""
        self._offers.pop(peer, None)

    def lacks(self, peer: Hash, offer: Offer) -> None:
        """A neighbour has it no more."""
        self._offers[peer] = tuple(one for one in self._offers.get(peer, ()) if one != offer)

    def refuse(self, offer: Offer) -> list[Hash]:
        """It was seen to be no use: it is not chosen again; returns who offered it."""
        sources = self.sources(offer)
        self._refused[offer] = None
        if len(self._refused) > REFUSED_MAX:
            del self._refused[next(iter(self._refused))]
        return sources

    def sources(self, offer: Offer) -> list[Hash]:
        """Who offers it."""
        return [peer for peer, offers in self._offers.items() if offer in offers]

    def newest(self, height_min: int) -> Offer | None:
        """The one to take, of at least this height."""
        counted = Counter(one for offers in self._offers.values() for one in set(offers))
        usable = [one for one in counted if one.height >= height_min and one not in self._refused]
        return max(usable, key=lambda one: (one.height, counted[one], one.manifest_hash), default=None)

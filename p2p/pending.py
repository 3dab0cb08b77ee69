"""What waits here against what waits there: a small summary of the waiting transactions, and the ids where two differ.

Owns the ids of transactions that wait for a block, in buckets by their first four bits; never the transactions. Only
ids that have waited for a while are compared: what is on its way by gossip differs between any two nodes all the time.

The summary is the number of ids, and for each bucket the exclusive or of its ids: equal sets have equal summaries, and
a change costs one operation. Whoever grinds transactions so that their ids cancel out hides nothing but those.
Bounds: `COUNT_MAX` ids; an answer is one frame, and the next one goes on where it ended.
"""

from collections.abc import Iterable

from ledger.hashing import HASH_SIZE_BYTES, Hash
from p2p.frames import PENDING_BUCKETS, PENDING_IDS_MAX, PendingSummary

# Gossip and the next block take a fraction of it.
SETTLED_AFTER_MS = 2000
# Four times what a pool holds.
COUNT_MAX = 65_536


class PendingIds:
    """The waiting ids; adding and removing are O(1)."""

    def __init__(self, settled_after_ms: int = SETTLED_AFTER_MS) -> None:
        self._settled_after_ms = settled_after_ms
        self._fresh: dict[Hash, int] = {}
        self._settled: list[dict[Hash, None]] = [{} for _ in range(PENDING_BUCKETS)]
        self._sums = [0] * PENDING_BUCKETS
        self._settled_count = 0
        # How many ids were told in this round through all of them, and how many rounds there were.
        self._told_count = 0
        self._rounds = 0

    def __len__(self) -> int:
        return len(self._fresh) + self._settled_count

    def __contains__(self, id: Hash) -> bool:
        return id in self._fresh or id in self._settled[_bucket(id)]

    def add(self, id: Hash, now_ms: int) -> None:
        """A transaction waits since now; one beyond the bound is not compared."""
        # As `id in self`, without two calls: asked for every transaction, and hardly ever does one settle.
        is_known = id in self._fresh or (self._settled_count and id in self._settled[_bucket(id)])
        if not is_known and len(self._fresh) + self._settled_count < COUNT_MAX:
            self._fresh[id] = now_ms

    def settle(self, id: Hash) -> None:
        """A transaction that waits has waited before: it is compared from now on; nothing happens if it was already."""
        if self._fresh.pop(id, None) is not None:
            self._settle(id)

    def remove(self, id: Hash) -> None:
        """A transaction waits no longer; nothing happens if it is not known."""
        if self._fresh.pop(id, None) is None and id in self:
            bucket = _bucket(id)
            del self._settled[bucket][id]
            self._sums[bucket] ^= int.from_bytes(id, "big")
            self._settled_count -= 1

    def summary(self, now_ms: int) -> PendingSummary:
        """The summary of what has waited for long enough by now."""
        for id, since_ms in list(self._fresh.items()):
            if now_ms - since_ms < self._settled_after_ms:
                break
            del self._fresh[id]
            self._settle(id)
        return PendingSummary(self._settled_count, tuple(one.to_bytes(HASH_SIZE_BYTES, "big") for one in self._sums))

    def _settle(self, id: Hash) -> None:
        bucket = _bucket(id)
        self._settled[bucket][id] = None
        self._sums[bucket] ^= int.from_bytes(id, "big")
        self._settled_count += 1

    def to_tell(self, theirs: PendingSummary, now_ms: int) -> tuple[Hash, ...]:
        """Ids to tell a neighbour with this summary, so that it can ask for what it lacks; empty if nothing differs.

        All ids of the buckets that differ, as many as a frame holds; the next call goes on with the others.
        """
        ours = self.summary(now_ms)
        pairs = enumerate(zip(ours.buckets, theirs.buckets, strict=True))
        ids = [id for bucket, (our, their) in pairs if our != their for id in self._settled[bucket]]
        if len(ids) <= PENDING_IDS_MAX:
            return tuple(ids)
        # Each round begins one frame later: neighbours that are told in turn would get the same part every time.
        start = (self._rounds * PENDING_IDS_MAX + self._told_count) % len(ids)
        self._told_count += PENDING_IDS_MAX
        if self._told_count >= len(ids):
            self._told_count = 0
            self._rounds += 1
        return tuple((ids[start:] + ids[:start])[:PENDING_IDS_MAX])

    def lacking(self, told: Iterable[Hash]) -> tuple[Hash, ...]:
        """Those of the ids that a neighbour told that do not wait here; perhaps they are in a block already."""
        return tuple(id for id in told if id not in self)


def _bucket(id: Hash) -> int:
    return id[0] * PENDING_BUCKETS >> 8

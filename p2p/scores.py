"""How well peers behave: points that are lost by offences and come back with time, and what follows from the rest.

Owns a record for each peer that did something wrong or did work; never closes a connection (its owner does, by the
verdict). A score is between 0 and 100. Half lost: disconnect, and come back later. All lost: banned for some minutes,
longer each time. The reasons are kept for whoever asks why.

Bounds: `PEERS_MAX` records, of which the one in the best standing goes first; `REASONS_MAX` reasons of
`DETAIL_LENGTH_MAX` characters each. All numbers are integers.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from ledger.hashing import Hash
from p2p.frame import FRAME_SIZE_BYTES_MAX
from p2p.offences import POINTS, Offence
from p2p.rate import Rate, TokenBucket

SCORE_MAX = 100
# What an honest peer loses by races comes back between two of them; what a liar loses in a minute takes minutes.
RECOVERED_PER_SECOND = 1
# Below it, a peer is worth less than the one that would take its place.
DISCONNECT_BELOW = 50
# Long enough for a broken program to be restarted; doubled with each disconnection, up to a quarter of an hour.
BACK_OFF_MS = 10_000
BACK_OFF_MS_MAX = 15 * 60_000
# Long enough for the score to come back. Doubled with each ban, up to a day: a peer that was mended by its operator is
# taken back the day after.
BAN_MS = 10 * 60_000
BAN_MS_MAX = 24 * 60 * 60_000
# A peer that did nothing wrong for so long, time away not counted, begins anew.
FORGIVEN_AFTER_MS = 24 * 60 * 60_000
# More than any registry has nodes; 2 kB each at most.
PEERS_MAX = 4096
REASONS_MAX = 8
DETAIL_LENGTH_MAX = 200


class Work(Enum):
    """What a peer makes a node do, each with a rate of its own."""

    FRAMES = "frames"
    BYTES = "bytes"
    TRANSACTIONS = "transactions"
    QUESTIONS = "questions"


RATES: dict[Work, Rate] = {
    # A voter's busy second brings some hundred messages and as many announcements; after a pause, half a minute at
    # once.
    Work.FRAMES: Rate(per_second=4000, burst=60_000),
    # 400 Mbit/s: what one connection brings while blocks are caught up with.
    Work.BYTES: Rate(per_second=50 * 1024 * 1024, burst=50 * FRAME_SIZE_BYTES_MAX),
    # What one node can verify: 10,000 a second on a core.
    Work.TRANSACTIONS: Rate(per_second=10_000, burst=100_000),
    # Each is answered with a megabyte or so.
    Work.QUESTIONS: Rate(per_second=50, burst=200),
}


class Standing(Enum):
    """What a peer's score means."""

    OK = "ok"
    DISCONNECT = "disconnect"
    BAN = "ban"


class Verdict(NamedTuple):
    """What to do with a peer; unless it is OK, until when to stay away from it."""

    standing: Standing
    until_ms: int = 0


_OK = Verdict(Standing.OK)


class RecordedOffence(NamedTuple):
    """One thing that a peer did."""

    at_ms: int
    offence: Offence
    detail: str


class Report(NamedTuple):
    """A peer as `peers` shows it; the newest reason is the last."""

    peer: Hash
    score: int
    verdict: Verdict
    reasons: tuple[RecordedOffence, ...]


@dataclass(slots=True)
class _Record:
    """`lost` are points as of `at_ms`, in thousandths."""

    at_ms: int
    lost: int = 0
    disconnections: int = 0
    bans: int = 0
    away: Verdict = _OK
    clean_since_ms: int = 0
    reasons: deque[RecordedOffence] = field(default_factory=lambda: deque(maxlen=REASONS_MAX))
    buckets: dict[Work, TokenBucket] = field(default_factory=dict)


class PeerScores:
    """The scores of all peers; every operation is O(1) but the eviction of a record, which is linear."""

    def __init__(self) -> None:
        self._records: dict[Hash, _Record] = {}

    def __len__(self) -> int:
        return len(self._records)

    def blame(self, peer: Hash, offence: Offence, now_ms: int, detail: str = "") -> Verdict:
        """Take what the offence costs from the peer's score; the verdict that follows.

        Args:
            peer: Whose score.
            offence: What it did.
            now_ms: Never below that of an earlier call by more than a clock may step back.
            detail: For people; cut to `DETAIL_LENGTH_MAX` characters.
        """
        record = self._record(peer, now_ms)
        record.lost = min(record.lost + POINTS[offence] * 1000, SCORE_MAX * 1000)
        record.reasons.append(RecordedOffence(now_ms, offence, detail[:DETAIL_LENGTH_MAX]))
        away = self.verdict(peer, now_ms)
        if away.standing is Standing.BAN:
            return away
        if record.lost >= SCORE_MAX * 1000:
            record.away = Verdict(Standing.BAN, now_ms + min(BAN_MS << min(record.bans, 16), BAN_MS_MAX))
            record.bans += 1
        elif away.standing is Standing.OK and record.lost > (SCORE_MAX - DISCONNECT_BELOW) * 1000:
            back_off_ms = min(BACK_OFF_MS << min(record.disconnections, 16), BACK_OFF_MS_MAX)
            record.away = Verdict(Standing.DISCONNECT, now_ms + back_off_ms)
            record.disconnections += 1
        record.clean_since_ms = max(now_ms, record.away.until_ms)
        return self.verdict(peer, now_ms)

    def verdict(self, peer: Hash, now_ms: int) -> Verdict:
        """Whether to have to do with the peer, and if not, from when on again."""
        record = self._records.get(peer)
        if record is None or now_ms >= record.away.until_ms:
            return _OK
        return record.away

    def score(self, peer: Hash, now_ms: int) -> int:
        """The peer's score, 0 to 100; 100 for one that did nothing wrong."""
        record = self._records.get(peer)
        return SCORE_MAX - (_lost(record, now_ms) + 999) // 1000 if record is not None else SCORE_MAX

    def allow(self, peer: Hash, work: Work, amount: int, now_ms: int) -> bool:
        """Whether the peer may cause so much work now; if not, it is left undone and the peer is to be blamed."""
        record = self._records.get(peer)
        if record is None or record.lost or record.disconnections or record.bans:
            record = self._record(peer, now_ms)
        bucket = record.buckets.get(work)
        if bucket is None:
            bucket = record.buckets[work] = TokenBucket(RATES[work], now_ms)
        return bucket.take(amount, now_ms)

    def report(self, now_ms: int) -> tuple[Report, ...]:
        """Every peer that did something wrong, with the reasons."""
        return tuple(
            Report(peer, self.score(peer, now_ms), self.verdict(peer, now_ms), tuple(record.reasons))
            for peer, record in self._records.items()
            if record.reasons
        )

    def _record(self, peer: Hash, now_ms: int) -> _Record:
        record = self._records.get(peer)
        if record is None:
            if len(self._records) >= PEERS_MAX:
                # Away the longest, then the most lost, stay.
                best = min(
                    self._records,
                    key=lambda one: (self.verdict(one, now_ms).until_ms, _lost(self._records[one], now_ms)),
                )
                del self._records[best]
            record = self._records[peer] = _Record(now_ms, clean_since_ms=now_ms)
        record.lost = _lost(record, now_ms)
        record.at_ms = now_ms
        if now_ms - record.clean_since_ms >= FORGIVEN_AFTER_MS:
            record.disconnections = record.bans = 0
        return record


def _lost(record: _Record, now_ms: int) -> int:
    """Thousandths of points that are lost still."""
    return max(record.lost - max(now_ms - record.at_ms, 0) * RECOVERED_PER_SECOND, 0)

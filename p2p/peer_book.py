"""What an operator can ask about peers: who is connected, how it went with those that are not, who was turned away.

Owns the last thing known of each peer and the newest strangers; knows no connection. Pure. Bounded: `PEERS_MAX` peers,
of which the one that was heard of least recently goes; `STRANGERS_MAX` strangers.
"""

from collections import OrderedDict, deque
from typing import NamedTuple

from ledger.hashing import Hash
from p2p.close_reasons import CloseReason
from p2p.rate import Rate, TokenBucket
from p2p.sightings import Sighting

# As many as scores are kept of (`p2p.scores`).
PEERS_MAX = 4096
STRANGERS_MAX = 64
DETAIL_LENGTH_MAX = 200
# A log line for each refusal, unless somebody wants to fill the disk with them.
LOGGED = Rate(per_second=5, burst=50)


class Ending(NamedTuple):
    """How the last connection or attempt with a peer ended."""

    at_ms: int
    address: str
    reason: CloseReason
    detail: str


class Stranger(NamedTuple):
    """Somebody who was turned away before it was known who it is."""

    at_ms: int
    address: str
    reason: CloseReason
    detail: str


class PeerLine(NamedTuple):
    """A peer as `peers` shows it; what belongs to a connection is empty or zero without one.

    `dialled` by this node; times are milliseconds since 1970 UTC; `version` of the protocol that both speak.
    """

    peer: Hash
    is_connected: bool
    dialled: bool = False
    address: str = ""
    since_ms: int = 0
    sent_size_bytes: int = 0
    received_size_bytes: int = 0
    queued_size_bytes: int = 0
    dropped_count: int = 0
    banned_until_ms: int = 0
    ending: Ending | None = None
    version: int = 0
    sighting: Sighting | None = None


class PeerBook:
    """The endings and refusals of one node."""

    def __init__(self, now_ms: int) -> None:
        self._endings: OrderedDict[Hash, Ending] = OrderedDict()
        self._strangers: deque[Stranger] = deque(maxlen=STRANGERS_MAX)
        self._logged = TokenBucket(LOGGED, now_ms)

    def ended(self, peer: Hash, ending: Ending) -> None:
        """A connection with a known peer, or the attempt at one, has ended."""
        self._endings[peer] = ending._replace(detail=ending.detail[:DETAIL_LENGTH_MAX])
        self._endings.move_to_end(peer)
        if len(self._endings) > PEERS_MAX:
            self._endings.popitem(last=False)

    def turned_away(self, stranger: Stranger) -> None:
        """Somebody unknown was turned away."""
        self._strangers.append(stranger._replace(detail=stranger.detail[:DETAIL_LENGTH_MAX]))

    def may_log(self, now_ms: int) -> bool:
        """Whether a refusal is to have a line in the log."""
        return self._logged.take(1, now_ms)

    @property
    def endings(self) -> dict[Hash, Ending]:
        """How it ended last with each peer."""
        return dict(self._endings)

    @property
    def strangers(self) -> tuple[Stranger, ...]:
        """Who was turned away, the newest last."""
        return tuple(self._strangers)

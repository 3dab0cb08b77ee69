"""Asking neighbours which snapshots they have: whom, and how often. Pure.

Owns when each neighbour was asked last; never looks at an answer (`daemon.snapshot_choice` does). Snapshots are made
seldom, so a neighbour is asked seldom. One that has no longer what it offered has a newer one as a rule: it is asked
anew at once, but only a few times as long as no chunk comes, or a neighbour that never has what it offers would keep a
node from executing blocks instead.

Bounds: one question each `AGAIN_MS` to a neighbour, one record for each. Source: docs/protocol.md, section 10.
"""

from collections.abc import Iterable

from ledger.hashing import Hash
from p2p.effects import SendFrame, send
from p2p.snapshot_frames import WantSnapshots

# Snapshots are made seldom.
EVERY_MS = 30_000
# Of a neighbour whose snapshot is gone.
AGAIN_MS = 1000
# So many times in a row, without a chunk between them.
GONE_MAX = 3
_NUMBERS = 2**32


class SnapshotInquiry:
    """The questions of one node."""

    def __init__(self) -> None:
        self._asked_ms: dict[Hash, int] = {}
        self._has_news: set[Hash] = set()
        self._gone_count = 0
        self._questions = 0

    def ask(self, peers: Iterable[Hash], now_ms: int) -> list[SendFrame]:
        """The questions that are due."""
        questions = []
        for peer in peers:
            every_ms = AGAIN_MS if peer in self._has_news else EVERY_MS
            if now_ms - self._asked_ms.get(peer, -EVERY_MS) >= every_ms:
                self._asked_ms[peer] = now_ms
                self._has_news.discard(peer)
                self._questions = (self._questions + 1) % _NUMBERS
                questions.append(send(peer, WantSnapshots(self._questions)))
        return questions

    def is_gone(self, peer: Hash) -> None:
        """A neighbour has no longer what it offered."""
        if self._gone_count < GONE_MAX:
            self._gone_count += 1
            self._has_news.add(peer)

    def got_on(self) -> None:
        """A chunk came: what is offered is there."""
        self._gone_count = 0

    def lost(self, peer: Hash) -> None:
        """A neighbour is gone; when it comes back it is asked at once."""
        self._asked_ms.pop(peer, None)
        self._has_news.discard(peer)

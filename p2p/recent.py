"""Messages that were passed on lately: handed out to those who ask for them.

Owns their frames as they are sent on; never decides who gets one. Bounded by count, bytes and age; the oldest goes
first.
Invariant: `size_bytes` is the sum over all payloads.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from ledger.hashing import Hash
from p2p.frames import Announcement, Gossip, PayloadKind

# Longer than it takes a neighbour to notice a break and to ask, or a connection to come back. What is older is pulled
# by comparing heads and pending transactions.
AGE_MS_MAX = 30_000
# All messages of that time in a busy network; the large ones are bounded by bytes.
COUNT_MAX = 8192
SIZE_BYTES_MAX = 32 * 1024 * 1024
# What is said again, or found by comparing heads and pending transactions: whoever connects is told of no more than was
# under way when it did. A node that starts again would fetch a thousand messages about blocks that it takes anyway.
PASSING = frozenset((PayloadKind.TRANSACTIONS, PayloadKind.PROPOSAL, PayloadKind.AGREEMENT, PayloadKind.CERTIFICATE))
PASSING_AGE_MS_MAX = 500
# In a quiet network these are the last blocks' own messages: comparing would bring what was missed a second later.
NEWEST_COUNT = 128


class RecentMessage(NamedTuple):
    """`frame` has the round of the next hop; `parent` is the peer that it came from, None for an own message.

    `shapes`: whether copies of it change the tree.
    """

    frame: Gossip
    parent: Hash | None
    shapes: bool
    at_ms: int


class RecentMessages:
    """The newest messages; every operation is O(1) apart from what it returns or forgets."""

    def __init__(self, count_max: int = COUNT_MAX, size_bytes_max: int = SIZE_BYTES_MAX) -> None:
        self._count_max = count_max
        self._size_bytes_max = size_bytes_max
        self._messages: dict[Hash, RecentMessage] = {}
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._messages)

    def get(self, id: Hash) -> RecentMessage | None:
        """The message with this id, if it is still held."""
        return self._messages.get(id)

    def add(self, message: RecentMessage) -> None:
        """Hold a message that is not held yet, and forget the oldest where a bound asks for it."""
        assert message.frame.id not in self._messages, "a message is passed on once"
        self._messages[message.frame.id] = message
        self.size_bytes += len(message.frame.payload)
        while len(self._messages) > self._count_max or self.size_bytes > self._size_bytes_max:
            self.forget(next(iter(self._messages)))

    def forget(self, id: Hash) -> None:
        """Hand the message out no more; nothing happens if it is not held."""
        message = self._messages.pop(id, None)
        if message is not None:
            self.size_bytes -= len(message.frame.payload)

    def expire(self, now_ms: int) -> None:
        """Forget what is older than `AGE_MS_MAX`."""
        while self._messages:
            id, oldest = next(iter(self._messages.items()))
            if now_ms - oldest.at_ms < AGE_MS_MAX:
                return
            self.forget(id)

    def news(self, count_max: int, now_ms: int) -> tuple[Announcement, ...]:
        """Announcements of the newest messages that a new neighbour may lack, oldest of them first."""
        return tuple(reversed(list(islice(self._news(now_ms), count_max))))

    def _news(self, now_ms: int) -> Iterator[Announcement]:
        for place, message in enumerate(reversed(self._messages.values())):
            frame = message.frame
            is_fresh = place < NEWEST_COUNT or now_ms - message.at_ms < PASSING_AGE_MS_MAX
            if is_fresh or frame.kind not in PASSING:
                yield Announcement(frame.id, frame.round)

"""Questions under way: to whom, since when, and what an answer belongs to.

Owns the numbers of questions and how long each peer may take; never knows what is asked. An answer counts once, from
the peer that was asked, before its time is up. A peer that was too slow is given twice as long the next time, so that
a bad line is slow and not useless; one that answers in time is given less again. Questions that were under way beside
each other and had no answer show once that the time was too short, not each of them: so after a break the next question
waits no longer than the break lasted and `WAIT_MS`.

Bounds: `under_way_max` questions in all and `peer_max` to one peer; the numbers of the newest `LATE_MAX` that were
given up, so that a late answer is told from one that nobody asked for.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

from ledger.hashing import Hash

# An answer of some megabytes over 10 Mbit/s, and a node that is busy storing.
WAIT_MS = 5000
WAIT_MS_MAX = 60_000
LATE_MAX = 64
# The numbers on the wire have 32 bits.
_NUMBERS = 2**32

Subject = TypeVar("Subject")


class Answered(Enum):
    """What an answer is."""

    ASKED = "asked"
    LATE = "late"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class Request(Generic[Subject]):
    """One question under way."""

    peer: Hash
    subject: Subject
    due_ms: int
    wait_ms: int


class Expired(NamedTuple, Generic[Subject]):
    """A question that had no answer in time."""

    peer: Hash
    subject: Subject


class Requests(Generic[Subject]):
    """The questions of one kind; every operation is O(1) or linear in the questions under way, which are few."""

    def __init__(self, under_way_max: int, peer_max: int) -> None:
        self._under_way_max = under_way_max
        self._peer_max = peer_max
        self._requests: dict[int, Request[Subject]] = {}
        self._late: dict[tuple[Hash, int], None] = {}
        self._waits_ms: dict[Hash, int] = {}
        self._next = 0
        self._asked: dict[Hash, int] = {}

    def __len__(self) -> int:
        return len(self._requests)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """What is asked at the moment."""
        return tuple(question.subject for question in self._requests.values())

    @property
    def questions(self) -> tuple[Request[Subject], ...]:
        """What is asked at the moment, and of whom; the oldest first."""
        return tuple(self._requests.values())

    def has_room(self, peer: Hash) -> bool:
        """Whether `peer` can be asked now."""
        return len(self._requests) < self._under_way_max and self.under_way(peer) < self._peer_max

    def under_way(self, peer: Hash) -> int:
        """How many questions `peer` has not answered yet."""
        return sum(question.peer == peer for question in self._requests.values())

    def load(self, peer: Hash) -> tuple[int, int]:
        """What to prefer the least of: questions under way, then how lately it was asked."""
        return (self.under_way(peer), self._asked.get(peer, -1))

    def open(self, peer: Hash, subject: Subject, now_ms: int) -> int:
        """The number of a new question to `peer`."""
        assert self.has_room(peer), "the caller asks only who has room"
        number = self._next % _NUMBERS
        self._asked[peer] = self._next
        self._next += 1
        wait_ms = self._waits_ms.get(peer, WAIT_MS)
        self._requests[number] = Request(peer, subject, now_ms + wait_ms, wait_ms)
        return number

    def close(self, peer: Hash, number: int) -> tuple[Answered, Subject | None]:
        """An answer came: what it is, and what was asked if it was asked."""
        question = self._requests.get(number)
        if question is None or question.peer != peer:
            is_late = self._late.pop((peer, number), True) is None
            return (Answered.LATE if is_late else Answered.UNASKED, None)
        del self._requests[number]
        wait_ms = self._waits_ms.get(peer, WAIT_MS)
        if wait_ms > WAIT_MS:
            self._waits_ms[peer] = max(wait_ms * 3 // 4, WAIT_MS)
        return (Answered.ASKED, question.subject)

    def expire(self, now_ms: int) -> list[Expired[Subject]]:
        """Give up what was not answered in time."""
        expired: list[Expired[Subject]] = []
        for number, question in list(self._requests.items()):
            if now_ms < question.due_ms:
                continue
            del self._requests[number]
            self._late[question.peer, number] = None
            while len(self._late) > LATE_MAX:
                del self._late[next(iter(self._late))]
            wait_ms = self._waits_ms.get(question.peer, WAIT_MS)
            self._waits_ms[question.peer] = max(wait_ms, min(2 * question.wait_ms, WAIT_MS_MAX))
            expired.append(Expired(question.peer, question.subject))
        return expired

    def cancel(self, peer: Hash) -> list[Subject]:
        """Give up everything that `peer` was asked, and forget the peer; nothing is held against it."""
        subjects = [question.subject for question in self._requests.values() if question.peer == peer]
        self._requests = {number: one for number, one in self._requests.items() if one.peer != peer}
        self._late = {key: None for key in self._late if key[0] != peer}
        self._waits_ms.pop(peer, None)
        self._asked.pop(peer, None)
        return subjects

    def abandon(self, peer: Hash | None = None) -> None:
        """No answer is of use any more, or none of `peer`: what is under way comes late."""
        for number, question in list(self._requests.items()):
            if peer is None or question.peer == peer:
                self._late[question.peer, number] = None
                del self._requests[number]
        while len(self._late) > LATE_MAX:
            del self._late[next(iter(self._late))]

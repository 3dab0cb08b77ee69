"""A leader's pulse: its heartbeats, who answered them, and the reads that wait for an answer.

Owns counters and times; never signs or sends. A heartbeat's answer proves that the voter still followed when it was
sent, so a quorum of answers to counters after a question proves that nobody else had led before it was asked, and
a quorum missing for two election timeouts ends the leadership. The leader counts itself, if it is a voter.
Source: docs/protocol.md, section 6, "Liveness" and "Reads"; Ongaro's thesis, sections 6.2 and 6.4.
"""

from collections import deque
from dataclasses import dataclass

from consensus.statement import Position
from consensus.voters import VoterSet
from ledger.hashing import Hash

# Clients of one node that wait for linearizable reads at one moment; more are refused and may ask again.
READS_MAX = 1024


@dataclass(slots=True)
class _Answered:
    """The newest counter that a voter answered, and the newest block it had then."""

    counter: int
    tip: Position


@dataclass(frozen=True, slots=True)
class WaitingRead:
    """A question that is confirmed once a quorum answered `counter`, and `height` is committed."""

    question: bytes
    counter: int
    height: int


class Pulse:
    """Of one leadership; a new one begins at zero."""

    def __init__(self, node_id: Hash, since_ms: int, patience_ms: int) -> None:
        self._node_id = node_id
        self._since_ms = since_ms
        self._patience_ms = patience_ms
        self._sent: deque[tuple[int, int]] = deque()
        self._answered: dict[Hash, _Answered] = {}
        self._reads: deque[WaitingRead] = deque()
        self.counter = 0

    def beat(self, now_ms: int) -> int:
        """The counter of the next heartbeat."""
        self.counter += 1
        if not self._sent or self._sent[-1][1] != now_ms:
            # Each read that asks beats too: of those of one moment the first says what all of them do.
            self._sent.append((self.counter, now_ms))
        # Bounded: heartbeats of the time that counts, at most one for each millisecond of it.
        while len(self._sent) > 1 and self._sent[0][1] < now_ms - self._patience_ms:
            self._sent.popleft()
        return self.counter

    def begin_anew(self, now_ms: int) -> None:
        """Other voters count from now on: those who are new have as long to answer as everybody has at first."""
        self._since_ms = now_ms

    def answered(self, voter: Hash, counter: int, tip: Position) -> None:
        """A voter answered heartbeat `counter`."""
        before = self._answered.get(voter)
        if counter <= self.counter and (before is None or counter > before.counter):
            self._answered[voter] = _Answered(counter, tip)

    def has_quorum(self, now_ms: int, voters: VoterSet) -> bool:
        """Whether a quorum answered a heartbeat of the last two election timeouts; at first everybody has that long."""
        if now_ms - self._since_ms < self._patience_ms:
            return True
        return self._count(self._oldest_recent(now_ms), voters) >= voters.quorum_size

    def ask(self, question: bytes, height: int) -> bool:
        """Let a read wait for the next heartbeat's answers; False if too many wait."""
        if len(self._reads) >= READS_MAX:
            return False
        self._reads.append(WaitingRead(question, self.counter + 1, height))
        return True

    def confirmed(self, committed_height: int, voters: VoterSet) -> list[WaitingRead]:
        """Reads that are confirmed now; each once, in the order in which they were asked."""
        found = []
        while self._reads:
            first = self._reads[0]
            if first.height > committed_height or self._count(first.counter, voters) < voters.quorum_size:
                break
            found.append(self._reads.popleft())
        return found

    def drop_reads(self) -> list[WaitingRead]:
        """Everything that waits, because nobody leads here any more."""
        dropped = list(self._reads)
        self._reads.clear()
        return dropped

    def answering(self, now_ms: int) -> frozenset[Hash]:
        """Who answered a heartbeat of the last two election timeouts, the leader itself included."""
        oldest = self._oldest_recent(now_ms)
        return frozenset(
            (self._node_id, *(voter for voter, answered in self._answered.items() if answered.counter >= oldest))
        )

    def furthest(self, now_ms: int, voters: VoterSet) -> Hash | None:
        """Of the other voters that answered of late, the one with the newest block: whom to hand over to."""
        oldest = self._oldest_recent(now_ms)
        candidates = [
            (answered.tip.rank, answered.counter, voter)
            for voter, answered in self._answered.items()
            if voter != self._node_id and answered.counter >= oldest and voters.key_of(voter) is not None
        ]
        return max(candidates)[2] if candidates else None

    def _oldest_recent(self, now_ms: int) -> int:
        """The counter of the oldest heartbeat of the last two election timeouts.

        After a pause nothing was sent of late: an answer to a counter above all leaves only the leader to count.
        """
        recent = (counter for counter, at_ms in self._sent if at_ms >= now_ms - self._patience_ms)
        return next(recent, self.counter + 1)

    def _count(self, counter: int, voters: VoterSet) -> int:
        own = 1 if voters.key_of(self._node_id) is not None else 0
        others = sum(
            1
            for voter, answered in self._answered.items()
            if voter != self._node_id and answered.counter >= counter and voters.key_of(voter) is not None
        )
        return own + others

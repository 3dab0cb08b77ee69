"""What came of a load: when each transaction was answered, and how long it took.

Owns the figures of one measurement. Never sends, and never judges more of an answer than whether it is committed and
`ok`.
"""

from dataclasses import dataclass, field

# Some elections in a row, on a machine that is busy with other things; then something is wrong.
ANSWER_WAIT_S = 60.0
_COMMITTED = b'"status":"committed"'
_OK = b'"code":"ok"'


@dataclass
class Written:
    """Times of a monotonic clock and durations, in seconds; answers that say no, as they are."""

    answered_s: list[float] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)

    def take(self, answer: bytes, sent_s: float, now_s: float, accepted: bool) -> None:
        """One answer."""
        if accepted:
            self.answered_s.append(now_s)
            self.latencies_s.append(now_s - sent_s)
        else:
            self.refused.append(answer)

    def add(self, other: "Written") -> None:
        """Put what another writer measured beside this."""
        self.answered_s += other.answered_s
        self.latencies_s += other.latencies_s
        self.refused += other.refused


def is_accepted(answer: bytes) -> bool:
    """Whether the transaction is committed and did what it asks for."""
    return _COMMITTED in answer and _OK in answer

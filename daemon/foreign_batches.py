"""Submissions that came from neighbours, on their way through the verifier's threads.

Owns what waits for a thread, and puts the pieces of one batch together again; never judges more than format and
signatures. A large batch (blocks that were asked for) is cut into pieces, so that all threads share it and those of
clients get between. Bounds: the node has a bounded number of batches under way, each of one frame at most; at most
`ahead_max` pieces are at the threads.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

from ledger.detached import DetachedValue
from ledger.errors import BanyanError
from ledger.submission import decode_submission
from ledger.transaction import Transaction, decode_envelope, verify_signatures
from ledger.valid_batches import ValidBatches

# Some 20 ms of a thread.
PIECE_MAX = 256

# One submission with its detached values, or None where anything is wrong.
FoundSubmission: TypeAlias = tuple[Transaction, tuple[DetachedValue, ...]] | None
FoundSubmissions: TypeAlias = tuple[FoundSubmission, ...]


class Piece:
    """Some submissions of a batch; `found` is there when the work is done."""

    __slots__ = ("_batches", "_done", "_submissions", "found")

    def __init__(self, submissions: Sequence[bytes], batches: ValidBatches, done: Callable[[], None]) -> None:
        self._submissions = submissions
        self._batches = batches
        self._done = done
        self.found: FoundSubmissions = ()

    def work(self) -> None:
        """On a thread: decode and verify."""
        self.found = found_in(self._submissions, self._batches)

    def finish(self) -> None:
        """In the event loop, when the work is done."""
        self._done()


class ForeignBatches:
    """What waits; `give` hands a piece to the threads.

    Args:
        give: Takes a piece; its `finish` is called in the event loop afterwards.
        ahead_max: Pieces at the threads at a time.
        batches: Remembers the signatures of batches.
        is_small: Whether so many submissions of so many bytes are verified where they come in.
    """

    def __init__(
        self,
        give: Callable[[Piece], None],
        ahead_max: int,
        batches: ValidBatches,
        is_small: Callable[[int, int], bool] = lambda count, size_bytes: False,
    ) -> None:
        self._batches = batches
        self._is_small = is_small
        self._give = give
        self._ahead_max = ahead_max
        self._ahead = 0
        self._waiting: deque[Piece] = deque()

    def add(self, submissions: Sequence[bytes], report: Callable[[FoundSubmissions], None]) -> None:
        """Verify a batch; `report` gets what was found, in order: by this call where it is small and none waits."""
        if not self._ahead and self._is_small(len(submissions), sum(map(len, submissions))):
            report(found_in(submissions, self._batches))
            return
        pieces: list[Piece] = []
        left = max(-(-len(submissions) // PIECE_MAX), 1)

        def done() -> None:
            nonlocal left
            left -= 1
            self._ahead -= 1
            if not left:
                report(tuple(one for piece in pieces for one in piece.found))
            self._feed()

        # A batch of nothing is a piece of nothing: it is reported like the others.
        for at in range(left):
            pieces.append(Piece(submissions[at * PIECE_MAX : (at + 1) * PIECE_MAX], self._batches, done))
        self._waiting.extend(pieces)
        self._feed()

    def _feed(self) -> None:
        while self._waiting and self._ahead < self._ahead_max:
            self._ahead += 1
            self._give(self._waiting.popleft())


def found_in(submissions: Sequence[bytes], batches: ValidBatches) -> FoundSubmissions:
    """Each submission decoded and verified, or None."""
    # First all of the one, then all of the other: the second lets go of the interpreter lock.
    decoded = [_decoded(one) for one in submissions]
    return tuple(one if one is not None and verify_signatures(one[0], batches) else None for one in decoded)


def _decoded(raw: bytes) -> FoundSubmission:
    try:
        envelope, detached = decode_submission(raw)
        return decode_envelope(envelope), detached
    except BanyanError:
        return None

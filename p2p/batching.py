"""Transactions on their way out: gathered for a moment, so that gossip carries a few messages instead of many.

Owns the submissions that were not sent yet, and the form of a batch, the canonical list of its submissions; never looks
into one. Bounds: a batch leaves when it has `COUNT_MAX` submissions, when the next one would make it larger than
`SIZE_BYTES_MAX`, or when its first one is `AGE_MS_MAX` old; a larger submission goes alone. Source: docs/protocol.md,
section 8.
"""

from collections.abc import Sequence

from ledger.encoding import Value, decode, encode
from ledger.submission import SUBMISSION_SIZE_BYTES_MAX
from p2p.errors import InvalidBatchError
from p2p.frames import PAYLOAD_SIZE_BYTES_MAX, PayloadKind

# Some hundred transactions of a busy node are one hash, one seen id and one announcement at every node.
COUNT_MAX = 256
# A hop passes a batch on when it has all of it: 10 ms on a line of 100 Mbit/s.
SIZE_BYTES_MAX = 128 * 1024
# A tenth of the time from submission to commit.
AGE_MS_MAX = 20


class Batcher:
    """Gathers submissions into the payloads of gossip messages."""

    def __init__(
        self, count_max: int = COUNT_MAX, size_bytes_max: int = SIZE_BYTES_MAX, age_ms_max: int = AGE_MS_MAX
    ) -> None:
        assert 1 <= count_max <= COUNT_MAX, "every receiver refuses a larger batch"
        self._count_max = count_max
        self._size_bytes_max = size_bytes_max
        self._age_ms_max = age_ms_max
        self._gathered: list[bytes] = []
        self._size_bytes = 0
        self._since_ms = 0

    @property
    def due_ms(self) -> int | None:
        """When `due` has something at the latest; None if nothing waits."""
        return self._since_ms + self._age_ms_max if self._gathered else None

    def add(self, submission: bytes, now_ms: int) -> list[bytes]:
        """Take a submission; the batches that are full now, at most two."""
        batches: list[bytes] = []
        if self._gathered and self._size_bytes + len(submission) > self._size_bytes_max:
            batches.append(self._batch())
        if not self._gathered:
            self._since_ms = now_ms
        self._gathered.append(submission)
        self._size_bytes += len(submission)
        if len(self._gathered) >= self._count_max or self._size_bytes >= self._size_bytes_max:
            batches.append(self._batch())
        return batches

    def due(self, now_ms: int) -> bytes | None:
        """The batch that waited long enough, if there is one."""
        due_ms = self.due_ms
        return self._batch() if due_ms is not None and now_ms >= due_ms else None

    def take(self) -> bytes | None:
        """What was gathered so far, however young; None if nothing was."""
        return self._batch() if self._gathered else None

    def _batch(self) -> bytes:
        batch = encode_batch(self._gathered)
        self._gathered = []
        self._size_bytes = 0
        return batch


def encode_batch(submissions: Sequence[bytes]) -> bytes:
    """The canonical bytes of a batch."""
    listed: list[Value] = list(submissions)
    return encode(listed)


def decode_batch(payload: bytes) -> tuple[bytes, ...]:
    """The submissions of a batch, at least one; nothing of them is looked at.

    Raises:
        DecodingError: not canonical bytes.
        InvalidBatchError: canonical, but no batch.
    """
    value = decode(payload, PAYLOAD_SIZE_BYTES_MAX[PayloadKind.TRANSACTIONS])
    if not isinstance(value, list) or not 1 <= len(value) <= COUNT_MAX:
        raise InvalidBatchError("a batch holds 1 to {limit} transactions", limit=COUNT_MAX)
    submissions = tuple(one for one in value if isinstance(one, bytes) and 1 <= len(one) <= SUBMISSION_SIZE_BYTES_MAX)
    if len(submissions) != len(value):
        raise InvalidBatchError("a transaction in the batch is not a byte string of an allowed size")
    return submissions

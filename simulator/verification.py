"""Signatures of transactions, verified once for all nodes of a world: the same bytes, the same answer.

Owns the memory of what was verified; the signatures and their verification are real. Agreement's own messages are
remembered by `consensus.statement` in the same way. Bounded: `REMEMBERED_MAX` submissions, the oldest go first.
"""

from ledger.detached import DetachedValue
from ledger.errors import BanyanError
from ledger.submission import decode_submission
from ledger.transaction import Transaction, decode_envelope, verify_signatures
from ledger.valid_batches import ValidBatches

# What is on its way through a network at one time, several times over: at 1 kB each, 64 MB.
REMEMBERED_MAX = 65_536

Found = tuple[Transaction, tuple[DetachedValue, ...]]


class Verification:
    """What the shell's threads do, for every node of the world."""

    def __init__(self) -> None:
        self._known: dict[bytes, Found | None] = {}
        self._batches = ValidBatches()
        self.verified_count = 0

    def found(self, submission: bytes) -> Found | None:
        """The transaction and its detached values; None where format or a signature is wrong."""
        if submission in self._known:
            return self._known[submission]
        if len(self._known) >= REMEMBERED_MAX:
            del self._known[next(iter(self._known))]
        self.verified_count += 1
        found = self._known[submission] = _verified(submission, self._batches)
        return found


def _verified(submission: bytes, batches: ValidBatches) -> Found | None:
    try:
        envelope, detached = decode_submission(submission)
        transaction = decode_envelope(envelope)
    except BanyanError:
        return None
    return (transaction, detached) if verify_signatures(transaction, batches) else None

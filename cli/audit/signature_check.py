"""Signatures of envelopes, many at a time on several threads.

Owns the threads for as long as it is open; never touches a source. libsodium lets go of the interpreter lock, so
two threads verify nearly twice as fast as one; the caller waits meanwhile, because a thread that computed in
Python at the same time would hold the others up at every hand-over of the lock.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from cli.audit.entry_check import CheckedBlock
from cli.audit.finding import AuditFinding
from ledger.transaction import Transaction, verify_signatures
from ledger.valid_batches import ValidBatches

# About 20 ms of work: long enough that handing out costs nothing, short enough that both threads end together.
_SLICE = 256


class SignatureCheck:
    """Verifies whole runs of blocks; a context manager, which ends the threads."""

    def __init__(self, threads: int) -> None:
        """`threads` >= 1; more than there are cores gain nothing."""
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="audit-signatures")
        self._batches = ValidBatches()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def check(self, blocks: Sequence[CheckedBlock]) -> AuditFinding | None:
        """Verify every signature in `blocks`; the finding for the first forged one, or None.

        Cost: 80 to 100 µs a signature, divided by the threads; a few µs for each after the first of a batch.
        """
        placed = [
            (block, offset, transaction)
            for block in blocks
            for offset, transaction in enumerate(block.transactions, start=1)
        ]
        transactions = [transaction for _, _, transaction in placed]
        slices = [transactions[at : at + _SLICE] for at in range(0, len(transactions), _SLICE)]
        for number, bad in enumerate(self._pool.map(self._first_forged, slices)):
            if bad is not None:
                block, offset, transaction = placed[number * _SLICE + bad]
                return AuditFinding(
                    "audit.signature-forged",
                    "a signature of entry {index} in block {height} does not verify: the voters let a forged"
                    " transaction in",
                    height=block.header.height,
                    index=block.first_index + offset,
                    key=transaction.id.hex(),
                    found=transaction.signatures[0].signature,
                )
        return None

    def _first_forged(self, transactions: Sequence[Transaction]) -> int | None:
        for position, transaction in enumerate(transactions):
            if not verify_signatures(transaction, self._batches):
                return position
        return None

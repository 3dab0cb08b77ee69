"""Transactions in blocks that are not executed yet: which ones, and how many of each sender. Pure.

Owns the answer to "is it in a block already?" and the senders' share in the daily quota between pool and state. Bound:
the transactions of the blocks beyond the executed one, which the window of blocks limits.

Invariants: the counts are those of the ids; a sender with nothing under way has no count.
"""

from collections import Counter
from collections.abc import Iterable

from ledger.hashing import Hash
from ledger.transaction import Transaction


class UnderWay:
    """The transactions of built or recovered blocks; every question is O(1)."""

    def __init__(self) -> None:
        self._ids: set[Hash] = set()
        self._count_of: Counter[Hash] = Counter()

    def __contains__(self, transaction_id: Hash) -> bool:
        return transaction_id in self._ids

    def count_of(self, sender: Hash) -> int:
        """How many transactions of `sender` are in blocks that are not executed yet."""
        return self._count_of[sender]

    def add(self, transactions: Iterable[Transaction]) -> None:
        """A block with these is on its way; what another block under way has already counts once."""
        for transaction in transactions:
            if transaction.id not in self._ids:
                self._ids.add(transaction.id)
                self._count_of[transaction.sender] += 1

    def executed(self, transactions: Iterable[Transaction]) -> None:
        """The block with these is executed: from now on the state counts them."""
        for transaction in transactions:
            if transaction.id not in self._ids:
                continue
            self._ids.remove(transaction.id)
            self._count_of[transaction.sender] -= 1
            if not self._count_of[transaction.sender]:
                del self._count_of[transaction.sender]

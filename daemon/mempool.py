"""Transactions that wait for a block: bounded, fair between senders, first come first served within one.

Owns the waiting transactions and their detached values; never decides whether a transaction may enter (that is
admission's) and holds no transaction that is already in a block. Bounds keep what strangers can make a node
hold: a count, a size, and a share for each sender, so that one busy sender leaves room for the others.

Invariants: `size_bytes` is the sum over all waiting; a sender with nothing waiting has no queue; no id twice.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass

from ledger.detached import DetachedValue
from ledger.errors import BanyanError
from ledger.hashing import Hash
from ledger.transaction import Transaction

# About two seconds of work at the rate one node can do: more would only wait longer, and be held in memory.
TRANSACTIONS_MAX = 16_384
SIZE_BYTES_MAX = 32 * 1024 * 1024
# Half for one sender, of the count and of the bytes: a flood by one leaves the other half to everybody else.
SENDER_SHARE = 2
SENDER_TRANSACTIONS_MAX = TRANSACTIONS_MAX // SENDER_SHARE


class MempoolFullError(BanyanError):
    """No room for now; the same transaction may be sent again a little later."""

    code = "mempool-full"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One admitted transaction with what travels beside it."""

    transaction: Transaction
    detached: tuple[DetachedValue, ...]
    size_bytes: int


class Mempool:
    """The pool; every operation is O(1) apart from taking and expiring, which are linear in what they return."""

    def __init__(
        self,
        transactions_max: int = TRANSACTIONS_MAX,
        size_bytes_max: int = SIZE_BYTES_MAX,
        sender_transactions_max: int = SENDER_TRANSACTIONS_MAX,
    ) -> None:
        self._transactions_max = transactions_max
        self._size_bytes_max = size_bytes_max
        self._sender_transactions_max = sender_transactions_max
        self._queues: OrderedDict[Hash, deque[Waiting]] = OrderedDict()
        self._ids: set[Hash] = set()
        self._sender_sizes: dict[Hash, int] = {}
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, transaction_id: Hash) -> bool:
        return transaction_id in self._ids

    def waiting_of(self, sender: Hash) -> int:
        """How many transactions of `sender` wait."""
        queue = self._queues.get(sender)
        return len(queue) if queue is not None else 0

    def add(self, transaction: Transaction, detached: tuple[DetachedValue, ...]) -> None:
        """Put an admitted transaction at the end of its sender's queue.

        Raises:
            MempoolFullError: the pool or the sender's share of it is full.
        """
        assert transaction.id not in self._ids, "admission looks for duplicates first"
        size = len(transaction.envelope) + sum(len(value.value_bytes) for value in detached)
        if len(self._ids) >= self._transactions_max or self.size_bytes + size > self._size_bytes_max:
            raise MempoolFullError(
                "the node has {count} transactions waiting; send it again in a moment", count=len(self)
            )
        queue = self._queues.get(transaction.sender)
        if queue is None:
            queue = self._queues[transaction.sender] = deque()
        elif (
            len(queue) >= self._sender_transactions_max
            or self._sender_sizes[transaction.sender] + size > self._size_bytes_max // SENDER_SHARE
        ):
            raise MempoolFullError(
                "this sender has {count} transactions waiting, which is its share; send it again in a moment",
                count=len(queue),
            )
        queue.append(Waiting(transaction, detached, size))
        self._ids.add(transaction.id)
        self._sender_sizes[transaction.sender] = self._sender_sizes.get(transaction.sender, 0) + size
        self.size_bytes += size

    def take(self, count_max: int, size_bytes_max: int) -> list[Waiting]:
        """Remove and return the next transactions for a block, one sender after the other in turn.

        Args:
            count_max: At most so many transactions.
            size_bytes_max: At most so many bytes of envelopes in sum; a sender whose next one does not fit waits.
        """
        taken: list[Waiting] = []
        room = size_bytes_max
        passed_over = 0
        while self._queues and len(taken) < count_max and passed_over < len(self._queues):
            sender, queue = next(iter(self._queues.items()))
            if len(queue[0].transaction.envelope) > room:
                self._queues.move_to_end(sender)
                passed_over += 1
                continue
            passed_over = 0
            waiting = queue.popleft()
            room -= len(waiting.transaction.envelope)
            taken.append(waiting)
            self._forget(waiting)
            if queue:
                self._queues.move_to_end(sender)
            else:
                del self._queues[sender]
        return taken

    def drop_expired(self, time_ms: int) -> list[Waiting]:
        """Remove and return what may not be in a block of `time_ms` any more; linear in the pool, asked on ticks."""
        expired = [waiting for waiting in self._all() if waiting.transaction.expires_ms < time_ms]
        if not expired:
            return []
        gone = {waiting.transaction.id for waiting in expired}
        for sender in list(self._queues):
            left = deque(item for item in self._queues[sender] if item.transaction.id not in gone)
            if left:
                self._queues[sender] = left
            else:
                del self._queues[sender]
        for waiting in expired:
            self._forget(waiting)
        return expired

    def _all(self) -> Iterator[Waiting]:
        for queue in self._queues.values():
            yield from queue

    def _forget(self, waiting: Waiting) -> None:
        self._ids.discard(waiting.transaction.id)
        self.size_bytes -= waiting.size_bytes
        sender = waiting.transaction.sender
        left = self._sender_sizes.pop(sender) - waiting.size_bytes
        if left:
            self._sender_sizes[sender] = left

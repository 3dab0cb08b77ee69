"""Transactions that wait for a block: bounded, fair between senders, first come first served within one.

Owns the waiting transactions with their detached values, and their ids as neighbours compare them; never decides
whether a transaction may enter (that is admission's) and holds no transaction that is already in a block. Bounds keep
what strangers can make a node hold: a count, a size, and a share for each sender, so that one busy sender leaves room
for the others.

Invariants: `size_bytes` is the sum over all waiting; a sender with nothing waiting has no queue; no id twice.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

from contracts.voter_change import is_forced, is_voter_change
from ledger.detached import DetachedValue
from ledger.errors import BanyanError
from ledger.hashing import Hash
from ledger.transaction import Transaction
from p2p.pending import PendingIds

# About two seconds of work at the rate one node can do: more would only wait longer, and be held in memory.
TRANSACTIONS_MAX = 16_384
SIZE_BYTES_MAX = 32 * 1024 * 1024
# Half for one sender, of the count and of the bytes: a flood by one leaves the other half to everybody else.
SENDER_SHARE = 2
SENDER_TRANSACTIONS_MAX = TRANSACTIONS_MAX // SENDER_SHARE
# Added to a sender's id: the queue of its changes of voters.
_CHANGES = b"v"
_FORCED_CHANGES = b"f"


class MempoolFullError(BanyanError):
    """No room for now; the same transaction may be sent again a little later."""

    code = "mempool-full"


class Waiting(NamedTuple):
    """One admitted transaction with what travels beside it; `admitted_ms` by the clock of whoever admitted it.

    `lane` names the queue that it stands in; `may_change_voters` says that a leader may let it wait.
    """

    transaction: Transaction
    detached: tuple[DetachedValue, ...]
    size_bytes: int
    admitted_ms: int
    lane: bytes
    may_change_voters: bool


class Mempool:
    """The pool; every operation is O(1) in the pool, and linear in what it takes or returns, apart from expiring."""

    def __init__(
        self,
        transactions_max: int = TRANSACTIONS_MAX,
        size_bytes_max: int = SIZE_BYTES_MAX,
        sender_transactions_max: int = SENDER_TRANSACTIONS_MAX,
    ) -> None:
        self._transactions_max = transactions_max
        self._size_bytes_max = size_bytes_max
        self._sender_transactions_max = sender_transactions_max
        self._queues: OrderedDict[bytes, _Queue] = OrderedDict()
        self._waiting: dict[Hash, Waiting] = {}
        self._id_by_leaf: dict[Hash, Hash] = {}
        self.pending_ids = PendingIds()
        self.size_bytes = 0
        # Of those that wait, the ones that may change the voters: a leader may let them wait.
        self.voter_changes_count = 0
        # Rises with each transaction that enters: who looked for one in vain need not look again before.
        self.additions = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, transaction_id: Hash) -> bool:
        return transaction_id in self._waiting

    def get(self, transaction_id: Hash) -> Waiting | None:
        """The waiting transaction with this id."""
        return self._waiting.get(transaction_id)

    def by_leaf(self, leaf_hash: Hash) -> Waiting | None:
        """The waiting transaction whose envelope has this leaf hash; another envelope of the same id has another."""
        transaction_id = self._id_by_leaf.get(leaf_hash)
        return self._waiting[transaction_id] if transaction_id is not None else None

    def waiting_of(self, sender: Hash) -> int:
        """How many transactions of `sender` wait."""
        queue = self._queues.get(sender)
        count = 0 if queue is None else queue.count
        if self.voter_changes_count:
            queues = (self._queues.get(sender + kind) for kind in (_CHANGES, _FORCED_CHANGES))
            count += sum(queue.count for queue in queues if queue is not None)
        return count

    @property
    def oldest_ms(self) -> int | None:
        """When the one was admitted that waits longest; None if nothing waits.

        Changes of voters do not count: a leader may let them wait until they are safe.
        """
        oldest = next((one for one in self._waiting.values() if not one.may_change_voters), None)
        return oldest.admitted_ms if oldest is not None else None

    def add(self, transaction: Transaction, detached: tuple[DetachedValue, ...], admitted_ms: int = 0) -> None:
        """Put an admitted transaction at the end of its sender's queue.

        Raises:
            MempoolFullError: the pool or the sender's share of it is full.
        """
        assert transaction.id not in self._waiting, "admission looks for duplicates first"
        size = len(transaction.envelope) + sum(len(value.value_bytes) for value in detached)
        if len(self._waiting) >= self._transactions_max or self.size_bytes + size > self._size_bytes_max:
            raise MempoolFullError(
                "the node has {count} transactions waiting; send it again in a moment", count=len(self)
            )
        may_change_voters = is_voter_change(transaction)
        lane = _lane_of_changes(transaction) if may_change_voters else transaction.sender
        queue = self._queues.get(lane)
        if queue is None:
            queue = self._queues[lane] = _Queue()
        elif (
            queue.count >= self._sender_transactions_max
            or queue.size_bytes + size > self._size_bytes_max // SENDER_SHARE
        ):
            raise MempoolFullError(
                "this sender has {count} transactions waiting, which is its share; send it again in a moment",
                count=queue.count,
            )
        waiting = Waiting(transaction, detached, size, admitted_ms, lane, may_change_voters)
        queue.add(waiting)
        self._waiting[transaction.id] = waiting
        self._id_by_leaf[transaction.leaf_hash] = transaction.id
        self.pending_ids.add(transaction.id, admitted_ms)
        self.size_bytes += size
        self.voter_changes_count += may_change_voters
        self.additions += 1

    def take(self, count_max: int, size_bytes_max: int, may_take: Callable[[Transaction], bool]) -> list[Waiting]:
        """Remove and return the next transactions for a block, one sender after the other in turn.

        Whoever has to wait though it is their turn comes first in the next block: what there is little room for is not
        overtaken for ever.

        Args:
            count_max: At most so many transactions.
            size_bytes_max: At most so many bytes of envelopes in sum; a sender whose next one does not fit waits.
            may_take: Whether this one may be taken now; else its sender waits. Where it may, it is taken.
        """
        taken: list[Waiting] = []
        passed_over: list[tuple[bytes, _Queue]] = []
        room = size_bytes_max
        while self._queues and len(taken) < count_max:
            lane, queue = next(iter(self._queues.items()))
            waiting = queue.first(self._waiting)
            if len(waiting.transaction.envelope) > room or not may_take(waiting.transaction):
                passed_over.append((lane, self._queues.pop(lane)))
                continue
            room -= len(waiting.transaction.envelope)
            taken.append(waiting)
            self._queues.move_to_end(lane)
            self._forget(waiting)
        for lane, queue in reversed(passed_over):
            self._queues[lane] = queue
            self._queues.move_to_end(lane, last=False)
        return taken

    def remove(self, transaction_id: Hash) -> Waiting | None:
        """Take one out that has its place in a block now; None if it does not wait here."""
        waiting = self._waiting.get(transaction_id)
        if waiting is not None:
            self._forget(waiting)
        return waiting

    def drop_expired(self, time_ms: int) -> list[Waiting]:
        """Remove and return what may not be in a block of `time_ms` any more; linear in the pool, asked on ticks."""
        expired = [waiting for waiting in self._waiting.values() if waiting.transaction.expires_ms < time_ms]
        for waiting in expired:
            self._forget(waiting)
        return expired

    def _forget(self, waiting: Waiting) -> None:
        transaction = waiting.transaction
        del self._waiting[transaction.id]
        del self._id_by_leaf[transaction.leaf_hash]
        self.pending_ids.remove(transaction.id)
        self.size_bytes -= waiting.size_bytes
        self.voter_changes_count -= waiting.may_change_voters
        lane = waiting.lane
        queue = self._queues[lane]
        queue.left(waiting)
        if queue.count:
            queue.sweep(self._waiting)
        else:
            del self._queues[lane]


def _lane_of_changes(transaction: Transaction) -> bytes:
    """The queue beside the sender's own for its changes of voters, which may have to wait by themselves.

    What is forced does not wait behind what is not.
    """
    return transaction.sender + (_FORCED_CHANGES if is_forced(transaction) else _CHANGES)


class _Queue:
    """One sender's transactions, oldest first; `count` and `size_bytes` are of those that wait.

    Those that left out of turn stay in the row until they come to its front, or are as many as those that wait: then
    the row is swept, so that it is never longer than twice what waits.
    """

    __slots__ = ("_row", "count", "size_bytes")

    def __init__(self) -> None:
        self._row: deque[Waiting] = deque()
        self.count = 0
        self.size_bytes = 0

    def add(self, waiting: Waiting) -> None:
        self._row.append(waiting)
        self.count += 1
        self.size_bytes += waiting.size_bytes

    def first(self, waiting: dict[Hash, Waiting]) -> Waiting:
        """The oldest that waits."""
        while waiting.get(self._row[0].transaction.id) is not self._row[0]:
            self._row.popleft()
        return self._row[0]

    def left(self, waiting: Waiting) -> None:
        """One does not wait any more."""
        self.count -= 1
        self.size_bytes -= waiting.size_bytes
        if self._row[0] is waiting:
            self._row.popleft()

    def sweep(self, waiting: dict[Hash, Waiting]) -> None:
        """Drop from the row what left it."""
        if len(self._row) > 2 * self.count + 16:
            self._row = deque(one for one in self._row if waiting.get(one.transaction.id) is one)

"""Transactions on their way in: answered, pooled, put into blocks, and back if a block is replaced. Pure.

Owns the pool and the set of transactions in blocks that are not executed; never builds a block. A transaction is in one
of three places, pool, blocks under way, state, and is looked for in all of them before it gets in.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from daemon.admission import check_submission
from daemon.block_builder import BuiltBlock
from daemon.chain import Chain
from daemon.effects import Admitted, Dropped, Effect, Refused
from daemon.events import Submission
from daemon.mempool import Mempool, MempoolFullError, Waiting
from daemon.node_errors import ExpiredError, NotAcceptingError, not_accepting
from daemon.under_way import UnderWay
from ledger.detached import DetachedValue, commitments_in
from ledger.errors import BanyanError
from ledger.genesis import Genesis
from ledger.hashing import Hash
from ledger.transaction import Transaction
from storage.interface import StoreReader

RETRY_AFTER_MS = 1000


class Arrived(NamedTuple):
    """Of a block that was appended: the detached values that came with its transactions while they waited, and the
    transactions that never waited here.
    """

    values: tuple[DetachedValue, ...]
    strangers: tuple[Transaction, ...]


class Intake:
    """The pool of one node, with what is in blocks already."""

    def __init__(self, genesis: Genesis, chain: Chain, reader: StoreReader) -> None:
        self._genesis = genesis
        self._chain = chain
        self._reader = reader
        self.pool = Mempool()
        # What waits in blocks, recovered ones included: a client's retry after a crash must not get a second place.
        self._in_blocks = UnderWay()
        # What lies beside those, where something does: they may have to wait again. Bounded by the blocks under way.
        self._beside: dict[Hash, tuple[DetachedValue, ...]] = {}
        for block in chain.blocks:
            self._in_blocks.add(block.transactions)

    def __len__(self) -> int:
        """Transactions that wait for a block."""
        return len(self.pool)

    @property
    def ready_count(self) -> int:
        """Those that wait for nothing but a block: all but changes of voters, which may have to wait for more."""
        return len(self.pool) - self.pool.voter_changes_count

    def oldest_waiting_ms(self, elapsed_ms: int) -> int:
        """How long the oldest transaction waits for a block, by the clock that does not jump; 0 if none does."""
        oldest = self.pool.oldest_ms
        return max(elapsed_ms - oldest, 0) if oldest is not None else 0

    def unknown(self, ids: Iterable[Hash]) -> tuple[Hash, ...]:
        """Those that neither wait here nor are in a block."""
        fresh = (one for one in ids if one not in self.pool and one not in self._in_blocks)
        return tuple(one for one in fresh if self._reader.index_of(one) is None)

    def admit(
        self, submissions: Sequence[Submission], now_ms: int, block_time_ms: int, elapsed_ms: int, accepting: bool
    ) -> tuple[list[Effect], list[Submission]]:
        """The answer to each submission, and those that are new; duplicates are looked up in one go.

        Args:
            submissions: Format and signatures are checked.
            now_ms: The machine's clock.
            block_time_ms: The least time that the next block can have.
            elapsed_ms: The node's own clock, which does not jump.
            accepting: Whether new ones are taken at all.
        """
        effects: list[Effect] = []
        new: list[Submission] = []
        known = self._known([one.transaction for one in submissions], now_ms)
        for submission in submissions:
            transaction_id = submission.transaction.id
            if transaction_id in known or transaction_id in self.pool:
                effects.append(Admitted(submission.request, transaction_id, known=True))
                continue
            try:
                self._admit_new(submission, block_time_ms, elapsed_ms, accepting)
            except BanyanError as error:
                retry = RETRY_AFTER_MS if isinstance(error, MempoolFullError | NotAcceptingError) else 0
                effects.append(Refused(submission.request, transaction_id, error, retry))
            else:
                effects.append(Admitted(submission.request, transaction_id, known=False))
                new.append(submission)
        return effects, new

    def take_in(
        self,
        relayed: Iterable[tuple[Transaction, tuple[DetachedValue, ...]]],
        now_ms: int,
        block_time_ms: int,
        elapsed_ms: int,
    ) -> bool:
        """Pool what neighbours sent; whether all of it is worth passing on: known here, or admissible now."""
        items = [Submission(0, transaction, detached) for transaction, detached in relayed]
        effects, _ = self.admit(items, now_ms, block_time_ms, elapsed_ms, accepting=True)
        return all(isinstance(effect, Admitted) or _is_full(effect) for effect in effects)

    def _admit_new(self, submission: Submission, block_time_ms: int, elapsed_ms: int, accepting: bool) -> None:
        if not accepting:
            raise not_accepting()
        sender = submission.transaction.sender
        waiting = self.pool.waiting_of(sender) + self._in_blocks.count_of(sender)
        check_submission(self._genesis, self._chain.overlay, submission, block_time_ms, waiting)
        self.pool.add(submission.transaction, submission.detached, elapsed_ms)

    def _known(self, transactions: Sequence[Transaction], now_ms: int) -> set[Hash]:
        """The ids that blocks have used up already."""
        expiries_ms = {one.id: one.expires_ms for one in transactions}
        executed = self._chain.overlay.executed(expiries_ms, now_ms)
        return executed | {one for one in expiries_ms if one in self._in_blocks}

    # -- blocks -------------------------------------------------------------------------------------------------

    def take(self, block_time_ms: int, may_take: Callable[[Transaction], bool]) -> tuple[list[Waiting], list[Effect]]:
        """The next transactions for a block of this time, and who is told that theirs came too late for it."""
        parameters = self._genesis.parameters
        taken = self.pool.take(parameters.block_transactions_max, parameters.block_size_bytes_max, may_take)
        late: list[Effect] = [_dropped(one) for one in taken if one.transaction.expires_ms < block_time_ms]
        if late:
            taken = [one for one in taken if one.transaction.expires_ms >= block_time_ms]
        return taken, late

    def appended(self, block: BuiltBlock, taken: Sequence[Waiting] = ()) -> Arrived:
        """The block is part of the chain: its transactions wait no longer.

        Args:
            block: Just appended.
            taken: Those of its transactions that were taken from the pool for it.
        """
        beside = {one.transaction.id: one.detached for one in taken}
        strangers: list[Transaction] = []
        for transaction in block.transactions:
            waiting = self.pool.remove(transaction.id)
            if waiting is not None:
                beside[transaction.id] = waiting.detached
            elif transaction.id not in beside:
                strangers.append(transaction)
        self._beside.update((one, values) for one, values in beside.items() if values)
        self._in_blocks.add(block.transactions)
        return Arrived(tuple(value for values in beside.values() for value in values), tuple(strangers))

    def dropped(self, blocks: Sequence[BuiltBlock], elapsed_ms: int) -> None:
        """The blocks were replaced: what is not in the new ones waits again, as far as there is room.

        Detached values stay in the store, and wait with their transactions: neighbours may need them.
        """
        for block in blocks:
            self._in_blocks.executed(block.transactions)
        for block in blocks:
            for transaction in block.transactions:
                values = self._beside.pop(transaction.id, None) or self._stored_beside(transaction)
                if transaction.id in self.pool or transaction.id in self._in_blocks:
                    continue
                # Where there is no room, whoever sent it asks again; other nodes have it too.
                with suppress(MempoolFullError):
                    self.pool.add(transaction, values, elapsed_ms)
                    # What told of it is long gone where this node was cut off: neighbours are to ask for it now.
                    self.pool.pending_ids.settle(transaction.id)

    def _stored_beside(self, transaction: Transaction) -> tuple[DetachedValue, ...]:
        found = (self._reader.payload(one) for one in commitments_in(transaction.arguments))
        return tuple(DetachedValue(one.salt, one.value) for one in found if one is not None)

    def executed(self, block: BuiltBlock) -> None:
        """The state knows its transactions now."""
        self._in_blocks.executed(block.transactions)
        if self._beside:
            for transaction in block.transactions:
                self._beside.pop(transaction.id, None)

    def drop_expired(self, block_time_ms: int) -> list[Effect]:
        """Tell of those whose time ran out."""
        return [_dropped(waiting) for waiting in self.pool.drop_expired(block_time_ms)]

    def is_used(self, transactions: Sequence[Transaction], below: Iterable[BuiltBlock], now_ms: int) -> bool:
        """Whether one of these is executed, or in one of the blocks `below`."""
        expiries_ms = {one.id: one.expires_ms for one in transactions}
        if self._chain.overlay.executed(expiries_ms, now_ms):
            return True
        return any(one.id in expiries_ms for block in below for one in block.transactions)


def _is_full(effect: Effect) -> bool:
    return isinstance(effect, Refused) and isinstance(effect.error, MempoolFullError)


def _dropped(waiting: Waiting) -> Dropped:
    return Dropped(
        waiting.transaction.id,
        ExpiredError("the transaction's time ran out before a block took it; sign it again with a later expiry"),
    )

"""Executing a block: a pure function of the state before it, its time and its transactions.

Owns the order of steps for one timer and one transaction, what happens when one is refused, and the runtime's
bookkeeping. Never
reads a clock, draws a number, writes to a store, or turns a bug into a result: any exception but a `Refusal`
leaves `execute_block` and stops the node. Invariants:

- timers that are due run before the transactions, in the order of their keys; which ones is settled before the first
  of them runs, so that no block waits for timers that its own timers set;
- transactions are executed in the order of the log, each on what the ones before left;
- a refused transaction writes nothing of its own; that it was there is counted and linked;
- a transaction that its sender did not sign, as far as the state knows, is neither counted nor linked: nobody
  can put anything into a member's chain but that member;
- the same transactions, split over blocks differently, leave the same records, but for heights, times and days,
  for what a contract allows once in a block (`governance`: one change of the voters), and for timers, which run when
  blocks begin.

Source: docs/protocol.md, section 4; docs/reference/contracts.md; docs/adr/0007-deterministic-runtime.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from contracts.admission import DAY_MS, SenderCount, check_quota, find_signers, sender_count_key
from contracts.chain import Chains, next_link
from contracts.changes import StateChange, SubjectLink
from contracts.context import Context
from contracts.errors import Refusal
from contracts.expectation import check_expectation
from contracts.limits import RESULT_TOO_LARGE, TIMERS_PER_BLOCK_MAX
from contracts.member import Member, member_subject
from contracts.registry import Registry
from contracts.result import CODE_OK, RESULT_SIZE_BYTES_MAX, Result, ResultLink
from contracts.run_context import RunContext
from contracts.state import BlockState, OrderedState, StateReader
from contracts.timer_context import TimerContext
from contracts.timer_effect import TimerEffect, linked_hash
from contracts.timers import Timer, due_timers
from ledger.hashing import Hash
from ledger.transaction import Transaction

# Makes a named tuple of its items at a quarter of what its own constructor takes, which is written in Python.
made = tuple.__new__

__all__ = ["ExecutableBlock", "Execution", "OrderedState", "PlacedTransaction", "StateReader", "execute_block"]


class PlacedTransaction(NamedTuple):
    """A transaction with its index in the log; its signatures are verified."""

    transaction: Transaction
    leaf_index: int


@dataclass(frozen=True, slots=True)
class ExecutableBlock:
    """What execution needs of a block: heights start at 1, time is milliseconds since 1970 UTC.

    `first_index` is the log index of its outcome leaf: the place of what its timers do.
    """

    network_id: Hash
    height: int
    time_ms: int
    first_index: int
    transactions: Sequence[PlacedTransaction]


@dataclass(frozen=True, slots=True)
class Execution:
    """What a block did. `results` and `result_leaves` have one item a transaction, in order; `effects` and
    `effect_leaves` one for each timer that ran, in order.

    `changes` are coalesced over the block and ascend by key; `links` are in the order of their making.
    """

    results: tuple[Result, ...]
    result_leaves: tuple[bytes, ...]
    effects: tuple[TimerEffect, ...]
    effect_leaves: tuple[bytes, ...]
    changes: tuple[StateChange, ...]
    links: tuple[SubjectLink, ...]

    @property
    def leaves(self) -> tuple[bytes, ...]:
        """What the block adds to the tree of results that an outcome leaf states: timers first."""
        return self.effect_leaves + self.result_leaves


def execute_block(registry: Registry, state: OrderedState, block: ExecutableBlock) -> Execution:
    """Run the timers that are due and execute a block's transactions, in order, on `state`, which is left as it is.

    Args:
        registry: The network's contracts.
        state: The records as of the block before.
        block: Its transactions are for this network, in their window of time, not duplicates, with good signatures:
            rules of the block's validity, which are not looked at again.

    Returns:
        The same, byte for byte, on every node.

    Raises:
        DecodingError: the state holds bytes that are no record; the store is damaged.
        ContractError, AssertionError, ...: a bug in a contract. The node must stop.

    Cost: about 35 µs for a simple transaction; memory grows with what the block touches. Of the timers that are due, at
    most `TIMERS_PER_BLOCK_MAX` run; the others do in the blocks after this one.
    """
    run = _Run(registry, BlockState(state), block)
    for timer in due_timers(state, block.time_ms, TIMERS_PER_BLOCK_MAX):
        run.run_timer(timer)
    for placed in block.transactions:
        run.execute(placed)
    return Execution(
        tuple(run.results),
        tuple(run.result_leaves),
        tuple(run.effects),
        tuple(run.effect_leaves),
        run.state.changes(),
        tuple(run.links),
    )


class _Run:
    """One block under way."""

    __slots__ = (
        "_block",
        "_chains",
        "_counts",
        "_day",
        "_registry",
        "effect_leaves",
        "effects",
        "links",
        "result_leaves",
        "results",
        "state",
    )

    def __init__(self, registry: Registry, state: BlockState, block: ExecutableBlock) -> None:
        self.state = state
        self.results: list[Result] = []
        self.result_leaves: list[bytes] = []
        self.effects: list[TimerEffect] = []
        self.effect_leaves: list[bytes] = []
        self.links: list[SubjectLink] = []
        self._registry = registry
        self._block = block
        self._day = block.time_ms // DAY_MS
        self._chains = Chains(state)
        self._counts: dict[Hash, SenderCount] = {}

    def run_timer(self, timer: Timer) -> None:
        """One timer, unless an earlier one of the block cancelled it; refused or not, it is gone."""
        if self.state.get(timer.key) is None:
            return
        self.state.put(timer.key, None)
        context = None
        try:
            contract, handler = self._registry.find_timer(timer.purpose)
            block = self._block
            context = TimerContext(
                self.state, contract, block.network_id, block.height, block.time_ms, timer.id, timer.due_ms
            )
            handler.function(context, timer.payload)
            effect = self._effect(timer, None, context)
            leaf = self._encoded(effect)
        except Refusal as refusal:
            context = None
            effect = self._effect(timer, refusal, None)
            leaf = effect.encode()
        self.effects.append(effect)
        self.effect_leaves.append(leaf)
        self._extend(effect.links, self._block.first_index)
        self._take(context)

    def execute(self, placed: PlacedTransaction) -> None:
        """One transaction: who signed, may they, what do they ask for, does it hold; then keep or discard."""
        transaction = placed.transaction
        try:
            signers = find_signers(self.state, transaction)
        except Refusal as refusal:
            self._keep(placed, self._result(placed, refusal, None, ()), None)
            return
        count = self._count(transaction.sender)
        try:
            check_quota(self.state, transaction.sender, count.on(self._day))
            context = self._operate(placed, signers)
            result = self._result(placed, None, context, tuple(context.subjects))
            leaf = self._encoded(result)
        except Refusal as refusal:
            context = None
            result = self._result(placed, refusal, None, (member_subject(transaction.sender),))
            leaf = result.encode()
        self._add(transaction.sender, count)
        self._keep(placed, result, leaf)
        self._take(context)

    def _operate(self, placed: PlacedTransaction, signers: tuple[Member, ...]) -> Context:
        transaction = placed.transaction
        contract, operation = self._registry.find(transaction.operation)
        arguments = operation.declaration.check(transaction.arguments)
        if transaction.expect is not None:
            check_expectation(self.state, transaction.expect)
        context = Context(
            self.state,
            contract,
            operation,
            self._block.network_id,
            signers,
            self._block.height,
            self._block.time_ms,
            placed.leaf_index,
            transaction.id,
        )
        operation.function(context, arguments)
        return context

    def _result(
        self,
        placed: PlacedTransaction,
        refusal: Refusal | None,
        context: Context | None,
        subjects: tuple[str, ...],
    ) -> Result:
        transaction, leaf_index = placed
        return Result(
            self._block.height,
            leaf_index,
            transaction.id,
            CODE_OK if refusal is None else refusal.code,
            {} if refusal is None else refusal.details,
            () if context is None else tuple(context.events),
            self._links(subjects, transaction.leaf_hash),
            () if context is None else tuple(context.versions.values()),
        )

    def _effect(self, timer: Timer, refusal: Refusal | None, context: TimerContext | None) -> TimerEffect:
        height = self._block.height
        return TimerEffect(
            height,
            len(self.effects) + 1,
            timer.id,
            timer.purpose,
            CODE_OK if refusal is None else refusal.code,
            {} if refusal is None else refusal.details,
            () if context is None else tuple(context.events),
            () if context is None else self._links(context.subjects, linked_hash(height, timer.id)),
            () if context is None else tuple(context.versions.values()),
        )

    def _links(self, subjects: Iterable[str], linked: Hash) -> tuple[ResultLink, ...]:
        chains = self._chains
        return tuple(
            [
                made(ResultLink, (subject, (head := chains[subject]).sequence + 1, next_link(head.link, linked)))
                for subject in subjects
            ]
        )

    @staticmethod
    def _encoded(result: Result | TimerEffect) -> bytes:
        leaf = result.encode()
        if len(leaf) > RESULT_SIZE_BYTES_MAX:
            raise Refusal(*RESULT_TOO_LARGE, size=len(leaf), limit=RESULT_SIZE_BYTES_MAX)
        return leaf

    def _keep(self, placed: PlacedTransaction, result: Result, leaf: bytes | None) -> None:
        self.results.append(result)
        self.result_leaves.append(result.encode() if leaf is None else leaf)
        self._extend(result.links, placed.leaf_index)

    def _extend(self, links: Sequence[ResultLink], leaf_index: int) -> None:
        chains = self._chains
        for subject, sequence, link in links:
            head = chains[subject]
            if not head.written:
                chains.write(subject, head)
            head.sequence = sequence
            head.link = link
            self.links.append(made(SubjectLink, (subject, sequence, leaf_index, link)))

    def _take(self, context: RunContext | None) -> None:
        """Make what a run wrote part of the state; None where it was refused."""
        if context is not None:
            for key, content in context.contents.items():
                self.state.put(key, content)

    def _count(self, sender: Hash) -> SenderCount:
        count = self._counts.get(sender)
        if count is None:
            count = self._counts[sender] = SenderCount.decode(self.state.get(sender_count_key(sender)))
        return count

    def _add(self, sender: Hash, count: SenderCount) -> None:
        if not count.written:
            self.state.put(sender_count_key(sender), count)
            count.written = True
        count.add(self._day)

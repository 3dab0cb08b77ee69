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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from contracts.admission import DAY_MS, signers_with
from contracts.block_facts import BlockFacts
from contracts.chain import Chains
from contracts.changes import StateChange, SubjectLink
from contracts.context import Context
from contracts.errors import Refusal
from contracts.expectation import check_expectation
from contracts.limits import RESULT_TOO_LARGE, TIMERS_PER_BLOCK_MAX
from contracts.registry import Registry
from contracts.result import CODE_OK, RESULT_SIZE_BYTES_MAX, Result
from contracts.senders import Senders
from contracts.state import BlockState, OrderedState, StateReader
from contracts.timer_context import TimerContext
from contracts.timer_effect import TimerEffect, linked_hash
from contracts.timers import Timer, due_timers
from contracts.work import FINE_SHIFT, LINK_WORK, TIMER_RUN_WORK, TRANSACTION_WORK
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

    `first_index` is the log index of its outcome leaf: the place of what its timers do. `base_height` is what records
    count heights from: that of the ledger whose state this one inherited, else 0.
    """

    network_id: Hash
    height: int
    time_ms: int
    first_index: int
    transactions: Sequence[PlacedTransaction]
    base_height: int = 0


@dataclass(frozen=True, slots=True)
class Execution:
    """What a block did. `results` and `result_leaves` have one item a transaction, in order; `effects` and
    `effect_leaves` one for each timer that ran, in order.

    `changes` are coalesced over the block and ascend by key; `links` are in the order of their making. `works` are what
    each transaction cost, `timer_work` what all timers did together, in units of `contracts.work`: for whoever fills
    blocks, and no part of what a block states.
    """

    results: tuple[Result, ...]
    result_leaves: tuple[bytes, ...]
    effects: tuple[TimerEffect, ...]
    effect_leaves: tuple[bytes, ...]
    changes: tuple[StateChange, ...]
    links: tuple[SubjectLink, ...]
    works: tuple[int, ...]
    timer_work: int

    @property
    def work(self) -> int:
        """What the whole block cost."""
        return self.timer_work + sum(self.works)

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
        run.links(),
        tuple(run.works),
        run.timer_work,
    )


class _Run:
    """One block under way."""

    __slots__ = (
        "_block",
        "_chains",
        "_facts",
        "_registry",
        "_senders",
        "effect_leaves",
        "effects",
        "result_leaves",
        "results",
        "state",
        "timer_work",
        "works",
    )

    def __init__(self, registry: Registry, state: BlockState, block: ExecutableBlock) -> None:
        self.state = state
        self.results: list[Result] = []
        self.result_leaves: list[bytes] = []
        self.effects: list[TimerEffect] = []
        self.effect_leaves: list[bytes] = []
        self.works: list[int] = []
        self.timer_work = 0
        self._registry = registry
        self._block = block
        self._facts = BlockFacts(state, block.network_id, block.height, block.time_ms, block.base_height)
        self._chains = Chains(state)
        self._senders = Senders(state, block.time_ms // DAY_MS)

    def links(self) -> tuple[SubjectLink, ...]:
        """What was hung on the chains of subjects, in the order of its making; a timer's lies at the outcome leaf."""
        hung = [(self._block.first_index, effect.links) for effect in self.effects]
        hung += [(result.leaf_index, result.links) for result in self.results]
        return tuple(
            [
                made(SubjectLink, (subject, sequence, leaf_index, link))
                for leaf_index, links in hung
                for subject, sequence, link in links
            ]
        )

    def run_timer(self, timer: Timer) -> None:
        """One timer, unless an earlier one of the block cancelled it; refused or not, it is gone."""
        if self.state.get(timer.key) is None:
            return
        self.state.put(timer.key, None)
        # Whose function was called: its cost counts where it is refused, too.
        running: TimerContext | None = None
        try:
            contract, handler = self._registry.find_timer(timer.purpose)
            running = TimerContext(self._facts, contract, timer.id, timer.due_ms)
            handler.function(running, timer.payload)
            effect = self._effect(timer, running)
            leaf = _encoded(effect)
        except Refusal as refusal:
            effect = self._refused_effect(timer, refusal)
            leaf = effect.encode()
        else:
            self.state.take(running.contents)
        self.effects.append(effect)
        self.effect_leaves.append(leaf)
        self._chains.lengthen(effect.links)
        self.timer_work += TIMER_RUN_WORK + len(effect.links) * LINK_WORK + (len(leaf) >> FINE_SHIFT)
        self.timer_work += 0 if running is None else running.work()

    def execute(self, placed: PlacedTransaction) -> None:
        """One transaction: who signed, may they, what do they ask for, does it hold; then keep or discard."""
        transaction, leaf_index = placed
        sender = self._senders.find(transaction.sender)
        try:
            signers = signers_with(self.state, sender.member, transaction)
        except Refusal as refusal:
            result = self._refused(placed, refusal, ())
            self._keep(transaction, result, result.encode(), None)
            return
        # Whose function was called: its cost counts where it is refused, too.
        running: Context | None = None
        try:
            self._senders.check_quota(sender)
            contract, operation = self._registry.find(transaction.operation)
            arguments = operation.declaration.check(transaction.arguments)
            if transaction.expect is not None:
                check_expectation(self.state, transaction.expect)
            running = Context(self._facts, contract, operation, signers, transaction.id, leaf_index)
            operation.function(running, arguments)
            result = self._done(placed, running)
            leaf = _encoded(result)
        except Refusal as refusal:
            result = self._refused(placed, refusal, (signers[0].subject,))
            leaf = result.encode()
        else:
            self.state.take(running.contents)
        self._senders.add(sender)
        self._keep(transaction, result, leaf, running)

    def _done(self, placed: PlacedTransaction, context: Context) -> Result:
        """The result of a transaction that was not refused."""
        transaction, leaf_index = placed
        links = self._chains.next_links(context.subjects, transaction.leaf_hash)
        events, writes = tuple(context.events), tuple(context.versions.values())
        return made(Result, (self._block.height, leaf_index, transaction.id, CODE_OK, {}, events, links, writes))

    def _refused(self, placed: PlacedTransaction, refusal: Refusal, subjects: tuple[str, ...]) -> Result:
        transaction, leaf_index = placed
        links = self._chains.next_links(subjects, transaction.leaf_hash)
        return Result(self._block.height, leaf_index, transaction.id, refusal.code, refusal.details, (), links, ())

    def _effect(self, timer: Timer, context: TimerContext) -> TimerEffect:
        """The effect of a timer that was not refused."""
        height = self._block.height
        links = self._chains.next_links(context.subjects, linked_hash(height, timer.id))
        events, writes = tuple(context.events), tuple(context.versions.values())
        number = len(self.effects) + 1
        return TimerEffect(height, number, timer.id, timer.purpose, CODE_OK, {}, events, links, writes)

    def _refused_effect(self, timer: Timer, refusal: Refusal) -> TimerEffect:
        number = len(self.effects) + 1
        return TimerEffect(
            self._block.height, number, timer.id, timer.purpose, refusal.code, refusal.details, (), (), ()
        )

    def _keep(self, transaction: Transaction, result: Result, leaf: bytes, running: Context | None) -> None:
        links = result.links
        self.results.append(result)
        self.result_leaves.append(leaf)
        self._chains.lengthen(links)
        work = TRANSACTION_WORK + len(links) * LINK_WORK + (len(leaf) + len(transaction.envelope) >> FINE_SHIFT)
        self.works.append(work if running is None else work + running.work())


def _encoded(result: Result | TimerEffect) -> bytes:
    """The leaf of what was not refused so far.

    Raises:
        Refusal: `limits.result-size`.
    """
    leaf = result.encode()
    if len(leaf) > RESULT_SIZE_BYTES_MAX:
        raise Refusal(*RESULT_TOO_LARGE, size=len(leaf), limit=RESULT_SIZE_BYTES_MAX)
    return leaf

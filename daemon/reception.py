"""Where clients hand in: from bytes to the node's inbox, and from its effects back to whoever waits.

Owns the way of a submission through the shell: verifier, inbox, waiting room, and the waiting out of a full pool or an
election for those who hand in many. Never decides what is admitted (the node does) nor when a thing is committed.
Bounds: verifier queue, inbox and waiting room have theirs.
"""

from collections import deque
from collections.abc import Callable, Sequence

import trio

from daemon.disk import Disk
from daemon.effects import Admitted, BlockExecuted, Refused
from daemon.errors import OverloadedError, StoppingError
from daemon.events import Submission
from daemon.inbox import Inbox
from daemon.lookup import find_transaction
from daemon.mempool import MempoolFullError
from daemon.metrics import Metrics
from daemon.node_errors import NotAcceptingError
from daemon.pending import Pending, SubmissionOutcome, SubmissionStatus
from daemon.transaction_log import TransactionLog
from daemon.verifier import Verifier
from daemon.waiting_room import RETRY_AFTER_STOP_MS, WaitingRoom
from ledger.detached import DetachedValue
from ledger.errors import BanyanError
from ledger.hashing import Hash
from storage.interface import Store

# How long `submit` waits for the execution unless told otherwise: what the HTTP API allows at most.
WAIT_MS_MAX = 60_000
RETRY_AFTER_MS = 1000


class Reception:
    """The half of a running node (`daemon.service.Service`) that clients see; not for use alone.

    Args:
        store: Read by everybody.
        inbox: Of the node.
        disk: Nothing is taken while it is full.
        verify_threads: At least 1.
        metrics: Where to count.
        transactions: Where single ones have their lines.
    """

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        disk: Disk,
        verify_threads: int,
        metrics: Metrics,
        transactions: TransactionLog,
    ) -> None:
        self.store = store
        self._inbox = inbox
        self._disk = disk
        self._metrics = metrics
        self._transactions = transactions
        self._count_new = metrics.admitted.labels("new").inc
        self._count_known = metrics.admitted.labels("known").inc
        self._verifier = Verifier(self._hand_over, verify_threads)
        self._waiting = WaitingRoom()
        self._retries: deque[Pending] = deque()
        self._pool_has_room = trio.Event()
        self._pool_has_room.set()
        self.stopping = trio.Event()
        self._stopped = trio.Event()

    async def submit(
        self,
        raw: bytes,
        *,
        detached: tuple[DetachedValue, ...] | None = None,
        wait_ms: int = WAIT_MS_MAX,
    ) -> SubmissionOutcome:
        """Hand in one submission and wait for what becomes of it.

        Args:
            raw: As on the wire (`ledger.submission`), or the envelope alone if `detached` is given.
            detached: The values beside the envelope; None if they are in `raw`.
            wait_ms: 0: until it is admitted; else at most so long until it is executed.

        Raises nothing of the ledger's: refusals are outcomes. Cancellation leaves the transaction where it is.
        """
        pending = self.hand_in(raw, detached, until_executed=wait_ms > 0)
        return await self.outcome_of(pending, wait_ms)

    def hand_in(
        self,
        raw: bytes,
        detached: tuple[DetachedValue, ...] | None,
        *,
        until_executed: bool,
        on_let_go: Callable[[], None] | None = None,
        request_id: str = "",
    ) -> Pending:
        """The first half of `submit`, for a caller that keeps nothing of the submission while it waits.

        Its `outcome_of` must be asked for. `on_let_go` is called when the node has refused it, or holds it as a
        transaction. `request_id` is that of the HTTP request, for the log.
        """
        pending = self._waiting.submission(
            raw, detached, until_executed=until_executed, patient=False, on_let_go=on_let_go
        )
        pending.request_id = request_id
        error = self._unable()
        if error is not None:
            pending.refuse(error, self._retry_after_ms)
            return pending
        try:
            self._verifier.put_nowait(pending)
        except OverloadedError as overloaded:
            self._metrics.refused.labels(overloaded.code).inc()
            pending.refuse(overloaded, RETRY_AFTER_MS)
        return pending

    async def start_submission(
        self, raw: bytes, detached: tuple[DetachedValue, ...] | None = None, request_id: str = ""
    ) -> Pending:
        """Hand in one of many: waits for room instead of refusing, and waits out a full pool or a start.

        The caller waits on the result itself, and bounds how many it has under way (a few thousand).
        """
        if not self._pool_has_room.is_set():
            # Somebody waits for room in the pool already: what comes now would only be held here.
            await self._pool_has_room.wait()
        pending = self._waiting.submission(raw, detached, until_executed=True, patient=True)
        pending.request_id = request_id
        error = self._unable()
        if error is not None:
            pending.refuse(error, self._retry_after_ms)
        else:
            await self._verifier.put(pending)
        return pending

    async def submit_many(self, raws: Sequence[bytes]) -> list[SubmissionOutcome]:
        """Hand in many submissions and wait until each is executed or refused; outcomes in the same order.

        Memory: the caller's list and one small object each; what waits in the node is bounded all the same.
        """
        pendings = [await self.start_submission(raw) for raw in raws]
        return [await pending.wait() for pending in pendings]

    async def wait_for_transaction(self, transaction_id: Hash, wait_ms: int) -> bool:
        """Wait at most `wait_ms` until the transaction is executed; whether it is in the store now."""
        if self.store.index_of(transaction_id) is not None:
            return True
        if wait_ms <= 0 or self._waiting.is_full or self._stopped.is_set():
            return False
        self._disk.hurry()
        outcome = await self.outcome_of(self._waiting.question(transaction_id), wait_ms)
        return outcome.status is SubmissionStatus.COMMITTED

    async def outcome_of(self, pending: Pending, wait_ms: int) -> SubmissionOutcome:
        """The second half of `submit`: what became of what was handed in, after at most `wait_ms` (0: 60 seconds)."""
        try:
            with trio.move_on_after((wait_ms or WAIT_MS_MAX) / 1000):
                return await pending.wait()
        finally:
            # Its time is over, or the caller was cancelled: nobody waits, so nobody may be kept.
            self._waiting.leave(pending)
        if pending.request or pending.admitted:
            pending.leave_pending()
        else:
            # It waits for the verifier still, which passes on nothing that was given up.
            pending.give_up(
                OverloadedError("the node has not come to verify it in this time; send it again in a moment"),
                RETRY_AFTER_MS,
            )
        return await pending.wait()

    async def _hand_over(self, verified: Sequence[Pending]) -> None:
        submissions = []
        for pending in verified:
            if pending.is_refused:
                pending.let_go()
                continue
            assert pending.transaction is not None and pending.detached is not None, "the verifier set them"
            submissions.append(Submission(self._waiting.enter(pending), pending.transaction, pending.detached))
        if submissions:
            await self._inbox.submit(tuple(submissions))

    def _admitted(self, effect: Admitted) -> None:
        (self._count_known if effect.known else self._count_new)()
        pending = self._waiting.take(effect)
        if pending is None:
            return
        self._transactions.admitted(effect, pending.request_id)
        # The node has it in its pool now, or in the log.
        pending.let_go()
        if pending.outcome is not None:
            return
        pending.admitted = True
        pending.known = effect.known
        if effect.known and self._decide_from_store(pending, effect.transaction_id):
            return
        if pending.until_executed:
            self._waiting.wait_for_execution(pending)
        else:
            pending.leave_pending()

    def _decide_from_store(self, pending: Pending, transaction_id: Hash) -> bool:
        found = find_transaction(self.store, transaction_id)
        if found is None:
            return False
        pending.decide(
            SubmissionOutcome(
                status=SubmissionStatus.COMMITTED,
                transaction_id=transaction_id,
                known=True,
                height=found.height,
                leaf_index=found.leaf_index,
                time_ms=found.time_ms,
                result=found.result,
            )
        )
        return True

    def _refused(self, effect: Refused) -> None:
        pending = self._waiting.take(effect)
        if pending is None:
            return
        passing = isinstance(effect.error, MempoolFullError | NotAcceptingError)
        if pending.patient and passing and not self.stopping.is_set():
            self._retries.append(pending)
            self._pool_has_room = trio.Event() if self._pool_has_room.is_set() else self._pool_has_room
            return
        self._metrics.refused.labels(effect.error.code).inc()
        self._transactions.refused(effect, pending.request_id)
        pending.refuse(effect.error, effect.retry_after_ms)

    @property
    def has_stopped(self) -> bool:
        """Whether the node has ended: nothing moves any more."""
        return self._stopped.is_set()

    async def _retry(self) -> None:
        """Hand in again what waited for room in the pool, or for a leader."""
        if self._retries:
            batch = list(self._retries)
            self._retries.clear()
            await self._hand_over(batch)
        else:
            self._pool_has_room.set()

    def _told(self, effect: BlockExecuted) -> None:
        self._metrics.executed.inc(len(effect.transactions))
        self._waiting.executed(effect)
        self._transactions.executed(effect)

    def _dismiss(self) -> None:
        """The node takes no step any more: nobody is left waiting."""
        self.stopping.set()
        self._stopped.set()
        self._waiting.close()
        self._pool_has_room.set()

    def _unable(self) -> BanyanError | None:
        if self.stopping.is_set():
            return StoppingError("the node is stopping; send it again when it runs")
        if self._disk.full is not None:
            return self._disk.full
        if self._waiting.is_full:
            return OverloadedError("too many clients wait for their transactions; send it again in a moment")
        return None

    @property
    def _retry_after_ms(self) -> int:
        return RETRY_AFTER_STOP_MS if self.stopping.is_set() else RETRY_AFTER_MS

"""Who waits for what: submissions by request number, then by transaction id.

Owns the tables between a client and the node's effects. Never keeps anybody whose question is answered, and leaves
nobody without an answer when the node ends. Bounds: `WAITING_MAX` who wait; beyond, new submissions are refused
before they are verified.
"""

from collections.abc import Callable, Sequence

from daemon.effects import Admitted, BlockExecuted, Dropped, Refused
from daemon.errors import StoppingError
from daemon.pending import Pending, SubmissionOutcome, SubmissionStatus
from ledger.detached import DetachedValue
from ledger.hashing import Hash

# Four times the pool: everybody whose transaction waits, and as many who ask about one.
WAITING_MAX = 65_536
# A restart takes a few seconds.
RETRY_AFTER_STOP_MS = 5000


class WaitingRoom:
    """Not thread-safe; driven by the service's node task and by its callers."""

    def __init__(self) -> None:
        self._everybody: set[Pending] = set()
        self._by_request: dict[int, Pending] = {}
        self._by_id: dict[Hash, list[Pending]] = {}
        self._request = 0

    @property
    def is_empty(self) -> bool:
        """Whether nobody waits."""
        return not self._everybody

    @property
    def is_full(self) -> bool:
        """Whether there is room for nobody more."""
        return len(self._everybody) >= WAITING_MAX

    def submission(
        self,
        raw: bytes,
        detached: tuple[DetachedValue, ...] | None,
        *,
        until_executed: bool,
        patient: bool,
        on_let_go: Callable[[], None] | None = None,
    ) -> Pending:
        """A place for somebody who hands in a transaction."""
        pending = Pending(raw, detached, until_executed, patient, self._everybody.discard, on_let_go)
        self._everybody.add(pending)
        return pending

    def question(self, transaction_id: Hash) -> Pending:
        """A place for somebody who waits for the execution of a transaction that others may have handed in."""
        pending = self.submission(b"", (), until_executed=True, patient=False)
        pending.transaction_id = transaction_id
        pending.admitted = True
        self.wait_for_execution(pending)
        return pending

    def enter(self, pending: Pending) -> int:
        """The request number under which the node will answer."""
        self._request += 1
        pending.request = self._request
        self._by_request[self._request] = pending
        return self._request

    def wait_for_execution(self, pending: Pending) -> None:
        """Let `pending` hear when the transaction that it names is executed or dropped."""
        assert pending.transaction_id is not None, "only what is verified, or asked for by id, can be waited for"
        self._by_id.setdefault(pending.transaction_id, []).append(pending)

    def leave(self, pending: Pending) -> None:
        """Forget somebody who does not want to wait any longer; the transaction goes its way all the same."""
        self._everybody.discard(pending)
        transaction_id = pending.transaction_id
        waiting = self._by_id.get(transaction_id) if transaction_id is not None else None
        if transaction_id is not None and waiting is not None and pending in waiting:
            waiting.remove(pending)
            if not waiting:
                del self._by_id[transaction_id]

    def take(self, effect: Admitted | Refused) -> Pending | None:
        """Who handed this in, or None if nobody waits any more."""
        return self._by_request.pop(effect.request, None)

    def executed(self, block: BlockExecuted) -> None:
        """Tell everybody who waits for a transaction of this block."""
        for committed in block.transactions:
            for pending in self._leave_all(committed.transaction_id):
                pending.decide(
                    SubmissionOutcome(
                        status=SubmissionStatus.COMMITTED,
                        transaction_id=committed.transaction_id,
                        known=pending.known,
                        height=block.height,
                        leaf_index=committed.leaf_index,
                        time_ms=block.time_ms,
                        result=committed.result,
                    )
                )

    def dropped(self, effect: Dropped) -> None:
        """Tell everybody who waits for a transaction that left the pool."""
        for pending in self._leave_all(effect.transaction_id):
            pending.refuse(effect.error)

    def close(self) -> None:
        """The node has stopped: what it admitted may be committed later, the rest is not in the log."""
        for pending in list(self._everybody):
            if pending.admitted:
                pending.leave_pending()
            else:
                pending.give_up(StoppingError("the node is stopping; send it again when it runs"), RETRY_AFTER_STOP_MS)
        self._by_request.clear()
        self._by_id.clear()

    def _leave_all(self, transaction_id: Hash) -> Sequence[Pending]:
        return self._by_id.pop(transaction_id, ())

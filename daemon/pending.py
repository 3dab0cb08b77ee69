"""One submission on its way from a client to its outcome.

Owns what a client is told (`SubmissionOutcome`) and the object that waits for it (`Pending`). Never decides anything.
"""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

import trio

from contracts.result import Result
from ledger.detached import DetachedValue
from ledger.errors import BanyanError
from ledger.hashing import Hash
from ledger.transaction import Transaction


class SubmissionStatus(Enum):
    """How far a submission came."""

    COMMITTED = "committed"
    PENDING = "pending"
    REFUSED = "refused"


class SubmissionOutcome(NamedTuple):
    """What became of a submission.

    committed: `height`, `leaf_index`, `time_ms` and `result` say where and how. pending: admitted, not committed in the
    time that was given. refused: `error` says why, and it is not in the log; `retry_after_ms` is above zero where the
    same bytes may pass later. `known` says that the same transaction was handed in before.
    """

    status: SubmissionStatus
    transaction_id: Hash | None
    known: bool = False
    height: int = 0
    leaf_index: int = 0
    time_ms: int = 0
    result: Result | None = None
    error: BanyanError | None = None
    retry_after_ms: int = 0


class Pending:
    """A submission that waits for its outcome; made by the service, seen by verifier and service only.

    `raw` is the submission on the wire, or the envelope alone if `detached` is given; `size_bytes` is its size then.
    `transaction` is there once it is verified, `transaction_id` also where somebody only asks. `until_executed`: the
    outcome is the execution, else the admission. `patient`: a full pool, or a node that is starting, is waited out.
    `request_id` is that of the HTTP request that brought it, for the log.
    `on_decided` is called once, when the outcome is there; `on_let_go` once, when the bytes are not held here any more.
    """

    __slots__ = (
        "_decided",
        "_on_decided",
        "_on_let_go",
        "admitted",
        "detached",
        "known",
        "outcome",
        "patient",
        "raw",
        "request",
        "request_id",
        "size_bytes",
        "transaction",
        "transaction_id",
        "until_executed",
    )

    def __init__(
        self,
        raw: bytes,
        detached: tuple[DetachedValue, ...] | None,
        until_executed: bool,
        patient: bool,
        on_decided: Callable[["Pending"], None],
        on_let_go: Callable[[], None] | None = None,
    ) -> None:
        self.raw = raw
        self.size_bytes = len(raw) + sum(len(value.value_bytes) for value in detached or ())
        self.detached = detached
        self.until_executed = until_executed
        self.patient = patient
        self.request = 0
        self.request_id = ""
        self.admitted = False
        self.known = False
        self.transaction: Transaction | None = None
        self.transaction_id: Hash | None = None
        self.outcome: SubmissionOutcome | None = None
        self._decided: trio.Event | None = None
        self._on_decided = on_decided
        self._on_let_go = on_let_go

    def decide(self, outcome: SubmissionOutcome) -> None:
        """Set the outcome; the first one counts."""
        if self.outcome is None:
            self.outcome = outcome
            self._on_decided(self)
            if self._decided is not None:
                self._decided.set()

    def refuse(self, error: BanyanError, retry_after_ms: int = 0) -> None:
        """Decide that it is not in the log; nobody works on it any more, so its bytes are let go."""
        self.give_up(error, retry_after_ms)
        self.let_go()

    def give_up(self, error: BanyanError, retry_after_ms: int = 0) -> None:
        """Decide that it is not in the log while the verifier may still work on it, which keeps its bytes so long."""
        error.forget_origin()
        self.decide(
            SubmissionOutcome(SubmissionStatus.REFUSED, self.transaction_id, error=error, retry_after_ms=retry_after_ms)
        )

    @property
    def is_refused(self) -> bool:
        """Whether it was decided that it is not in the log."""
        return self.outcome is not None and self.outcome.status is SubmissionStatus.REFUSED

    def let_go(self) -> None:
        """Hold neither the bytes nor what they were decoded to; harmless if it does not.

        Whoever reads no answers keeps thousands of these. Never while the verifier may work on it.
        """
        self.raw = b""
        self.detached = None
        self.transaction = None
        if self._on_let_go is not None:
            self._on_let_go()
            self._on_let_go = None

    def leave_pending(self) -> None:
        """Decide that it may still be committed, only nobody waits for it any longer."""
        self.decide(SubmissionOutcome(SubmissionStatus.PENDING, self.transaction_id, self.known))

    async def wait(self) -> SubmissionOutcome:
        """The outcome; waits for it. Returns without a checkpoint if it is decided already."""
        if self.outcome is None:
            self._decided = self._decided or trio.Event()
            await self._decided.wait()
        assert self.outcome is not None, "decide() sets the outcome before the event"
        return self.outcome

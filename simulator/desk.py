"""Where one node's clients wait: for their transactions, and for the newest state.

Owns the requests under way at one process and tells each client what became of it, as the shell does: committed means
executed and on the disk here. Ends with its process; whoever waits is then told that the connection broke.
Bounded: `WAITING_MAX` clients.
"""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from contracts.result import Result
from daemon.lookup import find_transaction
from ledger.errors import BanyanError
from ledger.hashing import Hash
from simulator.adapter import Admitted, BlockExecuted, Dropped, ReadFailed, ReadReady, Refused
from storage.interface import StoreReader

# As many as the shell lets wait (`daemon.waiting_room`), rounded down.
WAITING_MAX = 10_000


class Outcome(Enum):
    """What became of a request."""

    COMMITTED = "committed"
    READ = "read"
    REFUSED = "refused"
    LATER = "later"
    BROKEN = "broken"


class Answer(NamedTuple):
    """What a client is told. LATER: the same may pass later. BROKEN: nobody knows what becomes of it."""

    outcome: Outcome
    result: Result | None = None
    height: int = 0
    leaf_index: int = 0
    record: bytes | None = None
    error: BanyanError | None = None


Reply = Callable[[Answer], None]
_BROKEN = Answer(Outcome.BROKEN)
LATER = Answer(Outcome.LATER)


class Desk:
    """The clients of one machine's processes, one after the other; `store` is the one that the node reads."""

    __slots__ = ("_readings", "_request", "_requests", "_store", "_waiting")

    def __init__(self, store: StoreReader) -> None:
        self._store = store
        self._request = 0
        self._requests: dict[int, Reply] = {}
        self._waiting: dict[Hash, list[Reply]] = {}
        # By question: which record, and who wants it.
        self._readings: dict[bytes, tuple[bytes, Reply]] = {}

    def open(self, store: StoreReader) -> None:
        """A process began."""
        assert not len(self), "the process before took its clients with it"
        self._store = store

    def __len__(self) -> int:
        """How many clients wait."""
        return len(self._requests) + len(self._waiting) + len(self._readings)

    def enter(self, reply: Reply) -> int:
        """A client hands in a transaction; the number comes back in the node's answer."""
        self._request += 1
        self._requests[self._request] = reply
        return self._request

    def admitted(self, effect: Admitted) -> None:
        """The transaction waits for its block, or is in one already."""
        reply = self._requests.pop(effect.request, None)
        if reply is None:
            return
        found = find_transaction(self._store, effect.transaction_id) if effect.known else None
        if found is not None:
            reply(Answer(Outcome.COMMITTED, found.result, found.height, found.leaf_index))
        else:
            self._waiting.setdefault(effect.transaction_id, []).append(reply)

    def refused(self, effect: Refused) -> None:
        """The node does not take it."""
        reply = self._requests.pop(effect.request, None)
        if reply is not None:
            outcome = Outcome.LATER if effect.retry_after_ms else Outcome.REFUSED
            reply(Answer(outcome, error=effect.error))

    def dropped(self, effect: Dropped) -> None:
        """An admitted transaction left the pool."""
        for reply in self._waiting.pop(effect.transaction_id, ()):
            reply(Answer(Outcome.REFUSED, error=effect.error))

    def executed(self, effect: BlockExecuted) -> None:
        """A block was executed: who waited for one of its transactions is told."""
        if not self._waiting:
            return
        for one in effect.transactions:
            for reply in self._waiting.pop(one.transaction_id, ()):
                reply(Answer(Outcome.COMMITTED, one.result, effect.height, one.leaf_index))

    def ask(self, question: bytes, key: bytes, reply: Reply) -> None:
        """A client wants the newest value of a record."""
        self._readings[question] = (key, reply)

    def ready(self, effect: ReadReady) -> None:
        """What was told before the question is executed here: the store has the answer."""
        key, reply = self._readings.pop(effect.question)
        reply(Answer(Outcome.READ, record=self._store.state(key)))

    def failed(self, effect: ReadFailed) -> None:
        """Nobody confirmed that the newest value is here."""
        _, reply = self._readings.pop(effect.question)
        reply(LATER)

    def close(self) -> None:
        """The process is gone."""
        replies = [*self._requests.values(), *(reply for waiting in self._waiting.values() for reply in waiting)]
        replies += [reply for _, reply in self._readings.values()]
        self._requests.clear()
        self._waiting.clear()
        self._readings.clear()
        for reply in replies:
            reply(_BROKEN)

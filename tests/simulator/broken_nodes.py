"""Nodes that break a rule on purpose, each in one way: what the guard tests put into a world."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from consensus.evidence import Evidence, Offence
from consensus.statement import SignedMessage
from contracts.genesis_state import PARAMETERS_KEY
from contracts.record import Record
from contracts.voter_record import VOTERS_KEY, VoterRecord
from daemon.sign_state import SignState
from ledger.hashing import Hash
from simulator.adapter import (
    Admitted,
    BatchStored,
    Boot,
    Effect,
    Event,
    EvidenceFound,
    NodeStatus,
    ReadReady,
    ReadRequested,
    Refused,
    Started,
    SteppedNode,
    StoreBatch,
    Submitted,
    Ticked,
    make_node,
)
from storage.interface import OrderedState, StoredExecution, StoreReader


class Wrapped:
    """The real node with something between it and the world."""

    def __init__(self, boot: Boot) -> None:
        self.boot = boot
        self.inner: SteppedNode = make_node(boot)

    def step(self, event: Event) -> list[Effect]:
        return self.inner.step(event)

    def status(self) -> NodeStatus:
        return self.inner.status()


class TellsEarly(Wrapped):
    """Takes a write for durable as soon as it is asked for."""

    def step(self, event: Event) -> list[Effect]:
        if isinstance(event, BatchStored):
            return []
        told: list[Effect] = []
        waiting = self.inner.step(event)
        while waiting:
            told.extend(waiting)
            stored = [effect.ticket for effect in waiting if isinstance(effect, StoreBatch)]
            waiting = self.inner.step(BatchStored(event.now_ms, stored[-1])) if stored else []
        return told


class SignsAgain(Wrapped):
    """Starts as if it had never signed anything."""

    def __init__(self, boot: Boot) -> None:
        super().__init__(replace(boot, sign_state=SignState(), term_certificate=b""))


class ReadsAtOnce(Wrapped):
    """Answers linearizable reads from what it has."""

    def step(self, event: Event) -> list[Effect]:
        if isinstance(event, ReadRequested):
            return [ReadReady(event.question, 0)]
        return self.inner.step(event)


class FallsAsleep(Wrapped):
    """Hears of no time after its first two seconds: it runs, and does nothing by itself."""

    def __init__(self, boot: Boot) -> None:
        super().__init__(boot)
        self.started_ms = 0

    def step(self, event: Event) -> list[Effect]:
        if isinstance(event, Started):
            self.started_ms = event.now_ms
        if not isinstance(event, Started | Ticked) and event.now_ms > self.started_ms + 2000:
            return []
        return self.inner.step(event)


class Overflows(Wrapped):
    """Says that its pool holds more than it may."""

    def status(self) -> NodeStatus:
        return replace(self.inner.status(), mempool_count=1_000_000)


class Stumbles(Wrapped):
    """Meets something that nobody foresaw."""

    def step(self, event: Event) -> list[Effect]:
        if isinstance(event, Ticked) and self.inner.status().executed_height > 3:
            raise ZeroDivisionError("a mistake")
        return self.inner.step(event)


class Reading:
    """The store as it is, but for what a broken node reads in another way."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


class _Records:
    """What a broken node reads, as `contracts` reads it."""

    def __init__(self, reading: Any) -> None:
        self.get = reading.state
        self.next_key = reading.next_state_key


class NoDuplicates(Reading):
    def duplicates(self, ids: Sequence[Hash], now_ms: int, expiries_ms: Sequence[int] | None = None) -> set[Hash]:
        return set()

    def index_of(self, transaction_id: Hash) -> int | None:
        return None


class ExecutesAgain(Wrapped):
    """Does not know what it has executed, and is handed everything a second time three seconds later."""

    def __init__(self, boot: Boot) -> None:
        super().__init__(replace(boot, reader=cast(StoreReader, NoDuplicates(boot.reader))))
        self.seen: deque[Submitted] = deque()

    def step(self, event: Event) -> list[Effect]:
        effects = self.inner.step(event)
        if isinstance(event, Submitted):
            self.seen.append(event)
        elif isinstance(event, Ticked) and self.seen and event.now_ms > self.seen[0].now_ms + 3000:
            again = replace(self.seen.popleft(), now_ms=event.now_ms)
            # Nobody waits for an answer to these.
            effects += [one for one in self.inner.step(again) if not isinstance(one, Admitted | Refused)]
        return effects


class Stingy(Reading):
    """Reads that everybody may submit one transaction a day."""

    def state(self, key: bytes) -> bytes | None:
        data = self._reader.state(key)
        if key != PARAMETERS_KEY or data is None:
            return data
        version, fields = Record.decode(data)
        return Record(version, fields | {"transactions_per_sender_per_day_max": 1}).encode()

    @contextmanager
    def states(self) -> Iterator[OrderedState]:
        yield _Records(self)


class ExecutesOtherwise(Wrapped):
    """Executes what the others execute by another rule; only the first voter does."""

    def __init__(self, boot: Boot) -> None:
        is_odd = boot.keys.node_id == boot.genesis.voters[0].node_id
        super().__init__(replace(boot, reader=cast(StoreReader, Stingy(boot.reader))) if is_odd else boot)


class Misplaces(Wrapped):
    """Writes down that each transaction stands one entry later than it does; only the first voter does."""

    def __init__(self, boot: Boot) -> None:
        super().__init__(boot)
        self.is_odd = boot.keys.node_id == boot.genesis.voters[0].node_id

    def step(self, event: Event) -> list[Effect]:
        effects = self.inner.step(event)
        return [self.moved(one) if self.is_odd and isinstance(one, StoreBatch) else one for one in effects]

    def moved(self, effect: StoreBatch) -> StoreBatch:
        executions = tuple(
            replace(one, ids=tuple(placed._replace(leaf_index=placed.leaf_index + 1) for placed in one.ids))
            for one in effect.batch.executions
        )
        return replace(effect, batch=replace(effect.batch, executions=executions))


class Alone(Reading):
    """Reads of no voter but its own node."""

    def __init__(self, reader: StoreReader, node_id: Hash) -> None:
        super().__init__(reader)
        self._node_id = node_id

    def state(self, key: bytes) -> bytes | None:
        data = self._reader.state(key)
        if key != VOTERS_KEY or data is None:
            return data
        voters = VoterRecord.decode(data)
        own = tuple(voter for voter in voters.voters if voter.node_id == self._node_id)
        version = Record.decode(data).version
        return Record(version, replace(voters, voters=own).fields).encode()

    @contextmanager
    def states(self) -> Iterator[OrderedState]:
        yield _Records(self)


class ElectsItself(Wrapped):
    """Takes its own vote for a quorum."""

    def __init__(self, boot: Boot) -> None:
        super().__init__(replace(boot, reader=cast(StoreReader, Alone(boot.reader, boot.keys.node_id))))


class Accuses(Wrapped):
    """Shows evidence against the first voter, which did nothing."""

    def __init__(self, boot: Boot) -> None:
        super().__init__(boot)
        self.accused = boot.genesis.voters[0].node_id

    def step(self, event: Event) -> list[Effect]:
        effects = self.inner.step(event)
        if isinstance(event, Ticked) and self.inner.status().executed_height > 3:
            said = SignedMessage(b"said", bytes(64))
            effects.append(EvidenceFound(Evidence(Offence.VOTES, self.accused, 1, said, said)))
        return effects


class KeepsSignatures(Wrapped):
    """Never publishes a checkpoint."""

    def step(self, event: Event) -> list[Effect]:
        effects = self.inner.step(event)
        return [
            replace(one, batch=replace(one.batch, checkpoint=None)) if isinstance(one, StoreBatch) else one
            for one in effects
        ]


class RunsTimersTwice(Wrapped):
    """Stores of every timer that it ran twice."""

    def step(self, event: Event) -> list[Effect]:
        effects = self.inner.step(event)
        return [
            replace(one, batch=replace(one.batch, executions=tuple(map(self._doubled, one.batch.executions))))
            if isinstance(one, StoreBatch)
            else one
            for one in effects
        ]

    @staticmethod
    def _doubled(execution: StoredExecution) -> StoredExecution:
        return replace(execution, effects=execution.effects * 2)

"""Simulated clients: they post signed notices, wait, try again with the same bytes, and remember what they were told.

Owns each client's key, what it is doing and its patience; never looks into a node. A client has one operation under way
at a time. What became of an operation that no node answered stays open: it may have happened, or may happen later.

Every notice goes into a unit's file under the next number, so that posting and reading a unit's count is a counter that
the checker of linearizable histories knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.notice import KIND_FILE
from contracts.record import Record, record_key
from ledger.genesis import member_id
from ledger.hashing import Hash
from ledger.transaction import Transaction, build_transaction
from simulator.chance import Chance
from simulator.desk import Answer, Outcome
from simulator.identities import START_MS, Identities
from simulator.observation import Acknowledged, OperationBegan, OperationEnded, OperationFailed, Stream
from simulator.process import Process
from simulator.schedule import MILLISECOND_US, SECOND_US, Schedule

POST = "post"
READ = "read"
# Between client and node, one way.
_WAY_US = (200, 5_000)
# A client that was told "later", or whose connection broke, tries again after about so long.
_RETRY_US = (100 * MILLISECOND_US, 900 * MILLISECOND_US)
# One that hears nothing asks another node.
_PATIENCE_US = 4 * SECOND_US
# After that an operation is given up: a minute of outages is longer than any plan of faults keeps a node away.
_ATTEMPTS_MAX = 40
_READ_SHARE = 0.15
# Longer than a clock is set wrong by, shorter than the network allows.
_LIFETIME_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How clients behave: how many, how often each begins something (on average), on how many units' files."""

    count: int = 3
    interval_us: int = 500 * MILLISECOND_US
    units: int = 2


@dataclass(slots=True)
class _Operation:
    """What a client is at; `attempt` changes with each try, so that answers to earlier ones are told apart."""

    number: int
    kind: str
    unit: str
    began_us: int
    transaction: Transaction | None
    attempt: int = 0


class Clients:
    """All clients of a world."""

    def __init__(
        self,
        settings: ClientSettings,
        seed: int,
        schedule: Schedule,
        stream: Stream,
        identities: Identities,
        processes: Sequence[Process],
    ) -> None:
        self._operations = 0
        self._clients = [
            _Client(self, number, settings, Chance(seed, f"client/{number}"), schedule, stream, identities, processes)
            for number in range(settings.count)
        ]

    def start(self) -> None:
        """Let everybody begin."""
        for client in self._clients:
            client.rest()

    def next_operation(self) -> int:
        """A number that no other operation has."""
        self._operations += 1
        return self._operations


class _Client:
    """One client; what it calls on a node happens a way's time later, and so does the answer."""

    def __init__(
        self,
        all_clients: Clients,
        number: int,
        settings: ClientSettings,
        chance: Chance,
        schedule: Schedule,
        stream: Stream,
        identities: Identities,
        processes: Sequence[Process],
    ) -> None:
        self._all = all_clients
        self._number = number
        self._settings = settings
        self._chance = chance
        self._schedule = schedule
        self._tell = stream.tell
        self._network_id: Hash = identities.genesis.network_id
        self._key = identities.clients[number]
        self._member = member_id(self._network_id, self._key.public)
        self._processes = processes
        self._node = chance.below(len(processes))
        self._operation: _Operation | None = None

    def rest(self) -> None:
        """Do nothing for a while, then begin something."""
        self._operation = None
        self._schedule.after(1 + int(2 * self._settings.interval_us * self._chance.random()), self._begin)

    def _begin(self) -> None:
        now_us = self._schedule.now_us
        unit = f"unit-{self._chance.below(self._settings.units)}"
        kind = READ if self._chance.happens(_READ_SHARE) else POST
        number = self._all.next_operation()
        transaction = self._notice(unit, number) if kind == POST else None
        self._operation = _Operation(number, kind, unit, now_us, transaction)
        self._tell(OperationBegan(now_us, self._number, number, kind, unit))
        self._try()

    def _notice(self, unit: str, number: int) -> Transaction:
        return build_transaction(
            network_id=self._network_id,
            sender=self._member,
            operation="notice.post",
            arguments={"unit": unit, "title": f"notice {number}"},
            nonce=self._chance.nonce(),
            expires_ms=START_MS + self._schedule.now_us // MILLISECOND_US + _LIFETIME_MS,
            signers=[self._key],
        )

    def _try(self) -> None:
        operation = self._operation
        assert operation is not None, "who tries has something to do"
        operation.attempt += 1
        self._schedule.after(self._way_us(), self._call, operation, operation.attempt)
        self._schedule.after(_PATIENCE_US, self._give_up_waiting, operation, operation.attempt)

    def _call(self, operation: _Operation, attempt: int) -> None:
        process = self._processes[self._node]

        def reply(answer: Answer) -> None:
            self._schedule.after(self._way_us(), self._hear, operation, attempt, answer)

        if operation.transaction is not None:
            process.submit(operation.transaction.envelope, reply)
        else:
            process.read(record_key(KIND_FILE, operation.unit), self._chance.nonce(), reply)

    def _hear(self, operation: _Operation, attempt: int, answer: Answer) -> None:
        if operation is not self._operation or attempt != operation.attempt:
            return
        now_us = self._schedule.now_us
        match answer.outcome:
            case Outcome.COMMITTED:
                self._committed(operation, answer)
            case Outcome.READ:
                self._tell(OperationEnded(now_us, self._number, operation.number, _count(answer.record)))
                self.rest()
            case Outcome.REFUSED:
                # A post that was handed in before may be in somebody else's block already.
                if operation.attempt == 1:
                    self._tell(OperationFailed(now_us, self._number, operation.number))
                self.rest()
            case Outcome.LATER | Outcome.BROKEN:
                self._retry()

    def _committed(self, operation: _Operation, answer: Answer) -> None:
        now_us, result, transaction = self._schedule.now_us, answer.result, operation.transaction
        assert result is not None and transaction is not None, "only a transaction can be committed"
        self._tell(
            Acknowledged(now_us, self._number, transaction.id, answer.height, answer.leaf_index, operation.began_us)
        )
        numbers = [event.fields["number"] for event in result.events if event.name == "notice.posted"]
        if numbers and isinstance(numbers[0], int):
            self._tell(OperationEnded(now_us, self._number, operation.number, numbers[0]))
        else:
            self._tell(OperationFailed(now_us, self._number, operation.number))
        self.rest()

    def _give_up_waiting(self, operation: _Operation, attempt: int) -> None:
        if operation is self._operation and attempt == operation.attempt:
            self._retry()

    def _retry(self) -> None:
        operation = self._operation
        assert operation is not None, "who tries again has something to do"
        operation.attempt += 1
        if operation.attempt > 2 * _ATTEMPTS_MAX:
            self.rest()
            return
        self._node = self._chance.below(len(self._processes))
        if operation.kind == READ:
            # A question that is asked again is a new one: the old one may have been answered and the answer lost.
            self.rest()
            return
        self._schedule.after(self._chance.between(*_RETRY_US), self._try_again, operation)

    def _try_again(self, operation: _Operation) -> None:
        if operation is self._operation:
            self._try()

    def _way_us(self) -> int:
        return self._chance.between(*_WAY_US)


def _count(record: bytes | None) -> int:
    if record is None:
        return 0
    count = Record.decode(record).fields["count"]
    assert isinstance(count, int), "the contract counts its notices"
    return count

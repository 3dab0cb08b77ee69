"""Runs a pure node against a real store without a shell: effects are carried out at once, in order.

A crash is leaving the driver where it stands: whatever was not applied is lost, as on a real machine.
"""

from collections import deque
from dataclasses import dataclass, field

from contracts.genesis_state import genesis_records
from contracts.protocols import Protocols, builtin_protocols
from daemon.effects import (
    Admitted,
    Alarm,
    BlockExecuted,
    CheckpointPublished,
    Dropped,
    Effect,
    Refused,
    SaveSignState,
    Stopped,
    StoreBatch,
)
from daemon.events import (
    BatchStored,
    Event,
    SignStateSaved,
    Started,
    Stopping,
    Submission,
    Submitted,
    Ticked,
)
from daemon.node import Node
from daemon.pace import BLOCK_WORK_MS_MAX
from daemon.sign_state import SignState
from ledger.detached import DetachedValue
from ledger.genesis import Genesis, member_id
from ledger.node_keys import NodeKeys
from ledger.signing import SigningKey
from ledger.state_digest import StateDigest
from ledger.transaction import Transaction, build_transaction
from storage.interface import Store
from storage.memory import MemoryStore
from tests.consensus.cluster import Dice
from tests.daemon.networks import START_MS, administrator_key, node_keys, single_voter_genesis


def memory_store(genesis: Genesis) -> MemoryStore:
    """An empty memory store of the network, with its genesis state."""
    records = genesis_records(genesis)
    digest = StateDigest.empty()
    for key, value in records.items():
        digest.add(key, value)
    return MemoryStore.create(genesis.network_id, records, digest.lanes_bytes())


@dataclass
class Driver:
    """One node, its store and its sign-state; `hold_writes` leaves writes undone until `release` is called."""

    genesis: Genesis = field(default_factory=single_voter_genesis)
    keys: NodeKeys = field(default_factory=node_keys)
    store: Store | None = None
    sign_state: SignState = field(default_factory=SignState)
    term_certificate: bytes = b""
    now_ms: int = START_MS
    hold_writes: bool = False
    protocols: Protocols = field(default_factory=builtin_protocols)
    block_work_ms_max: int = BLOCK_WORK_MS_MAX

    def __post_init__(self) -> None:
        if self.store is None:
            self.store = memory_store(self.genesis)
        self.node = Node(
            self.keys,
            self.genesis,
            self.protocols,
            self.store,
            self.sign_state,
            self.term_certificate,
            Dice(self.now_ms),
            block_work_ms_max=self.block_work_ms_max,
        )
        self.held: deque[StoreBatch] = deque()
        self.effects: list[Effect] = []
        self.executed: list[BlockExecuted] = []
        self.checkpoints: list[CheckpointPublished] = []
        self.refused: list[Refused] = []
        self.admitted: list[Admitted] = []
        self.dropped: list[Dropped] = []
        self.alarms: list[Alarm] = []
        self.stopped = False
        self._requests = 0
        self._nonces = 0

    def start(self) -> "Driver":
        self.run(Started(self.now_ms))
        return self

    def tick(self, milliseconds: int = 100) -> None:
        self.now_ms += milliseconds
        self.run(Ticked(self.now_ms))

    def stop(self) -> None:
        self.run(Stopping(self.now_ms))

    def submit(self, *transactions: Transaction, detached: tuple[DetachedValue, ...] = ()) -> None:
        submissions = []
        for transaction in transactions:
            self._requests += 1
            submissions.append(Submission(self._requests, transaction, detached))
        self.run(Submitted(self.now_ms, tuple(submissions)))

    def notice(self, title: str = "a notice", **changes: object) -> Transaction:
        """A valid notice by the administrator; `changes` override parts of the transaction."""
        self._nonces += 1
        key = changes.pop("key", administrator_key())
        assert isinstance(key, SigningKey)
        fields: dict[str, object] = {
            "network_id": self.genesis.network_id,
            "sender": member_id(self.genesis.network_id, key.public),
            "operation": "notice.post",
            "arguments": {"unit": "branch-1", "title": title},
            "nonce": self._nonces.to_bytes(16, "big"),
            "expires_ms": self.now_ms + 3_600_000,
            "signers": [key],
        }
        return build_transaction(**(fields | changes))  # type: ignore[arg-type]

    def run(self, *events: Event) -> None:
        """Feed events, and those that follow from carrying out the effects, until nothing follows."""
        waiting = deque(events)
        while waiting:
            for effect in self.node.step(waiting.popleft()):
                waiting.extend(self._carry_out(effect))

    def release(self, count: int = 1_000_000) -> None:
        """Do writes that were held back, oldest first, each reported on its own."""
        while self.held and count:
            count -= 1
            effect = self.held.popleft()
            self._apply(effect)
            self.run(BatchStored(self.now_ms, effect.ticket))

    def restarted(self) -> "Driver":
        """The node after a crash now: same store, same sign-state, everything else gone."""
        kept = (self.genesis, self.keys, self.store, self.sign_state, self.term_certificate, self.now_ms)
        return Driver(*kept, protocols=self.protocols)

    def with_an_empty_store(self) -> "Driver":
        """The node with its database lost and its sign-state kept."""
        store = memory_store(self.genesis)
        return Driver(self.genesis, self.keys, store, self.sign_state, self.term_certificate, self.now_ms)

    def _apply(self, effect: StoreBatch) -> None:
        assert self.store is not None
        self.store.apply([effect.batch])

    def _carry_out(self, effect: Effect) -> list[Event]:
        self.effects.append(effect)
        match effect:
            case StoreBatch(ticket, _):
                if self.hold_writes or self.held:
                    self.held.append(effect)
                    return []
                self._apply(effect)
                return [BatchStored(self.now_ms, ticket)]
            case SaveSignState(ticket, state, _, certificate):
                self.sign_state = state
                self.term_certificate = certificate or self.term_certificate
                return [SignStateSaved(self.now_ms, ticket)]
            case BlockExecuted():
                self.executed.append(effect)
            case CheckpointPublished():
                self.checkpoints.append(effect)
            case Refused():
                self.refused.append(effect)
            case Admitted():
                self.admitted.append(effect)
            case Dropped():
                self.dropped.append(effect)
            case Alarm():
                self.alarms.append(effect)
            case Stopped():
                self.stopped = True
            case _:
                pass
        return []

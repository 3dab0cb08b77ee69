"""Several pure nodes on memory stores, joined by a network that a test steers: real blocks, real signatures, no shell.

Frames wait in `network` until they are delivered; writes are done at once unless a test holds them. What must never
differ between nodes is checked whenever somebody executes a block.
"""

from collections import deque
from functools import lru_cache
from typing import Any

from contracts.protocols import Protocols, builtin_protocols
from daemon.effects import (
    Admitted,
    Alarm,
    BlockExecuted,
    Effect,
    Refused,
    Reported,
    SaveSignState,
    StoreBatch,
    Verify,
)
from daemon.events import (
    BatchStored,
    Event,
    PeerConnected,
    PeerGone,
    Received,
    SignStateSaved,
    Started,
    Submission,
    Submitted,
    SyncDone,
    Ticked,
    Verified,
)
from daemon.node import Node
from daemon.sign_state import SignState
from daemon.sync_work import AnswerSnapshots, SyncWork
from ledger.detached import DetachedValue
from ledger.errors import BanyanError
from ledger.genesis import member_id
from ledger.hashing import Hash
from ledger.submission import decode_submission
from ledger.transaction import Transaction, build_transaction, decode_envelope, verify_signatures
from p2p.effects import Drop, SendFrame
from p2p.frames import decode_frame, encode_frame
from p2p.overlay import OverlaySettings
from tests.consensus.cluster import Dice
from tests.daemon.driver import memory_store
from tests.daemon.networks import START_MS, administrator_key, node_description, node_keys, single_voter_genesis
from tests.daemon.syncing_machine import SyncingMachine

Found = tuple[Transaction, tuple[DetachedValue, ...]]
TICK_MS = 100


@lru_cache(maxsize=10_000)
def verified(submission: bytes) -> Found | None:
    """What the shell's threads do; the same bytes give the same answer, so the nodes share it."""
    try:
        envelope, detached = decode_submission(submission)
        transaction = decode_envelope(envelope)
    except BanyanError:
        return None
    return (transaction, detached) if verify_signatures(transaction) else None


class NodeHost:
    """One node with its store and sign-state; None in `node` while it is down."""

    def __init__(self, cluster: "NodeCluster", number: int) -> None:
        self.cluster = cluster
        self.number = number
        # The program that the node runs; a test may put another one in its place.
        self.protocols = cluster.protocols
        self.keys = node_keys(number + 1)
        self.id = self.keys.node_id
        self.store = memory_store(cluster.genesis)
        self.sign_state = SignState()
        self.certificate = b""
        self.syncing = SyncingMachine(cluster.genesis, **cluster.sync)
        self.starts = 0
        self.node: Node | None = None
        self.executed: dict[int, BlockExecuted] = {}
        self.answers: list[Admitted | Refused] = []
        self.reports: list[BanyanError] = []
        self.alarms: list[BanyanError] = []
        self.other: list[Effect] = []
        self.drops: list[Drop] = []
        self.clock_offset_ms = 0
        # Writes and signature checks under way, in order, while the cluster holds them.
        self.held: deque[StoreBatch | SaveSignState | Verify] = deque()

    def start(self) -> None:
        """Begin with what is kept, connected to the neighbours that are up."""
        self.starts += 1
        chance = Dice(self.number * 1000 + self.starts)
        self.node = Node(
            self.keys,
            self.cluster.genesis,
            self.protocols,
            self.store,
            self.sign_state,
            self.certificate,
            chance,
            neighbours=self.cluster.settings_of(self),
            sync=self.syncing.settings(self.store),
        )
        self.run(Started(self.now_ms))
        for other in self.cluster.neighbours(self):
            if other.node is not None:
                self.run(PeerConnected(self.now_ms, other.id))
                other.run(PeerConnected(other.now_ms, self.id))

    def crash(self) -> None:
        """Lose everything that is not on disk."""
        self.node = None
        self.held.clear()
        for other in self.cluster.neighbours(self):
            other.run(PeerGone(other.now_ms, self.id))

    @property
    def now_ms(self) -> int:
        """This machine's clock."""
        return self.cluster.now_ms + self.clock_offset_ms

    def run(self, *events: Event) -> None:
        """Feed events, and those that follow from carrying out what the node wants."""
        waiting = deque(events)
        while waiting and self.node is not None:
            for effect in self.node.step(waiting.popleft()):
                waiting.extend(self.carry_out(effect))

    def carry_out(self, effect: Effect) -> list[Event]:
        """Disk and threads answer at once, unless the cluster holds them; frames wait in the network."""
        if self.cluster.holds and isinstance(effect, StoreBatch | SaveSignState | Verify):
            self.held.append(effect)
            return []
        match effect:
            case StoreBatch() | SaveSignState() | Verify():
                return self.done(effect)
            case SendFrame(peer, frame, _):
                self.cluster.network.append((self.id, peer, encode_frame(frame)))
            case Drop(peer, _):
                self.drops.append(effect)
                self.cluster.by_id[peer].run(PeerGone(self.now_ms, self.id))
            case AnswerSnapshots(peer, asked):
                self.cluster.network.append((self.id, peer, encode_frame(self.syncing.answer(asked))))
            case SyncWork(ticket, work):
                failed = self.syncing.do(work)
                if self.syncing.ready is None:
                    return [SyncDone(self.now_ms, ticket, failed)]
                self.crash()
                self.store, self.syncing.ready = self.syncing.ready, None
                self.start()
            case BlockExecuted():
                self.cluster.check_executed(self, effect)
                self.executed[effect.height] = effect
            case Admitted() | Refused():
                self.answers.append(effect)
            case Reported(error):
                self.reports.append(error)
            case Alarm(error):
                self.alarms.append(error)
            case _:
                self.other.append(effect)
        return []

    def complete(self, count: int = 1) -> None:
        """The oldest things under way are done; disk and sign-state keep their own order among themselves."""
        for _ in range(count):
            if self.held and self.node is not None:
                effect = self.held.popleft()
                self.run(*self.done(effect))

    def done(self, effect: StoreBatch | SaveSignState | Verify) -> list[Event]:
        """Do it, and say what is reported."""
        match effect:
            case StoreBatch(ticket, batch):
                self.store.apply([batch])
                return [BatchStored(self.now_ms, ticket)]
            case SaveSignState(ticket, state, _, certificate):
                self.sign_state = state
                self.certificate = certificate or self.certificate
                return [SignStateSaved(self.now_ms, ticket)]
            case Verify(ticket, submissions):
                return [Verified(self.now_ms, ticket, tuple(verified(one) for one in submissions))]

    def submit(self, *transactions: Transaction) -> None:
        """Hand in as a client does."""
        self.run(Submitted(self.now_ms, tuple(Submission(n, one, ()) for n, one in enumerate(transactions))))


class NodeCluster:
    """`voters` nodes, and others that only observe; `links` are pairs of numbers, all with all by default."""

    def __init__(
        self,
        voters: int,
        links: set[tuple[int, int]] | None = None,
        observers: int = 0,
        protocols: Protocols | None = None,
        sync: dict[str, Any] | None = None,
        **changes: object,
    ) -> None:
        self.sync = sync or {}
        names = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta")
        described = [node_description(number + 1, names[number]).to_value() for number in range(voters)]
        self.genesis = single_voter_genesis(voters=described, **changes)
        self.protocols = protocols or builtin_protocols()
        self.now_ms = START_MS
        nodes = voters + observers
        pairs = {(a, b) for a in range(nodes) for b in range(a + 1, nodes)}
        self.links = pairs if links is None else links
        self.network: deque[tuple[Hash, Hash, bytes]] = deque()
        self.digests: dict[int, tuple[int, ...]] = {}
        self.cut: set[frozenset[int]] = set()
        # From, to: nothing arrives that way, and nobody has noticed.
        self.silent: set[tuple[int, int]] = set()
        self.hosts: list[NodeHost] = []
        self.nonces = 0
        self.holds = False
        for number in range(nodes):
            self.hosts.append(NodeHost(self, number))
        self.by_id = {host.id: host for host in self.hosts}
        for host in self.hosts:
            host.start()

    def neighbours(self, host: NodeHost) -> list[NodeHost]:
        """Who is linked with this node."""
        return [
            other
            for other in self.hosts
            if other is not host and (min(host.number, other.number), max(host.number, other.number)) in self.links
        ]

    def settings_of(self, host: NodeHost) -> OverlaySettings:
        """Exactly the neighbours that the links name."""
        return OverlaySettings(tuple(other.id for other in self.neighbours(host)), fixed=True)

    def deliver(self) -> None:
        """Deliver all frames, and those that follow."""
        for _ in range(200_000):
            if not self.network:
                return
            self.deliver_one(0)
        raise AssertionError("the network does not come to rest")

    def deliver_one(self, place: int) -> None:
        """Deliver the oldest frame between the two nodes of the frame at `place`: a connection keeps its order."""
        sender, receiver, _ = self.network[place]
        at = next(at for at, frame in enumerate(self.network) if frame[:2] == (sender, receiver))
        data = self.network[at][2]
        del self.network[at]
        host = self.by_id[receiver]
        way = (self.by_id[sender].number, host.number)
        if frozenset(way) not in self.cut and way not in self.silent:
            host.run(Received(host.now_ms, sender, decode_frame(data)))

    def run(self, duration_ms: int) -> None:
        """A calm network for a while."""
        end = self.now_ms + duration_ms
        while self.now_ms < end:
            self.now_ms += TICK_MS
            for host in self.hosts:
                host.run(Ticked(host.now_ms))
            self.deliver()

    def check_executed(self, host: NodeHost, block: BlockExecuted) -> None:
        """All nodes execute the same."""
        told = (block.time_ms, block.tree_size, *(hash(one.transaction_id) for one in block.transactions))
        assert self.digests.setdefault(block.height, told) == told, f"node {host.number} differs at {block.height}"

    @property
    def leader(self) -> NodeHost | None:
        """Who leads, if somebody does."""
        leading = [host for host in self.hosts if host.node is not None and host.node.status().role == "leader"]
        return leading[0] if leading else None

    def notice(self, title: str = "a notice", **changes: object) -> Transaction:
        """A valid notice by the administrator; `changes` override parts of the transaction."""
        self.nonces += 1
        key = administrator_key()
        fields: dict[str, object] = {
            "network_id": self.genesis.network_id,
            "sender": member_id(self.genesis.network_id, key.public),
            "operation": "notice.post",
            "arguments": {"unit": "branch-1", "title": title},
            "nonce": self.nonces.to_bytes(16, "big"),
            "expires_ms": self.now_ms + 3_600_000,
            "signers": [key],
        }
        return build_transaction(**(fields | changes))  # type: ignore[arg-type]

"""Several agreement cores with simulated disks and a network that a test steers: no ledger, only blocks as agreement
knows them.

A write is durable when `complete_write` says so; a crash loses the writes under way. Messages wait in `network` until
they are delivered, dropped or delivered twice. What must never happen is checked by `cluster_checks`.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from consensus.agreement import Agreement
from consensus.branch import Branch
from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.effects import (
    BecameLeader,
    Broadcast,
    BroadcastCertificate,
    BroadcastTerm,
    Caught,
    Committed,
    Effect,
    KeepAcknowledgement,
    KeepTerm,
    KeepVote,
    Missing,
    Propose,
    ReadConfirmed,
    ReadRefused,
    StandingChanged,
)
from consensus.events import (
    Accepted,
    AcknowledgementKept,
    BlocksStored,
    CertificateHeard,
    ChainLink,
    Event,
    HeaderSeen,
    Heard,
    ReadAsked,
    TermCertificateHeard,
    TermKept,
    Tick,
    VoteKept,
    VotersChanged,
)
from consensus.packets import Packet
from consensus.settings import Kept, Role, Settings
from consensus.statement import Position
from consensus.term_certificates import TermCertificate
from consensus.timing import Timing
from consensus.voters import Voter, VoterSet
from ledger.encoding import decode, encode
from ledger.hashing import Hash, tagged_hash
from ledger.node_keys import NodeKeys
from tests.consensus.cluster_checks import Checks

NETWORK = b"n" * 32
GENESIS = Position(0, 0, NETWORK)
TIMING = Timing()
TICK_MS = 50
WINDOW = 8


def keys_of(number: int) -> NodeKeys:
    """The keys of node `number`."""
    return NodeKeys.from_seed(bytes([number + 1]) * 32)


def voter_set(numbers: tuple[int, ...], quorum: str = "majority") -> VoterSet:
    """The nodes of these numbers as voters."""
    return VoterSet(tuple(Voter(keys_of(one).node_id, keys_of(one).agreement.public) for one in numbers), quorum)


class Dice:
    """`consensus.settings.Chance` from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def below(self, limit: int) -> int:
        return self._random.randrange(limit)

    def nonce(self) -> bytes:
        return self._random.randbytes(16)


@dataclass(frozen=True)
class Block:
    """A block as the cluster stores it; `change` puts other voters in force when it is committed."""

    link: ChainLink
    proposer: Hash
    election: ElectionCertificate | None = None
    change: VoterSet | None = None

    @property
    def position(self) -> Position:
        return self.link.position

    @property
    def header(self) -> bytes:
        """What stands for the signed header: it says which position it proves."""
        return encode(list(self.position))


def position_of(header: bytes, signature: bytes) -> Position | None:
    """The prover: headers of this cluster are always genuine."""
    term, height, block_hash = decode(header)  # type: ignore[misc, str-unpack]
    return Position(term, height, block_hash)  # type: ignore[arg-type]


@dataclass
class Disk:
    """What a node has after a crash."""

    term: int = 0
    voted_for: Hash | None = None
    certificate: TermCertificate | None = None
    acknowledged: Position = GENESIS
    chain: list[Block] = field(default_factory=list)
    committed_height: int = 0
    # By height; where a certificate covers several heights it stands at each of them.
    certificates: dict[int, BlockCertificate] = field(default_factory=dict)
    executed_sets: list[VoterSet] = field(default_factory=list)

    @property
    def tip(self) -> Position:
        return self.chain[-1].position if self.chain else GENESIS

    def holds(self, position: Position) -> bool:
        if position == GENESIS or self.tip.term > position.term:
            return True
        return len(self.chain) >= position.height and self.chain[position.height - 1].position == position


Write = tuple[str, object]


class Host:
    """One node: a core (or none while it is down), a disk, and writes under way."""

    def __init__(self, cluster: "Cluster", number: int) -> None:
        self.cluster = cluster
        self.number = number
        self.keys = keys_of(number)
        self.id = self.keys.node_id
        self.disk = Disk(executed_sets=[cluster.first_voters])
        self.writes: deque[Write] = deque()
        self.core: Agreement | None = None
        self.paused: Agreement | None = None
        self.starts = 0
        self.proposer_term = 0
        self.led_term = 0
        self.log: list[str] = []
        self.reads: dict[bytes, int | None] = {}
        self.waiting_ms = 0

    # -- running ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin with what is on disk."""
        self.starts += 1
        disk = self.disk
        committed = disk.chain[disk.committed_height - 1].position if disk.committed_height else GENESIS
        branch = Branch(committed, disk.committed_height)
        above = tuple(block.link for block in disk.chain[disk.committed_height :])
        if above:
            branch.extend(above)
        proof = (disk.chain[-1].header, b"s") if disk.chain else (b"", b"")
        if disk.tip.term > disk.term:
            # The chain proves the term, and its opening block used up the vote: see `Agreement`.
            opening = next(block for block in disk.chain if block.position.term == disk.tip.term)
            assert opening.election is not None
            disk.term, disk.certificate = disk.tip.term, opening.election
            disk.voted_for = opening.election.candidate
        kept = Kept(disk.term, disk.voted_for, disk.certificate, disk.acknowledged, disk.holds(disk.acknowledged))
        self.core = Agreement(
            Settings(NETWORK, self.id, self.keys.agreement, TIMING),
            disk.executed_sets[-1],
            disk.executed_sets[:-1],
            kept,
            branch,
            proof,
            Dice(self.number * 1000 + self.starts + self.cluster.seed * 1_000_000),
            position_of,
            self.cluster.now_ms,
        )
        self.proposer_term = 0
        for link in above:
            self.step(Accepted(link.position))

    def crash(self) -> None:
        """Lose everything that is not on disk."""
        self.core = self.paused = None
        self.writes.clear()
        self.reads = {question: answer for question, answer in self.reads.items() if answer is not None}

    def pause(self) -> None:
        """Stop as a machine that is suspended: what comes meanwhile is lost, what is in memory stays."""
        self.core, self.paused = None, self.core

    def resume(self) -> None:
        """Go on as if nothing had happened."""
        if self.paused is not None:
            self.core, self.paused = self.paused, None

    def step(self, event: Event) -> None:
        """Feed the core and carry out what it wants."""
        if self.core is None:
            return
        for effect in self.core.step(event, self.cluster.now_ms):
            self.carry_out(effect)

    def carry_out(self, effect: Effect) -> None:
        """Writes wait; messages leave; commits are checked."""
        checks = self.cluster.checks
        match effect:
            case KeepTerm() | KeepVote() | KeepAcknowledgement():
                if isinstance(effect, KeepTerm):
                    checks.keep_term(effect)
                self.writes.append(("keep", effect))
            case Broadcast(packet):
                checks.send(self, packet)
                self.cluster.broadcast(self, Packet.decode(packet.encode()))
            case BroadcastCertificate(certificate):
                self.cluster.broadcast(self, certificate)
            case BroadcastTerm(term_certificate):
                self.cluster.broadcast(self, term_certificate)
            case BecameLeader(term, election):
                checks.leader(term, self, election)
                self.proposer_term = self.led_term = term
                self.build(election)
            case Propose(position, acknowledgement):
                # Apart, so that one may be lost without the other.
                checks.propose(self, position)
                self.cluster.broadcast(self, self._stored(position))
                self.carry_out(Broadcast(acknowledgement))
            case Committed(certificate):
                self._commit(certificate)
            case Missing():
                self.cluster.wanting.add(self.number)
            case ReadConfirmed(question, height):
                checks.read(self, effect)
                self.reads[question] = height
            case ReadRefused(question):
                self.reads[question] = -1
            case StandingChanged(role, term, leader):
                self.log.append(f"{role} in term {term}, leader {self.cluster.name(leader)}")
            case Caught(evidence):
                checks.caught.append(evidence)

    def _stored(self, position: Position) -> Block:
        return self.disk.chain[position.height - 1]

    # -- writes -------------------------------------------------------------------------------------------------

    def complete_write(self) -> None:
        """The oldest write under way is durable."""
        if not self.writes or self.paused is not None:
            return
        kind, what = self.writes.popleft()
        disk = self.disk
        if kind == "blocks":
            assert isinstance(what, tuple)
            blocks: tuple[Block, ...] = what
            first = blocks[0].position.height
            assert first > disk.committed_height
            if first > len(disk.chain) + 1 or blocks[-1].position.rank <= disk.tip.rank:
                return
            if first > 1 and disk.chain[first - 2].position.hash != blocks[0].link.previous_hash:
                return
            disk.chain[first - 1 :] = blocks
            self.step(BlocksStored(tuple(block.link for block in blocks), blocks[-1].header, b"s"))
            for block in blocks:
                if block.election is not None:
                    self.step(TermCertificateHeard(block.election))
            for block in blocks:
                self.step(Accepted(block.position))
            return
        match what:
            case KeepTerm(term, certificate, voted_for):
                disk.term, disk.certificate, disk.voted_for = term, certificate, voted_for
                self.step(TermKept(term))
            case KeepVote(term, candidate):
                assert disk.term == term and disk.voted_for is None
                disk.voted_for = candidate
                self.step(VoteKept(term))
            case KeepAcknowledgement(position):
                disk.acknowledged = position
                self.step(AcknowledgementKept(position))

    @property
    def block_writes(self) -> list[Block]:
        """Blocks that are being written, in order."""
        return [block for kind, what in self.writes if kind == "blocks" for block in what]  # type: ignore[attr-defined]

    # -- blocks -------------------------------------------------------------------------------------------------

    def build(self, election: ElectionCertificate | None = None, change: VoterSet | None = None) -> Block | None:
        """As leader, put a block on top of the newest one and write it."""
        core = self.core
        if core is None or core.role is not Role.LEADER or core.term != self.proposer_term:
            return None
        waiting = self.block_writes
        tip = waiting[-1].position if waiting else self.disk.tip
        if election is None:
            opened = tip.term == core.term
            if not core.may_propose or not opened or tip.height - core.committed_height >= WINDOW:
                return None
            above = [*self.disk.chain[core.committed_height :], *waiting]
            if any(block.change is not None for block in above):
                return None
            if change is not None and (not core.has_committed_own_term or above):
                return None
        hash_ = tagged_hash("block", encode([core.term, tip.height + 1, tip.hash, self.number, self.starts]))
        link = ChainLink(Position(core.term, tip.height + 1, hash_), tip.hash, core.voters.hash)
        block = Block(link, self.id, election, change)
        self.writes.append(("blocks", (block,)))
        return block

    def hear_proposal(self, block: Block) -> None:
        """Store a block that extends what is here; else the neighbours are asked for the rest."""
        self._see(block)
        if block.election is not None:
            self.step(TermCertificateHeard(block.election))
        if self.block_writes:
            return
        if block.link.previous_hash == self.disk.tip.hash and self._may_store(block, self.disk.chain):
            self.writes.append(("blocks", (block,)))
        elif block.position.rank > self.disk.tip.rank:
            self.cluster.wanting.add(self.number)

    def _see(self, block: Block) -> None:
        """Whatever header comes along is looked at for evidence."""
        self.step(HeaderSeen(block.position, block.proposer, block.header, b"s"))

    def _may_store(self, block: Block, below: list[Block]) -> bool:
        """Whether the block names the voter set in force on top of `below`, and this node knows that.

        A block of a set that is not in force here waits until the change is committed and executed here. A set can come
        back, so that it was in force once says nothing.
        """
        claimed, sets = block.link.voter_set_hash, self.disk.executed_sets
        if any(one.change is not None for one in below[self.disk.committed_height :]):
            return block.election is not None and claimed == sets[-1].hash
        if claimed == sets[-1].hash:
            return True
        # Whoever opened a term may not have known yet that the change below was committed.
        parent = below[-1] if below else None
        is_next = parent is not None and (parent.change is not None or parent.election is not None)
        return block.election is not None and is_next and len(sets) > 1 and claimed == sets[-2].hash

    def pull(self, source: "Host") -> None:
        """Fetch from a neighbour what is newer there: blocks, certificates, the term."""
        if self.core is None or self.block_writes:
            return
        chain, own = source.disk.chain, self.disk.chain
        # Nobody commits two blocks of one height: what both have committed is the same.
        common = min(self.disk.committed_height, source.disk.committed_height)
        while common < min(len(chain), len(own)) and chain[common].position == own[common].position:
            common += 1
        fetched: list[Block] = []
        for block in chain[common:]:
            self._see(block)
            if not self._may_store(block, [*chain[:common], *fetched]):
                break
            fetched.append(block)
        if fetched and common >= self.disk.committed_height and fetched[-1].position.rank > self.disk.tip.rank:
            self.writes.append(("blocks", tuple(fetched)))
        if source.disk.certificate is not None:
            self.step(TermCertificateHeard(source.disk.certificate))
        for height in range(self.disk.committed_height + 1, source.disk.committed_height + 1):
            # Each change of voters is certified by the set before; only who knows that one can follow.
            if chain[height - 1].change is not None or height == source.disk.committed_height:
                self.step(CertificateHeard(source.disk.certificates[height]))

    def _commit(self, certificate: BlockCertificate) -> None:
        disk = self.disk
        assert len(disk.chain) >= certificate.height, "what is committed is stored"
        self.cluster.checks.commit(self, certificate)
        changes = [block.change for block in disk.chain[disk.committed_height : certificate.height] if block.change]
        for height in range(disk.committed_height + 1, certificate.height + 1):
            disk.certificates[height] = certificate
        disk.committed_height = certificate.height
        for change in changes:
            disk.executed_sets.append(change)
            self.cluster.sets[change.hash] = change
            self.step(VotersChanged(change))


Message = Packet | BlockCertificate | TermCertificate | Block


class Cluster:
    """The nodes, what is on its way between them, and what must hold."""

    def __init__(self, voters: int, observers: int = 0, seed: int = 0, quorum: str = "majority") -> None:
        self.seed = seed
        self.now_ms = 0
        self.first_voters = voter_set(tuple(range(voters)), quorum)
        self.hosts = [Host(self, number) for number in range(voters + observers)]
        self.network: list[tuple[Host, Host, Message]] = []
        self.cut: set[tuple[int, int]] = set()
        # Messages that never arrive, by the test's choice.
        self.is_lost: Callable[[Host, Message], bool] = lambda receiver, message: False
        self.wanting: set[int] = set()
        self.network_id = NETWORK
        # Every voter set that was ever in force anywhere.
        self.sets = {self.first_voters.hash: self.first_voters}
        self.checks = Checks(self)
        for host in self.hosts:
            host.start()

    def name(self, node_id: Hash | None) -> str:
        """A node's number for people, or `nobody`."""
        return next((str(host.number) for host in self.hosts if host.id == node_id), "nobody")

    def broadcast(self, sender: Host, message: Message) -> None:
        """Put the message on its way to everybody else."""
        self.network.extend((sender, receiver, message) for receiver in self.hosts if receiver is not sender)

    def deliver(self, place: int) -> None:
        """Let one message arrive, unless its way is cut or its receiver is down."""
        sender, receiver, message = self.network.pop(place)
        if (sender.number, receiver.number) in self.cut or receiver.core is None or self.is_lost(receiver, message):
            return
        match message:
            case Packet():
                receiver.step(Heard(message))
            case BlockCertificate():
                receiver.step(CertificateHeard(message))
            case Block():
                receiver.hear_proposal(message)
            case _:
                receiver.step(TermCertificateHeard(message))

    # -- running by itself --------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Complete every write and deliver every message, until nothing is under way."""
        for _ in range(100_000):
            busy = [host for host in self.hosts if host.writes]
            if busy:
                busy[0].complete_write()
            elif self.network:
                self.deliver(0)
            else:
                return
        raise AssertionError("the cluster does not come to rest")

    def exchange(self) -> None:
        """Neighbours compare heads and pull what they miss."""
        for host in self.hosts:
            for source in self.hosts:
                if source is not host and source.core is not None and (source.number, host.number) not in self.cut:
                    host.pull(source)
                    while host.block_writes:
                        host.complete_write()
        self.wanting.clear()

    def tick(self) -> None:
        """Everybody's time goes on by `TICK_MS`."""
        self.now_ms += TICK_MS
        for host in self.hosts:
            host.step(Tick(host.waiting_ms))

    def ask(self, host: Host, question: bytes) -> None:
        """A client wants a linearizable read from this node."""
        self.checks.ask(question)
        host.step(ReadAsked(question))

    def run(self, duration_ms: int, build: bool = False, exchange: bool = True) -> None:
        """A calm network for a while."""
        end = self.now_ms + duration_ms
        while self.now_ms < end:
            self.tick()
            if build:
                for host in self.hosts:
                    host.build()
            self.settle()
            if exchange and self.now_ms % 500 == 0:
                self.exchange()
                self.settle()

    @property
    def leader(self) -> Host | None:
        """Who leads the highest term, if anybody leads."""
        leading = [host for host in self.hosts if host.core is not None and host.core.role is Role.LEADER]
        return max(leading, key=lambda host: host.core.term) if leading else None  # type: ignore[union-attr]

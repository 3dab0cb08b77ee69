"""What this node tells everybody: statements, certificates, proposals, transactions, evidence, checkpoints. Pure.

Owns which kind of gossip message each becomes; never decides what is told, nor to which neighbour. Nothing is encoded
while nobody is connected. Transactions are gathered while those that left before wait for a block, as Nagle's algorithm
has it: who writes alone waits for nobody, and where many write, a message carries what came meanwhile.
Source: docs/protocol.md, section 8; RFC 896.
"""

from collections.abc import Callable, Sequence

from consensus.effects import Broadcast, BroadcastCertificate, BroadcastTerm
from consensus.evidence import Evidence
from consensus.messages import Acknowledgement, Heartbeat, HeartbeatAnswer
from consensus.packets import Packet
from consensus.settings import Chance
from consensus.statement import Statement
from consensus.term_certificates import encode_term_certificate
from daemon.block_builder import BuiltBlock
from daemon.courier import Courier
from daemon.events import Submission
from daemon.proposal import Proposal
from ledger.encoding import encode
from ledger.hashing import Hash
from ledger.submission import encode_submission
from p2p.batching import AGE_MS_MAX, Batcher
from p2p.frames import PayloadKind

# Answers to every so many heartbeats go to everybody, the others only the way back that the leader's heartbeats come.
# Where that way bears heartbeats and no answers, the former keep its leadership: one in T, and an answer counts for 2T.
ANSWERS_TO_ALL_EVERY = 5


def is_for_leader(statement: Statement) -> bool:
    """Whether only the leader needs the statement, so that it goes the way back that heartbeats come.

    What a quorum acknowledged it tells everybody by the certificate. Its own acknowledgement comes with its proposal.
    """
    if isinstance(statement, HeartbeatAnswer):
        return statement.counter % ANSWERS_TO_ALL_EVERY != 0
    return isinstance(statement, Acknowledgement)


class Saying:
    """One node's voice; `now_ms` is by the node's own clock, `waits` tells whether a transaction has no block yet."""

    def __init__(self, courier: Courier, chance: Chance, waits: Callable[[Hash], bool]) -> None:
        self._courier = courier
        self._chance = chance
        self._waits = waits
        self._batcher = Batcher()
        self._flushed_ms = -AGE_MS_MAX
        # The newest that was gathered, and the newest that left.
        self._gathered: Hash | None = None
        self._left: Hash | None = None

    def say(self, told: Broadcast | BroadcastCertificate | BroadcastTerm, now_ms: int) -> None:
        """What agreement wants everybody to hear."""
        if not self._courier.has_neighbours:
            return
        match told:
            case Broadcast(packet):
                self.packet(packet, now_ms)
            case BroadcastCertificate(certificate):
                self._courier.publish(PayloadKind.CERTIFICATE, certificate.encode(), now_ms)
            case BroadcastTerm(certificate):
                # Gossip passes on the same bytes once; somebody else may be behind this time.
                payload = encode([self._chance.nonce(), encode_term_certificate(certificate)])
                self._courier.publish(PayloadKind.TERM, payload, now_ms)

    def packet(self, packet: Packet, now_ms: int) -> None:
        """A statement; the leader's heartbeats shape the broadcast tree, and their answers go back along it."""
        if self._courier.has_neighbours:
            statement = packet.statement
            shapes, goes_back = isinstance(statement, Heartbeat), is_for_leader(statement)
            self._courier.publish(PayloadKind.AGREEMENT, packet.encode(), now_ms, shapes, goes_back)

    def proposal(
        self, block: BuiltBlock | None, newest_certificate: bytes, acknowledgement: Packet, now_ms: int
    ) -> None:
        """A block that this node leads with, the newest certificate it knows, and what it signed of the block; that
        alone where there is no block. What was just gathered for it goes first."""
        if not self._courier.has_neighbours:
            return
        if block is None:
            self._courier.publish(PayloadKind.AGREEMENT, acknowledgement.encode(), now_ms)
        else:
            self._leave(now_ms)
            proposal = Proposal.of(block, newest_certificate, acknowledgement)
            self._courier.publish(PayloadKind.PROPOSAL, proposal.encode(), now_ms)

    def transactions(self, submissions: Sequence[Submission], now_ms: int) -> None:
        """What clients handed in here: gathered for a moment where many come."""
        if self._courier.has_neighbours and submissions:
            self._gathered = submissions[-1].transaction.id
            for one in submissions:
                submission = encode_submission(one.transaction.envelope, one.detached)
                for batch in self._batcher.add(submission, now_ms):
                    self._left = one.transaction.id
                    self._courier.publish(PayloadKind.TRANSACTIONS, batch, now_ms)

    def flush(self, now_ms: int) -> None:
        """At the end of each step: what was gathered leaves, unless what left just now waits for its block."""
        if now_ms - self._flushed_ms >= AGE_MS_MAX or self._left is None or not self._waits(self._left):
            self._leave(now_ms)

    def _leave(self, now_ms: int) -> None:
        batch = self._batcher.take()
        if batch is not None:
            self._flushed_ms = now_ms
            self._left = self._gathered
            self._courier.publish(PayloadKind.TRANSACTIONS, batch, now_ms)

    def evidence(self, evidence: Evidence, now_ms: int) -> None:
        """Who signed twice, as this node saw it."""
        self._courier.publish(PayloadKind.EVIDENCE, evidence.encode(), now_ms)

    def checkpoint(self, note: bytes, now_ms: int) -> None:
        """What this node signed of the log."""
        self._courier.publish(PayloadKind.CHECKPOINT, note, now_ms)

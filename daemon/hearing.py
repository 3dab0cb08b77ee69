"""What neighbours say: each frame taken apart, judged as far as its signatures go, passed on or refused. Pure.

Owns the judgement of broadcast messages and what is done with answers; never changes the chain. What has no valid
signature goes no further than here; what can no longer matter is dropped. Returns what agreement is to hear.
Source: docs/protocol.md, sections 6 and 8.
"""

from collections.abc import Callable
from typing import TypeAlias

from consensus.agreement import Agreement
from consensus.certificates import BlockCertificate
from consensus.events import CertificateHeard, Event, HeaderSeen, Heard, TermCertificateHeard
from consensus.evidence import Evidence
from consensus.messages import Acknowledgement, Heartbeat, ReadQuestion, signer_of
from consensus.packets import Packet
from consensus.statement import Position, verify_statement
from consensus.term_certificates import decode_term_certificate, encode_term_certificate
from daemon.answering import Answering
from daemon.catching_up import CatchingUp
from daemon.cosigning import Cosigning
from daemon.courier import Courier
from daemon.events import Verified
from daemon.evidence_judge import EvidenceJudge
from daemon.following import Following, VerifyCall
from daemon.intake import Intake
from daemon.proposal import Proposal
from daemon.relayed import Relayed
from daemon.saying import is_for_leader
from daemon.syncing import Syncing
from daemon.voices import Voices
from daemon.voters_in_force import VotersInForce
from ledger.encoding import decode
from ledger.errors import BanyanError, InvalidTransactionError, RemoteProtocolError
from ledger.hashing import Hash
from p2p.batching import decode_batch
from p2p.effects import Deliver
from p2p.frame import Frame
from p2p.frames import (
    CheckpointNote,
    Gossip,
    PayloadKind,
    PendingIds,
    Status,
    TermCertificate,
    WantBlocks,
    WantEntries,
    WantTransactions,
)

# Batches of transactions whose signatures are being verified.
RELAYED_MAX = 256
# Answers with transactions whose signatures are being verified: as many as neighbours are asked at a time.
FETCHED_MAX = 16
# Who is nearer to the leader knows a block committed before others do. What one node drops, those behind it look for on
# other links and make them part of the tree, so what is under way at the same time is relayed by everybody or nobody.
LATE_AFTER_BLOCKS = 8
# What makes a certificate of a term a message of its own is not signed: the same term is passed on this often at most.
TERM_EVERY_MS = 500

Report: TypeAlias = Callable[[BanyanError], None]


class Hearing:
    """One node's ears."""

    def __init__(
        self,
        agreement: Agreement,
        courier: Courier,
        following: Following,
        catching_up: CatchingUp,
        intake: Intake,
        answering: Answering,
        voters: VotersInForce,
        judge_of_evidence: EvidenceJudge,
        cosigning: Cosigning,
        verify: VerifyCall,
        relayed: Relayed,
        syncing: Syncing,
    ) -> None:
        self._agreement = agreement
        self._courier = courier
        self._syncing = syncing
        self._following = following
        self._catching_up = catching_up
        self._intake = intake
        self._answering = answering
        self._voters = voters
        self._verify = verify
        self._judge_of_evidence = judge_of_evidence
        self._cosigning = cosigning
        self.voices = Voices()
        # Proven against somebody by what was heard in this step; the node takes it.
        self._evidence: list[Evidence] = []
        # The heights of the newest certificates that were passed on; the term of the newest of a term, and when it was.
        self._certified_heights: set[int] = set()
        self._term_relayed = (0, -TERM_EVERY_MS)
        self._relayed = relayed

    def receive(self, peer: Hash, frame: Frame, now_ms: int) -> list[Event]:
        """Take a frame; what agreement is to hear of it.

        Raises:
            RemoteProtocolError: the neighbour sent something that no honest node sends.
        """
        if not self._courier.admits(peer, frame, now_ms):
            return []
        match frame:
            case Gossip():
                self._courier.receive(peer, frame, now_ms)
            case WantBlocks():
                self._courier.send(peer, self._answering.blocks(frame))
            case WantEntries():
                self._courier.send(peer, self._answering.entries(frame))
            case WantTransactions():
                self._courier.send(peer, self._answering.transactions(frame))
            case PendingIds(ids):
                self._courier.want_transactions(peer, self._intake.unknown(ids), now_ms)
            case TermCertificate(certificate):
                return [TermCertificateHeard(decode_term_certificate(certificate))]
            case CheckpointNote(note):
                self._cosigning.hear(note, now_ms)
            case _:
                self._syncing.receive(peer, frame, now_ms)
                self._courier.receive(peer, frame, now_ms)
                if isinstance(frame, Status):
                    self._help(peer, frame, now_ms)
        return [heard for message in self._courier.take_delivered() for heard in self._judge(message, now_ms)]

    def take_answers(self, now_ms: int, report: Report) -> list[Event]:
        """Look at what was asked for and came; `report` is told of what no honest neighbour sends."""
        self._following.take_bodies(now_ms)
        for came in self._courier.take_transactions():
            enough = self._relayed.answers_count < FETCHED_MAX
            if enough and self._courier.admits_transactions(came.peer, len(came.submissions), now_ms):
                self._relayed.add(self._verify(came.submissions), None)
        heard: list[Event] = []
        for blocks in self._courier.take_blocks():
            try:
                certificate = self._catching_up.take(blocks, now_ms)
            except RemoteProtocolError as error:
                report(error)
                break
            if certificate is not None:
                heard.append(CertificateHeard(certificate))
        return heard

    def take_evidence(self) -> list[Evidence]:
        """What was proven by what was heard."""
        found, self._evidence = self._evidence, []
        return found

    def _help(self, peer: Hash, status: Status, now_ms: int) -> None:
        """Tell a neighbour what it may lack: what waits here, why there is a later term, a checkpoint's signatures."""
        self._courier.tell_pending(peer, self._intake.pool.pending_ids.to_tell(status.pending, now_ms))
        certificate = self._agreement.term_certificate
        if status.term < self._agreement.term and certificate is not None:
            self._courier.send(peer, TermCertificate(encode_term_certificate(certificate)))
        note = self._cosigning.to_give(peer, status.committed_height, now_ms)
        if note is not None:
            self._courier.send(peer, CheckpointNote(note))

    # -- broadcast messages -------------------------------------------------------------------------------------

    def _judge(self, message: Deliver, now_ms: int) -> list[Event]:
        try:
            # In the order of how often they come.
            match message.kind:
                case PayloadKind.AGREEMENT:
                    return self._hear_packet(message, now_ms)
                case PayloadKind.CHECKPOINT:
                    self._hear_checkpoint(message, now_ms)
                    return []
                case PayloadKind.PROPOSAL:
                    return self._hear_proposal(message, now_ms)
                case PayloadKind.CERTIFICATE:
                    return self._hear_certificate(message, now_ms)
                case PayloadKind.TRANSACTIONS:
                    self._hear_transactions(message, now_ms)
                    return []
                case PayloadKind.TERM:
                    return self._hear_term(message, now_ms)
                case PayloadKind.EVIDENCE:
                    self._hear_evidence(message, now_ms)
                    return []
        except RemoteProtocolError:
            self._courier.refuse(message.id, now_ms)
            return []

    def _hear_transactions(self, message: Deliver, now_ms: int) -> None:
        submissions = decode_batch(message.payload)
        enough = len(self._relayed) < RELAYED_MAX
        if enough and self._courier.admits_transactions(message.peer, len(submissions), now_ms):
            self._relayed.add(self._verify(submissions), message.id)
        else:
            # They come again with the comparison of what waits, or in a block.
            self._courier.drop(message.id)

    def relayed(self, event: Verified, block_time_ms: int, elapsed_ms: int) -> bool:
        """Whether the verified submissions came by gossip; they are pooled, and passed on if all of them may be."""
        if event.ticket not in self._relayed:
            return False
        message = self._relayed.take(event.ticket)
        good = [result for result in event.results if result is not None]
        if message is None:
            # They were asked for; neighbours further away compare what waits with this node.
            self._intake.take_in(good, event.now_ms, block_time_ms, elapsed_ms)
        elif len(good) < len(event.results):
            self._courier.refuse(message, elapsed_ms)
        elif self._intake.take_in(good, event.now_ms, block_time_ms, elapsed_ms):
            self._courier.accept(message, elapsed_ms)
        else:
            self._courier.drop(message)
        return True

    def _hear_proposal(self, message: Deliver, now_ms: int) -> list[Event]:
        proposal = Proposal.decode(message.payload)
        header = proposal.header
        acknowledged = Heard(proposal.acknowledgement)
        newest = BlockCertificate.decode(proposal.newest_certificate) if proposal.newest_certificate else None
        is_genuine = self._agreement.is_genuine(acknowledged.packet)
        # Right after a change of voters their set is not known where it is not executed yet. Nothing is wrong then.
        is_forged = not is_genuine and self._agreement.knows_set(header.voter_set_hash)
        if is_forged or not self._voters.is_proposed_by_voter(header, proposal.signature):
            self._courier.drop(message.id)
            return []
        if is_genuine:
            self._courier.accept(message.id, now_ms)
        else:
            self._courier.drop(message.id)
        if is_genuine and header.term >= self._agreement.term - 1 and not self._is_late(header.height):
            self.voices.heard(header.proposer, now_ms)
        self._following.on_proposal(proposal, message.peer)
        position = Position(header.term, header.height, header.hash)
        heard: list[Event] = [HeaderSeen(position, header.proposer, header.encode(), proposal.signature)]
        if newest is not None:
            heard.append(CertificateHeard(newest))
        return [*heard, acknowledged] if is_genuine else heard

    def _is_genuine(self, packet: Packet) -> bool:
        """Whether a voter signed it; questions for reads may be any node's of the registry."""
        statement = packet.statement
        if not isinstance(statement, ReadQuestion):
            return self._agreement.is_genuine(packet)
        key = self._voters.key_of_node(statement.asker)
        return key is not None and verify_statement(ReadQuestion, packet.signed, key)

    def _hear_packet(self, message: Deliver, now_ms: int) -> list[Event]:
        packet = Packet.decode(message.payload)
        if not self._is_genuine(packet):
            # Of a voter set that is not known here, or forged: this node cannot tell, so it blames nobody.
            self._courier.drop(message.id)
            return []
        statement = packet.statement
        is_late = isinstance(statement, Acknowledgement) and self._is_late(statement.height)
        if is_late or statement.term < self._agreement.term - 1:
            # The certificate takes its place; whoever misses it gets that.
            self._courier.drop(message.id)
        else:
            self.voices.heard(signer_of(statement), now_ms)
            self._courier.accept(message.id, now_ms, isinstance(statement, Heartbeat), is_for_leader(statement))
        return [Heard(packet)]

    def _is_late(self, height: int) -> bool:
        """Whether what is said of this height has been on its way for longer than others can need it."""
        return height <= self._agreement.committed_height - LATE_AFTER_BLOCKS

    def _hear_certificate(self, message: Deliver, now_ms: int) -> list[Event]:
        certificate = BlockCertificate.decode(message.payload)
        # One for each height: a quorum's signatures can be combined in many ways.
        height = certificate.height
        is_news = not self._is_late(height) and height not in self._certified_heights
        if is_news and self._agreement.certifies(certificate):
            self._certified_heights = {one for one in self._certified_heights if not self._is_late(one)} | {height}
            self._courier.accept(message.id, now_ms)
        else:
            self._courier.drop(message.id)
        return [CertificateHeard(certificate)]

    def _hear_term(self, message: Deliver, now_ms: int) -> list[Event]:
        told = decode(message.payload)
        if not isinstance(told, list) or len(told) != 2 or not isinstance(told[1], bytes):
            raise InvalidTransactionError("a certificate of a term comes with what makes it a message of its own")
        certificate = decode_term_certificate(told[1])
        term, at_ms = self._term_relayed
        is_news = certificate.term > term or now_ms - at_ms >= TERM_EVERY_MS
        if is_news and certificate.term >= self._agreement.term and self._agreement.certifies(certificate):
            self._term_relayed = (certificate.term, now_ms)
            self._courier.accept(message.id, now_ms)
        else:
            self._courier.drop(message.id)
        return [TermCertificateHeard(certificate)]

    def _hear_evidence(self, message: Deliver, now_ms: int) -> None:
        evidence = Evidence.decode(message.payload)
        if self._judge_of_evidence.is_known(evidence):
            self._courier.drop(message.id)
        elif self._judge_of_evidence.is_proof(evidence):
            self._courier.accept(message.id, now_ms)
            self._evidence.append(evidence)
        else:
            # Of voters that are not known here yet, or made up: this node cannot tell, so it blames nobody.
            self._courier.drop(message.id)

    def _hear_checkpoint(self, message: Deliver, now_ms: int) -> None:
        if self._cosigning.hear(message.payload, now_ms):
            self._courier.accept(message.id, now_ms)
        else:
            # Known, too old, or of voters that are not known here: this node cannot tell, so it blames nobody.
            self._courier.drop(message.id)

"""What neighbours say: each frame taken apart, judged as far as its signatures go, passed on or refused. Pure.

Owns the judgement of broadcast messages and the answers to neighbours' questions; never changes the chain. What has no
valid signature goes no further than here; what can no longer matter is dropped. Returns what agreement is to hear.
Source: docs/protocol.md, sections 6 and 8.
"""

from collections import OrderedDict
from typing import cast

from consensus.agreement import Agreement
from consensus.certificates import BlockCertificate
from consensus.events import CertificateHeard, Event, HeaderSeen, Heard, TermCertificateHeard
from consensus.evidence import Evidence
from consensus.messages import Acknowledgement, Heartbeat
from consensus.packets import Packet
from consensus.statement import Position
from consensus.term_certificates import decode_term_certificate, encode_term_certificate
from daemon.chain import Chain
from daemon.courier import Courier
from daemon.events import Verified
from daemon.evidence_judge import EvidenceJudge
from daemon.following import Following, VerifyCall
from daemon.intake import Intake
from daemon.proposal import Proposal
from daemon.voters_in_force import VotersInForce
from ledger.encoding import decode
from ledger.errors import InvalidTransactionError, RemoteProtocolError
from ledger.hashing import Hash
from ledger.submission import encode_submission
from p2p.effects import Deliver
from p2p.frames import (
    Blocks,
    CarriedBlock,
    Entries,
    Frame,
    IndexedEntry,
    PayloadKind,
    PendingIds,
    Status,
    TermCertificate,
    Transactions,
    WantBlocks,
    WantEntries,
    WantTransactions,
)
from storage.interface import StoreReader

# An answer with blocks stops here: a neighbour that catches up asks again, and no frame grows to its limit.
ANSWER_SIZE_BYTES_MAX = 1024 * 1024
# Batches of transactions whose signatures are being verified.
RELAYED_MAX = 256


class Hearing:
    """One node's ears."""

    def __init__(
        self,
        agreement: Agreement,
        courier: Courier,
        following: Following,
        intake: Intake,
        chain: Chain,
        reader: StoreReader,
        voters: VotersInForce,
        judge_of_evidence: EvidenceJudge,
    ) -> None:
        self._agreement = agreement
        self._courier = courier
        self._following = following
        self._intake = intake
        self._chain = chain
        self._reader = reader
        self._voters = voters
        self._judge_of_evidence = judge_of_evidence
        # Proven against somebody by what was heard in this step; the node takes it.
        self._evidence: list[Evidence] = []
        # By the ticket of their verification: the message they came in, None for the answer to a question.
        self._relayed: OrderedDict[int, Hash | None] = OrderedDict()

    def receive(self, peer: Hash, frame: Frame, now_ms: int, verify: VerifyCall) -> list[Event]:
        """Take a frame; what agreement is to hear of it.

        Raises:
            RemoteProtocolError: the neighbour sent something that no honest node sends.
        """
        heard: list[Event] = []
        match frame:
            case WantBlocks():
                self._courier.send(peer, self._blocks(frame))
            case Blocks():
                heard += self._take_blocks(peer, frame)
            case WantEntries():
                self._courier.send(peer, self._entries(frame))
            case Entries():
                if self._courier.is_answer(peer, frame):
                    self._following.on_entries(peer, frame)
            case PendingIds(ids):
                missing = self._intake.unknown(ids)
                if missing:
                    self._courier.ask_transactions(peer, missing, now_ms)
            case WantTransactions():
                self._courier.send(peer, self._transactions(frame))
            case Transactions(_, submissions):
                if self._courier.is_answer(peer, frame) and submissions and len(self._relayed) < RELAYED_MAX:
                    self._relayed[verify(submissions)] = None
            case TermCertificate(certificate):
                heard.append(TermCertificateHeard(decode_term_certificate(certificate)))
            case _:
                self._courier.receive(peer, frame, now_ms)
                if isinstance(frame, Status):
                    self._help(peer, frame)
        for delivered in self._courier.take_delivered():
            heard += self._judge(delivered, now_ms, verify)
        return heard

    def take_evidence(self) -> list[Evidence]:
        """What was proven by what was heard."""
        found, self._evidence = self._evidence, []
        return found

    def _help(self, peer: Hash, status: Status) -> None:
        """Show a neighbour of an earlier term why there is a later one."""
        certificate = self._agreement.term_certificate
        if status.term < self._agreement.term and certificate is not None:
            self._courier.send(peer, TermCertificate(encode_term_certificate(certificate)))

    # -- broadcast messages -------------------------------------------------------------------------------------

    def _judge(self, message: Deliver, now_ms: int, verify: VerifyCall) -> list[Event]:
        try:
            match message.kind:
                case PayloadKind.TRANSACTIONS:
                    self._hear_transactions(message, verify)
                    return []
                case PayloadKind.PROPOSAL:
                    return self._hear_proposal(message, now_ms)
                case PayloadKind.AGREEMENT:
                    return self._hear_packet(message, now_ms)
                case PayloadKind.CERTIFICATE:
                    return self._hear_certificate(message, now_ms)
                case PayloadKind.TERM:
                    return self._hear_term(message, now_ms)
                case PayloadKind.EVIDENCE:
                    self._hear_evidence(message, now_ms)
                    return []
        except RemoteProtocolError:
            self._courier.refuse(message.id)
            return []

    def _hear_transactions(self, message: Deliver, verify: VerifyCall) -> None:
        submissions = decode(message.payload)
        if not isinstance(submissions, list) or not all(isinstance(one, bytes) for one in submissions):
            raise InvalidTransactionError("a batch of transactions is a list of submissions")
        if len(self._relayed) >= RELAYED_MAX:
            # They come again with the comparison of what waits, or in a block.
            self._courier.drop(message.id)
            return
        self._relayed[verify(tuple(cast(list[bytes], submissions)))] = message.id

    def relayed(self, event: Verified, block_time_ms: int, elapsed_ms: int) -> bool:
        """Whether the verified submissions came by gossip; they are pooled, and passed on if all of them may be."""
        if event.ticket not in self._relayed:
            return False
        message = self._relayed.pop(event.ticket)
        good = [result for result in event.results if result is not None]
        if message is None:
            # They were asked for; neighbours further away compare what waits with this node.
            self._intake.take_in(good, event.now_ms, block_time_ms, elapsed_ms)
        elif len(good) < len(event.results):
            self._courier.refuse(message)
        elif self._intake.take_in(good, event.now_ms, block_time_ms, elapsed_ms):
            self._courier.accept(message, elapsed_ms)
        else:
            self._courier.drop(message)
        return True

    def _hear_proposal(self, message: Deliver, now_ms: int) -> list[Event]:
        proposal = Proposal.decode(message.payload)
        header = proposal.header
        if not self._voters.is_proposed_by_voter(header, proposal.signature):
            self._courier.drop(message.id)
            return []
        self._courier.accept(message.id, now_ms)
        self._following.on_proposal(proposal, message.peer)
        position = Position(header.term, header.height, header.hash)
        heard: list[Event] = [HeaderSeen(position, header.proposer, header.encode(), proposal.signature)]
        if proposal.newest_certificate:
            heard.append(CertificateHeard(BlockCertificate.decode(proposal.newest_certificate)))
        return heard

    def _hear_packet(self, message: Deliver, now_ms: int) -> list[Event]:
        packet = Packet.decode(message.payload)
        if not self._agreement.is_genuine(packet):
            # Of a voter set that is not known here, or forged: this node cannot tell, so it blames nobody.
            self._courier.drop(message.id)
            return []
        statement = packet.statement
        passed = isinstance(statement, Acknowledgement) and statement.height <= self._agreement.committed_height
        if passed or statement.term < self._agreement.term - 1:
            # The certificate takes its place; whoever misses it gets that.
            self._courier.drop(message.id)
        else:
            self._courier.accept(message.id, now_ms, isinstance(statement, Heartbeat))
        return [Heard(packet)]

    def _hear_certificate(self, message: Deliver, now_ms: int) -> list[Event]:
        certificate = BlockCertificate.decode(message.payload)
        if certificate.height > self._agreement.committed_height:
            self._courier.accept(message.id, now_ms)
        else:
            self._courier.drop(message.id)
        return [CertificateHeard(certificate)]

    def _hear_term(self, message: Deliver, now_ms: int) -> list[Event]:
        told = decode(message.payload)
        if not isinstance(told, list) or len(told) != 2 or not isinstance(told[1], bytes):
            raise InvalidTransactionError("a certificate of a term comes with what makes it a message of its own")
        certificate = decode_term_certificate(told[1])
        if certificate.term >= self._agreement.term:
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

    # -- questions and answers ----------------------------------------------------------------------------------

    def _take_blocks(self, peer: Hash, frame: Blocks) -> list[Event]:
        if not self._courier.is_answer(peer, frame):
            return []
        self._following.on_blocks(peer, frame)
        certified = [one.certificate for one in frame.blocks if one.certificate]
        return [CertificateHeard(BlockCertificate.decode(certified[-1]))] if certified else []

    def _blocks(self, asked: WantBlocks) -> Blocks:
        carried: list[CarriedBlock] = []
        size = 0
        for height in range(asked.first_height, asked.first_height + asked.count):
            stored = self._reader.header(height)
            if stored is None or size > ANSWER_SIZE_BYTES_MAX:
                break
            entries = tuple(bytes(one) for one in self._reader.entries(stored.first_index, stored.leaf_count))
            certificate = self._reader.certificate(height) or b""
            size += sum(map(len, entries))
            carried.append(
                CarriedBlock(stored.header, stored.signature, stored.election_certificate, entries, certificate)
            )
        return Blocks(asked.request, tuple(carried))

    def _transactions(self, asked: WantTransactions) -> Transactions:
        found: list[bytes] = []
        size = 0
        for transaction_id in asked.ids:
            waiting = self._intake.pool.get(transaction_id)
            if waiting is not None and size < ANSWER_SIZE_BYTES_MAX:
                found.append(encode_submission(waiting.transaction.envelope, waiting.detached))
                size += waiting.size_bytes
        return Transactions(asked.request, tuple(found))

    def _entries(self, asked: WantEntries) -> Entries:
        found: list[IndexedEntry] = []
        for block in self._chain.blocks:
            if block.header.hash == asked.block_hash:
                entries = block.stored.entries
                found = [IndexedEntry(place, entries[place]) for place in asked.indexes if place < len(entries)]
        return Entries(asked.request, tuple(found))

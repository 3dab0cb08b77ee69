"""The agreement core: who leads, and which block is committed. Events in, ordered effects out. Pure.

Owns one node's part in agreement; knows a block only as (term, height, hash, previous hash). It never sees a
transaction, a clock, chance or a disk: the time comes with each step, random numbers from what it was given, and what
must be durable is asked for by an effect and reported back. Its parts share one `standing`:

- `elections`: the election timeout, pre-votes and votes;
- `leadership`: heartbeats, reads, handing over, whom to follow;
- `commitment`: acknowledgements and certificates of the blocks in `branch`;
- `evidence`: who signed twice.

Invariants, asserted in production:
- the term never goes down, and one vote is given per term;
- nothing is signed in a term before term and certificate were reported kept, and a vote or acknowledgement leaves only
  if the term is still the same after it was kept itself;
- one hash is acknowledged per (term, height), in ascending order;
- a block is committed by counting only in its own term, by its own voter set; its ancestors are committed with it;
- the committed height and the tip's rank never go down.

Source: docs/protocol.md, section 6; Ongaro and Ousterhout 2014, figure 2 and sections 5.2 to 5.4; Ongaro's thesis,
sections 3.10 (transfer), 4.2 (membership), 6.2 (check quorum), 6.4 (reads), 9.6 (pre-vote).
"""

from collections.abc import Iterable

from consensus.branch import Branch
from consensus.certificates import ElectionCertificate
from consensus.commitment import Commitment
from consensus.effects import Effect
from consensus.elections import Elections
from consensus.events import (
    Accepted,
    AcknowledgementKept,
    BlocksStored,
    Campaign,
    CertificateHeard,
    Event,
    HeaderSeen,
    Heard,
    ReadAsked,
    Started,
    TermCertificateHeard,
    TermKept,
    Tick,
    TransferAsked,
    VoteKept,
    VotersChanged,
    WritingChanged,
)
from consensus.leadership import Leadership
from consensus.messages import (
    Acknowledgement,
    Heartbeat,
    HeartbeatAnswer,
    PreVote,
    PreVoteRequest,
    Transfer,
    Vote,
    VoteRequest,
    signer_of,
)
from consensus.packets import ACKNOWLEDGED, ACKNOWLEDGED_SIGNATURE, Packet
from consensus.settings import BlockProver, Chance, Kept, Role, Settings
from consensus.standing import Standing
from consensus.statement import Position, SignedMessage
from consensus.term_certificates import TermCertificate
from consensus.voters import VoterSet
from ledger.hashing import Hash


class Agreement:
    """One node's view of agreement; not thread-safe, stepped by one owner.

    Args:
        settings: Who this node is, and how long it waits.
        voters: The voter set in force on this node's own committed chain; a node that is not in it observes.
        earlier_sets: Every voter set that was in force there before.
        kept: What the node kept about what it signed.
        branch: The blocks stored above the committed one.
        last_block: Header and proposer's signature of the tip; empty for the genesis.
        chance: Where random numbers come from.
        prover: Who judges the last block that another voter shows.
        now_ms: The time of the start, by the clock of the steps.
    """

    def __init__(
        self,
        settings: Settings,
        voters: VoterSet,
        earlier_sets: Iterable[VoterSet],
        kept: Kept,
        branch: Branch,
        last_block: tuple[bytes, bytes],
        chance: Chance,
        prover: BlockProver,
        now_ms: int,
    ) -> None:
        self._standing = Standing(settings, voters, earlier_sets, kept, branch, last_block)
        self._standing.now_ms = now_ms
        self._elections = Elections(self._standing, chance, prover, now_ms)
        self._leadership = Leadership(self._standing, self._elections)
        self._commitment = Commitment(self._standing, self._leadership, kept.acknowledged)
        if kept.certificate is not None and kept.certificate.term > kept.term:
            # The node ended between keeping a certificate and keeping its term: the certificate is as good as ever.
            self._learn_term(kept.certificate)

    # -- what the owner asks ------------------------------------------------------------------------------------

    @property
    def term(self) -> int:
        """The running term; 0 before the first."""
        return self._standing.term

    @property
    def role(self) -> Role:
        """This node's part in it."""
        return self._standing.role

    @property
    def leader(self) -> Hash | None:
        """Node id of the term's leader, where its election was checked."""
        return self._standing.leader

    @property
    def tip(self) -> Position:
        """The newest stored block."""
        return self._standing.branch.tip

    @property
    def committed_height(self) -> int:
        """Height known to be committed."""
        return self._standing.branch.committed_height

    @property
    def voters(self) -> VoterSet:
        """The voter set in force."""
        return self._standing.voters

    @property
    def has_committed_own_term(self) -> bool:
        """Whether a block of the running term is committed: only then may voters be changed, and reads confirmed."""
        return self._commitment.has_committed_own_term

    @property
    def may_propose(self) -> bool:
        """Whether this node leads and is not handing over."""
        return self._leadership.may_propose

    @property
    def takes_blocks(self) -> bool:
        """Whether somebody is known to lead, and this node can write what it is sent."""
        return self._standing.leader is not None and self._standing.can_write

    @property
    def answering(self) -> frozenset[Hash]:
        """Which voters can be reached, as far as this node, the leader, has heard of late; itself included."""
        return self._leadership.answering

    @property
    def must_recover(self) -> bool:
        """Whether the database is older than what this node signed: it signs nothing until it has caught up."""
        return self._standing.must_recover

    @property
    def term_certificate(self) -> TermCertificate | None:
        """Why this node is in its term; None in term 0."""
        return self._standing.certificate

    @property
    def voted_for(self) -> Hash | None:
        """Whom this node's vote of the running term went to; None while it is not given."""
        return self._standing.voted_for

    def knows_set(self, voter_set_hash: Hash) -> bool:
        """Whether this voter set is in force on the node's committed chain, or was."""
        return voter_set_hash in self._standing.sets

    def is_genuine(self, packet: Packet) -> bool:
        """Whether a voter of a set of this node's committed chain signed the packet's statement: worth passing on."""
        statement = packet.statement
        return self._standing.verify(packet, statement.voter_set_hash, signer_of(statement))

    # -- stepping -----------------------------------------------------------------------------------------------

    def certifies(self, certificate: TermCertificate) -> bool:
        """Whether a voter set of the committed chain made this certificate: one that it did not must not be relayed."""
        return self._standing.certifies(certificate)

    def step(self, event: Event, now_ms: int) -> list[Effect]:
        """What follows from `event`; effects are to be carried out in order.

        Raises:
            RemoteProtocolError: what was heard is malformed in a way that only its sender can have caused. Nothing
                has changed then.

        Cost: at most 20 µs apart from signing (25 µs each) and verifying (60 µs a signature).
        """
        standing = self._standing
        standing.now_ms = max(now_ms, standing.now_ms)
        term = standing.term
        self._handle(event)
        certificate = self._elections.take_victory()
        if certificate is not None:
            self._leadership.begin(certificate)
        if standing.term != term:
            self._commitment.forget_unkept()
        self._leadership.settle(standing.branch.committed_height)
        effects, standing.effects = standing.effects, []
        return effects

    def _handle(self, event: Event) -> None:
        match event:
            case Started():
                self._elections.listen()
            case Heard(packet):
                self._hear(packet)
            case Tick(oldest_waiting_ms):
                self._leadership.tick(oldest_waiting_ms)
                self._elections.tick()
            case BlocksStored(links, header, signature):
                self._standing.last_block = (header, signature)
                self._commitment.stored(links)
            case Accepted(position):
                self._commitment.accept(position)
            case AcknowledgementKept(position):
                self._commitment.acknowledgement_kept(position)
            case CertificateHeard(certificate):
                self._commitment.on_certificate(certificate)
            case TermCertificateHeard(term_certificate):
                self._learn_term(term_certificate)
            case TermKept(term):
                self._standing.kept_term = max(term, self._standing.kept_term)
                self._elections.term_kept(term)
                self._commitment.acknowledge_accepted()
            case VoteKept(term):
                self._elections.vote_kept(term)
            case VotersChanged(voters):
                self._standing.use_voters(voters)
                self._elections.drop_out()
                self._leadership.voters_changed()
            case ReadAsked(question):
                self._leadership.ask_read(question, self.has_committed_own_term)
            case TransferAsked(successor, newest):
                self._leadership.hand_over(successor, newest)
            case WritingChanged(can_write):
                self._leadership.writing_changed(can_write)
            case Campaign():
                self._elections.begin()
            case HeaderSeen(position, proposer, header, signature):
                signed = SignedMessage(header, signature)
                self._standing.catch(self._standing.witness.proposal(position, proposer, signed))

    def _hear(self, packet: Packet) -> None:
        if packet.statement.network_id != self._standing.settings.network_id:
            return
        match packet.statement:
            case Heartbeat():
                self._leadership.on_heartbeat(packet)
            case HeartbeatAnswer():
                # Read before anything counts: it may be malformed.
                repeated = self._repeated(packet)
                self._leadership.on_answer(packet)
                if repeated is not None:
                    self._commitment.on_acknowledgement(repeated)
            case Acknowledgement():
                self._commitment.on_acknowledgement(packet)
            case PreVoteRequest():
                self._elections.on_pre_vote_request(packet)
            case PreVote():
                self._elections.on_pre_vote(packet)
            case VoteRequest():
                self._elections.on_vote_request(packet)
            case Vote():
                self._elections.on_vote(packet)
            case Transfer():
                self._leadership.on_transfer(packet)

    def _repeated(self, packet: Packet) -> Packet | None:
        """An answer repeats the voter's newest acknowledgement, in case it was lost."""
        message, signature = packet.attachments[ACKNOWLEDGED], packet.attachments[ACKNOWLEDGED_SIGNATURE]
        if not message:
            return None
        told = Acknowledgement.decode(message)
        is_of_here = told.network_id == self._standing.settings.network_id
        return Packet(told, SignedMessage(message, signature)) if is_of_here else None

    def _learn_term(self, certificate: TermCertificate) -> None:
        standing = self._standing
        if isinstance(certificate, ElectionCertificate):
            self._leadership.on_election(certificate)
        if certificate.term > standing.term and standing.certifies(certificate):
            standing.adopt(certificate)

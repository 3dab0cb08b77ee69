"""Leading and being led: heartbeats, their answers, reads, handing over.

Owns who is followed and why (a checked election, a rising counter), and a leader's pulse; never counts blocks. A leader
that no quorum answered for two election timeouts steps down by itself (thesis, 6.2). Source: docs/protocol.md,
section 6, "Lead", "Liveness" and "Reads".
"""

from typing import NamedTuple

from consensus.certificates import ElectionCertificate
from consensus.effects import BecameLeader, Broadcast, ReadConfirmed, ReadRefused
from consensus.elections import Elections
from consensus.errors import InvalidMessageError
from consensus.messages import Heartbeat, HeartbeatAnswer, Transfer
from consensus.packets import PROOF, Packet
from consensus.pulse import Pulse
from consensus.settings import Role
from consensus.standing import Standing
from consensus.statement import Position, SignedMessage
from consensus.term_certificates import decode_term_certificate, encode_term_certificate
from ledger.errors import RemoteProtocolError
from ledger.hashing import Hash

# With every so many heartbeats, once in T, goes the proof that their sender was elected, for those who missed the
# opening block: so they learn of it before their own election timeout ends.
PROOF_EVERY_HEARTBEATS = 5
_NOTHING = SignedMessage(b"", b"")


class _Wished(NamedTuple):
    """Whom this leader wished for, with which newest block, and when it wishes again if that is not stored by then."""

    successor: Hash
    newest: Position
    again_ms: int


class Leadership:
    """One node's part in leading and following."""

    def __init__(self, standing: Standing, elections: Elections) -> None:
        self._standing = standing
        self._elections = elections
        self._pulse: Pulse | None = None
        # What proves this node's own election, as heartbeats carry it.
        self._election = b""
        self._next_beat_ms = 0
        self._silent_until_ms = 0
        # Until when a leader that cannot write looks for a successor; then it steps down.
        self._relief_until_ms = 0
        self._counter_heard = 0
        self._term_heard = 0
        # An own wish that names a block which is not stored yet.
        self._wish_again: _Wished | None = None
        self._wish: Packet | None = None
        # A wish is followed while its sender proposes nothing; heard again after that it is nothing new.
        self._wish_until_ms = 0
        self._newest_wish = b""
        self._is_starving = False
        self._followed_since_ms = standing.now_ms
        # The newest acknowledgement of this node, repeated with each answer: the leader may have missed it.
        self.acknowledged: SignedMessage = _NOTHING

    # -- leading ------------------------------------------------------------------------------------------------

    def begin(self, certificate: ElectionCertificate) -> None:
        """A quorum elected this node: show it, and let the term be opened."""
        standing = self._standing
        timing = standing.settings.timing
        standing.become(Role.LEADER)
        self._election = encode_term_certificate(certificate)
        self._pulse = Pulse(standing.settings.node_id, standing.now_ms, 2 * timing.election_timeout_ms)
        self._silent_until_ms = standing.now_ms
        self._wish_again = None
        self._relief_until_ms = standing.now_ms + self._silence_ms
        standing.emit(BecameLeader(certificate.term, certificate))
        self._beat()

    @property
    def _silence_ms(self) -> int:
        """How long a leader that hands over proposes nothing, and its successor may try."""
        return 2 * self._standing.settings.timing.election_timeout_ms

    @property
    def may_propose(self) -> bool:
        """Whether this node leads, can write, and has not wished for a successor in the last two election timeouts."""
        standing = self._standing
        return standing.role is Role.LEADER and standing.can_write and standing.now_ms >= self._silent_until_ms

    @property
    def answering(self) -> frozenset[Hash]:
        """Who answered this leader of late, itself included; nobody while it does not lead."""
        leads = self._standing.role is Role.LEADER and self._pulse is not None
        return self._pulse.answering(self._standing.now_ms) if leads and self._pulse is not None else frozenset()

    def tick(self, oldest_waiting_ms: int) -> None:
        """Beat, or step down without a quorum of answers; follow a wish that could not be followed at once."""
        standing = self._standing
        # A leader is not blamed for what was waiting before it led: else an overloaded network does nothing but elect.
        waiting_ms = min(oldest_waiting_ms, standing.now_ms - self._followed_since_ms)
        # Nor for what a node that cannot write has not seen in a block.
        self._is_starving = waiting_ms > standing.settings.timing.starving_ms and standing.can_write
        if standing.role is Role.LEADER and self._pulse is not None:
            if self._is_in_vain(self._pulse):
                standing.rest()
            elif standing.now_ms >= self._next_beat_ms:
                self._beat()
            self._wish_once_more()
        self._follow_wish()

    def _is_in_vain(self, pulse: Pulse) -> bool:
        """Whether this leader leads nobody, or cannot write and found no successor."""
        standing = self._standing
        if not pulse.has_quorum(standing.now_ms, standing.voters):
            return True
        return not standing.can_write and standing.voters.quorum_size > 1 and self._seek_relief()

    def writing_changed(self, can_write: bool) -> None:
        """The disk takes no blocks, or takes them again: a leader hands over at once, a candidate gives up."""
        standing = self._standing
        if can_write == standing.can_write:
            return
        standing.can_write = can_write
        if can_write:
            # What waited here meanwhile is not the leader's fault.
            self._followed_since_ms = standing.now_ms
            return
        self._elections.drop_out()
        self._relief_until_ms = standing.now_ms + self._silence_ms
        if standing.role is Role.CANDIDATE:
            standing.rest()
        elif standing.voters.quorum_size > 1:
            self._seek_relief()

    def _seek_relief(self) -> bool:
        """Wish for a successor, unless one is wished for; whether nobody has taken over in two election timeouts.

        Whom this leader wishes for may be unable to write too: then those who can find each other by an election. A
        lone voter goes on leading, and proposes again when it can write.
        """
        now_ms = self._standing.now_ms
        if now_ms >= self._silent_until_ms:
            self.hand_over(None)
        return now_ms >= self._relief_until_ms

    def voters_changed(self) -> None:
        """Other voters are in force: they need not have answered a leader that they did not follow yet."""
        if self._pulse is not None:
            self._pulse.begin_anew(self._standing.now_ms)

    def settle(self, committed_height: int) -> None:
        """After every step: answer reads that are confirmed, refuse all when this node leads no longer."""
        pulse, standing = self._pulse, self._standing
        if pulse is None:
            return
        if standing.role is not Role.LEADER:
            self._pulse = None
            for read in pulse.drop_reads():
                standing.emit(ReadRefused(read.question))
            return
        for read in pulse.confirmed(committed_height, standing.voters):
            standing.emit(ReadConfirmed(read.question, read.height))

    def _beat(self) -> None:
        standing, pulse = self._standing, self._pulse
        assert pulse is not None, "only a leader beats"
        self._next_beat_ms = standing.now_ms + standing.settings.timing.heartbeat_ms
        counter = pulse.beat(standing.now_ms)
        heartbeat = Heartbeat(
            standing.settings.network_id,
            standing.voters.hash,
            standing.term,
            standing.settings.node_id,
            counter,
            *standing.branch.tip,
            standing.branch.committed_height,
        )
        shows_proof = counter % PROOF_EVERY_HEARTBEATS == 1
        standing.emit(Broadcast(standing.sign(heartbeat, self._election if shows_proof else b"")))

    def ask_read(self, question: bytes, has_committed_own_term: bool) -> None:
        """Confirm that nobody else led when `question` was asked; the height is that of the newest proposed block.

        Not that of the committed one: others may hold a certificate before this node does (S3).
        """
        standing, pulse = self._standing, self._pulse
        leads = standing.role is Role.LEADER and pulse is not None and has_committed_own_term
        if not leads or pulse is None or not pulse.ask(question, standing.branch.tip.height):
            standing.emit(ReadRefused(question))
            return
        self._beat()

    def hand_over(self, successor: Hash | None, newest: Position | None = None) -> None:
        """Wish that a voter, or the one that is furthest, led the next term; build nothing for two timeouts.

        What was built before, up to `newest`, is proposed yet. A successor that stood without it would be behind
        whoever has it already, and be refused. Nothing is proposed where the disk takes no blocks.
        """
        standing, pulse = self._standing, self._pulse
        if standing.role is not Role.LEADER or pulse is None:
            return
        chosen = successor if successor is not None else pulse.furthest(standing.now_ms, standing.voters)
        if chosen is None or chosen == standing.settings.node_id or standing.voters.key_of(chosen) is None:
            return
        self._silent_until_ms = standing.now_ms + self._silence_ms
        self._wish_again = None
        if newest is None or not standing.can_write:
            newest = standing.branch.tip
        elif newest.rank > standing.branch.tip.rank:
            self._wish_again = _Wished(
                chosen, newest, standing.now_ms + standing.settings.timing.election_timeout_ms // 2
            )
        self._tell_wish(chosen, newest)

    def _tell_wish(self, chosen: Hash, tip: Position) -> None:
        standing = self._standing
        wish = Transfer(
            standing.settings.network_id, standing.voters.hash, standing.term, standing.settings.node_id, chosen, *tip
        )
        standing.emit(Broadcast(standing.sign(wish)))

    def _wish_once_more(self) -> None:
        """A disk that stands still keeps what was built from being proposed: let the successor go without it."""
        wished, standing = self._wish_again, self._standing
        if wished is not None and standing.now_ms >= wished.again_ms:
            self._wish_again = None
            if standing.branch.tip.rank < wished.newest.rank:
                self._tell_wish(wished.successor, standing.branch.tip)

    def on_answer(self, packet: Packet) -> None:
        """A voter follows: count it."""
        answer, standing = packet.statement, self._standing
        assert isinstance(answer, HeartbeatAnswer)
        if self._pulse is None or standing.role is not Role.LEADER:
            return
        if (answer.term, answer.voter_set_hash) != (standing.term, standing.voters.hash):
            return
        if standing.verify(packet, answer.voter_set_hash, answer.voter):
            tip = Position(answer.tip_term, answer.tip_height, answer.tip_hash)
            self._pulse.answered(answer.voter, answer.counter, tip)

    # -- being led ----------------------------------------------------------------------------------------------

    def on_election(self, certificate: ElectionCertificate) -> None:
        """Somebody was elected, in this term or a later one, and proves it: follow from now on.

        Only an election by the set in force is followed, or by an earlier one where this node's chain has a block of
        that very term: the block that opened it was judged at its place. The vote of the term is used up by it (guard
        of S1).
        """
        standing = self._standing
        if certificate.term < standing.term or certificate.candidate == standing.settings.node_id:
            return
        if standing.leader == certificate.candidate and certificate.term == standing.term:
            return
        is_opened_here = certificate.term == standing.branch.tip.term
        if not (standing.certifies(certificate) if is_opened_here else standing.certifies_now(certificate)):
            return
        if certificate.term > standing.term:
            standing.adopt(certificate, certificate.candidate)
        elif standing.voted_for is None:
            standing.give_vote(certificate.candidate)
        standing.follow(certificate.candidate)
        self._followed_since_ms = standing.now_ms
        self._elections.leader_known()

    def on_heartbeat(self, packet: Packet) -> None:
        """Answer a leader that is known to be elected, if its counter is higher than any before."""
        beat, standing = packet.statement, self._standing
        assert isinstance(beat, Heartbeat)
        if not standing.verify(packet, beat.voter_set_hash, beat.leader):
            return
        is_followed = beat.term == standing.term and beat.leader == standing.leader
        if packet.attachments[PROOF] and beat.term >= standing.term and not is_followed:
            self._take_proof(packet, beat)
        if beat.term < standing.term:
            standing.tell_term()
            return
        if beat.term != standing.term or standing.leader != beat.leader or standing.role is Role.LEADER:
            return
        if (beat.term, beat.counter) <= (self._term_heard, self._counter_heard):
            # Late or repeated: it proves nothing about now.
            return
        self._term_heard, self._counter_heard = beat.term, beat.counter
        if not self._is_starving:
            # A leader that lives but takes nothing into blocks is not one for those whose transactions wait.
            self._elections.leader_lives()
        if standing.may_sign:
            self._answer(beat)

    def _take_proof(self, packet: Packet, beat: Heartbeat) -> None:
        try:
            proof = decode_term_certificate(packet.attachments[PROOF])
        except RemoteProtocolError as error:
            raise InvalidMessageError("the certificate in a heartbeat is malformed: {reason}", reason=error) from error
        if isinstance(proof, ElectionCertificate) and (proof.term, proof.candidate) == (beat.term, beat.leader):
            self.on_election(proof)

    def _answer(self, beat: Heartbeat) -> None:
        standing = self._standing
        answer = HeartbeatAnswer(
            standing.settings.network_id,
            standing.voters.hash,
            standing.term,
            standing.settings.node_id,
            beat.counter,
            *standing.branch.tip,
        )
        standing.emit(Broadcast(standing.sign(answer, *self.acknowledged)))

    def on_transfer(self, packet: Packet) -> None:
        """The leader of this term wishes that this node led: stand as soon as its chain is long enough."""
        wish, standing = packet.statement, self._standing
        assert isinstance(wish, Transfer)
        if wish.successor != standing.settings.node_id or (wish.term, wish.leader) != (standing.term, standing.leader):
            return
        if packet.signed.signature != self._newest_wish and standing.verify(packet, wish.voter_set_hash, wish.leader):
            self._newest_wish = packet.signed.signature
            self._wish, self._wish_until_ms = packet, standing.now_ms + self._silence_ms
            self._follow_wish()

    def _follow_wish(self) -> None:
        packet, standing = self._wish, self._standing
        if packet is None:
            return
        wish = packet.statement
        assert isinstance(wish, Transfer)
        is_over = standing.now_ms >= self._wish_until_ms
        if is_over or wish.term != standing.term or wish.leader != standing.leader:
            self._wish = None
        elif standing.branch.tip.rank >= (wish.tip_term, wish.tip_height):
            self._wish = None
            self._elections.begin(packet)

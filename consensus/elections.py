"""Elections: pre-votes, votes, and when to ask for them.

Owns the election timeout, this node's own round or candidacy, and the rules for granting; never counts anything
against another set than the one in force, nor sends a vote before it is kept.

A round of pre-votes asks whether a quorum would vote for this node in exactly its own term + 1. Its answers certify
that term, so nobody who is merely cut off raises it (Ongaro's thesis, 9.6). Source: docs/protocol.md, section 6,
"Pre-vote" and "Vote"; Raft 5.2, 5.4.1.
"""

from dataclasses import dataclass, field

from consensus.certificates import ElectionCertificate
from consensus.effects import Broadcast
from consensus.errors import InvalidMessageError
from consensus.messages import PreVote, PreVoteRequest, Transfer, Vote, VoteRequest
from consensus.packets import HEADER, HEADER_SIGNATURE, PERMIT, PERMIT_SIGNATURE, PROOF, Packet
from consensus.settings import BlockProver, Chance, Role
from consensus.standing import TERM_MAX, Standing
from consensus.statement import Position, SignedMessage
from consensus.term_certificates import (
    PreVoteCertificate,
    TermCertificate,
    decode_term_certificate,
    encode_term_certificate,
)
from ledger.errors import RemoteProtocolError
from ledger.hashing import Hash


@dataclass(slots=True)
class _Round:
    """One attempt to learn whether this node could win `term`; `is_wished`: the leader itself asked for it."""

    term: int
    nonce: bytes
    is_wished: bool
    signatures: dict[Hash, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class _Candidacy:
    """This node's candidacy in `term`; its own vote counts once it is kept."""

    term: int
    votes: dict[Hash, SignedMessage] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Promise:
    """A vote that is being kept; it leaves only if the candidate's last block still is not behind this node's.

    `with_term`: it is kept together with the term, else by a write of its own after that.
    """

    term: int
    candidate: Hash
    last_rank: tuple[int, int]
    with_term: bool


class Elections:
    """One node's part in elections."""

    def __init__(self, standing: Standing, chance: Chance, prover: BlockProver, now_ms: int) -> None:
        self._standing = standing
        self._chance = chance
        self._prover = prover
        self._round: _Round | None = None
        self._candidacy: _Candidacy | None = None
        self._promise: _Promise | None = None
        # A leader is given the benefit of the doubt for one timeout, counted from this node's own start.
        self._heard_leader_ms = now_ms
        self._deadline_ms = now_ms
        self._postpone(now_ms)

    # -- asking -------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Begin an election when no leader was heard of for long enough, or the last one came to nothing.

        Nothing is asked twice in the same words: gossip repairs its own losses, and passes on the same bytes once.
        """
        standing = self._standing
        if standing.role in (Role.FOLLOWER, Role.CANDIDATE) and standing.now_ms >= self._deadline_ms:
            self.begin()

    def begin(self, permit: Packet | None = None) -> None:
        """Ask for pre-votes for exactly the own term + 1; `permit` is a leader's wish that this node should lead."""
        standing = self._standing
        self._postpone(standing.now_ms)
        if not standing.may_sign or standing.role is Role.LEADER or standing.term >= TERM_MAX:
            return
        if not standing.can_write:
            # It would win with the newest chain, and not even its opening block could be stored.
            return
        if standing.role is Role.CANDIDATE:
            standing.rest()
        self._candidacy = None
        self._round = _Round(standing.term + 1, self._chance.nonce(), permit is not None)
        self._ask_pre_votes(permit)
        # The asker's own grant counts.
        self._count_pre_vote(standing.settings.node_id, self._granted(self._round, standing.settings.node_id))

    def _ask_pre_votes(self, permit: Packet | None) -> None:
        standing, tip = self._standing, self._standing.branch.tip
        assert self._round is not None, "a round was begun"
        request = PreVoteRequest(
            standing.settings.network_id,
            standing.voters.hash,
            self._round.term,
            standing.settings.node_id,
            self._round.nonce,
            *tip,
        )
        proof = encode_term_certificate(standing.certificate) if standing.certificate is not None else b""
        wish = permit.signed if permit is not None else SignedMessage(b"", b"")
        standing.emit(Broadcast(standing.sign(request, proof, *standing.last_block, *wish)))

    def _ask_votes(self) -> None:
        standing, tip = self._standing, self._standing.branch.tip
        request = VoteRequest(
            standing.settings.network_id, standing.voters.hash, standing.term, standing.settings.node_id, *tip
        )
        assert standing.certificate is not None, "a candidate's term was certified by pre-votes"
        standing.emit(
            Broadcast(standing.sign(request, encode_term_certificate(standing.certificate), *standing.last_block))
        )

    def _granted(self, asked: _Round, voter: Hash) -> PreVote:
        standing = self._standing
        return PreVote(
            standing.settings.network_id,
            standing.voters.hash,
            asked.term,
            standing.settings.node_id,
            asked.nonce,
            voter,
        )

    # -- being asked --------------------------------------------------------------------------------------------

    def on_pre_vote_request(self, packet: Packet) -> None:
        """Grant, or show what the asker lacks."""
        asked, standing = packet.statement, self._standing
        assert isinstance(asked, PreVoteRequest)
        if asked.asker == standing.settings.node_id or not standing.verify(packet, asked.voter_set_hash, asked.asker):
            return
        proof = self._proof(packet)
        if asked.term != (proof.term if proof is not None else 0) + 1:
            # Not exactly one above a term that the asker can show: a term nobody certified is never raised.
            return
        if proof is not None and proof.term > standing.term and standing.certifies(proof):
            standing.adopt(proof)
        if self._may_grant(asked, packet):
            granted = PreVote(
                standing.settings.network_id,
                standing.voters.hash,
                asked.term,
                asked.asker,
                asked.round,
                standing.settings.node_id,
            )
            standing.emit(Broadcast(standing.sign(granted)))
        elif asked.term <= standing.term:
            standing.tell_term()

    def _may_grant(self, asked: PreVoteRequest, packet: Packet) -> bool:
        standing = self._standing
        permitted = self._is_permitted(asked, packet)
        return (
            standing.is_voter
            and not standing.must_recover
            and asked.voter_set_hash == standing.voters.hash
            # Guard of S1: without it, two leaders may stand in one term.
            and asked.term == standing.term + 1
            and (permitted or (standing.role is not Role.LEADER and self._hears_nobody))
            and self._is_up_to_date(Position(asked.last_term, asked.last_height, asked.last_hash), packet)
        )

    @property
    def _hears_nobody(self) -> bool:
        """Whether no leader was heard for an election timeout, and the running term had as long to get one.

        Else whoever sees an election could collect the certificate of the term after it, which does not age, and depose
        the leader with it at any time.
        """
        since_ms = max(self._heard_leader_ms, self._standing.adopted_ms or self._heard_leader_ms)
        return self._standing.now_ms - since_ms >= self._standing.settings.timing.election_timeout_ms

    def _is_permitted(self, asked: PreVoteRequest, packet: Packet) -> bool:
        """Whether the leader of this very term wishes the asker to lead the next one (thesis, 3.10)."""
        standing = self._standing
        if not packet.attachments[PERMIT]:
            return False
        try:
            wish = Transfer.decode(packet.attachments[PERMIT])
        except RemoteProtocolError:
            return False
        signed = SignedMessage(packet.attachments[PERMIT], packet.attachments[PERMIT_SIGNATURE])
        return (
            wish.term == standing.term == asked.term - 1
            and wish.leader == standing.leader
            and wish.successor == asked.asker
            and (asked.last_term, asked.last_height) >= (wish.tip_term, wish.tip_height)
            and standing.verify(Packet(wish, signed), wish.voter_set_hash, wish.leader)
        )

    def _is_up_to_date(self, last: Position, packet: Packet) -> bool:
        """Raft 5.4.1: the other's last block is not behind this node's, and there is such a block."""
        if last.rank < self._standing.branch.tip.rank:
            return False
        header, signature = packet.attachments[HEADER], packet.attachments[HEADER_SIGNATURE]
        if not header:
            return last == Position(0, 0, self._standing.settings.network_id)
        return self._prover(header, signature) == last

    def _proof(self, packet: Packet) -> TermCertificate | None:
        if not packet.attachments[PROOF]:
            return None
        try:
            return decode_term_certificate(packet.attachments[PROOF])
        except RemoteProtocolError as error:
            raise InvalidMessageError(
                "the certificate in a request for votes is malformed: {reason}", reason=error
            ) from error

    def on_vote_request(self, packet: Packet) -> None:
        """Vote once a term, for a candidate that is not behind, where no leader is known yet."""
        asked, standing = packet.statement, self._standing
        assert isinstance(asked, VoteRequest)
        if asked.voter_set_hash != standing.voters.hash or asked.candidate == standing.settings.node_id:
            return
        if not standing.verify(packet, asked.voter_set_hash, asked.candidate):
            return
        if asked.term < standing.term:
            standing.tell_term()
            return
        last = Position(asked.last_term, asked.last_height, asked.last_hash)
        votes = standing.is_voter and not standing.must_recover and self._is_up_to_date(last, packet)
        with_term = asked.term > standing.term
        if with_term:
            proof = self._proof(packet)
            if proof is None or proof.term != asked.term or not standing.certifies(proof):
                return
            standing.adopt(proof, asked.candidate if votes else None)
        elif votes and standing.voted_for is None and standing.leader is None:
            standing.give_vote(asked.candidate)
        else:
            return
        if votes:
            self._promise = _Promise(asked.term, asked.candidate, last.rank, with_term)
            self._postpone(standing.now_ms)

    def _send_vote(self, promise: _Promise) -> None:
        standing, tip = self._standing, self._standing.branch.tip
        if promise.last_rank < tip.rank:
            # A newer block came while the vote was written: the candidate is behind now, the vote stays unused.
            return
        vote = Vote(
            standing.settings.network_id,
            standing.voters.hash,
            promise.term,
            promise.candidate,
            standing.settings.node_id,
            *tip,
        )
        packet = standing.sign(vote)
        if promise.candidate == standing.settings.node_id:
            self._count_vote(vote, packet.signed)
        else:
            standing.emit(Broadcast(packet))

    # -- what was kept ------------------------------------------------------------------------------------------

    def term_kept(self, term: int) -> None:
        """A term, its certificate and the vote given with it are durable."""
        self._keep_promise(term, with_term=True)

    def vote_kept(self, term: int) -> None:
        """A vote given after its term was adopted is durable."""
        self._keep_promise(term, with_term=False)

    def _keep_promise(self, term: int, with_term: bool) -> None:
        """Let the vote leave, if the term is still the same: it may have risen while the vote was written."""
        standing, promise = self._standing, self._promise
        if promise is None or promise.term != term or promise.with_term != with_term:
            return
        self._promise = None
        if term != standing.term or promise.candidate != standing.voted_for or not standing.may_sign:
            return
        if promise.candidate == standing.settings.node_id and standing.role is Role.CANDIDATE:
            self._ask_votes()
        self._send_vote(promise)

    # -- counting -----------------------------------------------------------------------------------------------

    def on_pre_vote(self, packet: Packet) -> None:
        """Count a grant for the round that runs."""
        granted, standing = packet.statement, self._standing
        assert isinstance(granted, PreVote)
        asked = self._round
        if asked is None or (granted.asker, granted.round) != (standing.settings.node_id, asked.nonce):
            return
        if granted.term != asked.term or granted.voter_set_hash != standing.voters.hash:
            return
        if standing.verify(packet, granted.voter_set_hash, granted.voter):
            self._count_pre_vote(granted.voter, granted, packet.signed.signature)

    def _count_pre_vote(self, voter: Hash, granted: PreVote, signature: bytes | None = None) -> None:
        standing, asked = self._standing, self._round
        assert asked is not None, "only the round that runs is counted"
        if asked.term != standing.term + 1:
            self._round = None
            return
        asked.signatures[voter] = signature or standing.sign(granted).signed.signature
        if len(asked.signatures) < standing.voters.quorum_size:
            return
        self._round = None
        certificate = PreVoteCertificate.of(granted, asked.signatures.items())
        self._campaign(certificate)

    def _campaign(self, certificate: PreVoteCertificate) -> None:
        """Raft 5.2: raise the term and vote for oneself; both count when they are durable."""
        standing = self._standing
        node_id = standing.settings.node_id
        standing.adopt(certificate, node_id, Role.CANDIDATE)
        self._candidacy = _Candidacy(certificate.term)
        self._promise = _Promise(certificate.term, node_id, standing.branch.tip.rank, with_term=True)
        self._postpone(standing.now_ms)

    def on_vote(self, packet: Packet) -> None:
        """Count a vote for the candidacy that runs; look at every other vote for evidence only."""
        vote, standing = packet.statement, self._standing
        assert isinstance(vote, Vote)
        if standing.verify(packet, vote.voter_set_hash, vote.voter):
            standing.catch(standing.witness.vote(vote, packet.signed))
            self._count_vote(vote, packet.signed)

    def _count_vote(self, vote: Vote, signed: SignedMessage) -> None:
        standing, candidacy = self._standing, self._candidacy
        if standing.role is not Role.CANDIDATE or candidacy is None or candidacy.term != standing.term:
            return
        said = (vote.term, vote.candidate, vote.voter_set_hash)
        if said == (standing.term, standing.settings.node_id, standing.voters.hash):
            candidacy.votes[vote.voter] = signed

    def take_victory(self) -> ElectionCertificate | None:
        """The certificate of this node's election, once a quorum voted for it; the candidacy ends with it."""
        standing, candidacy = self._standing, self._candidacy
        if candidacy is None or standing.role is not Role.CANDIDATE or candidacy.term != standing.term:
            return None
        # The own vote must be among them: it counts only when it is kept.
        if len(candidacy.votes) < standing.voters.quorum_size or standing.settings.node_id not in candidacy.votes:
            return None
        self._candidacy = None
        votes = tuple(signed for _, signed in sorted(candidacy.votes.items()))
        return ElectionCertificate(standing.term, standing.settings.node_id, votes)

    def drop_out(self) -> None:
        """What was asked counts no longer: other voters are in force, or this node cannot write."""
        self._round = self._candidacy = None

    # -- leaders ------------------------------------------------------------------------------------------------

    def leader_lives(self) -> None:
        """A leader of this term proved that it lives: the round ends, the next election is put off.

        Not a round that this very leader wished for: it goes on living until its successor is elected.
        """
        self._heard_leader_ms = self._standing.now_ms
        if self._round is not None and not self._round.is_wished:
            self._round = None
        self._postpone(self._standing.now_ms)

    def listen(self) -> None:
        """The node runs: a leader that lives has a whole timeout to show it."""
        self._heard_leader_ms = self._standing.now_ms
        self._postpone(self._standing.now_ms)

    def leader_known(self) -> None:
        """Who leads was proven; that it lives was not."""
        self._candidacy = None
        self._postpone(self._standing.now_ms)

    def _postpone(self, now_ms: int) -> None:
        timeout_ms = self._standing.settings.timing.election_timeout_ms
        self._deadline_ms = now_ms + timeout_ms + self._chance.below(timeout_ms)

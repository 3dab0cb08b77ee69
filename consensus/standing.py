"""Where a node stands in agreement: term, role, leader, vote, voters, and the branch of blocks. Shared by the parts.

Owns the rules for changing these together and the list of effects under way; never decides when to change them.
Invariants, asserted: the term never goes down and never falls below the tip's; a vote in a term is given once.
Source: docs/protocol.md, section 6, "Terms".
"""

from collections.abc import Iterable

from consensus.branch import Branch
from consensus.effects import BroadcastTerm, Caught, Effect, KeepTerm, KeepVote, StandingChanged
from consensus.errors import InvalidCertificateError
from consensus.evidence import Evidence, Witness
from consensus.packets import Packet
from consensus.settings import Kept, Role, Settings
from consensus.statement import Statement, verify_statement
from consensus.term_certificates import TermCertificate, verify_term_certificate, voter_set_hash_of
from consensus.voters import VoterSet
from ledger.hashing import Hash

# Far above what elections reach. Keys of former voters can get a network there, where nobody is elected any more; a
# term that cannot be counted up would end the process.
TERM_MAX = 2**62
# Sets of the committed chain whose statements and certificates still count: those of some decades, as voters change.
SETS_MAX = 64


class Standing:
    """One node's state of agreement; the parts of the core change it, nobody else."""

    def __init__(
        self,
        settings: Settings,
        voters: VoterSet,
        earlier_sets: Iterable[VoterSet],
        kept: Kept,
        branch: Branch,
        last_block: tuple[bytes, bytes],
    ) -> None:
        assert kept.term >= branch.tip.term, "a node's term is never below its tip's"
        self.settings = settings
        self.voters = voters
        # The newest `SETS_MAX`; what is in the branch is of the last two.
        self.sets: dict[Hash, VoterSet] = {}
        for one in (*earlier_sets, voters):
            self._remember(one)
        self.branch = branch
        # What proves the tip to others: its header and the proposer's signature; empty bytes for the genesis.
        self.last_block = last_block
        self.witness = Witness()
        self.effects: list[Effect] = []
        self.now_ms = 0
        self.term = kept.term
        self.kept_term = kept.term
        self.voted_for = kept.voted_for
        self.certificate = kept.certificate
        self.leader: Hash | None = None
        # When the running term was adopted in this run.
        self.adopted_ms: int | None = None
        self.must_recover = not kept.holds_acknowledged
        # Whether blocks can be put on disk; votes have their room (docs/protocol.md, section 6, "Liveness").
        self.can_write = True
        self.role = self._resting_role
        self._told_term_ms: int | None = None
        self._told: tuple[str, int, Hash | None] = (self.role.value, self.term, self.leader)

    # -- questions ----------------------------------------------------------------------------------------------

    @property
    def is_voter(self) -> bool:
        """Whether this node is in the voter set in force."""
        return self.voters.key_of(self.settings.node_id) is not None

    @property
    def may_sign(self) -> bool:
        """Whether votes, pre-votes and acknowledgements may be given: a voter, its term kept, its database not old."""
        return self.is_voter and self.kept_term == self.term and not self.must_recover

    @property
    def _resting_role(self) -> Role:
        return Role.FOLLOWER if self.is_voter else Role.OBSERVER

    def verify(self, packet: Packet, voter_set_hash: Hash, signer: Hash) -> bool:
        """Whether `signer`, a voter of that set of this node's committed chain, signed the packet's statement."""
        voters = self.sets.get(voter_set_hash)
        key = voters.key_of(signer) if voters is not None else None
        return key is not None and verify_statement(type(packet.statement), packet.signed, key)

    def sign(self, statement: Statement, *attachments: bytes) -> Packet:
        """The statement with this node's signature."""
        return Packet(statement, statement.sign(self.settings.key), attachments)

    def certifies(self, certificate: TermCertificate) -> bool:
        """Whether a voter set of this node's committed chain certifies the term."""
        if certificate.term > TERM_MAX:
            return False
        try:
            verify_term_certificate(certificate, self.sets, self.settings.network_id)
        except InvalidCertificateError:
            return False
        return True

    def certifies_now(self, certificate: TermCertificate) -> bool:
        """Whether the voter set in force certifies it: a term is won by that set only."""
        return voter_set_hash_of(certificate) == self.voters.hash and self.certifies(certificate)

    # -- changes ------------------------------------------------------------------------------------------------

    def emit(self, effect: Effect) -> None:
        """Want something done, after everything wanted before."""
        self.effects.append(effect)

    def catch(self, evidence: Evidence | None) -> None:
        """Report a contradiction, if there is one."""
        if evidence is not None:
            self.emit(Caught(evidence))

    def adopt(self, certificate: TermCertificate, voted_for: Hash | None = None, role: Role | None = None) -> None:
        """Go to the later term that `certificate`, checked, is of; at once, a leader too.

        `voted_for` gets this node's vote there, kept together with the term; `role` is its part there if it stands.
        """
        assert certificate.term > self.term, "the term never goes down"
        self.term = certificate.term
        self.adopted_ms = self.now_ms
        self.certificate = certificate
        self.voted_for = voted_for
        self._change(role or self._resting_role, None)
        self.emit(KeepTerm(self.term, certificate, voted_for))

    def give_vote(self, candidate: Hash) -> None:
        """Use up the vote of the running term."""
        assert self.voted_for is None, "one vote is given per term"
        self.voted_for = candidate
        self.emit(KeepVote(self.term, candidate))

    def become(self, role: Role) -> None:
        """Take a part in the running term; a leader knows who leads, nobody else does by this."""
        assert self.is_voter or role is Role.OBSERVER, "who is not a voter observes"
        self._change(role, self.settings.node_id if role is Role.LEADER else None)

    def rest(self) -> None:
        """Be a follower (or observer) that knows no leader."""
        self._change(self._resting_role, None)

    def follow(self, leader: Hash) -> None:
        """Be a follower (or observer) of a leader whose election was checked."""
        assert leader != self.settings.node_id or self.role is not Role.LEADER, "nobody follows itself"
        self._change(self._resting_role, leader)

    def use_voters(self, voters: VoterSet) -> None:
        """`voters` are in force; a candidate drops its candidacy, and whoever is in no longer steps down."""
        self.voters = voters
        self._remember(voters)
        if self.role is Role.LEADER and self.is_voter:
            return
        self._change(self._resting_role, None if self.role is Role.LEADER else self.leader)

    def tell_term(self) -> None:
        """Show the certificate of the own term to somebody who is behind; once a heartbeat, whoever asks.

        Voters do, or a thousand nodes would answer one late request; observers leave it to neighbours that compare.
        """
        due_ms = self.settings.timing.heartbeat_ms + (self._told_term_ms or 0)
        if self.is_voter and self.certificate is not None and (self._told_term_ms is None or self.now_ms >= due_ms):
            self._told_term_ms = self.now_ms
            self.emit(BroadcastTerm(self.certificate))

    def _remember(self, voters: VoterSet) -> None:
        """A set can come back, and is the newest then."""
        self.sets.pop(voters.hash, None)
        self.sets[voters.hash] = voters
        if len(self.sets) > SETS_MAX:
            del self.sets[next(iter(self.sets))]

    def _change(self, role: Role, leader: Hash | None) -> None:
        self.role, self.leader = role, leader
        told = (role.value, self.term, leader)
        if told != self._told:
            self._told = told
            self.emit(StandingChanged(*told))

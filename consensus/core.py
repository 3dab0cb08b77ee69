"""The agreement core: which block is committed, as a state machine. Events in, ordered effects out. Pure.

Owns the node's role, its term, the votes and acknowledgements it counts, and the certificates they make. Knows
a block only as (term, height, hash, previous hash): it never sees a transaction, a clock or a disk. In this
version the votes and acknowledgements it counts are the node's own, which is a quorum where it is the only
voter; messages of other voters arrive as further events of the same machine.

Invariants, asserted in production:
- the term never goes down, and one vote is given per term;
- a vote or an acknowledgement is counted only after the effect that keeps it was reported kept;
- one hash is acknowledged per (term, height), in ascending order of height;
- only blocks of the own term are committed by counting; their ancestors are committed with them;
- the committed height never goes down.

Source: docs/protocol.md, section 6; Ongaro and Ousterhout 2014, figure 2 and sections 5.2 to 5.4.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeAlias

from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.messages import Acknowledgement, Vote
from consensus.voters import VoterSet
from ledger.hashing import Hash
from ledger.signing import SigningKey


class Role(Enum):
    """The part a node has in agreement; every node starts without a vote to give in the running term."""

    OBSERVER = "observer"
    FOLLOWER = "follower"
    CANDIDATE = "candidate"
    LEADER = "leader"


class Position(NamedTuple):
    """A block as agreement knows it; compared by term first, then height."""

    term: int
    height: int
    hash: Hash


@dataclass(frozen=True, slots=True)
class Campaign:
    """Stand for election now: no leader was heard of for an election timeout, or nobody else can lead."""


@dataclass(frozen=True, slots=True)
class VoteKept:
    """The vote in `term` is on disk."""

    term: int


@dataclass(frozen=True, slots=True)
class BlockStored:
    """A block of this node's chain, and all its ancestors, are on disk."""

    position: Position
    previous_hash: Hash


@dataclass(frozen=True, slots=True)
class AcknowledgementKept:
    """The acknowledgement of `position` is kept in the sign-state."""

    position: Position


AgreementEvent: TypeAlias = Campaign | VoteKept | BlockStored | AcknowledgementKept


@dataclass(frozen=True, slots=True)
class KeepVote:
    """Put the vote on disk, flushed, then report `VoteKept`."""

    term: int
    candidate: Hash


@dataclass(frozen=True, slots=True)
class KeepAcknowledgement:
    """Put the acknowledgement into the sign-state, then report `AcknowledgementKept`."""

    position: Position


@dataclass(frozen=True, slots=True)
class BecameLeader:
    """This node won `term` and now opens it with a block that carries `certificate`."""

    term: int
    certificate: ElectionCertificate


@dataclass(frozen=True, slots=True)
class Committed:
    """`certificate` commits its block and all ancestors of it."""

    certificate: BlockCertificate


AgreementEffect: TypeAlias = KeepVote | KeepAcknowledgement | BecameLeader | Committed


class Agreement:
    """One node's view of agreement in the voter set in force.

    Args:
        network_id: 32 bytes; every signature covers it.
        key: The node's agreement key.
        node_id: This node.
        voters: The voter set in force; a node that is not in it observes.
        term: The highest term this node ever voted in or stored a block of.
        tip: The newest block stored whole, or height 0.
        committed_height: Height known to be committed.
    """

    def __init__(
        self,
        network_id: Hash,
        key: SigningKey,
        node_id: Hash,
        voters: VoterSet,
        term: int,
        tip: Position,
        committed_height: int,
    ) -> None:
        assert term >= tip.term, "a node's term is never below its tip's"
        self._network_id = network_id
        self._key = key
        self._node_id = node_id
        self._voters = voters
        self._tip = tip
        self._vote: Vote | None = None
        # Acknowledgements asked to be kept and not yet reported; bounded by the leader's window.
        self._unkept: dict[Position, Acknowledgement] = {}
        self.term = term
        self.committed_height = committed_height
        self.role = Role.FOLLOWER if voters.key_of(node_id) is not None else Role.OBSERVER

    @property
    def leader(self) -> Hash | None:
        """Node id of the leader of the own term, where it is known."""
        return self._node_id if self.role is Role.LEADER else None

    def step(self, event: AgreementEvent) -> list[AgreementEffect]:
        """What follows from `event`; effects are to be carried out in order."""
        match event:
            case Campaign():
                return self._campaign()
            case VoteKept(term):
                return self._count_own_vote(term)
            case BlockStored(position, previous_hash):
                return self._acknowledge(position, previous_hash)
            case AcknowledgementKept(position):
                return self._count_own_acknowledgement(position)

    def _campaign(self) -> list[AgreementEffect]:
        """Raft 5.2: raise the term and vote for oneself; the vote counts when it is durable."""
        if self.role not in (Role.FOLLOWER, Role.CANDIDATE):
            return []
        self.term += 1
        self.role = Role.CANDIDATE
        self._unkept.clear()
        self._vote = Vote(
            network_id=self._network_id,
            voter_set_hash=self._voters.hash,
            term=self.term,
            candidate=self._node_id,
            voter=self._node_id,
            last_term=self._tip.term,
            last_height=self._tip.height,
            last_hash=self._tip.hash,
        )
        return [KeepVote(self.term, self._node_id)]

    def _count_own_vote(self, term: int) -> list[AgreementEffect]:
        if term != self.term or self.role is not Role.CANDIDATE or self._vote is None:
            # The write took longer than the candidacy: a vote of a term that is over elects nobody.
            return []
        votes = (self._vote.sign(self._key),)
        if len(votes) < self._voters.quorum_size:
            return []
        self.role = Role.LEADER
        return [BecameLeader(term, ElectionCertificate(term=term, candidate=self._node_id, votes=votes))]

    def _acknowledge(self, position: Position, previous_hash: Hash) -> list[AgreementEffect]:
        """A stored block extends the tip; it is acknowledged only if it is of the own term."""
        assert position.term >= self._tip.term, "the tip's term never goes down"
        assert position.height == self._tip.height + 1, "blocks are stored in order"
        self._tip = position
        if self.role is Role.OBSERVER or position.term != self.term:
            return []
        self._unkept[position] = Acknowledgement(
            network_id=self._network_id,
            voter_set_hash=self._voters.hash,
            term=position.term,
            height=position.height,
            block_hash=position.hash,
            previous_hash=previous_hash,
            voter=self._node_id,
        )
        return [KeepAcknowledgement(position)]

    def _count_own_acknowledgement(self, position: Position) -> list[AgreementEffect]:
        acknowledgement = self._unkept.pop(position, None)
        if acknowledgement is None or position.term != self.term:
            # Compared again after the write: a term that rose meanwhile makes the acknowledgement void.
            return []
        signatures = ((self._node_id, acknowledgement.sign(self._key).signature),)
        if len(signatures) < self._voters.quorum_size:
            return []
        assert position.height > self.committed_height, "the committed height never goes down"
        self.committed_height = position.height
        return [Committed(BlockCertificate.of(acknowledgement, signatures))]

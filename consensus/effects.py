"""What agreement wants done: the outputs of `Agreement.step`, to be carried out in order. Pure data.

The order, as etcd's `Ready` states it: whatever a `Keep…` asks for is durable before it is reported kept, and reports
come in the order of the effects. A broadcast may leave at once: it is only made when what it depends on was kept.
"""

from dataclasses import dataclass
from typing import TypeAlias

from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.evidence import Evidence
from consensus.packets import Packet
from consensus.statement import Position
from consensus.term_certificates import TermCertificate
from ledger.hashing import Hash


@dataclass(frozen=True, slots=True)
class KeepTerm:
    """Put the certificate, then the term and the vote given with it (if any) on disk, flushed; report `TermKept`."""

    term: int
    certificate: TermCertificate
    voted_for: Hash | None


@dataclass(frozen=True, slots=True)
class KeepVote:
    """Put the vote in the running term on disk, flushed; report `VoteKept`."""

    term: int
    candidate: Hash


@dataclass(frozen=True, slots=True)
class KeepAcknowledgement:
    """Put the acknowledgement into the sign-state; report `AcknowledgementKept`."""

    position: Position


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Give the packet to gossip, before any block that waits."""

    packet: Packet


@dataclass(frozen=True, slots=True)
class BroadcastCertificate:
    """Give the certificate of a block to gossip."""

    certificate: BlockCertificate


@dataclass(frozen=True, slots=True)
class BroadcastTerm:
    """Give the certificate of the own term to gossip, as a message of its own each time: somebody is behind it."""

    certificate: TermCertificate


@dataclass(frozen=True, slots=True)
class BecameLeader:
    """This node won `term` and now opens it with a block that carries `certificate`."""

    term: int
    certificate: ElectionCertificate


@dataclass(frozen=True, slots=True)
class StandingChanged:
    """Role, term or known leader changed; whoever led before leads no longer."""

    role: str
    term: int
    leader: Hash | None


@dataclass(frozen=True, slots=True)
class Propose:
    """The leader's own block is durable, and that it was signed is kept: its proposal may leave, with what it signed.

    Broadcast `acknowledgement` by itself where there is no proposal to send: the block is the leader's no longer.
    """

    position: Position
    acknowledgement: Packet


@dataclass(frozen=True, slots=True)
class Committed:
    """`certificate` commits its block and all ancestors of it."""

    certificate: BlockCertificate


@dataclass(frozen=True, slots=True)
class Missing:
    """`certificate` is valid and its block is not in this node's chain: fetch it; it replaces what is not committed."""

    certificate: BlockCertificate


@dataclass(frozen=True, slots=True)
class ReadConfirmed:
    """Everything reported committed before `question` was asked lies at or below `height`, which is committed."""

    question: bytes
    height: int


@dataclass(frozen=True, slots=True)
class ReadRefused:
    """This node does not lead, or no longer: ask again, as a new question."""

    question: bytes


@dataclass(frozen=True, slots=True)
class Caught:
    """Two signatures of one node that no honest node makes."""

    evidence: Evidence


Effect: TypeAlias = (
    KeepTerm
    | KeepVote
    | KeepAcknowledgement
    | Broadcast
    | BroadcastCertificate
    | BroadcastTerm
    | BecameLeader
    | StandingChanged
    | Propose
    | Committed
    | Missing
    | ReadConfirmed
    | ReadRefused
    | Caught
)

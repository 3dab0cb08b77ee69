"""What can happen to agreement: the inputs of `Agreement.step`. Pure data.

Each step is told the time beside the event, in milliseconds of any clock that does not go back.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from consensus.certificates import BlockCertificate
from consensus.packets import Packet
from consensus.statement import Position
from consensus.term_certificates import TermCertificate
from consensus.voters import VoterSet
from ledger.hashing import Hash


class ChainLink(NamedTuple):
    """A block of this node's chain as agreement needs it; `voter_set_hash` is the set in force at that place."""

    position: Position
    previous_hash: Hash
    voter_set_hash: Hash


@dataclass(frozen=True, slots=True)
class Started:
    """The node runs from now on: leaders are listened for, and the first election timeout begins."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went on. `oldest_waiting_ms`: how long the oldest admissible transaction here waits for a block."""

    oldest_waiting_ms: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """A statement came over gossip, from anybody; nothing of it is checked yet."""

    packet: Packet


@dataclass(frozen=True, slots=True)
class CertificateHeard:
    """A certificate of a block came from anywhere; nothing of it is checked yet."""

    certificate: BlockCertificate


@dataclass(frozen=True, slots=True)
class TermCertificateHeard:
    """A certificate of a term came from anywhere (an opening block too); nothing of it is checked yet."""

    certificate: TermCertificate


@dataclass(frozen=True, slots=True)
class BlocksStored:
    """`links` are on disk, whole, with all their ancestors; they replace what was stored from their first height on.

    `header` and `signature` are the newest one's, with its proposer's signature: what proves this node's last block.
    """

    links: tuple[ChainLink, ...]
    header: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Accepted:
    """Everything about a stored block was checked, its executed height's digest too: it may be acknowledged."""

    position: Position


@dataclass(frozen=True, slots=True)
class TermKept:
    """Term, its certificate, and the vote asked for with it are on disk."""

    term: int


@dataclass(frozen=True, slots=True)
class VoteKept:
    """The vote in `term` is on disk."""

    term: int


@dataclass(frozen=True, slots=True)
class AcknowledgementKept:
    """The acknowledgement of `position` is kept in the sign-state."""

    position: Position


@dataclass(frozen=True, slots=True)
class VotersChanged:
    """The block that puts `voters` in force is committed and executed here."""

    voters: VoterSet


@dataclass(frozen=True, slots=True)
class ReadAsked:
    """Somebody wants a linearizable read; `question` comes back in the answer and is never used twice."""

    question: bytes


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """Hand leadership to `successor`; None: to the voter that is furthest.

    `newest` is the newest block that this node built, on disk or not: it is proposed yet, so the successor has to wait
    for it; None: the newest stored one.
    """

    successor: Hash | None = None
    newest: Position | None = None


@dataclass(frozen=True, slots=True)
class WritingChanged:
    """Whether this node's disk takes blocks; at first it does. Whoever cannot write leads nobody and does not stand."""

    can_write: bool


@dataclass(frozen=True, slots=True)
class Campaign:
    """Ask for pre-votes now instead of after the election timeout: nobody else can lead, or an operator says so."""


@dataclass(frozen=True, slots=True)
class HeaderSeen:
    """A proposer's valid signature over a block's header: what evidence of two proposals is made of."""

    position: Position
    proposer: Hash
    header: bytes
    signature: bytes


Event: TypeAlias = (
    Started
    | Tick
    | Heard
    | CertificateHeard
    | TermCertificateHeard
    | BlocksStored
    | Accepted
    | TermKept
    | VoteKept
    | AcknowledgementKept
    | VotersChanged
    | ReadAsked
    | TransferAsked
    | WritingChanged
    | Campaign
    | HeaderSeen
)

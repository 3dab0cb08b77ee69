"""What gossip wants done, to be carried out in order; and in which class a frame is sent. Pure data.

A peer that is no longer connected when an effect is carried out is passed over: it gets what it missed when it returns.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple, TypeAlias

from ledger.hashing import Hash
from p2p.frame import Frame
from p2p.frames import Blocks, Entries, Gossip, PayloadKind, Transactions
from p2p.offences import Offence
from p2p.snapshot_frames import Headers, Part, Past


class SendClass(IntEnum):
    """Which queue to a peer a frame waits in; a lower one is emptied first, so votes never wait behind blocks."""

    AGREEMENT = 0
    CONTROL = 1
    PROPOSAL = 2
    TRANSACTIONS = 3
    BULK = 4


_PAYLOAD_CLASSES = {
    PayloadKind.AGREEMENT: SendClass.AGREEMENT,
    PayloadKind.CERTIFICATE: SendClass.AGREEMENT,
    PayloadKind.TERM: SendClass.AGREEMENT,
    PayloadKind.PROPOSAL: SendClass.PROPOSAL,
    PayloadKind.TRANSACTIONS: SendClass.TRANSACTIONS,
    PayloadKind.EVIDENCE: SendClass.TRANSACTIONS,
    PayloadKind.CHECKPOINT: SendClass.CONTROL,
}

_BULK = (Blocks, Transactions, Part, Headers, Past)


def send_class_of(frame: Frame) -> SendClass:
    """The class of a frame: that of its payload, bulk for answers, control for everything small."""
    if isinstance(frame, Gossip):
        return _PAYLOAD_CLASSES[frame.kind]
    # The missing entries of a proposal are what its acknowledgement waits for.
    if isinstance(frame, Entries):
        return SendClass.PROPOSAL
    return SendClass.BULK if isinstance(frame, _BULK) else SendClass.CONTROL


class DropReason(Enum):
    """Why a connection is given up; `peers` shows it."""

    TOO_MANY = "too-many-neighbours"
    NOT_LISTED = "not-in-the-list"
    NOT_REGISTERED = "not-in-the-registry"
    MISBEHAVED = "misbehaved"


class SendFrame(NamedTuple):
    """Put `frame` into the queue of its class to `peer`. Frames to several peers may be one object: encode it once."""

    peer: Hash
    frame: Frame
    send_class: SendClass


class Deliver(NamedTuple):
    """A broadcast message came for the first time, from `peer`: judge it, then report it accepted, refused or dropped.

    `round` counts the hops it made.
    """

    id: Hash
    kind: PayloadKind
    payload: bytes
    peer: Hash
    round: int


@dataclass(frozen=True, slots=True)
class Blame:
    """`peer` did something that its score is to show."""

    peer: Hash
    offence: Offence


@dataclass(frozen=True, slots=True)
class Dial:
    """Connect to `peer`; report it connected or the attempt failed."""

    peer: Hash


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection with `peer`, and take none from it for `ban_ms`; report it disconnected."""

    peer: Hash
    reason: DropReason
    ban_ms: int = 0


Effect: TypeAlias = SendFrame | Deliver | Blame | Dial | Drop


def send(peer: Hash, frame: Frame) -> SendFrame:
    """The effect that sends `frame` in its own class."""
    return SendFrame(peer, frame, send_class_of(frame))

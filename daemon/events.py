"""What can happen to a node: the inputs of `daemon.node.Node.step`. Pure data.

Every event that can lead to a decision carries the time, in milliseconds since 1970 UTC: the node has no clock.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from daemon.sync_work import WorkFailed
from ledger.detached import DetachedValue
from ledger.hashing import Hash
from ledger.transaction import Transaction
from p2p.frame import Frame
from p2p.offences import Offence


class Submission(NamedTuple):
    """One transaction handed in by a client; format and signatures are already checked, nothing else.

    `request` comes back in the answer, so that the shell knows whom to tell.
    """

    request: int
    transaction: Transaction
    detached: tuple[DetachedValue, ...]


@dataclass(frozen=True, slots=True)
class Started:
    """The node runs; once, first."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time went on; every `TICK_INTERVAL_MS` or so, later when the machine was busy."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Submitted:
    """Verified transactions from clients, in the order they came."""

    now_ms: int
    submissions: tuple[Submission, ...]


@dataclass(frozen=True, slots=True)
class BatchStored:
    """The write of `ticket` and all before it are on disk."""

    now_ms: int
    ticket: int


@dataclass(frozen=True, slots=True)
class SignStateSaved:
    """The sign-state of `ticket` and all before it are kept."""

    now_ms: int
    ticket: int


@dataclass(frozen=True, slots=True)
class PeerConnected:
    """A neighbour is connected and greeted: frames can be sent to it. `dialled` by this node."""

    now_ms: int
    peer: Hash
    dialled: bool = False


@dataclass(frozen=True, slots=True)
class PeerGone:
    """The connection with a neighbour ended."""

    now_ms: int
    peer: Hash


@dataclass(frozen=True, slots=True)
class DialFailed:
    """The neighbour of a `Dial` could not be reached, or refused."""

    now_ms: int
    peer: Hash


@dataclass(frozen=True, slots=True)
class PeerBlamed:
    """What a neighbour did to the connection itself, as the transport saw it; the connection is ending."""

    now_ms: int
    peer: Hash
    offence: Offence


@dataclass(frozen=True, slots=True)
class GuestsChanged:
    """Who connects by invitation: `hosts` invited this node, unregistered; `guests` were invited by it."""

    now_ms: int
    hosts: tuple[Hash, ...]
    guests: tuple[Hash, ...]


class Received(NamedTuple):
    """A neighbour sent a frame; its form is checked, nothing else."""

    now_ms: int
    peer: Hash
    frame: Frame


@dataclass(frozen=True, slots=True)
class Verified:
    """The submissions of `Verify(ticket)`, in order: decoded with good signatures, or None where anything is wrong."""

    now_ms: int
    ticket: int
    results: "tuple[tuple[Transaction, tuple[DetachedValue, ...]] | None, ...]"


@dataclass(frozen=True, slots=True)
class SyncDone:
    """The `SyncWork` of `ticket` and all before it are done, or this one could not be."""

    now_ms: int
    ticket: int
    failed: WorkFailed | None = None


@dataclass(frozen=True, slots=True)
class ReadRequested:
    """A client wants a linearizable read; `question` is 16 bytes that were never used before."""

    now_ms: int
    question: bytes


@dataclass(frozen=True, slots=True)
class StepTimed:
    """A step that said `Worked(work)` took the machine so long."""

    now_ms: int
    work: int
    elapsed_us: int


@dataclass(frozen=True, slots=True)
class HandOverRequested:
    """The operator wants another voter to lead, or the one that is furthest (None)."""

    now_ms: int
    successor: Hash | None


@dataclass(frozen=True, slots=True)
class RoomChanged:
    """There is more or less room for blocks, or none; at first there is some. What was handed out waits for it."""

    now_ms: int
    has_room: bool


@dataclass(frozen=True, slots=True)
class Stopping:
    """The operator asked the node to end: finish what was proposed, accept nothing new."""

    now_ms: int


Event: TypeAlias = (
    Started
    | Ticked
    | Submitted
    | BatchStored
    | SignStateSaved
    | PeerConnected
    | PeerGone
    | DialFailed
    | PeerBlamed
    | GuestsChanged
    | Received
    | Verified
    | SyncDone
    | ReadRequested
    | StepTimed
    | HandOverRequested
    | RoomChanged
    | Stopping
)

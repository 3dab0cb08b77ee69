"""What the transport tells the node's shell, which adds the time and hands it to the node. Pure data.

For one peer they come in order: connected, then any number of frames, then gone; and again from the beginning.
"""

from dataclasses import dataclass
from typing import TypeAlias

from ledger.hashing import Hash
from p2p.close_reasons import CloseReason
from p2p.frame import Frame
from p2p.offences import Offence
from p2p.transport_messages import Head


@dataclass(frozen=True, slots=True)
class LinkUp:
    """A peer is connected and greeted; `dialled` by this node. `head` is what it said in its hello."""

    peer: Hash
    dialled: bool
    version: int
    head: Head


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The connection with a peer ended."""

    peer: Hash
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class LinkFailed:
    """A peer that was to be dialled could not be reached, or refused."""

    peer: Hash
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class FrameCame:
    """A peer sent a frame; its form is checked, nothing else."""

    peer: Hash
    frame: Frame


@dataclass(frozen=True, slots=True)
class PeerMisbehaved:
    """What a peer did to the connection itself, for its score; its connection is ending."""

    peer: Hash
    offence: Offence
    detail: str


LinkEvent: TypeAlias = LinkUp | LinkDown | LinkFailed | FrameCame | PeerMisbehaved

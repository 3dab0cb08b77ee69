"""Both sides of syncing by snapshot in one node: what it fetches for itself and what it hands to others. Pure.

Owns where each frame goes and what becomes of effects; never decides what is fetched (`daemon.state_sync`) and never
reads a file. Bounds: those of the parts. Source: docs/protocol.md, section 10.
"""

from typing import TypeAlias

from daemon.courier import Courier
from daemon.events import SyncDone
from daemon.state_sync import StateSync
from daemon.sync_answering import SyncAnswering
from daemon.sync_progress import SyncProgress
from daemon.sync_work import AnswerSnapshots, SyncWork
from ledger.hashing import Hash
from p2p.effects import Blame, SendFrame
from p2p.frame import Frame
from p2p.frames import Status
from p2p.snapshot_frames import (
    Headers,
    Part,
    Past,
    Snapshots,
    WantHeaders,
    WantPart,
    WantPast,
    WantSnapshots,
)

SyncingEffect: TypeAlias = SyncWork | AnswerSnapshots


class Syncing:
    """One node's."""

    def __init__(self, courier: Courier, sync: StateSync, answering: SyncAnswering) -> None:
        self._courier = courier
        self._sync = sync
        self._answering = answering
        self._effects: list[SyncingEffect] = []

    @property
    def progress(self) -> SyncProgress:
        """How far this node is."""
        return self._sync.progress

    def receive(self, peer: Hash, frame: Frame, now_ms: int) -> None:
        """Take a frame of a neighbour; any that is not about syncing is passed over."""
        match frame:
            case Status():
                self._sync.heard(peer, frame)
            case WantSnapshots() | WantPart():
                self._effects.append(AnswerSnapshots(peer, frame))
            case WantHeaders():
                self._courier.send(peer, self._answering.headers(frame))
            case WantPast():
                self._courier.send(peer, self._answering.past(frame))
            case Snapshots() | Headers() | Part() | Past():
                self._sync.receive(peer, frame, now_ms)
                self._collect(now_ms)
            case _:
                pass

    def lost(self, peer: Hash) -> None:
        """A neighbour is gone."""
        self._sync.lost(peer)

    def done(self, event: SyncDone, now_ms: int) -> None:
        """A work was done, or could not be."""
        self._sync.done(event.ticket, event.failed, now_ms)
        self._collect(now_ms)

    def tick(self, now_ms: int) -> None:
        """Get on; blocks wait for a snapshot that brings them."""
        self._sync.tick(now_ms)
        self._courier.hold_blocks(self._sync.holds_blocks(now_ms))
        self._collect(now_ms)

    def take_effects(self) -> list[SyncingEffect]:
        """What is to be done beside the node."""
        effects, self._effects = self._effects, []
        return effects

    def _collect(self, now_ms: int) -> None:
        for effect in self._sync.take_effects():
            match effect:
                case SendFrame(peer, frame, _):
                    self._courier.send(peer, frame)
                case Blame(peer, offence):
                    self._courier.blame(peer, offence, now_ms)
                case SyncWork():
                    self._effects.append(effect)

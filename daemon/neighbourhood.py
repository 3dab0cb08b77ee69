"""Who this node's neighbours are, how well they behave, and how much work each may cause. Pure.

Owns the overlay and the scores, and joins them: a score that falls too low ends the connection and keeps the neighbour
away for a while. Never opens or closes a connection (`Dial` and `Drop` are effects) and never looks into a frame beyond
its size. Bounds: those of `p2p.overlay` and `p2p.scores`; one moment for each neighbour that broke a promise.
Source: docs/protocol.md, section 8.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from consensus.settings import Chance
from contracts.node_registry import NODE_PREFIX, registered_nodes
from ledger.hashing import Hash
from p2p.effects import Blame, Dial, Drop, Effect
from p2p.frame import Frame
from p2p.frames import Blocks, Entries, Gossip, PendingIds, Transactions, WantBlocks, WantEntries, WantTransactions
from p2p.offences import Offence
from p2p.overlay import KnownNode, Overlay, OverlaySettings
from p2p.scores import SCORE_MAX, PeerScores, RecordedOffence, Standing, Verdict, Work
from p2p.snapshot_frames import Headers, Part, Past, WantHeaders, WantPart, WantPast, WantSnapshots
from storage.interface import StoreReader

# A link that breaks silently breaks all its promises at once; they are one break, and come back with the points.
PROMISES_EVERY_MS = 1000
# As many of these as are allowed in a second are less than the bytes that are.
_SMALL_FRAME_SIZE_BYTES_MAX = 1024
_QUESTIONS = (
    PendingIds,
    WantBlocks,
    WantEntries,
    WantTransactions,
    WantSnapshots,
    WantPart,
    WantHeaders,
    WantPast,
)

NeighbourEffect: TypeAlias = Blame | Dial | Drop


class Peer(NamedTuple):
    """One peer as `peers` shows it; the newest reason is the last."""

    peer: Hash
    is_connected: bool
    score: int
    verdict: Verdict
    reasons: tuple[RecordedOffence, ...]


class Neighbourhood:
    """One node's neighbours; `now_ms` is by the node's own clock."""

    def __init__(self, own: Hash, settings: OverlaySettings, chance: Chance, now_ms: int) -> None:
        self._overlay = Overlay(own, settings, chance, now_ms)
        self._scores = PeerScores()
        self._broke_ms: dict[Hash, int] = {}

    def set_registry(self, nodes: Iterable[KnownNode]) -> list[NeighbourEffect]:
        """The nodes of the registry as it is now; whoever left it goes."""
        return _own(self._overlay.set_registry(nodes))

    def connected(self, peer: Hash, dialled: bool, now_ms: int) -> list[NeighbourEffect]:
        """A connection is there; who has to go, which may be `peer` itself."""
        reason = None if dialled else self._overlay.admits(peer, now_ms)
        if reason is not None:
            return [Drop(peer, reason)]
        return _own(self._overlay.connected(peer, dialled, now_ms))

    def disconnected(self, peer: Hash, now_ms: int) -> None:
        """A connection has ended."""
        self._overlay.disconnected(peer, now_ms)
        self._broke_ms.pop(peer, None)

    def dial_failed(self, peer: Hash, now_ms: int) -> None:
        """A peer could not be reached, or refused."""
        self._overlay.dial_failed(peer, now_ms)

    def tick(self, now_ms: int) -> list[NeighbourEffect]:
        """Whom to dial now."""
        return _own(self._overlay.tick(now_ms))

    def blame(self, blamed: Blame, now_ms: int) -> list[NeighbourEffect]:
        """Lower a score; the peer is dropped when it is too low."""
        peer, offence = blamed.peer, blamed.offence
        if offence is Offence.BROKEN_PROMISE:
            if now_ms - self._broke_ms.get(peer, -PROMISES_EVERY_MS) < PROMISES_EVERY_MS:
                return []
            if peer in self._overlay.neighbours:
                self._broke_ms[peer] = now_ms
        verdict = self._scores.blame(peer, offence, now_ms)
        if verdict.standing is Standing.OK:
            return [blamed]
        dropped = _own(self._overlay.shun(peer, verdict.until_ms))
        ban_ms = max(verdict.until_ms - now_ms, 0)
        return [blamed, *(replace(one, ban_ms=ban_ms) if isinstance(one, Drop) else one for one in dropped)]

    def allows(self, peer: Hash, frame: Frame, now_ms: int) -> bool:
        """Whether the peer may cause the work of this frame now."""
        allow = self._scores.allow
        if not allow(peer, Work.FRAMES, 1, now_ms):
            return False
        size_bytes = len(frame.payload) if isinstance(frame, Gossip) else carried_size_bytes(frame)
        if size_bytes > _SMALL_FRAME_SIZE_BYTES_MAX and not allow(peer, Work.BYTES, size_bytes, now_ms):
            return False
        return not isinstance(frame, _QUESTIONS) or allow(peer, Work.QUESTIONS, 1, now_ms)

    def allows_transactions(self, peer: Hash, count: int, now_ms: int) -> bool:
        """Whether the peer may make this node verify so many transactions now."""
        return self._scores.allow(peer, Work.TRANSACTIONS, count, now_ms)

    def peers(self, now_ms: int) -> tuple[Peer, ...]:
        """Everybody who is connected, and everybody who did something wrong."""
        reported = {one.peer: one for one in self._scores.report(now_ms)}
        connected = self._overlay.neighbours
        unblemished = (Peer(one, True, SCORE_MAX, Verdict(Standing.OK), ()) for one in connected if one not in reported)
        blemished = (
            Peer(one.peer, one.peer in connected, one.score, one.verdict, one.reasons) for one in reported.values()
        )
        return (*unblemished, *blemished)


def known_nodes(reader: StoreReader, own: Hash) -> Iterator[KnownNode]:
    """The nodes of the ledger's registry, as of the last durable write; dialled is who has an address of its own.

    While a node's keys are changed, the registry has this very node twice, at one address.
    """
    nodes = tuple(registered_nodes(reader.scan_state(NODE_PREFIX)))
    address = next((node.address for node in nodes if node.id == own), None)
    for node in nodes:
        is_dialled = node.address is not None and (node.address != address or node.id == own)
        yield KnownNode(node.id, is_dialled, node.name)


def carried_size_bytes(frame: Frame) -> int:
    """What a frame carries for others: payloads, entries, submissions; 0 for one that only asks or tells."""
    match frame:
        case Gossip():
            return len(frame.payload)
        case Blocks(_, blocks):
            return sum(len(entry) for block in blocks for entry in block.entries)
        case Entries(_, entries):
            return sum(len(one.entry) for one in entries)
        case Transactions(_, submissions):
            return sum(map(len, submissions))
        case Part(_, data):
            return len(data)
        case Headers(_, headers, _):
            return sum(len(part) for one in headers for part in one)
        case Past(_, blocks):
            return sum(len(row.entry) + len(row.result) for block in blocks for row in block.rows)
        case _:
            return 0


def _own(effects: Iterable[Effect]) -> list[NeighbourEffect]:
    return [effect for effect in effects if isinstance(effect, Dial | Drop)]

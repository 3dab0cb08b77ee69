"""What an operator is shown of a peer: what the node thinks of it, joined with what the transport knows of it.

Owns the joining, and the way from the node's own clock to ages; keeps nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.node_registry import node_of
from daemon.neighbourhood import Peer
from daemon.node import Node
from daemon.registry_directory import StoredState
from ledger.hashing import Hash
from p2p.peer_book import PeerLine
from p2p.scores import SCORE_MAX, Standing
from storage.interface import StoreReader


@dataclass(frozen=True, slots=True)
class Lapse:
    """Something that a peer did wrong, `age_ms` ago."""

    offence: str
    detail: str
    age_ms: int


@dataclass(frozen=True, slots=True)
class PeerPicture:
    """One peer; `name` is None for a node that no registry has.

    `is_neighbour` says that the node talks with it, which follows a connection or ends it. `height` is the newest block
    that it said to have committed, `lag_blocks` how far behind this node's own that is; None before it said anything.
    `avoided_ms`: for how long the node will have nothing to do with it.
    """

    line: PeerLine
    name: str | None
    is_neighbour: bool
    height: int | None
    lag_blocks: int | None
    score: int
    standing: Standing
    avoided_ms: int
    lapses: tuple[Lapse, ...]


def peer_pictures(node: Node, lines: Sequence[PeerLine], store: StoreReader) -> tuple[PeerPicture, ...]:
    """Everybody that the node or its transport has something to say of; neighbours first, then by name."""
    known = {one.peer: one for one in node.peers()}
    by_peer = {one.peer: one for one in lines}
    heights, own_height, now_ms = node.neighbour_heights, store.head().executed_height, node.elapsed_ms
    state = StoredState(store)

    def picture(peer: Hash) -> PeerPicture:
        found, registered, height = known.get(peer), node_of(state, peer), heights.get(peer)
        return PeerPicture(
            line=by_peer.get(peer) or PeerLine(peer, False),
            name=None if registered is None else registered.name,
            is_neighbour=found is not None and found.is_connected,
            height=height,
            lag_blocks=None if height is None else max(own_height - height, 0),
            score=SCORE_MAX if found is None else found.score,
            standing=Standing.OK if found is None else found.verdict.standing,
            avoided_ms=0 if found is None else max(found.verdict.until_ms - now_ms, 0),
            lapses=() if found is None else _lapses(found, now_ms),
        )

    pictures = (picture(peer) for peer in dict.fromkeys((*known, *by_peer)))
    return tuple(sorted(pictures, key=lambda one: (not one.is_neighbour, one.name or "", one.line.peer)))


def _lapses(peer: Peer, now_ms: int) -> tuple[Lapse, ...]:
    return tuple(Lapse(one.offence.value, one.detail, max(now_ms - one.at_ms, 0)) for one in peer.reasons)

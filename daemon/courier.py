"""The node's side of gossip: the parts of `p2p` put together, frames in, frames and what they brought out. Pure.

Owns which part a frame belongs to and what becomes of each part's effects; never judges what it carries (the node does)
and never touches a socket. Broadcast is `Plumtree`; what gossip lost is found by comparing heads and waiting
transactions, and pulled from any neighbour by `BlockSync`, `EntryFetch` and `TransactionFetch`. Whatever one of them
holds against a neighbour lowers its score.

Bounds: those of the parts. What came is taken in the step in which it came. Source: docs/protocol.md, section 8.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

from consensus.settings import Chance
from daemon.neighbourhood import Neighbourhood, Peer
from ledger.hashing import Hash
from p2p.effects import Blame, Deliver, Dial, Drop, SendFrame, send
from p2p.effects import Effect as GossipEffect
from p2p.fetch import EntriesCame, EntriesGivenUp, EntryFetch, FetchEffect, TransactionFetch, TransactionsCame
from p2p.frame import Frame
from p2p.frames import (
    Blocks,
    Entries,
    Gossip,
    Graft,
    IHave,
    PayloadKind,
    PendingIds,
    PendingSummary,
    Prune,
    Status,
    Transactions,
)
from p2p.offences import Offence
from p2p.overlay import KnownNode, OverlaySettings
from p2p.plumtree import Plumtree
from p2p.sync import BlocksCame, BlockSync, Failure, Standing, SyncEffect

# Neighbours compare heads and waiting transactions this often: what gossip lost is found within it.
STATUS_EVERY_MS = 1000


class Head(NamedTuple):
    """Where a chain stands, as far as neighbours can be given it: on disk."""

    committed_height: int
    committed_hash: Hash
    tip_term: int
    tip_height: int
    tip_hash: Hash
    term: int


class Comparison(NamedTuple):
    """What neighbours compare: the head, and what waits for a block."""

    head: Head
    pending: PendingSummary


Compare: TypeAlias = Callable[[], Comparison]
CourierEffect: TypeAlias = SendFrame | Blame | Dial | Drop


class Courier:
    """One node's gossip; `now_ms` is by the node's own clock.

    Args:
        own: The node's id.
        settings: Whom it wants as neighbours.
        standing: Where its chain stands.
        compare: What is told to neighbours; called now and then.
        chance: Where random numbers come from.
    """

    def __init__(
        self, own: Hash, settings: OverlaySettings, standing: Standing, compare: Compare, chance: Chance
    ) -> None:
        self._compare = compare
        self._tree = Plumtree(chance)
        self._neighbourhood = Neighbourhood(own, settings, chance, 0)
        self._sync = BlockSync(standing, 0)
        self._entry_fetch = EntryFetch()
        self._transaction_fetch = TransactionFetch()
        # The term that each neighbour was last heard in; who is not in here is not connected.
        self._terms: dict[Hash, int | None] = {}
        self._told_ms = -STATUS_EVERY_MS
        self._holds_blocks = False
        self._effects: list[CourierEffect] = []
        self._delivered: list[Deliver] = []
        self._blocks: list[BlocksCame] = []
        self._bodies: list[EntriesCame | EntriesGivenUp] = []
        self._transactions: list[TransactionsCame] = []

    # -- neighbours ---------------------------------------------------------------------------------------------

    @property
    def neighbours(self) -> tuple[Hash, ...]:
        """Who is connected."""
        return tuple(self._terms)

    @property
    def has_neighbours(self) -> bool:
        """Whether anybody is connected."""
        return bool(self._terms)

    def peers(self, now_ms: int) -> tuple[Peer, ...]:
        """Who is connected and who misbehaved, for `peers`."""
        return self._neighbourhood.peers(now_ms)

    def set_registry(self, nodes: Iterable[KnownNode], now_ms: int) -> None:
        """The nodes that may be neighbours, from the ledger."""
        self._collect(self._neighbourhood.set_registry(nodes), now_ms)

    def peer_up(self, peer: Hash, dialled: bool, now_ms: int) -> None:
        """A connection is there: say where this node stands, or end it at once."""
        self._forget(peer, now_ms)
        self._terms[peer] = None
        self._collect(self._neighbourhood.connected(peer, dialled, now_ms), now_ms)
        if peer in self._terms:
            self._entry_fetch.peer_up(peer)
            self._collect(self._tree.peer_up(peer, now_ms), now_ms)
            self.send(peer, self._status())

    def peer_down(self, peer: Hash, now_ms: int) -> None:
        """A connection is gone."""
        self._forget(peer, now_ms)
        self._neighbourhood.disconnected(peer, now_ms)

    def dial_failed(self, peer: Hash, now_ms: int) -> None:
        """A neighbour that was dialled could not be reached."""
        self._neighbourhood.dial_failed(peer, now_ms)

    def tick(self, now_ms: int) -> None:
        """Announce, compare, ask for what is missing, give up on questions without an answer, dial."""
        self._collect(self._tree.tick(now_ms), now_ms)
        if now_ms - self._told_ms >= STATUS_EVERY_MS and self._terms:
            self._told_ms = now_ms
            frame = self._status()
            self._effects.extend(send(peer, frame) for peer in self._terms)
        if not self._holds_blocks:
            self._collect(self._sync.plan(now_ms), now_ms)
        self._collect(self._entry_fetch.plan(now_ms), now_ms)
        self._collect(self._transaction_fetch.plan(now_ms), now_ms)
        self._collect(self._neighbourhood.tick(now_ms), now_ms)

    def _status(self) -> Status:
        head, pending = self._compare()
        return Status(*head, pending)

    def _forget(self, peer: Hash, now_ms: int) -> None:
        if peer in self._terms:
            del self._terms[peer]
            self._collect(self._tree.peer_down(peer, now_ms), now_ms)
            self._sync.lost(peer)
            self._entry_fetch.peer_down(peer)
            self._transaction_fetch.peer_down(peer)

    # -- broadcast ----------------------------------------------------------------------------------------------

    def publish(
        self, kind: PayloadKind, payload: bytes, now_ms: int, shapes: bool = False, goes_back: bool = False
    ) -> None:
        """Tell everybody; `shapes` for the leader's heartbeats alone, `goes_back` for what only the leader needs."""
        if self._terms:
            self._collect(self._tree.broadcast(kind, payload, now_ms, shapes, goes_back), now_ms)

    def accept(self, message: Hash, now_ms: int, shapes: bool = False, goes_back: bool = False) -> None:
        """A delivered message is good: pass it on."""
        self._collect(self._tree.accept(message, now_ms, shapes, goes_back), now_ms)

    def refuse(self, message: Hash, now_ms: int) -> None:
        """A delivered message is wrong by itself: whoever brings it is to blame."""
        self._collect(self._tree.refuse(message), now_ms)

    def drop(self, message: Hash) -> None:
        """A delivered message is of no use here."""
        self._tree.drop(message)

    # -- what is heard ------------------------------------------------------------------------------------------

    def admits(self, peer: Hash, frame: Frame, now_ms: int) -> bool:
        """Whether to look at a frame: of a neighbour, and within what a neighbour may make this node do."""
        if peer not in self._terms:
            return False
        if self._neighbourhood.allows(peer, frame, now_ms):
            return True
        self.blame(peer, Offence.FLOOD, now_ms)
        return False

    def admits_transactions(self, peer: Hash, count: int, now_ms: int) -> bool:
        """Whether to verify so many transactions for a neighbour."""
        if self._neighbourhood.allows_transactions(peer, count, now_ms):
            return True
        self.blame(peer, Offence.FLOOD, now_ms)
        return False

    def receive(self, peer: Hash, frame: Frame, now_ms: int) -> None:
        """Take a frame of the tree, a head or an answer; the `take_` methods have what follows."""
        match frame:
            case Gossip() | IHave() | Graft() | Prune():
                self._collect(self._tree.receive(peer, frame, now_ms), now_ms)
            case Status():
                self._terms[peer] = frame.term
                self._sync.heard(peer, frame, now_ms)
            case Blocks():
                self._collect(self._sync.answered(peer, frame, now_ms), now_ms)
            case Entries():
                self._collect(self._entry_fetch.answered(peer, frame, now_ms), now_ms)
            case Transactions():
                self._collect(self._transaction_fetch.answered(peer, frame), now_ms)
            case _:
                pass

    def send(self, peer: Hash, frame: Frame) -> None:
        """Send one neighbour something."""
        if peer in self._terms:
            self._effects.append(send(peer, frame))

    def blame(self, peer: Hash, offence: Offence, now_ms: int) -> None:
        """A neighbour did something wrong."""
        self._collect([Blame(peer, offence)], now_ms)

    # -- what is missing ----------------------------------------------------------------------------------------

    def tell_pending(self, peer: Hash, ids: tuple[Hash, ...]) -> None:
        """Tell a neighbour what waits here and perhaps not there."""
        if ids:
            self.send(peer, PendingIds(ids))

    def want_transactions(self, peer: Hash, ids: Iterable[Hash], now_ms: int) -> None:
        """Ask a neighbour for transactions, unless it has a question to answer already."""
        if peer in self._terms:
            self._collect(self._transaction_fetch.want(peer, ids, now_ms), now_ms)

    def want_entries(self, block_hash: Hash, places: Iterable[int], teller: Hash, now_ms: int) -> None:
        """Ask for the missing bodies of a proposed block: first the neighbour that told of it."""
        self._collect(self._entry_fetch.want(block_hash, places, teller, now_ms), now_ms)

    def entries_done(self, block_hash: Hash) -> None:
        """The bodies of a proposed block are not wanted any more."""
        self._entry_fetch.done(block_hash)

    def entries_wrong(self, came: EntriesCame, places: Iterable[int], now_ms: int) -> None:
        """Bodies that came are not those of the block."""
        self._collect(self._entry_fetch.wrong(came, places, now_ms), now_ms)

    def advanced(self, own: Standing, now_ms: int) -> None:
        """This node's chain stands there now; nothing happens if it did before."""
        self._collect(self._sync.advanced(own, now_ms), now_ms)

    def blocks_stored(self, height: int, now_ms: int) -> None:
        """What a neighbour sent is part of this node's chain up to this height."""
        self._collect(self._sync.stored(height, now_ms), now_ms)

    def hold_blocks(self, holds: bool) -> None:
        """Whether blocks are not to be asked for, since a snapshot will bring what they lead to."""
        self._holds_blocks = holds

    def blocks_failed(self, peer: Hash, failure: Failure, now_ms: int) -> None:
        """Blocks of a neighbour cannot be used."""
        self._collect(self._sync.failed(peer, failure, now_ms), now_ms)

    # -- what came ----------------------------------------------------------------------------------------------

    @property
    def has_answers(self) -> bool:
        """Whether something came that was asked for."""
        return bool(self._blocks or self._bodies or self._transactions)

    def take_delivered(self) -> list[Deliver]:
        """Broadcast messages that wait for judgement."""
        if not self._delivered:
            return []
        delivered, self._delivered = self._delivered, []
        return delivered

    def take_blocks(self) -> list[BlocksCame]:
        """Blocks that were asked for, in order."""
        blocks, self._blocks = self._blocks, []
        return blocks

    def take_bodies(self) -> list[EntriesCame | EntriesGivenUp]:
        """Bodies of proposed blocks, or that nobody has them."""
        bodies, self._bodies = self._bodies, []
        return bodies

    def take_transactions(self) -> list[TransactionsCame]:
        """Transactions that were asked for."""
        transactions, self._transactions = self._transactions, []
        return transactions

    def take_effects(self) -> list[CourierEffect]:
        """Frames to be sent, who is to blame for what, whom to connect with and whom to leave."""
        effects, self._effects = self._effects, []
        return effects

    def _collect(self, effects: Sequence[GossipEffect | SyncEffect | FetchEffect], now_ms: int) -> None:
        for effect in effects:
            match effect:
                case SendFrame():
                    self._effects.append(effect)
                case Deliver():
                    self._delivered.append(effect)
                case Blame():
                    self._take_connections(self._neighbourhood.blame(effect, now_ms), now_ms)
                case BlocksCame():
                    self._blocks.append(effect)
                case EntriesCame() | EntriesGivenUp():
                    self._bodies.append(effect)
                case TransactionsCame():
                    self._transactions.append(effect)
                case Dial() | Drop():
                    self._take_connections([effect], now_ms)

    def _take_connections(self, effects: Iterable[Blame | Dial | Drop], now_ms: int) -> None:
        for effect in effects:
            if isinstance(effect, Drop):
                self._forget(effect.peer, now_ms)
            self._effects.append(effect)

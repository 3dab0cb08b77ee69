"""The node's side of gossip: what it says to its neighbours and what it hears of them. Pure.

Owns the broadcast tree, the neighbours' heads, and the asking for blocks and bodies that are missing; never judges what
it carries (the node does) and never touches a socket. Whatever a neighbour sends costs a bounded amount of work: frames
are limited, questions are one at a time for each purpose, answers have a size. Source: docs/protocol.md, section 8.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from consensus.settings import Chance
from ledger.hashing import Hash
from p2p.effects import Blame, Deliver, SendFrame, send
from p2p.effects import Effect as GossipEffect
from p2p.frames import (
    WANTED_TRANSACTIONS_MAX,
    Blocks,
    Entries,
    Frame,
    Gossip,
    Graft,
    IHave,
    PayloadKind,
    PendingIds,
    PendingSummary,
    Prune,
    Status,
    Transactions,
    WantBlocks,
    WantEntries,
    WantTransactions,
)
from p2p.plumtree import Plumtree

# Neighbours compare heads this often: what gossip lost is found within it.
STATUS_EVERY_MS = 1000
# A question that has no answer by then is asked of somebody else.
ANSWER_WAIT_MS = 2000
# Two windows at a time: what is fetched waits for its certificate as proposed blocks do.
BLOCKS_ASKED = 16
_NO_PENDING = PendingSummary(0, (bytes(32),) * 16)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands; ranks compare term first."""

    committed_height: int
    committed_hash: Hash
    tip_term: int
    tip_height: int
    tip_hash: Hash
    term: int

    @property
    def rank(self) -> tuple[int, int]:
        """What decides which of two chains is the newer one."""
        return (self.tip_term, self.tip_height)


@dataclass(slots=True)
class _Asked:
    """A question under way: to whom, and until when it may be answered."""

    request: int
    peer: Hash
    until_ms: int


class Courier:
    """One node's neighbours; `take` what it wants done after each call."""

    def __init__(self, chance: Chance) -> None:
        self._tree = Plumtree(chance)
        self._heads: dict[Hash, Head | None] = {}
        self._effects: list[GossipEffect] = []
        self._delivered: list[Deliver] = []
        self._request = 0
        # One question under way for each purpose.
        self._asked: dict[type[Frame], _Asked] = {}
        self._told_ms = -STATUS_EVERY_MS
        self._failed: set[Hash] = set()

    # -- neighbours ---------------------------------------------------------------------------------------------

    @property
    def has_neighbours(self) -> bool:
        """Whether anybody is connected."""
        return bool(self._heads)

    @property
    def neighbours(self) -> tuple[Hash, ...]:
        """Who is connected."""
        return tuple(self._heads)

    def peer_up(self, peer: Hash, own: Head, now_ms: int) -> None:
        """A connection is there: say where this node stands."""
        self._heads[peer] = None
        self._collect(self._tree.peer_up(peer, now_ms))
        self._effects.append(send(peer, _status(own)))

    def peer_down(self, peer: Hash) -> None:
        """A connection is gone."""
        self._heads.pop(peer, None)
        self._tree.peer_down(peer)
        self._asked = {kind: asked for kind, asked in self._asked.items() if asked.peer != peer}
        self._failed.discard(peer)

    def tick(self, own: Head, long_waiting: Callable[[], Sequence[Hash]], now_ms: int) -> None:
        """Announce, compare heads and what waits for long, give up on questions without an answer.

        Args:
            own: Where this node stands.
            long_waiting: Transactions that should be in a block by now: perhaps the leader never heard of them.
            now_ms: By the node's own clock.
        """
        self._collect(self._tree.tick(now_ms))
        if now_ms - self._told_ms >= STATUS_EVERY_MS and self._heads:
            self._told_ms = now_ms
            frame = _status(own)
            self._effects.extend(send(peer, frame) for peer in self._heads)
            waiting = tuple(long_waiting())
            if waiting:
                pending = PendingIds(waiting)
                self._effects.extend(send(peer, pending) for peer in self._heads)
        for kind, asked in list(self._asked.items()):
            if now_ms > asked.until_ms:
                self._failed.add(asked.peer)
                del self._asked[kind]

    # -- broadcast ----------------------------------------------------------------------------------------------

    def publish(self, kind: PayloadKind, payload: bytes, now_ms: int, shapes: bool = False) -> None:
        """Tell everybody; `shapes` for the leader's heartbeats alone."""
        if self._heads:
            self._collect(self._tree.broadcast(kind, payload, now_ms, shapes))

    def accept(self, message: Hash, now_ms: int, shapes: bool = False) -> None:
        """A delivered message is good: pass it on."""
        self._collect(self._tree.accept(message, now_ms, shapes))

    def refuse(self, message: Hash) -> None:
        """A delivered message is wrong by itself."""
        self._collect(self._tree.refuse(message))

    def drop(self, message: Hash) -> None:
        """A delivered message is of no use here."""
        self._tree.drop(message)

    # -- what is heard ------------------------------------------------------------------------------------------

    def receive(self, peer: Hash, frame: Frame, now_ms: int) -> None:
        """Take a frame of the tree or a head; `delivered` has what follows."""
        if peer not in self._heads:
            return
        if isinstance(frame, Gossip | IHave | Graft | Prune):
            self._collect(self._tree.receive(peer, frame, now_ms))
        elif isinstance(frame, Status):
            self._heads[peer] = Head(
                frame.committed_height,
                frame.committed_hash,
                frame.tip_term,
                frame.tip_height,
                frame.tip_hash,
                frame.term,
            )

    def term_of(self, peer: Hash) -> int | None:
        """The term a neighbour said it is in."""
        head = self._heads.get(peer)
        return head.term if head is not None else None

    def ask_transactions(self, peer: Hash, ids: tuple[Hash, ...], now_ms: int) -> None:
        """Ask a neighbour for transactions that it says wait there, unless a question is under way."""
        if Transactions not in self._asked and peer in self._heads:
            request = self._ask(Transactions, peer, now_ms)
            self._effects.append(send(peer, WantTransactions(request, ids[:WANTED_TRANSACTIONS_MAX])))

    def send(self, peer: Hash, frame: Frame) -> None:
        """Send one neighbour something."""
        if peer in self._heads:
            self._effects.append(send(peer, frame))

    # -- asking for blocks --------------------------------------------------------------------------------------

    def ask_blocks(self, own: Head, first_height: int, now_ms: int) -> None:
        """Ask a neighbour that is ahead for blocks from `first_height`, unless a question is under way."""
        if Blocks in self._asked:
            return
        ahead = [
            peer
            for peer, head in self._heads.items()
            if head is not None and (head.rank > own.rank or head.committed_height > own.committed_height)
        ]
        if not ahead:
            return
        fresh = [peer for peer in ahead if peer not in self._failed]
        if not fresh:
            self._failed.clear()
        chosen = max(fresh or ahead, key=lambda peer: (self._heads[peer] or own).rank)
        request = self._ask(Blocks, chosen, now_ms)
        self._effects.append(send(chosen, WantBlocks(request, first_height, BLOCKS_ASKED, with_entries=True)))

    def is_answer(self, peer: Hash, answer: Blocks | Entries | Transactions) -> bool:
        """Whether this answers the question under way, which ends with it."""
        asked = self._asked.get(type(answer))
        if asked is None or (asked.peer, asked.request) != (peer, answer.request):
            return False
        del self._asked[type(answer)]
        return True

    def is_asking(self, kind: type[Frame]) -> bool:
        """Whether a question is under way whose answer is such a frame."""
        return kind in self._asked

    def _ask(self, kind: type[Frame], peer: Hash, now_ms: int) -> int:
        self._request = self._request % (2**32 - 1) + 1
        self._asked[kind] = _Asked(self._request, peer, now_ms + ANSWER_WAIT_MS)
        return self._request

    def blame(self, peer: Hash) -> None:
        """What a neighbour sent was of no use: ask others first."""
        self._failed.add(peer)

    def ask_entries(self, peer: Hash, block_hash: Hash, places: tuple[int, ...], now_ms: int) -> bool:
        """Ask the neighbour that told of a block for its missing bodies; False if a question is under way already."""
        if Entries in self._asked or peer not in self._heads:
            return False
        self._effects.append(send(peer, WantEntries(self._ask(Entries, peer, now_ms), block_hash, places)))
        return True

    # -- what is wanted -----------------------------------------------------------------------------------------

    def take_delivered(self) -> list[Deliver]:
        """Broadcast messages that wait for judgement."""
        delivered, self._delivered = self._delivered, []
        return delivered

    def take_effects(self) -> list[SendFrame | Blame]:
        """Frames to be sent, and who is to blame for what."""
        effects, self._effects = self._effects, []
        return [effect for effect in effects if isinstance(effect, SendFrame | Blame)]

    def _collect(self, effects: list[GossipEffect]) -> None:
        for effect in effects:
            if isinstance(effect, Deliver):
                self._delivered.append(effect)
            else:
                self._effects.append(effect)


def _status(head: Head) -> Status:
    return Status(
        head.committed_height,
        head.committed_hash,
        head.tip_term,
        head.tip_height,
        head.tip_hash,
        head.term,
        _NO_PENDING,
    )

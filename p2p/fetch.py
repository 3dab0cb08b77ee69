"""Bodies that are missing: the entries of a proposed block, and transactions that wait elsewhere. Pure.

Owns whom to ask for what; never looks into a body (the owner compares it with the leaf hash or the id that it asked
for). The entries of a block are asked of the neighbour that told of it, then of the others, each at most
`ASKED_EACH_MAX` times; transactions are asked of the one that says that they wait there: what it does not send, the
next comparison brings. Nothing is asked of two neighbours at once, but whoever has not answered for `ALONE_MS` is not
waited for alone: silence must not keep from a node what the others would give it.

Bounds: `WANTED_BLOCKS_MAX` blocks, the oldest forgotten first; `UNDER_WAY_MAX` questions of each kind, one to each
neighbour. Source: docs/protocol.md, sections 6 ("Propose") and 8.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from ledger.hashing import Hash
from p2p.effects import Blame, SendFrame, send
from p2p.frames import (
    WANTED_TRANSACTIONS_MAX,
    Entries,
    IndexedEntry,
    Transactions,
    WantEntries,
    WantTransactions,
)
from p2p.offences import Offence
from p2p.requests import Answered, Requests

# Twice the largest window and the opening blocks that are exempt from it.
WANTED_BLOCKS_MAX = 128
UNDER_WAY_MAX = 16
# Half of the shortest election timeout: a proposal is acknowledged in time after one neighbour that is silent.
ALONE_MS = 500
# On a slow line the answers are under way, and more of them would make it slower.
TOGETHER_MAX = 3
# What nobody has in two rounds comes with whole blocks.
ASKED_EACH_MAX = 2


@dataclass(frozen=True, slots=True)
class EntriesCame:
    """Entries of a block that were asked for; to be compared with the leaf hashes."""

    peer: Hash
    block_hash: Hash
    entries: tuple[IndexedEntry, ...]


@dataclass(frozen=True, slots=True)
class EntriesGivenUp:
    """No neighbour has the missing entries of this block: catch up by whole blocks."""

    block_hash: Hash


@dataclass(frozen=True, slots=True)
class TransactionsCame:
    """Submissions that were asked for."""

    peer: Hash
    submissions: tuple[bytes, ...]


FetchEffect: TypeAlias = SendFrame | Blame | EntriesCame | EntriesGivenUp | TransactionsCame


@dataclass(slots=True)
class _Wanted:
    """The missing places of one block, ascending; `asked` counts questions to each neighbour, the teller first."""

    missing: tuple[int, ...]
    asked: dict[Hash, int]


class _Asked(NamedTuple):
    block_hash: Hash
    places: tuple[int, ...]
    at_ms: int


class _AskedIds(NamedTuple):
    ids: tuple[Hash, ...]
    at_ms: int


class EntryFetch:
    """The missing entries of proposed blocks."""

    def __init__(self) -> None:
        self._neighbours: dict[Hash, None] = {}
        self._wanted: dict[Hash, _Wanted] = {}
        # Who was asked for blocks of which nothing is missing: the entries may turn out to be wrong.
        self._complete: dict[Hash, dict[Hash, int]] = {}
        self._requests: Requests[_Asked] = Requests(UNDER_WAY_MAX, 1)

    def __len__(self) -> int:
        """Blocks whose entries are missing."""
        return len(self._wanted)

    def peer_up(self, peer: Hash) -> None:
        """A neighbour that can be asked."""
        self._neighbours[peer] = None

    def peer_down(self, peer: Hash) -> None:
        """A neighbour is gone; what it was asked is asked of others."""
        self._neighbours.pop(peer, None)
        self._requests.cancel(peer)

    def want(self, block_hash: Hash, places: Iterable[int], teller: Hash, now_ms: int) -> list[FetchEffect]:
        """Entries of a block are missing at `places`; `teller` told of it. Replaces what was wanted of it before."""
        before = self._wanted.pop(block_hash, None)
        asked = before.asked if before is not None else {teller: 0}
        self._wanted[block_hash] = _Wanted(tuple(sorted(set(places))), asked)
        _forget_oldest(self._wanted)
        return self.plan(now_ms)

    def done(self, block_hash: Hash) -> None:
        """The entries of a block are not wanted any more."""
        self._wanted.pop(block_hash, None)
        self._complete.pop(block_hash, None)

    def answered(self, peer: Hash, frame: Entries, now_ms: int) -> list[FetchEffect]:
        """An answer came; what it does not hold is asked of the next one."""
        answered, asked = self._requests.close(peer, frame.request)
        if asked is None:
            return [Blame(peer, Offence.UNASKED)] if answered is Answered.UNASKED else []
        if not {one.place for one in frame.entries} <= set(asked.places):
            return [Blame(peer, Offence.UNASKED), *self.plan(now_ms)]
        wanted = self._wanted.get(asked.block_hash)
        if wanted is None:
            return []
        missing = set(wanted.missing)
        fitting = tuple(one for one in frame.entries if one.place in missing)
        wanted.missing = tuple(sorted(missing - {one.place for one in fitting}))
        if not wanted.missing:
            del self._wanted[asked.block_hash]
            self._complete[asked.block_hash] = wanted.asked
            _forget_oldest(self._complete)
        effects: list[FetchEffect] = [EntriesCame(peer, asked.block_hash, fitting)] if fitting else []
        return effects + self.plan(now_ms)

    def wrong(self, came: EntriesCame, places: Iterable[int], now_ms: int) -> list[FetchEffect]:
        """Entries that came are not those of the block: they are asked of others."""
        asked = self._complete.pop(came.block_hash, {})
        wanted = self._wanted.setdefault(came.block_hash, _Wanted((), asked))
        _forget_oldest(self._wanted)
        wanted.missing = tuple(sorted({*wanted.missing, *places}))
        wanted.asked[came.peer] = ASKED_EACH_MAX
        return [Blame(came.peer, Offence.INVALID_BLOCK), *self.plan(now_ms)]

    def plan(self, now_ms: int) -> list[FetchEffect]:
        """Ask for what is missing, and give up on those who do not answer; to be called with every tick."""
        effects: list[FetchEffect] = [
            Blame(expired.peer, Offence.UNANSWERED) for expired in self._requests.expire(now_ms)
        ]
        if not self._wanted:
            return effects
        under_way = Counter(asked.block_hash for asked in self._requests.subjects)
        alone = {asked.block_hash for asked in self._requests.subjects if now_ms - asked.at_ms < ALONE_MS}
        for block_hash, wanted in list(self._wanted.items()):
            if block_hash in alone or under_way[block_hash] >= TOGETHER_MAX or not self._neighbours:
                continue
            able = [peer for peer in self._in_turn(wanted) if wanted.asked.get(peer, 0) < ASKED_EACH_MAX]
            if not able and under_way[block_hash]:
                continue
            if not able:
                del self._wanted[block_hash]
                effects.append(EntriesGivenUp(block_hash))
                continue
            free = [peer for peer in able if self._requests.has_room(peer)]
            if free:
                peer = min(free, key=lambda one: wanted.asked.get(one, 0))
                wanted.asked[peer] = wanted.asked.get(peer, 0) + 1
                number = self._requests.open(peer, _Asked(block_hash, wanted.missing, now_ms), now_ms)
                effects.append(send(peer, WantEntries(number, block_hash, wanted.missing)))
        return effects

    def _in_turn(self, wanted: _Wanted) -> list[Hash]:
        """Connected neighbours, those asked before first: the teller is the first of them."""
        tellers = [peer for peer in wanted.asked if peer in self._neighbours]
        return tellers + [peer for peer in self._neighbours if peer not in wanted.asked]


class TransactionFetch:
    """Transactions that wait at neighbours."""

    def __init__(self) -> None:
        self._requests: Requests[_AskedIds] = Requests(UNDER_WAY_MAX, 1)

    def peer_down(self, peer: Hash) -> None:
        """A neighbour is gone; what it was asked is asked of others with the next comparison."""
        self._requests.cancel(peer)

    def want(self, peer: Hash, ids: Iterable[Hash], now_ms: int) -> list[SendFrame]:
        """`peer` says that these wait there, and they do not here: ask it for those that nobody was just asked for."""
        if not self._requests.has_room(peer):
            return []
        asked = (subject for subject in self._requests.subjects if now_ms - subject.at_ms < ALONE_MS)
        alone = {id for subject in asked for id in subject.ids}
        wanted = tuple(id for id in dict.fromkeys(ids) if id not in alone)[:WANTED_TRANSACTIONS_MAX]
        if not wanted:
            return []
        return [send(peer, WantTransactions(self._requests.open(peer, _AskedIds(wanted, now_ms), now_ms), wanted))]

    def answered(self, peer: Hash, frame: Transactions) -> list[FetchEffect]:
        """An answer came."""
        answered, asked = self._requests.close(peer, frame.request)
        if asked is None:
            return [Blame(peer, Offence.UNASKED)] if answered is Answered.UNASKED else []
        if len(frame.submissions) > len(asked.ids):
            return [Blame(peer, Offence.UNASKED)]
        return [TransactionsCame(peer, frame.submissions)] if frame.submissions else []

    def plan(self, now_ms: int) -> list[Blame]:
        """Give up on those who do not answer; to be called with every tick."""
        return [Blame(expired.peer, Offence.UNANSWERED) for expired in self._requests.expire(now_ms)]


def _forget_oldest(blocks: dict[Hash, Any]) -> None:
    while len(blocks) > WANTED_BLOCKS_MAX:
        del blocks[next(iter(blocks))]

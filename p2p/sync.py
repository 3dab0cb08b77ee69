"""Catching up: which blocks to ask of which neighbour, when, and in which order they are handed over. Pure.

Owns what neighbours say of their chains and the blocks that are asked for or came too early; never looks into a block:
the owner judges each one (`BlocksCame`) and reports how far it got (`stored`), where its own chain stands (`advanced`),
or that a neighbour's blocks were of no use (`failed`).

What is asked for, the first of these that applies:
1. Committed blocks above the own newest one, in ranges, from all neighbours that have them at the same time, the least
   busy first. Gossip brings the newest blocks by itself, so a small distance is only looked at when it lasts.
2. Certificates of own blocks that neighbours say are committed.
3. The rest of the chain of a neighbour whose newest block ranks higher than the own one.
Where blocks do not follow from the own newest block, the own chain is a branch that others gave up: the question is
asked again from the first block that is not committed here.

A claim costs nothing, so nobody is waited for alone: if the blocks that come next stay away for `HEAD_WAIT_MS`, another
neighbour is asked for them too, and whoever kept all waiting is for `UNRELIABLE_MS` only asked for what nobody else
has. What is asked of such neighbours holds up nothing else.

Bounds: `AHEAD_BLOCKS_MAX` blocks above the committed height; `ANSWERS_MAX` answers, asked for, waiting for those before
them, or in the owner's hands; `PEER_ANSWERS_MAX` asked of one neighbour at a time; one record for each neighbour.
Invariant: blocks are handed over in ascending order of heights, without gaps, each from a height that the owner has not
reported stored.
Source: docs/protocol.md, sections 6 ("Conflict", "Commit") and 8.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple, TypeAlias

from ledger.hashing import Hash
from p2p.effects import Blame, SendFrame, send
from p2p.frames import WANTED_BLOCKS_MAX, Blocks, CarriedBlock, Status, WantBlocks
from p2p.offences import Offence
from p2p.requests import Answered, Requests

# 32 MiB in the worst case, 8 MiB with answers of the usual size.
ANSWERS_MAX = 8
# One of them is kept for what others hold up.
_RANGES_MAX = ANSWERS_MAX - 1
# So that a slow neighbour holds up no more than a quarter of it.
PEER_ANSWERS_MAX = 2
# Ranges are cut so that several neighbours share the work; an answer ends earlier where a frame is full.
RANGE_BLOCKS_MAX = 16
# What gossip usually brings within a moment: the window of a leader.
SMALL_DISTANCE = 8
# Blocks above the committed height that are asked for: more than lie between two certificates that nodes keep.
AHEAD_BLOCKS_MAX = ANSWERS_MAX * RANGE_BLOCKS_MAX
# How long a small distance lasts before somebody is asked.
PATIENCE_MS = 1500
# Two answers of a megabyte over 10 Mbit/s, and the way there and back.
HEAD_WAIT_MS = 2500
# What a silent neighbour can cost is one such wait in this time.
UNRELIABLE_MS = 60_000
# Who did not have what it said, or sent what does not fit, is passed over for so long.
PAUSE_MS = 2000
INVALID_PAUSE_MS = 60_000
# An owner that says nothing of what it was given for so long is given it again.
HELD_MS_MAX = 30_000


class Standing(NamedTuple):
    """Where the own chain stands: the committed height, and the newest block stored whole."""

    committed_height: int
    tip_term: int
    tip_height: int


class Failure(Enum):
    """Why the owner could not use blocks."""

    # A block breaks a rule: its sender should have found that.
    INVALID = "invalid"
    # They do not follow from the own chain.
    NOT_CONNECTED = "not-connected"
    # They cannot be judged or stored at the moment.
    NOT_NOW = "not-now"


@dataclass(frozen=True, slots=True)
class BlocksCame:
    """Blocks from `first_height` on, in order; `with_entries` or only headers and certificates."""

    peer: Hash
    first_height: int
    blocks: tuple[CarriedBlock, ...]
    with_entries: bool

    @property
    def last_height(self) -> int:
        """The height of the last of them."""
        return self.first_height + len(self.blocks) - 1

    def after(self, height: int) -> "BlocksCame":
        """Those above `height`, of which there is one."""
        return replace(self, first_height=height + 1, blocks=self.blocks[height + 1 - self.first_height :])


SyncEffect: TypeAlias = SendFrame | Blame | BlocksCame


class _Range(NamedTuple):
    first: int
    length: int
    with_entries: bool
    asked_ms: int = 0

    @property
    def end(self) -> int:
        return self.first + self.length


@dataclass(slots=True)
class _Neighbour:
    status: Status
    pause_until_ms: int = 0
    unreliable_until_ms: int = 0

    def fail(self, pause_ms: int, now_ms: int) -> None:
        """It was of no use: leave it alone for a while, and rather ask others afterwards."""
        self.pause_until_ms = now_ms + pause_ms
        self.unreliable_until_ms = now_ms + UNRELIABLE_MS


class BlockSync:
    """One node's catching up."""

    def __init__(self, own: Standing, now_ms: int) -> None:
        self._own = own
        self._neighbours: dict[Hash, _Neighbour] = {}
        self._requests: Requests[_Range] = Requests(ANSWERS_MAX, PEER_ANSWERS_MAX)
        # Answers by their first height: those that wait for earlier ones, and those in the owner's hands.
        self._early: dict[int, BlocksCame] = {}
        self._handed_over: dict[int, BlocksCame] = {}
        # Everything up to this height was stored, or belongs to the own chain.
        self._floor = own.tip_height
        # Whether the own blocks above the committed height are asked for again.
        self._rewound = False
        # When the own chain last moved by itself, or fell behind.
        self._moved_ms = now_ms
        self._handed_over_ms = now_ms
        self._certificate_ms = now_ms
        self._pause_until_ms = now_ms

    @property
    def is_behind(self) -> bool:
        """Whether a neighbour says that it has what is missing here."""
        return any(self._is_ahead(neighbour.status) for neighbour in self._neighbours.values())

    @property
    def answers(self) -> int:
        """How many answers are asked for or held; at most `ANSWERS_MAX`."""
        return len(self._requests) + len(self._early) + len(self._handed_over)

    def heard(self, peer: Hash, status: Status, now_ms: int) -> None:
        """A neighbour says where its chain stands."""
        was_behind = self.is_behind
        neighbour = self._neighbours.get(peer)
        if neighbour is None:
            self._neighbours[peer] = _Neighbour(status)
        else:
            neighbour.status = status
        if not was_behind:
            self._moved_ms = now_ms

    def lost(self, peer: Hash) -> None:
        """A neighbour is gone; what it was asked is asked of others."""
        self._neighbours.pop(peer, None)
        self._requests.cancel(peer)

    def advanced(self, own: Standing, now_ms: int) -> list[SyncEffect]:
        """The own chain changed, by these blocks or others; what can be handed over now."""
        before, self._own = self._own, own
        if own == before:
            return []
        if not self._handed_over:
            self._moved_ms = now_ms
        if own[1:] != before[1:]:
            self._rewound = False
        if own.tip_height < before.tip_height:
            self._floor = own.tip_height
        return self._raise_floor(own.committed_height if self._rewound else own.tip_height, now_ms)

    def stored(self, height: int, now_ms: int) -> list[SyncEffect]:
        """The owner took everything that was handed over up to `height`; what can be handed over now."""
        return self._raise_floor(height, now_ms)

    def failed(self, peer: Hash, failure: Failure, now_ms: int) -> list[Blame]:
        """Blocks of `peer` that were handed over could not be used, from the first that was not reported stored on."""
        # What others are asked for may be right: else one liar would make a slow line useless.
        self._give_up(None if failure is Failure.NOT_NOW else peer)
        neighbour = self._neighbours.get(peer)
        if failure is Failure.NOT_NOW:
            self._pause_until_ms = now_ms + PAUSE_MS
            return []
        if failure is Failure.NOT_CONNECTED and not self._rewound:
            self._rewind()
            return []
        if neighbour is not None:
            neighbour.fail(INVALID_PAUSE_MS if failure is Failure.INVALID else PAUSE_MS, now_ms)
        return [Blame(peer, Offence.INVALID_BLOCK)] if failure is Failure.INVALID else []

    def answered(self, peer: Hash, frame: Blocks, now_ms: int) -> list[SyncEffect]:
        """An answer came: who is to be blamed, or what can be handed over."""
        answered, asked = self._requests.close(peer, frame.request)
        if asked is None:
            return [Blame(peer, Offence.UNASKED)] if answered is Answered.UNASKED else []
        fits = len(frame.blocks) <= asked.length
        fits = fits and all(bool(one.entries) == asked.with_entries for one in frame.blocks)
        if not frame.blocks or not fits:
            # It said that it has them, and heights of a chain do not go down.
            self._neighbours[peer].fail(PAUSE_MS, now_ms)
            return [Blame(peer, Offence.UNANSWERED if fits else Offence.INVALID_BLOCK)]
        came = BlocksCame(peer, asked.first, frame.blocks, asked.with_entries)
        if not asked.with_entries:
            return [came]
        self._early[asked.first] = came
        return list(self._hand_over(now_ms))

    def plan(self, now_ms: int) -> list[SyncEffect]:
        """Ask for what is missing, and give up on those who do not answer; to be called with every tick."""
        effects: list[SyncEffect] = []
        # Questions beside each other that run out together are one offence: they wait for the same line.
        for peer in dict.fromkeys(expired.peer for expired in self._requests.expire(now_ms)):
            self._neighbours[peer].fail(PAUSE_MS, now_ms)
            effects.append(Blame(peer, Offence.UNANSWERED))
        if self._handed_over and now_ms - self._handed_over_ms >= HELD_MS_MAX:
            self._give_up()
        if now_ms < self._pause_until_ms or not (self.answers or self.is_behind):
            return effects
        effects += self._ask_another(now_ms)
        # Blocks above the committed height are held in memory: nobody may hand out any number without certificates.
        highest = self._own.committed_height + AHEAD_BLOCKS_MAX
        goal = min(self._committed_goal(now_ms), highest)
        is_patient = now_ms - self._moved_ms >= PATIENCE_MS
        if goal - self._floor > SMALL_DISTANCE or (goal > self._floor and (is_patient or self.answers)):
            effects += self._ask_ranges(goal, now_ms)
        if is_patient and self.answers < ANSWERS_MAX and not self._is_served(now_ms):
            effects += self._ask_certificate(now_ms) or (self._ask_rest(now_ms) if self._floor < highest else [])
        return effects

    def _is_served(self, now_ms: int) -> bool:
        """Whether blocks are in the owner's hands, or asked of somebody who has not let this node down."""
        reliable = (self._is_reliable(question.peer, now_ms) for question in self._requests.questions)
        return bool(self._handed_over) or any(reliable)

    def _is_reliable(self, peer: Hash, now_ms: int) -> bool:
        return now_ms >= self._neighbours[peer].unreliable_until_ms

    def _is_ahead(self, status: Status) -> bool:
        own = self._own
        return status.committed_height > own.committed_height or (status.tip_term, status.tip_height) > own[1:]

    def _committed_goal(self, now_ms: int) -> int:
        """What the neighbours have that can be asked now: one that claims too much must not hide the others."""
        able = (one for one in self._neighbours.values() if now_ms >= one.pause_until_ms)
        return max((one.status.committed_height for one in able), default=0)

    def _ask_ranges(self, goal: int, now_ms: int) -> list[SyncEffect]:
        effects: list[SyncEffect] = []
        while self.answers < _RANGES_MAX:
            gap = self._first_gap(goal)
            # Nobody may have time for the first gap, while others have for what comes after it: those wait for it.
            peer = self._least_busy(gap.first, now_ms) if gap is not None else None
            if gap is None or peer is None:
                break
            last = min(gap.end - 1, self._neighbours[peer].status.committed_height)
            effects.append(self._ask(peer, gap.first, last - gap.first + 1, True, now_ms))
        return effects

    def _ask_another(self, now_ms: int) -> list[SyncEffect]:
        """Ask a second neighbour for the blocks that come next, where the first one keeps everything waiting for them.

        Both may answer: on slow lines the first one does, and nothing would come if each were given up for the next.
        """
        reached = max((one.last_height for one in self._handed_over.values()), default=self._floor)
        heads = [one for one in self._requests.questions if one.subject.first <= reached + 1 < one.subject.end]
        heads = [one for one in heads if one.subject.with_entries]
        if not heads or any(now_ms - one.subject.asked_ms < HEAD_WAIT_MS for one in heads):
            return []
        for one in heads:
            self._neighbours[one.peer].unreliable_until_ms = now_ms + UNRELIABLE_MS
        first, end = reached + 1, max(one.subject.end for one in heads)
        peer = self._least_busy(first, now_ms, {one.peer for one in heads})
        if peer is None or self.answers >= ANSWERS_MAX:
            return []
        last = min(end - 1, self._neighbours[peer].status.committed_height)
        return [self._ask(peer, first, last - first + 1, True, now_ms)]

    def _first_gap(self, goal: int) -> _Range | None:
        """The first heights up to `goal` that nobody is asked for and that did not come."""
        covered = [asked for asked in self._requests.subjects if asked.with_entries]
        held = (*self._early.values(), *self._handed_over.values())
        covered += [_Range(one.first_height, len(one.blocks), with_entries=True) for one in held]
        first, end = self._floor + 1, goal + 1
        for one in sorted(covered):
            if one.first > first:
                end = min(end, one.first)
                break
            first = max(first, one.end)
        return _Range(first, min(end - first, RANGE_BLOCKS_MAX), with_entries=True) if first < end else None

    def _least_busy(self, height: int, now_ms: int, but: Collection[Hash] = ()) -> Hash | None:
        """Who is to be asked for a committed block; nobody who is unreliable while others have it, busy or not."""
        able = [
            peer
            for peer, neighbour in self._neighbours.items()
            if neighbour.status.committed_height >= height and now_ms >= neighbour.pause_until_ms and peer not in but
        ]
        best = [peer for peer in able if self._is_reliable(peer, now_ms)] or able
        free = [peer for peer in best if self._requests.has_room(peer)]
        return min(free, key=self._requests.load, default=None)

    def _ask_certificate(self, now_ms: int) -> list[SyncEffect]:
        own = self._own
        if own.tip_height <= own.committed_height or now_ms - self._certificate_ms < PATIENCE_MS:
            return []
        # Everybody in turn, each for what it says that it has: whoever claims most need not have any.
        peer = self._least_busy(own.committed_height + 1, now_ms)
        if peer is None:
            return []
        self._certificate_ms = now_ms
        # A block carries a certificate of its own or of one above it, perhaps above the own newest block: so several.
        height = min(self._neighbours[peer].status.committed_height, own.tip_height)
        first = max(own.committed_height + 1, height + 1 - WANTED_BLOCKS_MAX)
        return [self._ask(peer, first, height + 1 - first, False, now_ms)]

    def _ask_rest(self, now_ms: int) -> list[SyncEffect]:
        ahead = [
            peer
            for peer, neighbour in self._neighbours.items()
            if self._rank(peer) > self._own[1:]
            and neighbour.status.tip_height > self._own.committed_height
            and now_ms >= neighbour.pause_until_ms
            and self._requests.has_room(peer)
        ]
        if not ahead:
            return []
        peer = max(ahead, key=lambda one: (self._is_reliable(one, now_ms), self._rank(one), one))
        tip_height = self._neighbours[peer].status.tip_height
        if tip_height <= self._floor:
            # Newer and not longer: it branches off below.
            self._rewind()
        count = min(tip_height - self._floor, WANTED_BLOCKS_MAX)
        return [self._ask(peer, self._floor + 1, count, True, now_ms)]

    def _rewind(self) -> None:
        self._rewound = True
        self._floor = self._own.committed_height

    def _rank(self, peer: Hash) -> tuple[int, int]:
        status = self._neighbours[peer].status
        return (status.tip_term, status.tip_height)

    def _ask(self, peer: Hash, first: int, count: int, with_entries: bool, now_ms: int) -> SendFrame:
        number = self._requests.open(peer, _Range(first, count, with_entries, now_ms), now_ms)
        return send(peer, WantBlocks(number, first, count, with_entries))

    def _raise_floor(self, height: int, now_ms: int) -> list[SyncEffect]:
        self._floor = max(self._floor, height)
        self._handed_over_ms = now_ms
        for first, came in list(self._handed_over.items()):
            if came.last_height <= self._floor:
                del self._handed_over[first]
        return list(self._hand_over(now_ms))

    def _hand_over(self, now_ms: int) -> Iterator[BlocksCame]:
        """What follows from the stored blocks and from what the owner has in its hands."""
        reached = max((one.last_height for one in self._handed_over.values()), default=0)
        reached = max(reached, self._floor)
        for first in sorted(self._early):
            if first > reached + 1:
                return
            came = self._early.pop(first)
            if came.last_height > reached:
                came = came.after(reached)
                self._handed_over[came.first_height] = came
                self._handed_over_ms = now_ms
                reached = came.last_height
                yield came

    def _give_up(self, peer: Hash | None = None) -> None:
        self._early.clear()
        self._handed_over.clear()
        self._requests.abandon(peer)

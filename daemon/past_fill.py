"""Filling what a store lacks below the snapshot that it began with: blocks from neighbours, downwards. Pure.

Owns which blocks to ask of whom and when a group of them is whole; never judges one (`daemon.past_judge` does, on a
thread) and never writes one. All blocks of a group come from one neighbour: then it is known who is to blame for it.
One question and one work at a time: filling is never in a hurry, and never in the way.

Bounds: one answer, and the rows of one group: a few windows of blocks, 32 MB for the largest.
Source: docs/protocol.md, section 10.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from contracts.limits import TIMERS_PER_BLOCK_MAX
from daemon.past_judge import WholePast, group_floor
from daemon.sync_work import FillPast
from ledger.hashing import Hash
from p2p.effects import Blame, SendFrame, send
from p2p.offences import Offence
from p2p.pieces import WRONG_PAUSE_MS, PieceFetch
from p2p.snapshot_frames import WANTED_PAST_MAX, Past, PastBlock, WantPast
from storage.interface import StoreReader

# How long a neighbour that does not keep a block is not asked for it again.
LACKS_MS = 60_000


class WantedPast(NamedTuple):
    """The rows of the block of `height` from `place` on, and whole blocks below it."""

    height: int
    place: int


class PastFill:
    """One store's filling.

    Args:
        reader: Of the store that is filled.
        floor: The lowest height that is to be filled.
        is_own: Whether it is the node's own store.
        fetch: For one question; what was asked before is given up.
    """

    def __init__(self, reader: StoreReader, floor: int, is_own: bool, fetch: PieceFetch[WantedPast]) -> None:
        self._reader = reader
        self.floor = floor
        self.top = self.kept_from - 1
        # A group is judged as a whole.
        self._lowest = group_floor(reader, floor) if floor <= self.top else floor
        self._is_own = is_own
        self._fetch = fetch
        fetch.give_up()
        # Blocks of one neighbour that came, downwards from the lowest that is filled; the last may lack rows.
        self._came: list[WholePast] = []
        self._from: Hash | None = None
        self._is_open = False
        self._under_work: Hash | None = None
        # Which height a neighbour did not have, and until when that is believed: it may be filling itself.
        self._lacks: dict[Hash, tuple[int, int]] = {}

    @property
    def kept_from(self) -> int:
        """From this height on everything is there."""
        return self._reader.head().kept_from

    @property
    def is_done(self) -> bool:
        """Whether nothing is missing that is to be filled."""
        return self.kept_from <= self.floor

    def lost(self, peer: Hash) -> None:
        """A neighbour is gone."""
        self._fetch.lost(peer)
        self._lacks.pop(peer, None)
        if peer == self._from:
            self._forget()

    def plan(self, able: Callable[[int], Sequence[Hash]], now_ms: int) -> list[SendFrame | Blame]:
        """Ask for what comes next; to be called with every tick. `able` names the neighbours that may have a height."""
        if self._under_work is not None or self.is_done:
            return []

        def able_now(wanted: WantedPast) -> Sequence[Hash]:
            lowest = group_floor(self._reader, wanted.height)
            found = [one for one in able(wanted.height) if not self._is_known_to_lack(one, lowest, now_ms)]
            return [one for one in found if self._from in (None, one)]

        questions, blames = self._fetch.ask([self._next()], able_now, now_ms)
        for blame in blames:
            self._forget_of(blame.peer)
        if self._from is not None and not len(self._fetch) and not questions:
            # Whoever sent the beginning does not go on: somebody else begins anew.
            self._forget()
        effects: list[SendFrame | Blame] = list(blames)
        for peer, number, (height, place) in questions:
            self._from = peer
            count = min(height - self._lowest + 1, WANTED_PAST_MAX)
            effects.append(send(peer, WantPast(number, height, count, place)))
        return effects

    def answered(self, peer: Hash, frame: Past, now_ms: int) -> tuple[FillPast | None, list[Blame]]:
        """An answer came: the blocks to be filled, where a group is whole."""
        came = self._fetch.came(peer, frame.request)
        if came.key is None:
            return None, list(came.blames)
        if not frame.blocks:
            # It does not keep them; the others may.
            self._lacks[peer] = (came.key.height, now_ms + LACKS_MS)
            self._forget_of(peer)
            return None, []
        if not self._take(came.key, frame.blocks):
            return None, [self._wrong(peer, now_ms)]
        return self._work(), []

    def filled(self) -> None:
        """What was handed out is in the store."""
        self._under_work = None

    def failed(self, is_wrong: bool, now_ms: int) -> list[Blame]:
        """What was handed out is not in the store; `is_wrong` says that it was not of this chain."""
        peer, self._under_work = self._under_work, None
        return [self._wrong(peer, now_ms)] if peer is not None and is_wrong else []

    def _is_known_to_lack(self, peer: Hash, lowest: int, now_ms: int) -> bool:
        height, until_ms = self._lacks.get(peer, (0, 0))
        return height >= lowest and now_ms < until_ms

    def _next(self) -> WantedPast:
        if not self._came:
            return WantedPast(self.kept_from - 1, 0)
        last = self._came[-1]
        return WantedPast(last.height, len(last.rows)) if self._is_open else WantedPast(last.height - 1, 0)

    def _take(self, wanted: WantedPast, blocks: Sequence[PastBlock]) -> bool:
        """Put what came behind what is there; False if it does not follow."""
        heights = list(range(wanted.height, wanted.height - len(blocks), -1))
        places = [wanted.place, *[0] * (len(blocks) - 1)]
        if [(one.height, one.place) for one in blocks] != list(zip(heights, places, strict=True)):
            return False
        for block in blocks:
            if block.place:
                last = self._came.pop()
                self._came.append(WholePast(block.height, (*last.rows, *block.rows)))
            else:
                self._came.append(WholePast(block.height, block.rows))
        last = self._came[-1]
        self._is_open = len(last.entries) < self._leaf_count(last.height)
        return (
            all(len(one.entries) == self._leaf_count(one.height) for one in self._came[:-1]) and not self._is_too_long
        )

    @property
    def _is_too_long(self) -> bool:
        """Whether somebody sends effects of timers without end in place of entries."""
        last = self._came[-1]
        return len(last.effects) > TIMERS_PER_BLOCK_MAX

    def _leaf_count(self, height: int) -> int:
        header = self._reader.header(height)
        assert header is not None, "headers are there before anything is filled"
        return header.leaf_count

    def _work(self) -> FillPast | None:
        """The whole groups among what came; the rest stays for the next answer."""
        whole = len(self._came) - self._is_open
        taken, at = 0, 0
        while at < whole:
            height = self._came[at].height
            end = at + height - group_floor(self._reader, height) + 1
            if end > whole:
                break
            taken = at = end
        if not taken:
            return None
        blocks, self._came = tuple(self._came[:taken]), self._came[taken:]
        self._under_work = self._from
        if not self._came:
            self._from = None
        return FillPast(blocks, self._is_own)

    def _wrong(self, peer: Hash, now_ms: int) -> Blame:
        self._fetch.pause(peer, now_ms, WRONG_PAUSE_MS)
        self._forget()
        return Blame(peer, Offence.INVALID_BLOCK)

    def _forget_of(self, peer: Hash) -> None:
        if peer == self._from:
            self._forget()

    def _forget(self) -> None:
        self._came = []
        self._from = None
        self._is_open = False
        self._fetch.give_up()

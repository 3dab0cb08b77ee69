"""Catching up among neighbours that claim everything and give little: none of them holds up the others for long."""

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from p2p.answers import answer_blocks
from p2p.effects import SendFrame
from p2p.frames import WANTED_BLOCKS_MAX, Blocks, Status, WantBlocks
from p2p.sync import (
    AHEAD_BLOCKS_MAX,
    ANSWERS_MAX,
    HEAD_WAIT_MS,
    PATIENCE_MS,
    RANGE_BLOCKS_MAX,
    BlockSync,
    Standing,
)
from tests.p2p.sync_model import NO_PENDING, Chain, Learner, Neighbour, Server

CLAIMS_ALL = Status(10**6, bytes(32), 9, 10**6, bytes(32), 9, NO_PENDING)
HONEST = b"h" * 32
# Neighbours that fail one after the other are found out one after the other.
SPAN_MS = 6 * (HEAD_WAIT_MS + PATIENCE_MS)


def common(count: int) -> Chain:
    return Chain().grow(count, term=1)


def silent(_: Chain) -> Server:
    return lambda asked: None


def empty(_: Chain) -> Server:
    return lambda asked: Blocks(asked.request, ())


def dripping(chain: Chain) -> Server:
    """One block where sixteen were asked for."""
    return lambda asked: answer_blocks(
        WantBlocks(asked.request, asked.first_height, 1, asked.with_entries), chain.carried
    )


def every_other(chain: Chain) -> Server:
    """What comes later it gives, and what would come next it does not."""
    return lambda asked: answer_blocks(asked, chain.carried) if asked.request % 2 else None


def unconnected(_: Chain) -> Server:
    """A chain of its own, each block in the place of the one before it."""
    strange = Chain().grow(200, term=9, mark=7)

    def serve(asked: WantBlocks) -> Blocks:
        first = min(asked.first_height, 100) + 1
        found = filter(None, map(strange.carried, range(first, first + asked.count)))
        blocks = tuple(one if asked.with_entries else one._replace(entries=()) for one in found)
        return Blocks(asked.request, blocks)

    return serve


def uncertified(chain: Chain) -> Server:
    """Blocks as they are, and never a certificate."""

    def serve(asked: WantBlocks) -> Blocks:
        answer = answer_blocks(asked, chain.carried)
        return Blocks(asked.request, tuple(one._replace(certificate=b"") for one in answer.blocks))

    return serve


WAYS: tuple[Callable[[Chain], Server], ...] = (silent, empty, dripping, every_other, unconnected, uncertified)


def surrounded(own: Chain, theirs: Chain, liars: list[tuple[Callable[[Chain], Server], int]]) -> Learner:
    """A node that met its liars one after the other, and the honest neighbour last; each liar with its delay."""
    made = Learner(own, {})
    for number, (way, delay_ms) in enumerate(liars):
        peer = bytes([number]) * 32
        made.neighbours[peer] = Neighbour(theirs.copy(), delay_ms, way(theirs), CLAIMS_ALL)
        made.tell(peer)
        made.run(PATIENCE_MS + 200)
    made.neighbours[HONEST] = Neighbour(theirs)
    made.tell(HONEST)
    return made


@pytest.mark.parametrize("count", [1, 3, 8])
def test_silent_neighbours_do_not_slow_down_a_long_way(count: int) -> None:
    made = surrounded(Chain(), common(3000), [(silent, 50)] * count)
    made.run(SPAN_MS + 20_000)
    assert made.chain == common(3000)
    assert not made.blames[HONEST]


def test_neighbours_that_answer_late_and_little_do_not_slow_down_a_long_way() -> None:
    made = surrounded(Chain(), common(3000), [(dripping, 4800)] * 3)
    made.run(SPAN_MS + 20_000)
    assert made.chain == common(3000)


def test_a_liar_does_not_make_a_slow_line_useless() -> None:
    """Its blocks are given up every two seconds, and an answer takes longer."""
    theirs = common(97)
    made = surrounded(Chain().grow(3, term=2, mark=1, committed=False), theirs, [(unconnected, 10)])
    made.neighbours[HONEST].delay_ms = HEAD_WAIT_MS + 1
    made.run(60_000)
    assert made.chain == theirs


@pytest.mark.parametrize("count", [1, 3, 8])
@pytest.mark.parametrize("way", WAYS)
def test_claims_of_much_do_not_hide_a_newer_branch(way: Callable[[Chain], Server], count: int) -> None:
    """(L3) of the protocol's traces, among neighbours that say they have a million blocks."""
    theirs = common(100).grow(2, term=5, committed=False)
    own = common(100).grow(6, term=2, mark=1, committed=False)
    made = surrounded(own, theirs, [(way, 50)] * count)
    made.run(SPAN_MS)
    assert made.chain == theirs
    assert not made.blames[HONEST]


@pytest.mark.parametrize("count", [1, 3, 8])
@pytest.mark.parametrize("way", [silent, empty, uncertified])
def test_claims_of_much_do_not_hide_the_certificate_of_an_own_block(way: Callable[[Chain], Server], count: int) -> None:
    own = common(100)
    own.committed = 95
    made = surrounded(own, common(98), [(way, 50)] * count)
    made.run(SPAN_MS)
    assert made.chain.committed == 98


@pytest.mark.parametrize("count", [1, 3, 8])
def test_blocks_that_nobody_certifies_are_not_taken_without_end(count: int) -> None:
    """Guard: p2p/sync.py, `plan`, "AHEAD_BLOCKS_MAX"."""
    theirs = common(3000)
    made = Learner(common(10), {})
    for number in range(count):
        made.neighbours[bytes([number]) * 32] = Neighbour(theirs.copy(), 50, uncertified(theirs), theirs.status)
        made.tell(bytes([number]) * 32)
    made.run(60_000)
    assert made.chain.committed == 10
    assert RANGE_BLOCKS_MAX < len(made.chain.blocks) <= 10 + AHEAD_BLOCKS_MAX + WANTED_BLOCKS_MAX
    made.neighbours[HONEST] = Neighbour(theirs)
    made.tell(HONEST)
    made.run(60_000)
    assert made.chain == theirs


@settings(max_examples=30, deadline=None)
@given(
    liars=st.lists(st.tuples(st.sampled_from(WAYS), st.integers(10, 6000)), max_size=6),
    shared=st.integers(0, 60),
    longer=st.integers(0, 200),
    delay_ms=st.integers(10, 4800),
)
# A chain that is here but for its last block comes once more, and is committed before that block comes.
@example(liars=[(silent, 10), (silent, 10), (uncertified, 10), (unconnected, 10)], shared=0, longer=129, delay_ms=10)
# One block of a later term takes the place of three while their certificate is on its way.
@example(liars=[(silent, 10), (dripping, 2501)], shared=0, longer=53, delay_ms=2501)
def test_one_honest_neighbour_is_enough(
    liars: list[tuple[Callable[[Chain], Server], int]], shared: int, longer: int, delay_ms: int
) -> None:
    theirs = common(shared).grow(longer, term=5)
    made = surrounded(common(shared).grow(3, term=2, mark=1, committed=False), theirs, liars)
    made.neighbours[HONEST].delay_ms = delay_ms
    # On a slow line the blocks themselves take longer than the liars.
    made.run(SPAN_MS + 120_000)
    assert made.chain.committed == theirs.committed
    assert not made.blames[HONEST]


def test_where_nobody_gives_what_comes_next_everybody_is_asked_and_the_bound_holds() -> None:
    """They give what comes later, which waits here; questions are waited for longer each time."""
    theirs = common(500)
    sync = BlockSync(Standing(0, 0, 0), 0)
    peers = [bytes([number]) * 32 for number in range(6)]
    for peer in peers:
        sync.heard(peer, theirs.status, 0)
    asked: set[bytes] = set()
    for now_ms in range(0, 300_000, 100):
        for effect in sync.plan(now_ms):
            if isinstance(effect, SendFrame) and isinstance(effect.frame, WantBlocks):
                if effect.frame.first_height == 1:
                    asked.add(effect.peer)
                else:
                    sync.answered(effect.peer, answer_blocks(effect.frame, theirs.carried), now_ms)
        assert sync.answers <= ANSWERS_MAX
    assert asked == set(peers)

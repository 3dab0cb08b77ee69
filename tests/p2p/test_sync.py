"""Catching up from any neighbour, whatever some of them do. Source: docs/protocol.md, sections 6 and 8."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.hashing import Hash
from p2p import sync
from p2p.answers import answer_blocks
from p2p.effects import Blame, SendFrame
from p2p.frames import Blocks, Status, WantBlocks
from p2p.offences import Offence
from p2p.sync import ANSWERS_MAX, PATIENCE_MS, PEER_ANSWERS_MAX, BlocksCame, BlockSync, Failure, Standing
from tests.p2p.sync_model import NO_PENDING, Block, Chain, Learner, Neighbour

A, B, C, D = (bytes([number]) * 32 for number in b"abcd")


def common(count: int) -> Chain:
    return Chain().grow(count, term=1)


def learner(own: Chain, **chains: Chain) -> Learner:
    return Learner(own, {name.encode() * 32: Neighbour(chain) for name, chain in chains.items()})


def test_a_new_node_gets_everything_from_all_neighbours_and_then_asks_no_more() -> None:
    made = learner(Chain(), a=common(500), b=common(500), c=common(500))
    made.run(10_000)
    assert made.chain == common(500)
    shares = Counter(peer for peer, _ in made.asked)
    assert min(shares.values()) >= 0.8 * max(shares.values())
    assert sum(want.count for _, want in made.asked) == 500, "nothing is asked for twice"
    assert made.answers_max <= ANSWERS_MAX
    assert not made.blames
    asked = len(made.asked)
    made.run(10_000)
    assert len(made.asked) == asked


def test_those_who_have_less_are_asked_for_less() -> None:
    made = learner(Chain(), a=common(30), b=common(300))
    made.run(5000)
    assert made.chain == common(300)
    assert all(want.first_height + want.count - 1 <= 30 for peer, want in made.asked if peer == A)
    assert any(peer == A for peer, _ in made.asked)
    assert not made.blames


def test_a_small_distance_is_left_to_gossip_for_a_while() -> None:
    made = learner(common(100), a=common(104))
    made.run(PATIENCE_MS - 100)
    assert made.asked == []
    made.run(1000)
    assert made.chain == common(104)


def test_while_the_own_chain_moves_nobody_is_asked() -> None:
    made = learner(common(100), a=common(103))
    chain = made.neighbours[A].chain
    for _ in range(100):
        made.run(500)
        chain.grow(1, 1)
        made.tell(A)
        made.chain.grow(1, 1)
        made.sync.advanced(made.chain.standing, made.now_ms)
        assert made.sync.is_behind
    assert made.asked == []


def test_a_missing_certificate_comes_without_the_block() -> None:
    own = common(100)
    own.committed = 95
    made = learner(own, a=common(98))
    made.run(4000)
    assert made.chain.committed == 98
    assert [want.with_entries for _, want in made.asked] == [False]


def test_a_certificate_that_does_not_help_is_not_asked_for_all_the_time() -> None:
    own = common(100)
    own.committed = 95
    made = learner(own, a=common(98))
    made.neighbours[A].serve = lambda asked: Blocks(
        asked.request,
        tuple(one._replace(entries=(), certificate=b"") for one in answer_blocks(asked, common(98).carried).blocks),
    )
    made.run(15_000)
    assert made.chain.committed == 95
    assert 5 <= len(made.asked) <= 15_000 // PATIENCE_MS + 1


def test_an_own_branch_that_others_gave_up_is_replaced_from_the_committed_block_on() -> None:
    own = common(100).grow(5, term=2, mark=1, committed=False)
    theirs = common(100).grow(200, term=3)
    made = learner(own, a=theirs, b=theirs.copy())
    made.run(10_000)
    assert made.chain == theirs
    assert not made.blames, "nobody did anything wrong"


def test_a_branch_is_replaced_when_nothing_of_the_newer_one_is_committed() -> None:
    """The newer one is shorter: (L3) of the protocol's traces."""
    own = common(100).grow(6, term=2, mark=1, committed=False)
    theirs = common(100).grow(2, term=5, committed=False)
    made = learner(own, a=theirs)
    made.run(5000)
    assert made.chain == theirs
    assert not made.blames


def test_the_rest_of_a_newer_chain_comes_too() -> None:
    theirs = common(100).grow(40, term=2, committed=False)
    made = learner(common(100), a=theirs, b=common(100))
    made.run(5000)
    assert made.chain == theirs
    assert {peer for peer, _ in made.asked} == {A}


def test_a_silent_neighbour_costs_time_and_not_the_blocks() -> None:
    made = learner(Chain(), a=common(300), b=common(300))
    made.neighbours[A].serve = lambda _: None
    made.run(30_000)
    assert made.chain == common(300)
    assert made.blames[A] >= 1
    assert made.blames[B] == 0


def test_a_neighbour_on_a_bad_line_is_waited_for_longer_each_time() -> None:
    made = learner(Chain(), a=common(100))
    made.neighbours[A].delay_ms = 12_000
    made.run(200_000)
    assert made.chain == common(100)
    assert made.blames[A] <= 6


def test_invalid_blocks_are_asked_of_somebody_else() -> None:
    bad = common(100)
    bad.blocks[40] = Block(1, bad.blocks[40].parent, 666)
    made = learner(Chain(), a=bad, b=common(100), c=common(100))
    made.run(10_000)
    assert made.chain == common(100)
    assert set(made.blames) <= {A}


def test_whoever_claims_blocks_that_it_does_not_have_is_blamed_and_does_no_harm() -> None:
    made = learner(common(10), a=common(10), b=common(60))
    made.neighbours[A].status = Status(10**9, bytes(32), 10**6, 10**9, bytes(32), 10**6, NO_PENDING)
    made.tell(A)
    made.run(20_000)
    assert made.chain == common(60)
    assert made.blames[A] >= 5
    assert made.blames[B] == 0


def test_a_claim_of_a_newer_chain_that_ends_below_what_is_committed_is_passed_over() -> None:
    theirs = common(20).grow(3, term=2, committed=False)
    made = learner(common(20), a=common(20), b=theirs)
    made.neighbours[A].status = Status(20, bytes(32), 10**6, 15, bytes(32), 10**6, NO_PENDING)
    made.tell(A)
    made.run(5000)
    assert made.chain == theirs
    assert {peer for peer, _ in made.asked} == {B}


def test_a_lost_neighbour_is_replaced_by_the_others() -> None:
    made = learner(Chain(), a=common(400), b=common(400))
    made.neighbours[A].delay_ms = 3000
    made.run(500)
    made.lose(A)
    made.run(10_000)
    assert made.chain == common(400)
    assert not made.blames


def want_of(effects: list[sync.SyncEffect]) -> list[tuple[Hash, WantBlocks]]:
    return [
        (effect.peer, effect.frame)
        for effect in effects
        if isinstance(effect, SendFrame) and isinstance(effect.frame, WantBlocks)
    ]


def test_answers_are_handed_over_in_order() -> None:
    chain = common(64)
    made = BlockSync(Standing(0, 0, 0), 0)
    for peer in (A, B):
        made.heard(peer, chain.status, 0)
    wants = want_of(made.plan(0))
    assert len(wants) == 4
    assert max(Counter(peer for peer, _ in wants).values()) == PEER_ANSWERS_MAX
    answers = [
        (
            peer,
            Blocks(
                want.request, tuple(filter(None, map(chain.carried, range(want.first_height, want.first_height + 16))))
            ),
        )
        for peer, want in wants
    ]
    assert made.answered(*answers[1], 10) == []
    assert made.answered(*answers[2], 10) == []
    handed = made.answered(*answers[0], 10)
    assert [one.first_height for one in handed if isinstance(one, BlocksCame)] == [1, 17, 33]
    assert made.answers == 4
    assert made.stored(20, 20) == []
    assert made.answers == 3
    (last,) = made.answered(*answers[3], 30)
    assert isinstance(last, BlocksCame)
    assert (last.first_height, last.last_height) == (49, 64)


def test_a_part_that_the_own_chain_got_otherwise_is_not_handed_over() -> None:
    chain = common(32)
    made = BlockSync(Standing(0, 0, 0), 0)
    made.heard(A, chain.status, 0)
    wants = want_of(made.plan(0))
    made.advanced(Standing(5, 1, 5), 10)
    peer, want = wants[0]
    (came,) = made.answered(peer, Blocks(want.request, tuple(filter(None, map(chain.carried, range(1, 17))))), 20)
    assert isinstance(came, BlocksCame)
    assert came.first_height == 6
    assert len(came.blocks) == 11


def test_a_short_answer_leaves_a_gap_of_exactly_what_is_missing() -> None:
    chain = common(64)
    made = BlockSync(Standing(0, 0, 0), 0)
    for peer in (A, B):
        made.heard(peer, chain.status, 0)
    peer, first = want_of(made.plan(0))[0]
    made.answered(peer, Blocks(first.request, tuple(filter(None, map(chain.carried, range(1, 6))))), 10)
    ((_, again),) = want_of(made.plan(10))
    assert (again.first_height, again.count) == (6, 11)


def test_where_the_own_chain_was_replaced_by_a_shorter_one_the_question_begins_there() -> None:
    made = BlockSync(Standing(5, 1, 30), 0)
    made.advanced(Standing(8, 2, 8), 10)
    made.heard(A, common(40).status, 20)
    assert want_of(made.plan(20))[0][1].first_height == 9


def test_each_new_branch_is_a_reason_to_begin_again_from_the_committed_block() -> None:
    made = BlockSync(Standing(100, 2, 105), 0)
    made.heard(A, common(300).status, 0)
    assert want_of(made.plan(0))[0][1].first_height == 106
    assert made.failed(A, Failure.NOT_CONNECTED, 10) == []
    assert want_of(made.plan(10))[0][1].first_height == 101
    made.advanced(Standing(120, 3, 130), 20)
    made.failed(A, Failure.NOT_CONNECTED, 30)
    assert want_of(made.plan(30))[0][1].first_height == 121
    made.failed(A, Failure.NOT_CONNECTED, 40)
    assert want_of(made.plan(40)) == [], "from there on it is not the own chain's fault"


def test_answers_that_are_too_long_or_without_entries_are_refused() -> None:
    chain = common(100)
    for blocks in (
        tuple(filter(None, map(chain.carried, range(1, 20)))),
        tuple(one._replace(entries=()) for one in map(chain.carried, range(1, 3)) if one),
    ):
        made = BlockSync(Standing(0, 0, 0), 0)
        made.heard(A, chain.status, 0)
        ((_, want), *_) = want_of(made.plan(0))
        assert made.answered(A, Blocks(want.request, blocks), 10) == [Blame(A, Offence.INVALID_BLOCK)]
        assert made.answered(A, Blocks(want.request, blocks), 10) == [Blame(A, Offence.UNASKED)]


def test_an_owner_that_says_nothing_is_given_the_blocks_again() -> None:
    chain = common(10)
    made = BlockSync(Standing(0, 0, 0), 0)
    made.heard(A, chain.status, 0)
    ((_, want),) = want_of(made.plan(0))
    made.answered(A, Blocks(want.request, tuple(filter(None, map(chain.carried, range(1, 11))))), 10)
    assert made.plan(20_000) == []
    assert len(want_of(made.plan(40_000))) == 1


def test_what_cannot_be_judged_now_is_asked_for_a_little_later() -> None:
    made = learner(Chain(), a=common(40))
    made.carry_out([*made.sync.failed(A, Failure.NOT_NOW, 0)])
    made.run(sync.PAUSE_MS)
    assert made.asked == []
    made.run(3000)
    assert made.chain == common(40)


@settings(max_examples=60, deadline=None)
@given(
    shared=st.integers(0, 60),
    own=st.tuples(st.integers(0, 6), st.integers(2, 4)),
    longer=st.integers(0, 150),
    uncommitted=st.integers(0, 6),
    delays=st.lists(st.integers(10, 4000), min_size=2, max_size=4),
    liars=st.integers(0, 2),
)
def test_whoever_has_one_honest_neighbour_gets_there(
    shared: int, own: tuple[int, int], longer: int, uncommitted: int, delays: list[int], liars: int
) -> None:
    """Any branch of its own, any delays, some who claim much, serve nothing, or serve rubbish."""
    best = common(shared).grow(longer, term=5).grow(uncommitted, term=6, committed=False)
    mine = common(shared).grow(own[0], term=own[1], mark=1, committed=False)
    made = Learner(mine, {})
    for number, delay_ms in enumerate(delays):
        neighbour = Neighbour(best.copy(), delay_ms)
        if number < min(liars, len(delays) - 1):
            neighbour.status = Status(10**6, bytes(32), 9, 10**6, bytes(32), 9, NO_PENDING)
            if number:
                rubbish = Chain().grow(30, term=9, mark=666)
                neighbour.serve = lambda asked, rubbish=rubbish: Blocks(
                    asked.request, tuple(filter(None, map(rubbish.carried, range(1, 1 + asked.count))))
                )
        made.neighbours[bytes([number]) * 32] = neighbour
        made.tell(bytes([number]) * 32)
    made.run(180_000)
    assert made.chain.committed == best.committed
    if best.rank > mine.rank:
        assert made.chain == best
    honest = {bytes([number]) * 32 for number in range(min(liars, len(delays) - 1), len(delays))}
    assert not honest & set(made.blames)

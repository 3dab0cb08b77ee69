"""The single transferable vote by the Scottish rules, against counts made by another program, and their invariants."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.ballots.counting.scottish import (
    EXCLUSION,
    FIRST,
    LAST,
    SURPLUS,
    UNIT,
    Count,
    scottish_count,
)

# The election of the steering committee of the Green Party of the United States, 24 July 2005: 94 papers, 13 candidates
# (two of them write-ins), 4 seats. Papers and the count by the Scottish rules as the program Droop (J. Lundell,
# github.com/jklundell/droop: test/blt/SC.blt, test/ref/dump/SC-scotland-fixed-p5-d5.txt) has them.
PAPERS = """
7 8 9 11 12|7 8 9 11 12|13 7 5 4 2 1|5 13 2 7 4 1|13 4 1 2|4 2 13 1 3|4 13 2 7|7 8 12 1 13 9 2 4 11 5|1 13 3 4 7 5 2|
4 1 13 7 3 5 2|4 1 13 7 3 5 2|1 4 13 2 7 5 3 9 8 12 11|7 1 8 9 13 3 2 4 12 5 11|7 8 9 11 12|7 1 8 9 13 3 2 4 12 5 11|
7 8 9 11 12|7 8 9 11 12|7 8 9 11 12|5 1 13 3 2 4 7|7 8 9 3 12 2 13 5 1 4|3 13 1 2|3 13 1 2|4 7 13 5|4 5 13 3 2 1|
7 8 9 11 12|7 9 8 12 11 2 13|7 8 9 11 12|7 8 9 11 12|4 3 13 1|4 3 13 1|13 3 4 1 7 2 5|3 13 4 1 7 2 5|13 3 4 1 2 5 7|
13 1 4 2 5 3 7|13 4 3 1 2 5|3 13 1 4 2 7 5|4 3 13 8|4 3 13 1|1 4 13 7|1 4 13 7|7 3 4 13 1 5|9 11 8 7|7 8 9 11 12|
13 3 5 2|4 5 2 3 13|13 5 2 4 1 3 7|13 5 2 1 7 3 8|7 8 9 12 11|7 8 4 9 12|13 4 7 2 8|4 13 2 7 1 8|7 8 11 9 12|
8 4 7 11 13 9|7 4 2 13|13 1 7 4|4 1 2 13 9 5|1 4 13 5 3 2|7 5 4 8 11 2 13 1 3 9 12|4 8 7 5 13 2 1 3 9|
3 4 7 2 12 13 8 1 5|7 8 9 11 12|7 8 11 9|7 8 11 9|7 8 9 11 12|7 8 9 11 12|7 8 9 11 12|13 2 4 7 5 1|7 8 9 11 12|
7 8 9 11|7 8 9 11 12|2 7 8 12 13 11 1 5 9|4 7 8 2|4 13 5 2 1 3|13 4 7 3 1 5 8 2 9|4 3 13 1 7|13 4 1 3|4 1 13 3 2 7 8|
2 4 13 5|2 3 4 1 13 7|3 1 4 13|4 3 1 2 11|3 1 4 13 2 7|4 1 2 8 3|4 1 5 13 2 3|4 1 5 13 2 3|7 8 9 11 12|7 8 9 11 12|
13 7 3 2 5 4 1|13 5 7 2 4 1|7 8 9 11 12|1 13 3 7 2 4 5|13 1 2 7 4 5 3|13 1 2 7 4 5 3|3 1 4 2 13 7 9 5 8
"""
# What the last transfers left: Dickinson, Mookerjee, Sevigny, LaMarche, Rotzler, Olsen, Kramer, in whole votes.
STAGES = {
    (SURPLUS, 7): "6.84848 3.42424 8.42424 22.00000 19.00000 12.45448 18.00000",
    (SURPLUS, 4): "7.80300 3.56060 9.24240 19.00000 19.00000 12.72720 18.54544",
    (EXCLUSION, 9): "7.80300 3.56060 9.24240 19.00000 19.00000 14.15144 18.54544",
    (EXCLUSION, 5): "8.80300 3.69696 9.24240 19.00000 19.00000 14.57568 19.68180",
    (SURPLUS, 13): "9.01084 3.95360 9.45496 19.00000 19.00000 14.57568 19.00000",
    (EXCLUSION, 2): "9.36448 0.00000 10.59132 19.00000 19.00000 15.61032 19.00000",
    (EXCLUSION, 1): "0.00000 0.00000 16.62204 19.00000 19.00000 16.59988 19.00000",
}

ORDERS = st.lists(st.permutations(range(5)).flatmap(lambda order: st.integers(0, 5).map(lambda n: tuple(order[:n]))))


def profile_of(orders: list[tuple[int, ...]]) -> dict[tuple[int, ...], int]:
    return {order: orders.count(order) for order in orders}


def blt(text: str, options: int, seats: int) -> Count:
    """`10 1 3`: ten papers with 1 before 3, options from 1."""
    lines = [[int(one) for one in line.split()] for line in text.splitlines()]
    return scottish_count({tuple(one - 1 for one in line[1:]): line[0] for line in lines}, options, seats)


def test_a_real_election_is_counted_as_another_program_counts_it() -> None:
    orders = [tuple(int(one) - 1 for one in paper.split()) for paper in PAPERS.replace("\n", "").split("|")]
    assert len(orders) == 94
    count = scottish_count(profile_of(orders), 13, 4)
    assert count.quota == 19
    assert [one + 1 for one in count.elected] == [7, 4, 13, 3]
    by_what = {(stage.what, stage.option): stage for stage in count.stages}
    for (what, option), votes in STAGES.items():
        found = by_what[what, option - 1].votes
        shown = [f"{found[one - 1] / UNIT:.5f}" for one in (1, 2, 3, 4, 7, 8, 13)]
        assert shown == votes.split(), (what, option)
    # 3.77788 on papers without a further preference, the rest lost to truncation.
    assert by_what[EXCLUSION, 0].exhausted == 377808
    assert [stage.what for stage in count.stages][-1] == LAST


def test_equal_surpluses_are_told_apart_by_the_last_stage_at_which_they_differed() -> None:
    # Droop: test/blt/scotland/weak-surplus.blt. Quota 8; after A's surplus of 2, C has 8.
    count = blt("10 1 3\n8 2\n6 3\n5 4\n3 5 4\n3 6 4", 6, 4)
    assert count.quota == 8
    assert [(stage.what, stage.option) for stage in count.stages[:2]] == [(FIRST, None), (SURPLUS, 0)]
    assert count.elected[:3] == (0, 1, 2)


def test_the_excluded_of_two_equals_is_who_had_less_before() -> None:
    # Droop: test/blt/scotland/weak-defeat.blt. Once A is excluded, B has 3 as C has, but had 2 before.
    count = blt("1 1 2\n2 2\n3 3\n4 4\n5 5", 5, 2)
    assert [stage.option for stage in count.stages if stage.what == EXCLUSION][:2] == [0, 1]
    assert not any(stage.by_lot for stage in count.stages)


def test_the_order_of_options_decides_what_is_left_to_lots() -> None:
    last = blt("2 1\n2 2\n2 3", 3, 1).stages
    assert [(stage.what, stage.option, stage.by_lot) for stage in last[1:]] == [
        (EXCLUSION, 2, True),
        (EXCLUSION, 1, True),
        (LAST, None, False),
    ]


@settings(max_examples=60)
@given(ORDERS, st.integers(1, 5), st.integers(0, 2**16))
def test_votes_are_never_made_and_every_seat_is_filled(orders: list[tuple[int, ...]], seats: int, seed: int) -> None:
    profile = profile_of(orders)
    count = scottish_count(profile, 5, seats)
    total = sum(number for order, number in profile.items() if order) * UNIT
    assert len(count.elected) == len(set(count.elected)) == seats
    for stage in count.stages:
        assert sum(stage.votes) + stage.exhausted == total
        assert all(votes >= 0 for votes in (*stage.votes, stage.exhausted))
    exhausted = [stage.exhausted for stage in count.stages]
    assert exhausted == sorted(exhausted)
    shuffled = list(profile.items())
    Random(seed).shuffle(shuffled)
    assert scottish_count(dict(shuffled), 5, seats) == count


@pytest.mark.parametrize("seats", [1, 2, 3])
def test_whoever_has_the_quota_of_first_preferences_is_elected_at_once(seats: int) -> None:
    count = blt("60 1 2 3\n30 2 1\n10 3", 3, seats)
    assert count.stages[0].elected[0] == 0
    assert len(count.elected) == seats

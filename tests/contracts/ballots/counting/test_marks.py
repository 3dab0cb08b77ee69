"""Counting marks and filling seats."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.ballots.counting.marks import count_marks, tiers_of
from contracts.ballots.counting.seats import Filling, fill_seats

VOTES = st.lists(st.lists(st.integers(0, 4), max_size=5), max_size=20)


@settings(max_examples=60)
@given(VOTES, st.integers(0, 2**16))
def test_a_total_is_the_number_of_votes_that_mark_the_option(votes: list[list[int]], seed: int) -> None:
    totals = count_marks(votes, 5)
    assert totals == [sum(option in vote for vote in votes) for option in range(5)]
    shuffled = list(votes)
    Random(seed).shuffle(shuffled)
    assert count_marks(shuffled, 5) == totals


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.integers(1, 6))
def test_seats_go_to_the_first_and_equals_at_the_border_are_tied(totals: list[int], seats: int) -> None:
    elected, tied, left = fill_seats(tiers_of(totals, range(len(totals))), seats)
    assert len(elected) + left == seats
    assert not set(elected) & set(tied)
    outside = [one for one in range(len(totals)) if one not in elected]
    if tied:
        assert len({totals[one] for one in tied}) == 1
        assert len(tied) > left >= 1
    assert all(totals[a] > totals[b] for a in elected for b in outside)


def test_a_tier_that_fits_is_elected_whole() -> None:
    assert fill_seats([[1], [0, 2], [3]], 3) == Filling([1, 0, 2], [], 0)
    assert fill_seats([[1], [0, 2], [3]], 2) == Filling([1], [0, 2], 1)
    assert fill_seats([[1]], 2) == Filling([1], [], 1)

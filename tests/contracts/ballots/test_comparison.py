"""Quorums and majorities, exact."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.ballots.comparison import candidates_least, parse_quorum, parse_threshold


@pytest.mark.parametrize(
    ("rule", "votes", "counts", "enough"),
    [
        (">1/2 of due", 10, {"due": 20}, False),
        (">1/2 of due", 11, {"due": 20}, True),
        (">1/2 of due", 10, {"due": 19}, True),
        (">=1/2 of present", 10, {"present": 20}, True),
        (">=4/5 of due", 79, {"due": 99}, False),
        (">=4/5 of due", 80, {"due": 99}, True),
        (">2/3 of valid", 2, {"valid": 3}, False),
        (">1/2 of valid", 0, {"valid": 0}, False),
    ],
)
def test_exactly_half_is_not_more_than_half(rule: str, votes: int, counts: dict[str, int], enough: bool) -> None:
    assert parse_threshold(rule).holds(votes, counts) is enough


def test_a_quorum_names_both_counts() -> None:
    left, share = parse_quorum("present>=4/5 of due")
    assert (left, share.holds(8, {"due": 10}), share.holds(7, {"due": 10})) == ("present", True, False)


@settings(max_examples=60)
@given(st.integers(0, 99), st.integers(1, 99), st.integers(1, 99), st.integers(0, 99), st.booleans())
def test_shares_are_judged_as_fractions_are(number: int, a: int, b: int, of: int, strict: bool) -> None:
    share = parse_threshold(f"{'>' if strict else '>='}{a}/{b} of due")
    wanted = Fraction(a, b) * of
    assert share.holds(number, {"due": of}) is (number > wanted if strict else number >= wanted)


@pytest.mark.parametrize(("seats", "least"), [(1, 2), (3, 4), (4, 5), (5, 6), (6, 8), (7, 9), (10, 12)])
def test_a_fifth_more_candidates_than_seats(seats: int, least: int) -> None:
    assert candidates_least("1/5", seats) == least

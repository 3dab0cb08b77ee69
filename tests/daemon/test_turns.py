"""The node's share of the event loop."""

import pytest

from daemon.turns import TURN_SECONDS_MAX, TURN_SECONDS_MIN, Turns


def test_where_others_are_quick_they_run_after_a_moment_or_as_soon_as_one_of_them_has_to() -> None:
    turns = Turns(10.0)
    assert turns.are_short
    assert not turns.is_over(10.0 + TURN_SECONDS_MIN / 2, has_left=False)
    assert turns.is_over(10.0 + TURN_SECONDS_MIN / 2, has_left=True)
    assert turns.is_over(10.0 + TURN_SECONDS_MIN * 1.01, has_left=False)


@pytest.mark.parametrize(
    ("others_seconds", "own_seconds"),
    [(0.0, TURN_SECONDS_MIN), (0.02, 0.02), (TURN_SECONDS_MAX, TURN_SECONDS_MAX), (3.0, TURN_SECONDS_MAX)],
)
def test_the_node_has_as_much_as_the_others_had(others_seconds: float, own_seconds: float) -> None:
    turns = Turns(0.0)
    turns.begin(10.0, others_seconds)
    assert turns.are_short == (others_seconds == 0)
    assert not turns.is_over(10.0 + own_seconds * 0.99, has_left=False)
    assert turns.is_over(10.0 + own_seconds * 1.01, has_left=False)


def test_who_waits_for_a_step_waits_until_the_end_of_a_long_turn() -> None:
    """Guard: daemon/turns.py, `is_over`, "(has_left and self.are_short)"."""
    turns = Turns(0.0)
    turns.begin(10.0, 0.02)
    assert not turns.is_over(10.01, has_left=True)
    assert turns.is_over(10.021, has_left=True)
    turns.begin(11.0, 0.0)
    assert turns.is_over(11.0, has_left=True)

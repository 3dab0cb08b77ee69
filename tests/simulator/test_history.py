"""The search for an order that explains a history: right ones, wrong ones, and a slower search that always looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.checkers.history import Counter, Operation, Register, explain
from tests.simulator.every_order import tried_out


def write(value: int, began: int, ended: int | None) -> Operation:
    return Operation("write", value, began, ended)


def read(value: int, began: int, ended: int | None) -> Operation:
    return Operation("read", 0, began, ended, value)


def post(value: int, began: int, ended: int | None) -> Operation:
    return Operation("post", 0, began, ended, value)


@pytest.mark.parametrize(
    "history",
    [
        [],
        [write(1, 0, 1), read(1, 2, 3)],
        [write(1, 0, 9), read(0, 1, 2), read(1, 3, 4)],
        [write(1, 0, 9), write(2, 0, 9), read(2, 1, 2), read(1, 3, 4)],
        [write(1, 0, None), read(0, 1, 2), read(1, 5, 6)],
        [write(1, 0, None), read(0, 1, 2), read(0, 5, 6)],
        [read(7, 0, None)],
    ],
)
def test_a_register_whose_answers_can_be_explained(history: list[Operation]) -> None:
    assert explain(history, Register()).holds is True


@pytest.mark.parametrize(
    "history",
    [
        [write(1, 0, 1), read(0, 2, 3)],
        [write(1, 0, 9), read(1, 1, 2), read(0, 3, 4)],
        [read(1, 0, 1), write(1, 2, 3)],
        [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)],
        [write(1, 0, None), read(1, 1, 2), read(0, 3, 4)],
        [read(3, 0, 1)],
    ],
)
def test_a_register_that_went_back_in_time_is_found(history: list[Operation]) -> None:
    verdict = explain(history, Register())
    assert verdict.holds is False
    assert verdict.blocked in history


def test_a_counter_counts_posts_that_nobody_was_told_of() -> None:
    lost = [post(0, 0, None), post(0, 1, None)]
    assert explain([*lost, post(3, 2, 3), read(3, 4, 5)], Counter()).holds is True
    assert explain([*lost, post(4, 2, 3)], Counter()).holds is False
    assert explain([*lost, read(1, 2, 3), read(0, 4, 5)], Counter()).holds is False
    assert explain([post(1, 0, 1), post(1, 2, 3)], Counter()).holds is False


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8), st.integers(0, 8)), max_size=60), st.randoms())
def test_whatever_really_happened_one_after_the_other_is_explained(
    steps: list[tuple[bool, int, int]], random: object
) -> None:
    """Each operation takes effect at 10 times its place; it began up to so much before and ended so much after."""
    count, history = 0, []
    for place, (is_post, before, after) in enumerate(steps):
        count += is_post
        ended = None if is_post and after == 8 else 10 * place + 5 * after + 1
        history.append(Operation("post" if is_post else "read", 0, 10 * place - 5 * before, ended, count))
    random.shuffle(history)  # type: ignore[attr-defined]
    assert explain(history, Counter()).holds is True


operations = st.builds(
    lambda kind, value, began, length: Operation(kind, value, began, began + length if length else None, value),
    st.sampled_from(["read", "write"]),
    st.integers(0, 2),
    st.integers(0, 12),
    st.integers(0, 6),
)


@given(st.lists(operations, max_size=5))
def test_the_search_agrees_with_one_that_tries_every_order(history: list[Operation]) -> None:
    assert explain(history, Register()).holds == tried_out(history, Register())


def test_a_long_history_is_judged_quickly_and_a_tangled_one_given_up() -> None:
    posts = [post(number, 10 * number, 10 * number + 15) for number in range(1, 5001)]
    verdict = explain(posts, Counter())
    assert verdict.holds is True
    assert verdict.steps < 20_000
    tangled = [write(number, 0, 1000) for number in range(30)] + [read(99, 0, 1000)]
    assert explain(tangled, Register(), 5000).holds is None

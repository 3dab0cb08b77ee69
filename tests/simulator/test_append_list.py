"""Histories of lists that are added to: right ones, each way to be wrong, and a search that tries every order."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.checkers.append_list import APPEND, APPEND_IF, COUNT, READ, Answered, AppendIf, AppendList
from simulator.checkers.history import Operation, explain
from tests.examples import examples
from tests.simulator.every_order import tried_out


def append(value: int, number: int, began: int, ended: int | None) -> Operation:
    return Operation(APPEND, value, began, ended, number)


def append_if(value: int, expected: int, told: tuple[bool, int], began: int, ended: int | None) -> Operation:
    return Operation(APPEND_IF, AppendIf(value, expected), began, ended, Answered(*told))


def read(values: tuple[int, ...], began: int, ended: int | None) -> Operation:
    return Operation(READ, 0, began, ended, values)


def count(number: int, began: int, ended: int | None) -> Operation:
    return Operation(COUNT, 0, began, ended, number)


def holds(history: list[Operation]) -> bool | None:
    return explain(history, AppendList.of(history)).holds


RIGHT = {
    "nothing happened": [],
    "one after the other": [append(7, 1, 0, 1), append(8, 2, 2, 3), read((7, 8), 4, 5)],
    "at the same time, in either order": [append(7, 2, 0, 5), append(8, 1, 0, 5), read((8,), 1, 2), read((8, 7), 6, 7)],
    "read while it is written, before": [append(7, 1, 0, 9), read((), 1, 2), read((7,), 3, 4)],
    "unanswered, and it happened": [append(7, 0, 0, None), read((7,), 5, 6)],
    "unanswered, and it happened late": [
        append(7, 0, 0, None),
        read((), 5, 6),
        append(8, 1, 7, 8),
        read((8, 7), 9, 10),
    ],
    "unanswered, and it did not happen": [append(7, 0, 0, None), read((), 5, 6), append(8, 1, 7, 8), read((8,), 9, 10)],
    "a compare-and-set that won and one that lost": [
        append_if(7, 0, (True, 1), 0, 9),
        append_if(8, 0, (False, 1), 0, 9),
        count(1, 10, 11),
    ],
    "a compare-and-set that was told the newest length, and won": [
        append_if(7, 0, (True, 1), 0, 1),
        append_if(8, 0, (False, 1), 2, 3),
        append_if(8, 1, (True, 2), 4, 5),
        read((7, 8), 6, 7),
    ],
    "an unanswered compare-and-set": [append_if(7, 0, (True, 1), 0, None), append(8, 2, 1, 2), read((7, 8), 3, 4)],
}
WRONG = {
    "a stale read": [append(7, 1, 0, 1), read((), 2, 3)],
    "a stale read after a fresh one": [append(7, 1, 0, 9), read((7,), 1, 2), read((), 3, 4)],
    "a stale count": [append(7, 1, 0, 1), append(8, 2, 2, 3), count(1, 4, 5)],
    "a lost update": [append(7, 1, 0, 1), append(8, 2, 2, 3), read((8,), 4, 5)],
    "a lost update that both were told of": [append(7, 1, 0, 5), append(8, 1, 0, 5)],
    "written twice": [append(7, 1, 0, 1), read((7, 7), 2, 3)],
    "an unanswered one written twice": [append(7, 0, 0, None), read((7, 7), 2, 3)],
    "a value that nobody wrote": [append(7, 1, 0, 1), read((7, 9), 2, 3)],
    "a value before it was written": [read((7,), 0, 1), append(7, 1, 2, 3)],
    "another order": [append(7, 1, 0, 1), append(8, 2, 2, 3), read((8, 7), 4, 5)],
    "an order that changes between reads": [
        append(7, 0, 0, None),
        append(8, 0, 0, None),
        read((7, 8), 1, 2),
        read((8, 7), 3, 4),
    ],
    "a wrong number": [append(7, 2, 0, 1)],
    "two compare-and-sets that both won": [append_if(7, 0, (True, 1), 0, 9), append_if(8, 0, (True, 1), 0, 9)],
    "a compare-and-set that won on a stale length": [append(7, 1, 0, 1), append_if(8, 0, (True, 1), 2, 3)],
    "a compare-and-set that lost without need": [append_if(7, 0, (False, 0), 0, 1)],
    "a compare-and-set that lost and was written": [
        append(6, 1, 0, 1),
        append_if(7, 0, (False, 1), 2, 3),
        read((6, 7), 4, 5),
    ],
    "one that failed in between": [append(7, 1, 0, 1), append(8, 0, 2, None), read((7, 8), 3, 4), read((7,), 5, 6)],
}


@pytest.mark.parametrize("history", RIGHT.values(), ids=RIGHT)
def test_what_can_have_happened_is_explained(history: list[Operation]) -> None:
    assert holds(history) is True


@pytest.mark.parametrize("history", WRONG.values(), ids=WRONG)
def test_what_cannot_have_happened_is_found(history: list[Operation]) -> None:
    assert holds(history) is False


def kinds(
    values: st.SearchStrategy[int], lengths: st.SearchStrategy[int]
) -> st.SearchStrategy[tuple[str, object, object]]:
    lists = st.lists(values, max_size=3).map(tuple)
    return st.one_of(
        st.tuples(st.just(APPEND), values, lengths),
        st.tuples(
            st.just(APPEND_IF), st.builds(AppendIf, values, lengths), st.builds(Answered, st.booleans(), lengths)
        ),
        st.tuples(st.just(READ), st.just(0), lists),
        st.tuples(st.just(COUNT), st.just(0), lengths),
    )


operations = st.builds(
    lambda what, began, length: Operation(what[0], what[1], began, began + length if length else None, what[2]),
    kinds(st.integers(0, 2), st.integers(0, 3)),
    st.integers(0, 12),
    st.integers(0, 6),
)


@settings(max_examples=examples(200))
@given(st.lists(operations, max_size=5))
def test_the_search_agrees_with_one_that_tries_every_order(history: list[Operation]) -> None:
    assert holds(history) == tried_out(history, AppendList())


def really_happened(chance: Random, steps: int) -> list[Operation]:
    """A history of a list that is right: each operation takes effect at 10 times its place, between its two times."""
    history: list[Operation] = []
    values: tuple[int, ...] = ()
    for place in range(steps):
        began = 10 * place - chance.randrange(60)
        ended: int | None = 10 * place + 1 + chance.randrange(60)
        kind = chance.choice((APPEND, APPEND, APPEND_IF, READ, COUNT))
        argument: object = 0
        result: object = values if kind == READ else len(values)
        if kind == APPEND:
            argument = place
            values = (*values, place)
            result = len(values)
        elif kind == APPEND_IF:
            expected = len(values) - chance.choice((0, 0, 1))
            argument = AppendIf(place, expected)
            values = (*values, place) if expected == len(values) else values
            result = Answered(expected == len(values) - 1 and values[-1:] == (place,), len(values))
        if chance.random() < 0.1:
            ended = None
        history.append(Operation(kind, argument, began, ended, result))
    chance.shuffle(history)
    return history


@pytest.mark.parametrize("seed", range(20))
def test_whatever_really_happened_is_explained_and_one_changed_answer_is_often_found(seed: int) -> None:
    chance = Random(seed)
    history = really_happened(chance, 80)
    verdict = explain(history, AppendList.of(history))
    assert verdict.holds is True and verdict.steps < 5000
    reads = [one for one in history if one.kind == READ and one.ended is not None and len(one.result) > 12]  # type: ignore[arg-type]
    victim = chance.choice(reads)
    assert isinstance(victim.result, tuple)
    stale = Operation(READ, 0, victim.began, victim.ended, victim.result[:-12])
    assert holds([stale if one is victim else one for one in history]) is False


def test_unanswered_operations_that_change_nothing_do_not_tangle_the_search() -> None:
    """Many of them are under way all the while, each of them refused for the length that it expects."""
    refused = [append_if(1000 + number, 0, (True, 1), 5, None) for number in range(40)]
    history = [*refused, *(append(number, number + 1, 10 * number, 10 * number + 25) for number in range(60))]
    values = tuple(range(60))
    right = explain([*history, read(values, 5000, 5001)], AppendList(values))
    assert right.holds is True and right.steps < 5000
    wrong = explain([*history, read(values, 5000, 5001), count(59, 5002, 5003)], AppendList(values))
    assert wrong.holds is False and wrong.steps < 50_000


def test_unanswered_operations_do_not_tangle_what_comes_after_the_last_read() -> None:
    """The answers come in another order than the search tries first, and dozens might have been written then."""
    unanswered = [append(1000 + number, 0, 5, None) for number in range(40)]
    history = [
        *unanswered,
        append(1, 1, 0, 1),
        append(2, 2, 10, 30),
        read((1,), 11, 20),
        count(1, 12, 29),
        read((1, 2), 40, 41),
    ]
    verdict = explain(history, AppendList.of(history))
    assert verdict.holds is True and verdict.steps < 100
    # One that nobody was told of explains a gap behind the longest list that was read.
    gap = [*unanswered[:3], append(1, 1, 0, 1), read((1,), 11, 20), append(2, 3, 30, 31)]
    assert holds(gap) is True
    assert holds([*gap, count(6, 40, 41)]) is False


def test_long_histories_with_many_unanswered_operations_are_judged_quickly() -> None:
    """The longest list that was read says which of them happened, and in which order."""
    unanswered = [append(1000 + number, 0, 10 * number, None) for number in range(150)]
    happened = [one.argument for one in unanswered[::2]]
    history = [*unanswered, read(tuple(happened), 5000, 5001)]  # type: ignore[arg-type]
    verdict = explain(history, AppendList.of(history))
    assert verdict.holds is True and verdict.steps < 5000

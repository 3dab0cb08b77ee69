"""What is recorded of real clients is judged as it happened: answered, refused, or never answered."""

import pytest

from simulator.checkers.append_list import APPEND, READ
from tests.system.recorded_history import NeverHappenedError, NobodyKnowsError, RecordedHistory


def written(history: RecordedHistory, value: str, number: int, key: str = "a") -> None:
    with history.call(key, APPEND, value) as call:
        call.result = number


def read(history: RecordedHistory, *values: str, key: str = "a") -> None:
    with history.call(key, READ) as call:
        call.result = values


def test_answers_refusals_and_silence() -> None:
    history = RecordedHistory()
    written(history, "one", 1)
    written(history, "other", 1, key="b")
    with history.call("a", APPEND, "refused"):
        raise NeverHappenedError
    with history.call("a", APPEND, "silent"):
        raise NobodyKnowsError
    read(history, "one", "silent")
    assert history.counts() == (3, 1)
    history.check()


def test_a_refused_write_that_is_read_is_found() -> None:
    history = RecordedHistory()
    with history.call("a", APPEND, "refused"):
        raise NeverHappenedError
    read(history, "refused")
    with pytest.raises(AssertionError, match="have no order"):
        history.check()


def test_a_stale_read_of_one_list_is_found_among_others() -> None:
    history = RecordedHistory()
    for number in range(50):
        written(history, f"b {number}", number + 1, key="b")
    written(history, "one", 1)
    read(history)
    with pytest.raises(AssertionError, match="a: the operations have no order"):
        history.check()


def test_other_errors_are_told() -> None:
    history = RecordedHistory()
    with pytest.raises(KeyError), history.call("a", READ):
        raise KeyError("a mistake in the test")
    assert history.counts() == (0, 1)

"""Ctrl-C asks work of several threads to end, and never breaks into it."""

import signal
import threading

import pytest

from cli.errors import UnreachableError
from cli.interruption import interruption_ends
from tests.waiting import join


def test_the_first_ctrl_c_asks_and_the_work_ends_by_itself() -> None:
    asked: list[int] = []
    with pytest.raises(KeyboardInterrupt), interruption_ends(lambda: asked.append(1)):
        signal.raise_signal(signal.SIGINT)
        asked.append(2)
    assert asked == [1, 2]


def test_what_the_work_fails_with_after_it_was_asked_is_an_interruption() -> None:
    with pytest.raises(KeyboardInterrupt), interruption_ends(lambda: None):
        signal.raise_signal(signal.SIGINT)
        raise UnreachableError("gone")
    with pytest.raises(UnreachableError), interruption_ends(lambda: None):
        raise UnreachableError("gone")


def test_the_second_ctrl_c_breaks_in() -> None:
    reached = False
    with pytest.raises(KeyboardInterrupt), interruption_ends(lambda: None):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        reached = True
    assert not reached


def test_the_handler_is_put_back_and_other_threads_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruption_ends(lambda: None):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
    found: list[object] = []

    def work() -> None:
        with interruption_ends(lambda: None):
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    join(thread)
    assert found == [before]

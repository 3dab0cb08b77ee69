"""Linearizable reads that wait: asked again as new questions, bounded, and never left without an answer."""

import pytest
import trio
import trio.testing

from daemon.errors import NotLeaderError, OverloadedError
from daemon.open_questions import PATIENCE_SECONDS, QUESTIONS_MAX, OpenQuestions

pytestmark = pytest.mark.trio


async def test_a_refused_question_is_asked_again_as_another_one(autojump_clock: trio.testing.MockClock) -> None:
    asked: list[bytes] = []

    def ask(number: bytes) -> None:
        asked.append(number)
        questions.answered(number, len(asked) == 3)

    questions = OpenQuestions(ask)
    await questions.confirm(5000)
    assert len(set(asked)) == 3


async def test_who_comes_while_a_question_is_under_way_waits_for_the_next_one_together() -> None:
    """What was asked before somebody came says nothing of what that one was told since."""
    asked: list[bytes] = []
    done: list[str] = []
    questions = OpenQuestions(asked.append)

    async def confirm(name: str) -> None:
        await questions.confirm(5000)
        done.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(confirm, "first")
        await trio.testing.wait_all_tasks_blocked()
        for number in range(500):
            nursery.start_soon(confirm, f"later {number}")
        await trio.testing.wait_all_tasks_blocked()
        assert len(asked) == 1
        questions.answered(asked[0], True)
        await trio.testing.wait_all_tasks_blocked()
        assert done == ["first"]
        assert len(asked) == 2
        nursery.start_soon(confirm, "last")
        await trio.testing.wait_all_tasks_blocked()
        questions.answered(asked[1], True)
        await trio.testing.wait_all_tasks_blocked()
        assert len(done) == 501 and "last" not in done
        questions.answered(asked[2], True)
    assert done[-1] == "last"
    assert len(asked) == 3


async def test_a_question_without_an_answer_holds_nobody_up(autojump_clock: trio.testing.MockClock) -> None:
    asked: list[bytes] = []

    def ask(number: bytes) -> None:
        asked.append(number)
        if len(asked) == 2:
            questions.answered(number, True)

    questions = OpenQuestions(ask)
    begun = trio.current_time()
    took: dict[str, float] = {}

    async def confirm(name: str) -> None:
        with trio.move_on_after(20):
            await questions.confirm(60_000)
            took[name] = trio.current_time() - begun

    async with trio.open_nursery() as nursery:
        nursery.start_soon(confirm, "lost")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(confirm, "next")
        nursery.start_soon(confirm, "with it")
    assert took == {"next": pytest.approx(PATIENCE_SECONDS), "with it": pytest.approx(PATIENCE_SECONDS)}
    assert len(asked) == 2


async def test_one_lost_answer_does_not_slow_those_who_come_later(autojump_clock: trio.testing.MockClock) -> None:
    asked: list[bytes] = []

    def ask(number: bytes) -> None:
        asked.append(number)
        if len(asked) > 1:
            questions.answered(number, True)

    questions = OpenQuestions(ask)
    with pytest.raises(NotLeaderError):
        await questions.confirm(250)
    for count in range(5):
        begun = trio.current_time()
        await questions.confirm(5000)
        waited_s = trio.current_time() - begun
        assert waited_s == pytest.approx(0 if count else PATIENCE_SECONDS - 0.25)


async def test_whoever_gives_up_takes_nobody_along() -> None:
    asked: list[bytes] = []
    questions = OpenQuestions(asked.append)
    done = 0

    async def confirm() -> None:
        nonlocal done
        await questions.confirm(5000)
        done += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(confirm)
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(0):
            await questions.confirm(5000)
        nursery.start_soon(confirm)
        await trio.testing.wait_all_tasks_blocked()
        for number in range(2):
            questions.answered(asked[number], True)
            await trio.testing.wait_all_tasks_blocked()
    assert done == 2 and len(asked) == 2


async def test_nobody_waits_longer_than_asked_for(autojump_clock: trio.testing.MockClock) -> None:
    questions = OpenQuestions(lambda number: None)
    begun = trio.current_time()
    with pytest.raises(NotLeaderError, match="ask again"):
        await questions.confirm(2000)
    assert trio.current_time() - begun == pytest.approx(2)
    # An answer that comes too late is for nobody.
    questions.answered(b"n" * 16, True)


async def test_too_many_are_told_so_and_all_are_let_go_at_the_end(autojump_clock: trio.testing.MockClock) -> None:
    questions = OpenQuestions(lambda number: None)
    refused = 0

    async def wait() -> None:
        nonlocal refused
        with pytest.raises(NotLeaderError):
            await questions.confirm(60_000)
        refused += 1

    async with trio.open_nursery() as nursery:
        for _ in range(QUESTIONS_MAX):
            nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(OverloadedError):
            await questions.confirm(1000)
        questions.close()
    assert refused == QUESTIONS_MAX

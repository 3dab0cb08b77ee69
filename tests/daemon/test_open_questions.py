"""Linearizable reads that wait: asked again as new questions, bounded, and never left without an answer."""

import pytest
import trio
import trio.testing

from daemon.errors import NotLeaderError, OverloadedError
from daemon.open_questions import QUESTIONS_MAX, OpenQuestions

pytestmark = pytest.mark.trio


async def test_a_refused_question_is_asked_again_as_another_one(autojump_clock: trio.testing.MockClock) -> None:
    asked: list[bytes] = []

    def ask(number: bytes) -> None:
        asked.append(number)
        questions.answered(number, len(asked) == 3)

    questions = OpenQuestions(ask)
    await questions.confirm(5000)
    assert len(set(asked)) == 3


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

"""A thread for one task alone: no turn of the loop to get it, and nobody else may."""

import pytest
import trio
import trio.testing

from daemon.own_thread import own_thread

pytestmark = pytest.mark.trio


async def test_jobs_follow_each_other() -> None:
    limiter = own_thread()
    assert [await trio.to_thread.run_sync(abs, -number, limiter=limiter) for number in range(3)] == [0, 1, 2]


async def test_a_job_that_fails_gives_the_thread_back() -> None:
    limiter = own_thread()
    with pytest.raises(ValueError, match="invalid literal"):
        await trio.to_thread.run_sync(int, "x", limiter=limiter)
    assert await trio.to_thread.run_sync(int, "1", limiter=limiter) == 1


async def test_it_is_had_at_once_and_by_one() -> None:
    limiter = own_thread()
    with trio.testing.assert_no_checkpoints():
        await limiter.acquire_on_behalf_of("one")
    with pytest.raises(AssertionError, match="waits for a job"):
        await limiter.acquire_on_behalf_of("other")

"""Threads that take one job after the other, without a turn of the event loop between two of them.

Owns the queue of jobs and the threads; never looks into a job. Were jobs handed out by the event loop, a thread would
stand still whenever the node computes, and the node afterwards, for lack of what the thread could have done. Bounded by
what whoever puts jobs in has under way.
"""

from queue import SimpleQueue
from typing import Generic, Protocol, TypeVar

import trio


class Job(Protocol):
    """What a thread does."""

    def work(self) -> None:
        """On a thread; what is raised ends `run`."""

    def finish(self) -> None:
        """In the event loop, when the work is done; what is raised ends `run`."""


AnyJob = TypeVar("AnyJob", bound=Job)


class WorkerThreads(Generic[AnyJob]):
    """`count` threads; `put` may be called at any time, and what is put in before `run` waits for it.

    Args:
        name: What the system calls them, 15 bytes at most.
        count: At least 1.
        must_finish: Whether who cancels waits for the jobs under way; else they are left to end by themselves. What
            only waits is not begun any more.
    """

    def __init__(self, name: str, count: int, must_finish: bool) -> None:
        assert count >= 1, "somebody has to work"
        self._name = name
        self._count = count
        self._must_finish = must_finish
        self._limiter = trio.CapacityLimiter(count)
        # None ends a thread.
        self._jobs: SimpleQueue[AnyJob | None] = SimpleQueue()
        self._has_ended = False
        self._failed = trio.Event()
        self._error: Exception | None = None

    @property
    def running_count(self) -> int:
        """Threads that have not ended."""
        return int(self._limiter.borrowed_tokens)

    def put(self, job: AnyJob) -> None:
        """Let a thread do the job; then `finish` is called in the event loop."""
        self._jobs.put(job)

    async def run(self) -> None:
        """Work until cancelled; once.

        Raises:
            Exception: what a job raised, in groups.
        """
        token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as nursery:
            for _ in range(self._count):
                nursery.start_soon(self._thread, token)
            try:
                await self._failed.wait()
                assert self._error is not None
                raise self._error
            finally:
                self._has_ended = True
                for _ in range(self._count):
                    self._jobs.put(None)

    async def _thread(self, token: trio.lowlevel.TrioToken) -> None:
        await trio.to_thread.run_sync(
            self._work,
            token,
            thread_name=self._name,
            limiter=self._limiter,
            abandon_on_cancel=not self._must_finish,
        )

    def _work(self, token: trio.lowlevel.TrioToken) -> None:
        """On a thread."""
        while (job := self._jobs.get()) is not None and not self._has_ended:
            job.work()
            try:
                token.run_sync_soon(self._finish, job)
            except trio.RunFinishedError:
                return
            # What it was about is not kept while there is nothing to do.
            del job

    def _finish(self, job: AnyJob) -> None:
        """In the event loop, where an error would be taken for one of trio's own."""
        try:
            job.finish()
        except Exception as error:
            self._error = error
            self._failed.set()

"""Threads for jobs: one after the other, finished in the event loop, and what becomes of them at the end."""

import threading
from pathlib import Path

import pytest
import trio

from daemon.worker_threads import WorkerThreads

pytestmark = pytest.mark.trio
# Until a thread has done a step of nothing.
DEADLINE_S = 60


class Counted:
    """A job that tells where and when it was done; `gate` keeps it from ending."""

    def __init__(self, told: list[str], name: str, gate: threading.Event | None = None) -> None:
        self._told = told
        self._name = name
        self._gate = gate
        self._loop = threading.get_ident()
        self.begun = trio.Event()
        self.finished = trio.Event()
        self._token = trio.lowlevel.current_trio_token()

    def work(self) -> None:
        self._token.run_sync_soon(self.begun.set)
        if self._gate is not None:
            assert self._gate.wait(DEADLINE_S)
        place = "in the loop" if threading.get_ident() == self._loop else "on a thread"
        self.thread_name = Path("/proc/self/task", str(threading.get_native_id()), "comm").read_text().strip()
        self._told.append(f"{self._name} worked {place}")

    def finish(self) -> None:
        place = "in the loop" if threading.get_ident() == self._loop else "on a thread"
        self._told.append(f"{self._name} finished {place}")
        self.finished.set()


async def test_jobs_are_done_in_order_by_a_thread_and_finished_in_the_loop() -> None:
    threads: WorkerThreads[Counted] = WorkerThreads("test", 1, must_finish=True)
    told: list[str] = []
    jobs = [Counted(told, name) for name in ("first", "second")]
    threads.put(jobs[0])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(threads.run)
        threads.put(jobs[1])
        with trio.fail_after(DEADLINE_S):
            await jobs[1].finished.wait()
        nursery.cancel_scope.cancel()
    assert [one for one in told if "worked" in one] == ["first worked on a thread", "second worked on a thread"]
    assert [one for one in told if "finished" in one] == ["first finished in the loop", "second finished in the loop"]
    # As an operator sees it, and a benchmark.
    assert jobs[0].thread_name == jobs[1].thread_name == "test"


async def test_who_cancels_waits_for_the_job_under_way_and_for_no_other() -> None:
    threads: WorkerThreads[Counted] = WorkerThreads("test", 1, must_finish=True)
    told: list[str] = []
    gate = threading.Event()
    under_way, waiting = Counted(told, "first", gate), Counted(told, "second")

    async def open_at_the_end() -> None:
        while not threads._has_ended:
            await trio.lowlevel.checkpoint()
        gate.set()

    with trio.fail_after(DEADLINE_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(threads.run)
            threads.put(under_way)
            threads.put(waiting)
            await under_way.begun.wait()
            nursery.cancel_scope.cancel()
            trio.lowlevel.spawn_system_task(open_at_the_end)
    assert told[0] == "first worked on a thread"
    assert not [one for one in told if "second" in one]


async def test_what_need_not_be_finished_keeps_nobody() -> None:
    threads: WorkerThreads[Counted] = WorkerThreads("test", 1, must_finish=False)
    told: list[str] = []
    gate = threading.Event()
    job = Counted(told, "first", gate)
    with trio.fail_after(DEADLINE_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(threads.run)
            threads.put(job)
            await job.begun.wait()
            nursery.cancel_scope.cancel()
    assert told == [], "it is still at it"
    gate.set()


async def test_what_a_job_raises_at_its_end_ends_the_threads() -> None:
    class Broken(Counted):
        def finish(self) -> None:
            raise ZeroDivisionError("a mistake")

    threads: WorkerThreads[Counted] = WorkerThreads("test", 2, must_finish=True)
    threads.put(Broken([], "first"))
    with trio.fail_after(DEADLINE_S), pytest.raises(BaseExceptionGroup) as caught:
        await threads.run()
    assert caught.value.subgroup(ZeroDivisionError) is not None
    assert threads.running_count == 0

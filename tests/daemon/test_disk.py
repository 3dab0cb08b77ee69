"""The disk's queue: what waits for room is written once there is some, and not before."""

import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
import trio
import trio.testing

from contracts.changes import StateChange
from daemon.disk import GROUP_MAX, REMIND_SECONDS, Disk
from daemon.disk_room import MEBIBYTE, DiskFigures, DiskLimits, DiskRoom
from daemon.effects import StoreBatch
from daemon.events import BatchStored, RoomChanged
from daemon.foreseen import foreseen
from daemon.inbox import Inbox
from daemon.lone_writes import (
    CHANGE_COUNT_MAX,
    ENTRY_COUNT_MAX,
    QUICK_COUNT,
    QUICK_SECONDS_MAX,
    SIZE_BYTES_MAX,
    is_small,
)
from storage.errors import StoreDamagedError
from storage.interface import StoredPayload, WriteBatch
from storage.memory import MemoryStore
from tests.storage.chain_growth import Growth

pytestmark = pytest.mark.trio
LIMITS = DiskLimits(reserve_bytes=100 * MEBIBYTE, low_bytes=50 * MEBIBYTE)
# Until a thread has done a step of nothing.
DEADLINE_S = 60
BATCH = WriteBatch(payloads=(StoredPayload(b"c" * 32, bytes(32), b"value"),))
OTHER = WriteBatch(payloads=(StoredPayload(b"d" * 32, bytes(32), b"value"),))


class BusyStore(MemoryStore):
    """After its first write there are two steps of background work to do."""

    steps_due = 0
    steps_asked = 0

    @property
    def is_maintenance_due(self) -> bool:
        return self.steps_due > 0

    def apply(self, batches: Sequence[WriteBatch]) -> None:
        self.steps_due = 2 if self.payload(BATCH.payloads[0].commitment) is None else self.steps_due
        super().apply(batches)

    def maintain(self) -> bool:
        self.steps_asked += 1
        self.steps_due, was_due = max(0, self.steps_due - 1), self.steps_due > 0
        return was_due


class Machine:
    """A disk with as much room as the test says, and what it told."""

    def __init__(self, free_mib: int) -> None:
        self.free_mib = free_mib
        self.logged: list[str] = []
        self.store = BusyStore(b"g" * 32, {}, bytes(2048))
        self.inbox = Inbox(lambda: 0)
        room = DiskRoom("db", LIMITS, lambda: DiskFigures(0, self.free_mib * MEBIBYTE))
        self.disk = Disk(self.store, self.inbox, lambda name, **_: self.logged.append(name), room)

    def count_groups(self) -> list[int]:
        """How many batches each write from now on has."""
        groups: list[int] = []
        apply = self.store.apply

        def counted(batches: Sequence[WriteBatch]) -> None:
            groups.append(len(batches))
            apply(batches)

        self.store.apply = counted  # type: ignore[method-assign]
        return groups


async def test_a_batch_waits_while_the_reserve_is_reached(autojump_clock: trio.testing.MockClock) -> None:
    machine = Machine(100)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.disk.run)
        machine.disk.store(StoreBatch(1, BATCH))
        told = await machine.inbox.next()
        assert isinstance(told, RoomChanged)
        assert not told.has_room
        assert machine.store.payload(b"c" * 32) is None, "the system would have taken it"
        machine.free_mib = 120
        told, stored = await machine.inbox.next(), await machine.inbox.next()
        assert isinstance(told, RoomChanged)
        assert told.has_room
        assert stored == BatchStored(0, 1)
        assert machine.store.payload(b"c" * 32) is not None
        nursery.cancel_scope.cancel()
    assert machine.logged == ["disk-full", "disk-has-room"]


async def test_a_warning_is_repeated_now_and_then(mock_clock: trio.testing.MockClock) -> None:
    machine = Machine(130)
    for _ in range(4):
        await machine.disk.look()
        mock_clock.jump(REMIND_SECONDS / 2)
    assert machine.logged == ["disk-low"] * 2


async def test_background_work_is_asked_for_only_where_there_is_some() -> None:
    machine = Machine(1000)

    async def asked(count: int) -> None:
        with trio.fail_after(DEADLINE_S):
            while machine.store.steps_asked < count:
                await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.disk.run)
        # What was left undone before the start is not known.
        await asked(1)
        for ticket in range(1, 5):
            machine.disk.store(StoreBatch(ticket, BATCH))
            assert await machine.inbox.next() == BatchStored(0, ticket)
            # After the first write two steps, and a look that finds nothing more.
            await asked(4)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert machine.store.steps_asked == 4


async def test_what_nobody_foresaw_ends_it_and_nothing_is_reported() -> None:
    machine = Machine(1000)

    def broken(batches: Sequence[WriteBatch]) -> None:
        raise StoreDamagedError("page 3 is not what it was")

    machine.store.apply = broken  # type: ignore[method-assign]
    machine.disk.store(StoreBatch(1, BATCH))
    with trio.fail_after(DEADLINE_S), pytest.raises(BaseExceptionGroup) as caught:
        await machine.disk.run()
    assert isinstance(foreseen(caught.value), StoreDamagedError)
    machine.disk.store(StoreBatch(2, BATCH))
    assert machine.inbox.is_empty


async def test_a_log_that_cannot_be_written_ends_it_in_good_order() -> None:
    """It lies on the very disk that is full."""
    machine = Machine(100)

    def log(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    machine.disk._log = log
    machine.disk.store(StoreBatch(1, BATCH))
    with trio.fail_after(DEADLINE_S), pytest.raises(BaseExceptionGroup) as caught:
        await machine.disk.run()
    assert caught.value.subgroup(OSError) is not None
    assert caught.value.subgroup(trio.TrioInternalError) is None


async def test_a_write_under_way_is_finished_before_it_ends() -> None:
    machine = Machine(1000)
    begun, gate = threading.Event(), threading.Event()
    apply = machine.store.apply

    def slow(batches: Sequence[WriteBatch]) -> None:
        begun.set()
        assert gate.wait(DEADLINE_S)
        apply(batches)

    async def open_at_the_end() -> None:
        while machine.disk._is_open:
            await trio.lowlevel.checkpoint()
        gate.set()

    machine.store.apply = slow  # type: ignore[method-assign]
    with trio.fail_after(DEADLINE_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(machine.disk.run)
            machine.disk.store(StoreBatch(1, BATCH))
            while not begun.is_set():
                await trio.lowlevel.checkpoint()
            machine.disk.store(StoreBatch(2, OTHER))
            nursery.cancel_scope.cancel()
            trio.lowlevel.spawn_system_task(open_at_the_end)
    assert machine.store.payload(b"c" * 32) is not None
    assert machine.store.payload(b"d" * 32) is None, "it was only waiting"


async def test_while_the_node_has_more_to_do_a_batch_waits_a_turn_for_others() -> None:
    machine = Machine(1000)
    machine.store.steps_due = 0
    groups = machine.count_groups()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.disk.run)
        with trio.fail_after(DEADLINE_S):
            while not machine.store.steps_asked or machine.disk._is_busy:
                await trio.lowlevel.checkpoint()
        # Something is in the inbox.
        machine.inbox.tick()
        machine.disk.store(StoreBatch(1, BATCH))
        machine.disk.store(StoreBatch(2, BATCH))
        await machine.inbox.next()
        assert await machine.inbox.next() == BatchStored(0, 2)
        with trio.fail_after(DEADLINE_S):
            while machine.disk._is_busy:
                await trio.lowlevel.checkpoint()
        # Nothing is: it begins at once.
        machine.disk.store(StoreBatch(3, BATCH))
        machine.disk.store(StoreBatch(4, BATCH))
        assert await machine.inbox.next() == BatchStored(0, 3)
        assert await machine.inbox.next() == BatchStored(0, 4)
        nursery.cancel_scope.cancel()
    assert groups == [2, 1, 1]


async def test_batches_that_wait_are_written_in_one_group() -> None:
    machine = Machine(1000)
    groups = machine.count_groups()
    for ticket in range(1, GROUP_MAX + 4):
        machine.disk.store(StoreBatch(ticket, BATCH))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.disk.run)
        assert await machine.inbox.next() == BatchStored(0, GROUP_MAX)
        assert await machine.inbox.next() == BatchStored(0, GROUP_MAX + 3)
        nursery.cancel_scope.cancel()
    assert groups == [GROUP_MAX, 3]


async def test_what_may_wait_is_written_with_the_next_batch_or_when_somebody_is_in_a_hurry() -> None:
    machine = Machine(1000)
    groups = machine.count_groups()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.disk.run)
        # What was left undone before the start comes first, and what waits would go with it.
        while machine.store.steps_asked < 1 or machine.disk._is_busy:
            await trio.lowlevel.checkpoint()
        machine.disk.store(StoreBatch(1, BATCH), may_wait=True)
        await trio.testing.wait_all_tasks_blocked()
        assert machine.inbox.is_empty and groups == []
        machine.disk.store(StoreBatch(2, OTHER))
        assert await machine.inbox.next() == BatchStored(0, 2)
        machine.disk.store(StoreBatch(3, BATCH), may_wait=True)
        machine.disk.hurry()
        assert await machine.inbox.next() == BatchStored(0, 3)
        machine.disk.hurry()
        nursery.cancel_scope.cancel()
    assert groups == [2, 1]


# -- writes that need no thread -----------------------------------------------------------------------------------


class Stopwatch:
    """Shows that every write takes so long."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.shown = 0.0
        self._looks = 0

    def __call__(self) -> float:
        self._looks += 1
        self.shown += self.seconds if self._looks % 2 == 0 else 0.0
        return self.shown


async def threads_of(machine: Machine, batches: Sequence[WriteBatch]) -> list[bool]:
    """Whether each was written by a thread, of batches that come one by one."""
    apply, by_thread = machine.store.apply, list[bool]()
    own = threading.get_ident()

    def noted(batches: Sequence[WriteBatch]) -> None:
        by_thread.append(threading.get_ident() != own)
        apply(batches)

    machine.store.apply = noted  # type: ignore[method-assign]
    for ticket, batch in enumerate(batches, 1):
        machine.disk.store(StoreBatch(ticket, batch))
        # Nothing of it is told before it is written.
        assert machine.inbox.is_empty == (len(by_thread) < ticket or by_thread[-1])
        with trio.fail_after(DEADLINE_S):
            assert await machine.inbox.next() == BatchStored(0, ticket)
    machine.store.apply = apply  # type: ignore[method-assign]
    return by_thread


def large(size_bytes: int = 1, count: int = 1) -> WriteBatch:
    return WriteBatch(
        payloads=tuple(StoredPayload(bytes([one]) * 32, bytes(32), bytes(size_bytes)) for one in range(count))
    )


@pytest.fixture
def machine_of_writes() -> Machine:
    """One without background work."""
    machine = Machine(1000)
    machine.store.steps_due = 0
    machine.store.apply([BATCH])
    machine.store.steps_due = 0
    return machine


async def test_a_lone_write_is_made_at_once_where_the_disk_is_quick(machine_of_writes: Machine) -> None:
    machine = machine_of_writes
    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.disk.run)
        await trio.testing.wait_all_tasks_blocked()
        assert await threads_of(machine, [OTHER] * (QUICK_COUNT + 5)) == [True] * QUICK_COUNT + [False] * 5
        nursery.cancel_scope.cancel()


async def test_a_slow_disk_does_not_keep_the_node_waiting(machine_of_writes: Machine) -> None:
    machine, watch = machine_of_writes, Stopwatch(QUICK_SECONDS_MAX * 2)
    machine.disk._clock = watch
    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.disk.run)
        await trio.testing.wait_all_tasks_blocked()
        assert all(await threads_of(machine, [OTHER] * (2 * QUICK_COUNT)))
        watch.seconds = QUICK_SECONDS_MAX / 2
        assert await threads_of(machine, [OTHER] * (QUICK_COUNT + 1)) == [True] * QUICK_COUNT + [False]
        # Met once here, and then the thread has to meet it.
        watch.seconds = QUICK_SECONDS_MAX * 2
        assert await threads_of(machine, [OTHER] * 2) == [False, True]
        watch.seconds = 0
        assert all(await threads_of(machine, [OTHER] * (QUICK_COUNT - 1)))
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("batch", [large(count=ENTRY_COUNT_MAX + 1), large(SIZE_BYTES_MAX + 1)])
async def test_large_writes_are_for_the_thread(machine_of_writes: Machine, batch: WriteBatch) -> None:
    machine = machine_of_writes
    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.disk.run)
        await trio.testing.wait_all_tasks_blocked()
        await threads_of(machine, [OTHER] * QUICK_COUNT)
        assert await threads_of(machine, [batch, OTHER]) == [True, False]
        nursery.cancel_scope.cancel()


async def test_figures_that_take_long_count_as_a_slow_disk(machine_of_writes: Machine) -> None:
    """A file system that is slow to say how much room there is would hold the node as well."""
    machine, watch = machine_of_writes, Stopwatch()
    machine.disk._clock = watch
    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.disk.run)
        await trio.testing.wait_all_tasks_blocked()
        await threads_of(machine, [OTHER] * QUICK_COUNT)
        measure = machine.disk.room.measure

        def slow() -> DiskFigures | None:
            watch.shown += QUICK_SECONDS_MAX * 2
            return measure()

        machine.disk.room.measure = slow
        assert await threads_of(machine, [OTHER] * 2) == [False, True]
        nursery.cancel_scope.cancel()


async def test_a_store_that_another_thread_writes_to_is_left_to_the_thread(
    machine_of_writes: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever fills in the past of a store writes for long."""
    machine = machine_of_writes
    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.disk.run)
        await trio.testing.wait_all_tasks_blocked()
        await threads_of(machine, [OTHER] * QUICK_COUNT)
        monkeypatch.setattr(BusyStore, "is_held", True)
        assert await threads_of(machine, [OTHER]) == [True]
        monkeypatch.setattr(BusyStore, "is_held", False)
        assert await threads_of(machine, [OTHER]) == [False]
        nursery.cancel_scope.cancel()


async def test_what_an_execution_writes_counts_too() -> None:
    growth = Growth()
    growth.block(2)
    few = growth.execution()
    assert is_small([WriteBatch(blocks=tuple(growth.blocks), executions=(few,))])
    change, effect = StateChange(b"unit\0a", None, b"x"), b"e" * 100
    for large_one in (
        replace(few, changes=(change,) * (CHANGE_COUNT_MAX + 1)),
        replace(few, changes=(change._replace(new=bytes(SIZE_BYTES_MAX)),)),
        replace(few, effects=(effect,) * (ENTRY_COUNT_MAX + 1)),
        replace(few, effects=(bytes(SIZE_BYTES_MAX),)),
    ):
        assert not is_small([WriteBatch(executions=(large_one,))])
    assert not is_small([WriteBatch(drop_blocks_from=1)])


async def test_a_node_with_something_to_do_leaves_writes_to_the_thread(machine_of_writes: Machine) -> None:
    machine = machine_of_writes
    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.disk.run)
        await trio.testing.wait_all_tasks_blocked()
        await threads_of(machine, [OTHER] * QUICK_COUNT)
        machine.inbox.post(RoomChanged, True)
        machine.disk.store(StoreBatch(1, OTHER))
        machine.disk.hurry()
        # A write made here would have been reported before.
        assert isinstance(await machine.inbox.next(at_once=True), RoomChanged)
        assert machine.inbox.is_empty
        with trio.fail_after(DEADLINE_S):
            assert await machine.inbox.next() == BatchStored(0, 1)
        nursery.cancel_scope.cancel()


async def test_what_goes_wrong_at_once_ends_it_and_not_whoever_stores(machine_of_writes: Machine) -> None:
    machine = machine_of_writes

    def broken(batches: Sequence[WriteBatch]) -> None:
        raise StoreDamagedError("page 3 is not what it was")

    with trio.fail_after(DEADLINE_S), pytest.raises(BaseExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(machine.disk.run)
            await trio.testing.wait_all_tasks_blocked()
            await threads_of(machine, [OTHER] * QUICK_COUNT)
            machine.store.apply = broken  # type: ignore[method-assign]
            machine.disk.store(StoreBatch(1, BATCH))
            assert machine.inbox.is_empty
    assert isinstance(foreseen(caught.value), StoreDamagedError)


async def test_a_full_disk_is_told_by_a_write_made_at_once_too(machine_of_writes: Machine) -> None:
    machine = machine_of_writes
    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.disk.run)
        await trio.testing.wait_all_tasks_blocked()
        await threads_of(machine, [OTHER] * QUICK_COUNT)
        machine.free_mib = 100
        machine.disk.store(StoreBatch(1, BATCH))
        told = await machine.inbox.next()
        assert isinstance(told, RoomChanged)
        assert not told.has_room
        assert machine.inbox.is_empty
        nursery.cancel_scope.cancel()

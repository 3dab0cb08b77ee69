"""Disks: what is durable when, and what is left when something ends in the middle."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sign_state import SignState
from ledger.errors import BanyanError, LocalError
from simulator.adapter import SaveSignState, StoreBatch
from simulator.chance import Chance
from simulator.database import Database
from simulator.disk import BATCH, CERTIFICATE, LOOK_US, RETRY_US, STATE, WRITE_US_MAX, Disk, DiskReports, Trap
from simulator.identities import identities
from simulator.schedule import SECOND_US, Schedule
from simulator.sign_state_slots import SignStateSlots
from storage.interface import StoredPayload, WriteBatch

MAKE = identities(1, 1, "majority").make_store


def batch(number: int) -> WriteBatch:
    return WriteBatch(payloads=(StoredPayload(bytes([number]) * 32, bytes(32), b"value"),))


class Machine:
    """A disk with somebody who listens."""

    def __init__(self, seed: int = 1) -> None:
        self.schedule = Schedule()
        self.disk = Disk(self.schedule, Chance(seed, "disk"), MAKE)
        self.stored: list[int] = []
        self.saved: list[int] = []
        self.applied: list[WriteBatch] = []
        self.failures: list[BanyanError] = []
        self.rooms: list[bool] = []
        self.ticket = 0
        self.open()

    def open(self) -> None:
        self.disk.reports = DiskReports(
            self.stored.append, self.saved.append, self._applied, self.failures.append, self.rooms.append
        )

    def _applied(self, batches: Sequence[WriteBatch]) -> None:
        self.applied.extend(batches)

    def store(self, *numbers: int) -> None:
        for number in numbers:
            self.ticket += 1
            self.disk.store(StoreBatch(self.ticket, batch(number)))

    def save(self, term: int, flush: bool, certificate: bytes = b"") -> None:
        self.ticket += 1
        self.disk.save(SaveSignState(self.ticket, SignState(term=term), flush, certificate))

    def run(self, seconds: float = 30) -> None:
        self.schedule.run(self.schedule.now_us + int(seconds * SECOND_US))

    @property
    def payloads(self) -> list[int]:
        store = self.disk.database.store
        return [number for number in range(40) if store.payload(bytes([number]) * 32) is not None]

    @property
    def term(self) -> int | None:
        state = self.disk.slots.state
        return None if state is None else state.term


def test_writes_take_time_are_grouped_and_reported_in_order() -> None:
    machine = Machine()
    machine.store(1, 2, 3)
    assert machine.payloads == []
    machine.run()
    assert machine.payloads == [1, 2, 3]
    assert machine.stored == [1, 3], "what waited while the first was written shares one flush"
    assert machine.disk.waiting == 0


def test_an_unflushed_state_is_kept_at_once_and_a_flushed_one_later_in_order() -> None:
    machine = Machine()
    machine.save(1, flush=False)
    assert (machine.saved, machine.term) == ([1], 1)
    machine.save(2, flush=True)
    machine.save(3, flush=False)
    assert (machine.saved, machine.term) == ([1], 1)
    machine.run()
    assert (machine.saved, machine.term) == ([1, 2, 3], 3)


@pytest.mark.parametrize("seed", range(8))
def test_what_was_under_way_is_done_or_missing_and_what_waited_is_lost(seed: int) -> None:
    machine = Machine(seed)
    machine.store(1)
    machine.store(2, 3)
    machine.save(5, flush=True, certificate=b"of term 5")
    machine.save(6, flush=True)
    machine.disk.process_ended()
    machine.run()
    assert machine.payloads in ([], [1])
    assert machine.term in (0, 5)
    assert machine.term == 0 or machine.disk.slots.certificate == b"of term 5"
    assert (machine.stored, machine.saved) == ([], []), "nobody is there to be told"
    machine.open()
    machine.store(4)
    machine.run()
    assert 4 in machine.payloads


def test_under_way_means_both_happen() -> None:
    assert {bool(_ended_early(seed)) for seed in range(20)} == {True, False}


def _ended_early(seed: int) -> list[int]:
    machine = Machine(seed)
    machine.store(1)
    machine.disk.process_ended()
    return machine.payloads


def test_a_killed_process_keeps_what_was_not_flushed_and_a_machine_without_power_may_not() -> None:
    terms = set()
    for seed in range(30):
        machine = Machine(seed)
        machine.save(1, flush=True)
        machine.run(1)
        machine.save(2, flush=False)
        machine.save(3, flush=False)
        machine.disk.process_ended()
        assert machine.term == 3
        machine.disk.power_lost(torn=False)
        terms.add(machine.term)
    assert terms == {1, 2, 3}


@given(st.lists(st.booleans(), max_size=12), st.integers(0, 1000))
def test_a_power_loss_never_loses_what_was_flushed_nor_makes_up_a_state(flushes: list[bool], seed: int) -> None:
    slots, flushed, written = SignStateSlots(), 0, [0]
    for term, flush in enumerate(flushes, 1):
        slots.write(SignState(term=term))
        written.append(term)
        if flush:
            slots.flush()
            flushed = term
    assert slots.state is not None
    assert slots.state.term == written[-1]
    slots.lose_power(Chance(seed, "power").below, torn=False)
    assert slots.state is not None
    assert flushed <= slots.state.term <= written[-1]
    slots.write(SignState(term=99))
    assert slots.state.term == 99


def test_a_torn_sector_leaves_the_slot_before_it() -> None:
    slots = SignStateSlots()
    for term in (1, 2):
        slots.write(SignState(term=term))
        slots.flush()
    slots.write(SignState(term=3))
    slots.lose_power(Chance(1, "power").below, torn=True)
    assert slots.state == SignState(term=2)


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("place", [BATCH, CERTIFICATE, STATE])
def test_a_trap_ends_the_node_right_before_or_right_after_a_durable_write(place: str, is_before: bool) -> None:
    machine = Machine()
    ended: list[int] = []

    def end() -> None:
        ended.append(machine.schedule.now_us)
        machine.disk.process_ended()

    machine.disk.traps.append(Trap(place, is_before, 2, end))
    for number in (1, 2):
        if place == BATCH:
            machine.store(number)
        else:
            machine.save(number, flush=True, certificate=b"certificate %d" % number)
        machine.run(1)
    assert len(ended) == 1
    assert machine.disk.traps == []
    assert len(machine.stored if place == BATCH else machine.saved) == 1
    if place == BATCH:
        assert machine.payloads == ([1] if is_before else [1, 2])
    elif place == CERTIFICATE:
        assert machine.disk.slots.certificate == (b"certificate 1" if is_before else b"certificate 2")
        assert machine.term == 1
    else:
        assert machine.term == (1 if is_before else 2)
        assert machine.disk.slots.certificate == b"certificate 2"


def test_a_full_disk_holds_batches_back_and_lets_states_through() -> None:
    machine = Machine()
    machine.disk.fill()
    machine.store(1)
    machine.save(1, flush=True)
    machine.run(5)
    assert (machine.payloads, machine.saved) == ([], [2])
    assert machine.disk.is_full
    assert machine.rooms == [False]
    machine.disk.make_room()
    machine.run(RETRY_US / SECOND_US)
    assert machine.payloads == [1]
    assert machine.rooms == [False, True]


def test_a_full_disk_is_noticed_without_a_write_and_by_a_process_that_starts() -> None:
    machine = Machine()
    machine.disk.fill()
    machine.disk.fill()
    machine.run(LOOK_US / SECOND_US)
    assert machine.rooms == [False]
    machine.disk.process_ended()
    machine.open()
    machine.disk.look()
    assert machine.rooms == [False, False]
    machine.disk.make_room()
    machine.run()
    assert machine.rooms == [False, False], "one of two fillings is over"
    machine.disk.make_room()
    machine.run()
    assert machine.rooms == [False, False, True]


def test_a_slow_disk_is_slow_but_not_for_ever() -> None:
    machine = Machine()
    machine.disk.slowness = 1e6
    machine.store(1)
    machine.run(WRITE_US_MAX / SECOND_US - 0.001)
    assert machine.payloads == []
    machine.run(0.002)
    assert machine.payloads == [1]


def test_a_stopped_process_finishes_what_is_under_way_and_begins_nothing() -> None:
    machine = Machine()
    machine.store(1)
    machine.store(2)
    machine.disk.freeze()
    machine.run()
    assert machine.payloads == [1]
    machine.disk.thaw()
    machine.run()
    assert machine.payloads == [1, 2]


def test_a_damaged_disk_cannot_be_opened_until_that_is_mended() -> None:
    disk = Machine().disk
    disk.is_damaged = True
    assert disk.open() is None
    disk.is_damaged = False
    assert disk.open() is not None


def test_a_batch_that_contradicts_the_store_is_the_nodes_mistake() -> None:
    machine = Machine()

    def failed(error: BanyanError) -> None:
        machine.failures.append(error)
        machine.disk.process_ended()

    machine.disk.reports.failed = failed
    machine.disk.store(StoreBatch(1, WriteBatch(drop_blocks_from=0)))
    machine.store(1)
    machine.run()
    assert [type(error) for error in machine.failures] == [LocalError]
    assert (machine.stored, machine.payloads) == ([], [])


def test_a_backup_is_the_database_as_it_was() -> None:
    database = Database(MAKE)
    for number in range(5):
        database.apply([batch(number)], number * 10)
    older = database.backup(25)
    assert [older.store.payload(bytes([number]) * 32) is not None for number in range(5)] == [True] * 3 + [False] * 2
    older.apply([batch(9)], 60)
    assert database.store.payload(bytes([9]) * 32) is None
    assert (len(older), len(database), len(older.backup(70)), len(older.backup(5))) == (4, 5, 4, 1)

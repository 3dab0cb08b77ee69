"""The disk of a simulated machine: writes take time, and become durable in order, or not at all.

Owns the queue in front of the database (group commit, as `daemon.disk`), the queue in front of the sign-state (as
`daemon.sign_state_keeper`), and every way in which a disk lets its node down. The two do not wait for each other.
Outlives the process that writes to it.

- A write that is under way when the process or the machine ends is there afterwards or is missing, all of its group.
- A trap ends the node right before or right after one of its writes becomes durable, before that is reported.
- A full disk holds the database's writes back; the sign-state has its room already. The process notices with its next
  write, or when it looks.
- A damaged disk cannot be opened until that is mended. A process that starts takes the `database` that is there then.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from daemon.sign_state import SignState
from ledger.errors import BanyanError
from simulator.adapter import SaveSignState, StoreBatch
from simulator.chance import Chance
from simulator.database import Database, MakeStore
from simulator.delays import EVEN, Delay
from simulator.schedule import SECOND_US, Schedule
from simulator.sign_state_slots import SignStateSlots
from simulator.snapshots import SnapshotFiles
from storage.interface import WriteBatch

# As `daemon.disk` writes at most together, and how often it tries again on a full disk.
GROUP_MAX = 64
RETRY_US = SECOND_US
# How long after the disk filled up, or was freed, the process looks at it: as often as `daemon.disk` does.
LOOK_US = 2 * SECOND_US
# A flush on a solid-state disk; faults make it slower.
WRITE = Delay(EVEN, 200, 4_000)
# However slow a disk is, a write comes to an end: what takes longer is an error of input and output.
WRITE_US_MAX = 2 * SECOND_US

# The moments of a write at which a trap can end the node; the certificate of a term is written before its state.
BATCH = "batch"
CERTIFICATE = "certificate"
STATE = "state"
TRAP_PLACES = (BATCH, CERTIFICATE, STATE)


@dataclass(frozen=True, slots=True)
class DiskImage:
    """What a process finds that starts."""

    database: Database
    state: SignState
    certificate: bytes


@dataclass(slots=True)
class Trap:
    """Ends the node at the `count`-th durable write of its kind from now; `spring` is called for it."""

    place: str
    is_before: bool
    count: int
    spring: Callable[[], None]


@dataclass(slots=True)
class DiskReports:
    """Whom the disk tells; the process that runs on it sets them, and nobody else hears.

    `has_room` says that the disk is full, or is not any more; a process that starts takes it that it is not.
    `applied` says what became durable just now, before anybody is told; `saved` a state that was kept; `failed` that
    the store refuses a batch, which is the node's mistake.
    """

    stored: Callable[[int], None] = field(default=lambda ticket: None)
    saved: Callable[[int], None] = field(default=lambda ticket: None)
    applied: Callable[[Sequence[WriteBatch]], None] = field(default=lambda batches: None)
    failed: Callable[[BanyanError], None] = field(default=lambda error: None)
    has_room: Callable[[bool], None] = field(default=lambda has_room: None)


class Disk:
    """One machine's disk.

    Args:
        schedule: The world's events.
        chance: For durations and for what is left of a write under way.
        make_store: Gives a store at the genesis.
        snapshots: The machine's.
    """

    def __init__(
        self, schedule: Schedule, chance: Chance, make_store: MakeStore, snapshots: SnapshotFiles | None = None
    ) -> None:
        self._schedule = schedule
        self._chance = chance
        self._write_us = WRITE.sampler(chance.random)
        self.database = Database(make_store)
        self.snapshots = snapshots
        self.slots = SignStateSlots()
        self.reports = DiskReports()
        self.traps: list[Trap] = []
        # Whether the process knows that the disk is full.
        self.is_known_full = False
        # Faults count up and down, so that they may overlap.
        self._full_count = 0
        self.slowness = 1.0
        self.is_damaged = False
        self.is_frozen = False
        self._queue: deque[StoreBatch] = deque()
        self._group: list[StoreBatch] = []
        self._saves: deque[SaveSignState] = deque()
        self._is_saving = False
        # Changes when the process ends: what was planned for it is void.
        self._life = 0
        # A trap decides itself what is left of the write at hand.
        self._is_springing = False

    # -- what the node wants ------------------------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        """Whether there is no room for the database's next write."""
        return self._full_count > 0

    @property
    def waiting(self) -> int:
        """Writes that were asked for and are not reported."""
        return len(self._queue) + len(self._group) + len(self._saves)

    def store(self, wanted: StoreBatch) -> None:
        """Write a batch; reported when it is durable."""
        self._queue.append(wanted)
        if not self._group:
            self._begin()

    def save(self, wanted: SaveSignState) -> None:
        """Keep a sign-state; reported at once if no flush is asked for and nothing waits, as the real keeper does."""
        if wanted.flush or self._saves:
            self._saves.append(wanted)
            if not self._is_saving:
                self._begin_save()
            return
        life = self._life
        self._pass(STATE, True)
        if life == self._life:
            self.slots.write(wanted.state)
            self._pass(STATE, False)
        if life == self._life:
            self.reports.saved(wanted.ticket)

    # -- the database -------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._queue and not self.is_frozen:
            self._group = [self._queue.popleft() for _ in range(min(GROUP_MAX, len(self._queue)))]
            self._schedule.after(self._duration_us(), self._end_write, self._life)

    def _end_write(self, life: int) -> None:
        if life != self._life:
            return
        self.look()
        if self.is_full:
            self._schedule.after(RETRY_US, self._end_write, life)
            return
        self._pass(BATCH, True)
        if life != self._life:
            return
        ticket = self._group[-1].ticket
        self._apply_group()
        if life == self._life:
            self._pass(BATCH, False)
        if life == self._life:
            self._begin()
            self.reports.stored(ticket)

    def _apply_group(self) -> None:
        batches = [one.batch for one in self._group]
        self._group = []
        try:
            for batch in batches:
                self.database.apply([batch], self._schedule.now_us)
                if self.snapshots is not None:
                    self.snapshots.written(self.database.store)
        except BanyanError as error:
            self.reports.failed(error)
        else:
            self.reports.applied(batches)

    # -- the sign-state -----------------------------------------------------------------------------------------

    def _begin_save(self) -> None:
        self._is_saving = bool(self._saves) and not self.is_frozen
        if self._is_saving:
            wanted = self._saves[0]
            step = self._end_certificate if wanted.term_certificate else self._end_save
            self._schedule.after(self._duration_us() if wanted.flush else 0, step, self._life)

    def _end_certificate(self, life: int) -> None:
        if life != self._life:
            return
        self._pass(CERTIFICATE, True)
        if life == self._life:
            self.slots.certificate = self._saves[0].term_certificate
            self._pass(CERTIFICATE, False)
        if life == self._life:
            self._schedule.after(self._duration_us(), self._end_save, life)

    def _end_save(self, life: int) -> None:
        if life != self._life:
            return
        self._pass(STATE, True)
        if life != self._life:
            return
        wanted = self._saves.popleft()
        self.slots.write(wanted.state)
        if wanted.flush:
            self.slots.flush()
        self._pass(STATE, False)
        if life == self._life:
            self._begin_save()
            self.reports.saved(wanted.ticket)

    def take_over(self) -> bool:
        """Let the store of a finished sync take the place of the database; whether there is one. Nothing runs."""
        if self.snapshots is None or self.snapshots.ready is None:
            return False
        self.database, self.snapshots.ready = Database.begun_at(self.snapshots.ready), None
        return True

    # -- faults -------------------------------------------------------------------------------------------------

    def fill(self) -> None:
        """Leave no room, until `make_room` is called as often."""
        self._full_count += 1
        self._schedule.after(LOOK_US, self.look)

    def make_room(self) -> None:
        """One filling is over."""
        self._full_count -= 1
        assert self._full_count >= 0, "what is freed was filled before"
        self._schedule.after(LOOK_US, self.look)

    def look(self) -> None:
        """Tell the process whether there is room, if it does not know."""
        if self.is_full != self.is_known_full:
            self.is_known_full = self.is_full
            self.reports.has_room(not self.is_full)

    def freeze(self) -> None:
        """The process is stopped: what is under way is finished, nothing new begins."""
        self.is_frozen = True

    def thaw(self) -> None:
        """The process goes on."""
        self.is_frozen = False
        if not self._group:
            self._begin()
        if not self._is_saving:
            self._begin_save()

    def process_ended(self) -> None:
        """The process is gone: what it had not handed over is lost, what was under way is done or not done."""
        if not self._is_springing:
            self._finish_by_chance()
        self._forget()

    def power_lost(self, torn: bool) -> None:
        """The machine is off: what was not flushed may be lost too. `torn`: see `SignStateSlots.lose_power`."""
        is_torn = torn and self._is_saving and not self._is_springing
        if is_torn:
            self.slots.write(self._saves[0].state)
        elif not self._is_springing:
            self._finish_by_chance()
        self._forget()
        self.slots.lose_power(self._chance.below, is_torn)

    def _forget(self) -> None:
        self._life += 1
        self._group = []
        self._queue.clear()
        self._saves.clear()
        self._is_saving = False
        self.is_frozen = False
        self.is_known_full = False
        self.reports = DiskReports()

    def open(self) -> DiskImage | None:
        """What a process that starts finds; None if the disk is damaged."""
        state = self.slots.state
        return None if self.is_damaged or state is None else DiskImage(self.database, state, self.slots.certificate)

    def _finish_by_chance(self) -> None:
        """Of the writes under way, each is done or not done."""
        if self._group and not self.is_full and self._chance.happens(0.5):
            self._apply_group()
        if self._is_saving and self._chance.happens(0.5):
            wanted = self._saves[0]
            if wanted.term_certificate:
                self.slots.certificate = wanted.term_certificate
            if not wanted.term_certificate or self._chance.happens(0.5):
                self.slots.write(wanted.state)

    def _pass(self, place: str, is_before: bool) -> None:
        """Spring the traps that wait for this moment of a write."""
        if not self.traps:
            return
        for trap in [one for one in self.traps if one.place == place and one.is_before == is_before]:
            trap.count -= 1
            if trap.count <= 0:
                self.traps.remove(trap)
                self._is_springing = True
                trap.spring()
                self._is_springing = False

    def _duration_us(self) -> int:
        return min(int(self._write_us() * self.slowness), WRITE_US_MAX)

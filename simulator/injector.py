"""Doing to a world what a list of faults says: each begins and ends at its time, and its end mends what it did.

Owns the way from a fault to processes, disks, clocks and links; never draws faults. The last end is told as the
beginning of calm. Faults may overlap in any way: what they do is counted and taken back; only the end of a clock's
fault sets the clock right.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulator import partitions
from simulator.chance import Chance
from simulator.connections import Connections
from simulator.database import Database
from simulator.disk import Trap
from simulator.faults import (
    BIT_FLIP,
    CHAIN,
    CLOCK_DRIFT,
    CLOCK_JUMP,
    CONSTRAINED,
    DISK_FULL,
    DISK_SLOW,
    DUPLICATION,
    ISOLATION,
    KILL,
    LEADER_REMOVAL,
    LOSS,
    OLDER_BACKUP,
    ONE_WAY,
    PARTITION,
    PAUSE,
    POWER_LOSS,
    PROMOTION,
    QUORUM_LOSS,
    REORDERING,
    SLOW_LINKS,
    STOP,
    TRAP,
    VOTER_REMOVAL,
    Fault,
)
from simulator.identities import START_MS
from simulator.membership import Membership
from simulator.network import Condition, Network
from simulator.observation import DatabaseReplaced, FaultBegan, FaultEnded, Stream
from simulator.partitions import Way
from simulator.process import Process
from simulator.schedule import MILLISECOND_US, Schedule

Undo = Callable[[], None]
# A node that is asked to end in good order and does not is killed, as `systemctl stop` does.
_STOP_PATIENCE_US = 5_000 * MILLISECOND_US


@dataclass(slots=True)
class _Aside:
    """A database that was put aside for an older one; `holders` faults want that."""

    newest: Database
    older: Database
    restored_count: int
    holders: int = 1


class Injector:
    """The hand that does it.

    Args:
        seed: Of the world.
        schedule: The world's events.
        stream: Told of each beginning and end.
        processes: By number.
        network: Whose links get conditions and blocks.
        membership: Asked to change the voters.
        connections: Told of the ways that were blocked or opened.
        calm: Called when the last fault has ended.
    """

    def __init__(
        self,
        seed: int,
        schedule: Schedule,
        stream: Stream,
        processes: Sequence[Process],
        network: Network,
        connections: Connections,
        membership: Membership,
        calm: Callable[[], None],
    ) -> None:
        self._seed = seed
        self._schedule = schedule
        self._stream = stream
        self._processes = processes
        self._network = network
        self._connections = connections
        self._calm = calm
        self._left = 0
        self._aside: dict[int, _Aside] = {}
        self._begin_of: dict[str, Callable[[Fault], Undo]] = {
            KILL: lambda fault: self._down(fault, power=False),
            POWER_LOSS: lambda fault: self._down(fault, power=True),
            PAUSE: self._pause,
            STOP: self._stop,
            TRAP: self._trap,
            DISK_FULL: self._disk_full,
            DISK_SLOW: self._disk_slow,
            BIT_FLIP: self._bit_flip,
            OLDER_BACKUP: self._older_backup,
            CLOCK_JUMP: self._clock_jump,
            CLOCK_DRIFT: self._clock_drift,
            LOSS: lambda fault: self._impose(fault, loss=fault.number_of("share")),
            DUPLICATION: lambda fault: self._impose(fault, duplication=fault.number_of("share")),
            REORDERING: lambda fault: self._impose(fault, reordering=fault.number_of("share")),
            SLOW_LINKS: self._slow_links,
            PARTITION: lambda fault: self._cut(partitions.symmetric(fault.nodes(), self._others(fault))),
            ONE_WAY: lambda fault: self._cut(partitions.one_way(fault.nodes(), self._others(fault))),
            ISOLATION: lambda fault: self._cut(partitions.isolate(fault.integer("node"), self._all)),
            CHAIN: lambda fault: self._cut(partitions.chained(fault.nodes())),
            QUORUM_LOSS: lambda fault: self._cut(partitions.quorum_loss(fault.integer("node"), self._all)),
            CONSTRAINED: self._constrained,
            VOTER_REMOVAL: lambda fault: membership.remove(fault.integer("node")),
            LEADER_REMOVAL: lambda fault: membership.remove_leader(),
            PROMOTION: lambda fault: membership.promote(fault.integer("node")),
        }

    def plan(self, faults: Sequence[Fault]) -> None:
        """Let the faults happen at their times; without any, calm begins at once."""
        self._left = len(faults)
        for fault in faults:
            self._schedule.at(fault.start_ms * MILLISECOND_US, self._begin, fault)
        if not faults:
            self._schedule.after(0, self._calm)

    def _begin(self, fault: Fault) -> None:
        self._stream.tell(FaultBegan(self._schedule.now_us, fault.number, str(fault)))
        undo = self._begin_of[fault.kind](fault)
        self._schedule.at(fault.end_ms * MILLISECOND_US, self._end, fault, undo)

    def _end(self, fault: Fault, undo: Undo) -> None:
        undo()
        self._stream.tell(FaultEnded(self._schedule.now_us, fault.number))
        self._left -= 1
        if not self._left:
            self._calm()

    # -- processes ----------------------------------------------------------------------------------------------

    def _down(self, fault: Fault, power: bool) -> Undo:
        process = self._process(fault)
        process.hold_down(power, torn=bool(fault.parameters.get("torn", False)))
        return process.let_up

    def _pause(self, fault: Fault) -> Undo:
        process = self._process(fault)
        process.pause()
        return process.resume

    def _stop(self, fault: Fault) -> Undo:
        process = self._process(fault)
        asked = process.starts
        process.stop()
        self._schedule.after(_STOP_PATIENCE_US, self._kill_if_still, process, asked)

        def start() -> None:
            self._kill_if_still(process, asked)
            process.start()

        return start

    def _kill_if_still(self, process: Process, start: int) -> None:
        if process.node is not None and process.starts == start:
            process.hold_down()
            process.let_up()

    def _trap(self, fault: Fault) -> Undo:
        process, power = self._process(fault), bool(fault.parameters["power"])
        trap = Trap(
            str(fault.parameters["place"]),
            bool(fault.parameters["before"]),
            fault.integer("count"),
            lambda: process.hold_down(power),
        )
        process.disk.traps.append(trap)

        def open_trap() -> None:
            if trap in process.disk.traps:
                process.disk.traps.remove(trap)
            else:
                process.let_up()

        return open_trap

    # -- disks --------------------------------------------------------------------------------------------------

    def _disk_full(self, fault: Fault) -> Undo:
        disk = self._process(fault).disk
        disk.fill()
        return disk.make_room

    def _disk_slow(self, fault: Fault) -> Undo:
        disk, factor = self._process(fault).disk, fault.number_of("factor")
        disk.slowness *= factor

        def speed_up() -> None:
            disk.slowness /= factor

        return speed_up

    def _bit_flip(self, fault: Fault) -> Undo:
        """The store notices what it reads and refuses to go on; in the end a copy of another node is put in place."""
        process, donor = self._process(fault), self._processes[fault.integer("donor")]
        process.hold_down()
        process.disk.is_damaged = True

        def replace() -> None:
            if process.disk.is_damaged:
                process.disk.is_damaged = False
                self._replace(process, donor.disk.database.backup(self._schedule.now_us), is_older=True)
            process.let_up()

        return replace

    def _older_backup(self, fault: Fault) -> Undo:
        """The database is put back as it was; the sign-state stays. Unless it is kept, the end undoes it."""
        process = self._process(fault)
        aside = self._aside.get(process.number)
        if aside is not None:
            aside.holders += 1
            return lambda: self._put_back(process)
        newest = process.disk.database
        older = newest.backup(max(self._schedule.now_us - fault.integer("age_ms") * MILLISECOND_US, 0))
        self._replace(process, older, is_older=True)
        if fault.parameters["keep"]:
            return process.start
        self._aside[process.number] = _Aside(newest, older, len(older))
        return lambda: self._put_back(process)

    def _put_back(self, process: Process) -> None:
        aside = self._aside[process.number]
        aside.holders -= 1
        if aside.holders:
            return
        del self._aside[process.number]
        # A node that went on from the backup has newer blocks in it: they stay.
        if process.disk.database is aside.older and len(aside.older) == aside.restored_count:
            self._replace(process, aside.newest, is_older=False)

    def _replace(self, process: Process, database: Database, is_older: bool) -> None:
        process.hold_down()
        process.disk.database = database
        self._stream.tell(DatabaseReplaced(self._schedule.now_us, process.number, is_older))
        process.let_up()

    # -- clocks -------------------------------------------------------------------------------------------------

    def _clock_jump(self, fault: Fault) -> Undo:
        process = self._process(fault)
        process.clock.jump(self._schedule.now_us, fault.integer("by_ms"))
        return lambda: process.clock.settle(self._schedule.now_us, START_MS)

    def _clock_drift(self, fault: Fault) -> Undo:
        process = self._process(fault)
        process.clock.drift(self._schedule.now_us, fault.integer("by_ppm"))
        return lambda: process.clock.settle(self._schedule.now_us, START_MS)

    # -- the network --------------------------------------------------------------------------------------------

    def _impose(self, fault: Fault, loss: float = 0.0, duplication: float = 0.0, reordering: float = 0.0) -> Undo:
        late_ms = fault.parameters.get("late_ms", 0)
        assert isinstance(late_ms, int)
        draw = Chance(self._seed, f"fault/{fault.number}").random
        condition = Condition(
            draw, loss=loss, duplication=duplication, reordering=reordering, late_us=late_ms * MILLISECOND_US
        )
        self._network.impose(condition)
        return lambda: self._network.lift(condition)

    def _slow_links(self, fault: Fault) -> Undo:
        condition = Condition(
            Chance(self._seed, f"fault/{fault.number}").random,
            ways=partitions.isolate(fault.integer("node"), self._all),
            slowdown=fault.number_of("slowdown"),
            bandwidth=fault.integer("bandwidth"),
        )
        self._network.impose(condition)
        return lambda: self._network.lift(condition)

    def _constrained(self, fault: Fault) -> Undo:
        return self._cut(partitions.constrained(fault.integer("node"), fault.integer("leader"), self._all))

    def _cut(self, ways: frozenset[Way]) -> Undo:
        self._network.block(ways)
        self._connections.ways_changed(ways)

        def mend() -> None:
            self._network.unblock(ways)
            self._connections.ways_changed(ways)

        return mend

    def _process(self, fault: Fault) -> Process:
        return self._processes[fault.integer("node")]

    @property
    def _all(self) -> range:
        return range(len(self._processes))

    def _others(self, fault: Fault) -> list[int]:
        return [node for node in self._all if node not in fault.nodes()]

"""A simulated world: processes on their machines, the network between them, clients, faults, and who watches.

Owns the putting together and the end of a run; what happens is the parts' own. The same setting gives the same run,
event by event: nothing in here asks a real clock, real chance or the order of a set.
"""

from collections.abc import Callable

from contracts.protocols import builtin_protocols
from simulator.adapter import fixed_to, queues_of
from simulator.chance import Chance
from simulator.checkers.every_rule import every_rule
from simulator.checkers.rule import Violation, Watch
from simulator.clients import Clients
from simulator.clock import Clock
from simulator.connections import Connections
from simulator.delays import PROFILES
from simulator.disk import Disk
from simulator.errors import OverloadError
from simulator.identities import START_MS, Identities, identities
from simulator.injector import Injector
from simulator.membership import Membership
from simulator.network import QUEUE_SIZE_BYTES_MAX, Network, Parcel
from simulator.observation import (
    Acknowledged,
    CalmBegan,
    DatabaseReplaced,
    FaultBegan,
    FaultEnded,
    LiarNamed,
    NodeAtEnd,
    NodeBroke,
    NodeEnded,
    NodePaused,
    NodeStarted,
    OperationBegan,
    OperationEnded,
    QueueSeen,
    Stream,
)
from simulator.overlays import linked_with, overlay
from simulator.parcels import Parcels
from simulator.process import Process
from simulator.reminders import protocols_with_reminders
from simulator.scenario import Setting
from simulator.schedule import COMING_MAX, MILLISECOND_US, SECOND_US, Schedule
from simulator.snapshots import SnapshotFiles
from simulator.surroundings import Surroundings
from simulator.timeline import Timeline
from simulator.trace import Trace
from simulator.traffic import Traffic
from simulator.verification import Verification

# How often queues are looked at.
_LOOK_US = SECOND_US
_QUEUES = "every queue within its bound"
_TRACED = (
    Acknowledged,
    CalmBegan,
    DatabaseReplaced,
    FaultBegan,
    FaultEnded,
    NodeBroke,
    NodeEnded,
    NodePaused,
    NodeStarted,
    OperationBegan,
    OperationEnded,
)


class World:
    """One run of one setting; `run` once, then read what became of it. `second` is called every virtual second."""

    def __init__(self, setting: Setting, second: Callable[[], None] = lambda: None) -> None:
        self._second = second
        scenario = self._scenario = setting.scenario
        self.setting = setting
        seed, count = setting.seed, scenario.everybody
        self.schedule = Schedule()
        self.stream = Stream()
        # First of all listeners, so that a violation's own line is the last of the trace.
        known = identities(scenario.nodes, scenario.clients.count, scenario.quorum, scenario.observers)
        self._names = {keys.node_id: f"node {number}" for number, keys in enumerate(known.nodes)}
        self.trace = Trace(scenario.trace_lines, self._names)
        self.stream.listen(_TRACED, self.trace.tell)
        self.timeline = Timeline(self.stream)
        self._watch = Watch(every_rule(), self.stream, self.schedule.stop, frozenset(scenario.liars))
        self.traffic = Traffic(count, scenario.settle_seconds * SECOND_US)
        self._network = Network(
            self.schedule, seed, PROFILES[setting.profile], scenario.bandwidth, self.traffic, self._deliver
        )
        self._connections = Connections(
            self.schedule,
            self._network,
            Chance(seed, "connections"),
            setting.connection_timeout_us,
            lambda node: self.processes[node].is_running,
            lambda node, peer, there: self.processes[node].neighbour(self._ids[peer], there),
        )
        self._ids = [keys.node_id for keys in known.nodes]
        self._links = overlay(setting.overlay, count, Chance(seed, "overlay"))
        around = Surroundings(
            seed=seed,
            schedule=self.schedule,
            stream=self.stream,
            trace=self.trace,
            identities=known,
            numbers=known.number_of(),
            protocols=protocols_with_reminders() if scenario.reminders else builtin_protocols(),
            timing=scenario.timing,
            factories=tuple(scenario.liars.get(number, scenario.factory) for number in range(count)),
            neighbours=tuple(
                fixed_to([self._ids[other] for other in linked]) for linked in linked_with(self._links, count)
            ),
            verification=Verification(),
            parcels=Parcels(),
            network=self._network,
            connections=self._connections,
        )
        self.processes = [
            Process(
                number,
                around,
                self._disk(number, known),
                Clock(START_MS),
            )
            for number in range(count)
        ]
        # What a liar tells a client is nothing to hold a ledger to.
        asked = [process for process in self.processes if process.number not in scenario.liars]
        self._clients = Clients(scenario.clients, seed, self.schedule, self.stream, known, asked)
        self._injector = Injector(
            seed,
            self.schedule,
            self.stream,
            self.processes,
            self._network,
            self._connections,
            Membership(seed, self.schedule, known, self.processes),
            self._calm,
        )

    def _disk(self, number: int, known: Identities) -> Disk:
        snapshots = SnapshotFiles(known.genesis, self._scenario.snapshot_blocks)
        return Disk(self.schedule, Chance(self.setting.seed, f"disk/{number}"), known.make_store, snapshots)

    @property
    def violation(self) -> Violation | None:
        """The first rule that was broken."""
        return self._watch.found

    def run(self) -> None:
        """Let the scenario's seconds go by, or stop at the first broken rule."""
        end_us = self._scenario.seconds * SECOND_US
        for number, factory in sorted(self._scenario.liars.items()):
            is_provable = getattr(factory, "IS_PROVABLE", True)
            self.stream.tell(LiarNamed(0, number, self._ids[number], is_provable, must_be_named=False))
        for one, other in self._links:
            self._connections.want(one, other)
        for process in self.processes:
            process.start()
        self._clients.start()
        self._injector.plan(self.setting.faults)
        self.schedule.after(_LOOK_US, self._look)
        try:
            self.schedule.run(end_us)
        except OverloadError as error:
            self._watch.found = self._watch.found or Violation(_QUEUES, str(error), self.schedule.now_us)
        if self.violation is None:
            self._end()

    def _deliver(self, receiver: int, sender: int, parcel: Parcel) -> None:
        self.processes[receiver].deliver(self._ids[sender], parcel)

    def _calm(self) -> None:
        now_us = self.schedule.now_us
        until_us = now_us + self._scenario.resume_ms * MILLISECOND_US
        # A run that ends before says nothing about it, and one without clients has nothing to commit.
        is_judged = until_us <= self._scenario.seconds * SECOND_US and self._scenario.clients.count > 0
        self.stream.tell(CalmBegan(now_us, until_us if is_judged else 0))

    def _look(self) -> None:
        """Tell how full the queues are, and that a second has gone by."""
        self._second()
        now_us = self.schedule.now_us
        window = self.processes[0].window
        for process in self.processes:
            status = process.status()
            for name, size, size_max in process.queue_sizes:
                self.stream.tell(QueueSeen(now_us, process.number, name, size, size_max))
            if status is not None:
                for name, size, size_max in queues_of(status, window):
                    self.stream.tell(QueueSeen(now_us, process.number, name, size, size_max))
        if not self.setting.faults:
            self._name_liars()
        self.stream.tell(QueueSeen(now_us, -1, "events to come", len(self.schedule), COMING_MAX))
        queued = self._network.queued_bytes_max
        self.stream.tell(QueueSeen(now_us, -1, "bytes of a link", queued, QUEUE_SIZE_BYTES_MAX))
        self.schedule.after(_LOOK_US, self._look)

    def _name_liars(self) -> None:
        """Tell who has lied by now: a leader of whom nobody made one has nothing to propose twice."""
        for number, factory in sorted(self._scenario.liars.items()):
            if getattr(factory, "IS_PROVABLE", True) and getattr(self.processes[number].node, "has_lied", True):
                self.stream.tell(LiarNamed(self.schedule.now_us, number, self._ids[number]))

    def _end(self) -> None:
        for process in self.processes:
            store = process.disk.database.store
            head = store.head()
            headers = [store.header(height) for height in range(1, head.executed_height + 1)]
            hashes = tuple(header.header_hash for header in headers if header is not None)
            self.stream.tell(
                NodeAtEnd(
                    self.schedule.now_us,
                    process.number,
                    process.is_running,
                    head.executed_height,
                    head.state_digest,
                    hashes,
                )
            )
        self._watch.end(self.schedule.now_us)

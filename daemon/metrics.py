"""Figures for Prometheus: what this node counts, in a registry of its own.

Owns names, units and help texts; the node's picture of itself is read when somebody asks, never kept twice.
Reference: docs/reference/logs-and-metrics.md.
"""

from collections.abc import Callable, Iterator, Sequence
from statistics import median

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from daemon.disk_room import DiskRoom, RoomLevel
from daemon.status import NodeStatus
from daemon.step_times import StepTimes
from daemon.sync_metrics import SyncCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_REQUEST_BUCKETS_SECONDS = (0.002, 0.01, 0.05, 0.2, 1.0, 5.0, 30.0)
# A voter of which nothing came for so long is counted as gone: the same as for `banyan doctor`.
_SILENT_MS = 10_000
_ROLES = ("observer", "follower", "candidate", "leader")


class Metrics:
    """Counters and histograms that the shell feeds; `watch` adds the gauges of a running node."""

    def __init__(self) -> None:
        # The time at which each series began would double the text, and nobody asks for it.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        # Memory, descriptors and processor time, as every program that Prometheus reads has them.
        ProcessCollector(registry=self._registry)
        self.admitted = self._counter("banyan_transactions_admitted", "Transactions admitted", ("kind",))
        self.refused = self._counter("banyan_transactions_refused", "Transactions refused before a block", ("code",))
        self.executed = Counter(
            "banyan_transactions_executed", "Transactions committed and executed", registry=self._registry
        )
        self.frames = self._counter("banyan_frames", "Frames of neighbours", ("direction",))
        self.step_times = StepTimes()
        self._registry.register(self.step_times)
        self.request_seconds = Histogram(
            "banyan_http_request_seconds",
            "Time until the answer begins",
            ("method", "route", "status"),
            buckets=_REQUEST_BUCKETS_SECONDS,
            registry=self._registry,
        )
        self.connections = Gauge("banyan_http_connections", "Open connections", ("door",), registry=self._registry)
        self.listeners = Gauge("banyan_http_event_listeners", "Open event streams", ("door",), registry=self._registry)

    def _counter(self, name: str, help_text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, help_text, labels, registry=self._registry)

    def watch(
        self,
        status: Callable[[], NodeStatus],
        clock_offsets_ms: Callable[[], Sequence[int]] = tuple,
        version: str = "",
    ) -> None:
        """Show the gauges of the node that `status` describes; asked for each scrape.

        `clock_offsets_ms` tells how far the clock of each neighbour is ahead of this node's.
        """
        self._registry.register(_NodeCollector(status, clock_offsets_ms, version))

    def watch_disk(self, room: DiskRoom) -> None:
        """Show what the database takes and may take, as of the newest look."""
        self._registry.register(_DiskCollector(room))

    def watch_keys(self, seconds_left: Callable[[], float | None]) -> None:
        """Show how long the node's keys are meant to serve yet; asked for each scrape, None shows nothing."""
        self._registry.register(_KeyCollector(seconds_left))

    def watch_sync(self, collector: SyncCollector) -> None:
        """Show how far syncing is, and what goes over the wire; looked up for each scrape."""
        self._registry.register(collector)

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)


class _KeyCollector(Collector):
    """How long the node's keys are meant to serve."""

    def __init__(self, seconds_left: Callable[[], float | None]) -> None:
        self._seconds_left = seconds_left

    def describe(self) -> Iterator[Metric]:
        """Nothing, as below."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """One figure, unless the keys never expire or no registry names the node."""
        left = self._seconds_left()
        if left is not None:
            yield GaugeMetricFamily(
                "banyan_node_keys_left_seconds", "Seconds until the node's keys expire, negative afterwards", value=left
            )


class _NodeCollector(Collector):
    """The node's status as gauges."""

    def __init__(
        self, status: Callable[[], NodeStatus], clock_offsets_ms: Callable[[], Sequence[int]], version: str
    ) -> None:
        self._status = status
        self._clock_offsets_ms = clock_offsets_ms
        self._version = version

    def describe(self) -> Iterator[Metric]:
        """Nothing: names are not checked by asking the node before it runs."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """One picture of the node."""
        status = self._status()
        gauges = {
            "banyan_term": ("Current term", status.term),
            "banyan_height": ("Height of the newest stored block", status.height),
            "banyan_committed_height": ("Height of the newest committed block", status.committed_height),
            "banyan_executed_height": ("Height of the newest executed block", status.executed_height),
            "banyan_tree_size": ("Entries in the log", status.tree_size),
            "banyan_checkpoint_size": ("Entries under the newest checkpoint", status.checkpoint_size),
            "banyan_mempool_transactions": ("Transactions that wait for a block", status.mempool_count),
            "banyan_mempool_bytes": ("Bytes of the transactions that wait for a block", status.mempool_size_bytes),
            "banyan_neighbours": ("Neighbours that are connected", status.neighbours_count),
            "banyan_lag_blocks": (
                "Blocks that the furthest neighbour has committed and this node not",
                status.lag_blocks,
            ),
            "banyan_unstored_batches": ("Writes under way", status.unstored_batches),
            "banyan_voters": ("Voters in force", len(status.voters)),
            "banyan_quorum_voters": ("Voters that decide", status.quorum_size),
            "banyan_voters_heard": (
                "Voters of which something they signed came in the last ten seconds, this node included",
                sum(age_ms is not None and age_ms <= _SILENT_MS for age_ms in status.voters_heard_ms.values()),
            ),
            "banyan_accepting": ("1 while transactions are taken", int(status.accepting)),
        }
        for name, (help_text, value) in gauges.items():
            yield GaugeMetricFamily(name, help_text, value=value)
        roles = GaugeMetricFamily("banyan_role", "1 for the role the node has", labels=["role"])
        for role in _ROLES:
            roles.add_metric([role], int(role == status.role))
        yield roles
        build = GaugeMetricFamily("banyan_build_info", "1, with the version of the software", labels=["version"])
        build.add_metric([self._version], 1)
        yield build
        yield from self._collect_clocks()

    def _collect_clocks(self) -> Iterator[Metric]:
        offsets_ms = self._clock_offsets_ms()
        if offsets_ms:
            yield GaugeMetricFamily(
                "banyan_neighbours_clock_offset_seconds",
                "How far the middle of the neighbours' clocks is ahead of this node's",
                value=median(offsets_ms) / 1000,
            )


class _DiskCollector(Collector):
    """The database's disk as gauges; what nobody could measure yet is left out."""

    def __init__(self, room: DiskRoom) -> None:
        self._room = room

    def describe(self) -> Iterator[Metric]:
        """Nothing, as with the node."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The newest figures, and the level they give."""
        room = self._room
        if room.figures is not None:
            gauges = {
                "banyan_disk_used_bytes": ("What the database takes on its disk", room.figures.used_bytes),
                "banyan_disk_free_bytes": ("What the disk has left for this user", room.figures.free_bytes),
                "banyan_disk_room_bytes": ("What the database may still take, by disk and limits", room.room_bytes),
            }
            for name, (help_text, value) in gauges.items():
                yield GaugeMetricFamily(name, help_text, value=value)
        levels = GaugeMetricFamily("banyan_disk_level", "1 for the level of room there is", labels=["level"])
        for level in RoomLevel:
            levels.add_metric([level.value], int(level is room.level))
        yield levels

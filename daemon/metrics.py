"""Figures for Prometheus: what this node counts, in a registry of its own.

Owns names, units and help texts; the node's picture of itself is read when somebody asks, never kept twice.
Reference: docs/reference/logs-and-metrics.md.
"""

from collections.abc import Callable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from daemon.status import NodeStatus

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STEP_BUCKETS_SECONDS = (0.0005, 0.002, 0.01, 0.05, 0.2, 1.0)
_REQUEST_BUCKETS_SECONDS = (0.002, 0.01, 0.05, 0.2, 1.0, 5.0, 30.0)
_ROLES = ("observer", "follower", "candidate", "leader")


class Metrics:
    """Counters and histograms that the shell feeds; `watch` adds the gauges of a running node."""

    def __init__(self) -> None:
        # The time at which each series began would double the text, and nobody asks for it.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self.admitted = self._counter("banyan_transactions_admitted", "Transactions admitted", ("kind",))
        self.refused = self._counter("banyan_transactions_refused", "Transactions refused before a block", ("code",))
        self.executed = Counter(
            "banyan_transactions_executed", "Transactions committed and executed", registry=self._registry
        )
        self.frames = self._counter("banyan_frames", "Frames of neighbours", ("direction",))
        self.step_seconds = Histogram(
            "banyan_node_step_seconds",
            "Time the node needs for one event",
            buckets=_STEP_BUCKETS_SECONDS,
            registry=self._registry,
        )
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

    def watch(self, status: Callable[[], NodeStatus]) -> None:
        """Show the gauges of the node that `status` describes; asked for each scrape."""
        self._registry.register(_NodeCollector(status))

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)


class _NodeCollector(Collector):
    """The node's status as gauges."""

    def __init__(self, status: Callable[[], NodeStatus]) -> None:
        self._status = status

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
            "banyan_mempool_bytes": ("Their size", status.mempool_size_bytes),
            "banyan_neighbours": ("Neighbours that are connected", status.neighbours_count),
            "banyan_lag_blocks": (
                "Blocks that the furthest neighbour has committed and this node not",
                status.lag_blocks,
            ),
            "banyan_unstored_batches": ("Writes under way", status.unstored_batches),
            "banyan_accepting": ("1 while transactions are taken", int(status.accepting)),
        }
        for name, (help_text, value) in gauges.items():
            yield GaugeMetricFamily(name, help_text, value=value)
        roles = GaugeMetricFamily("banyan_role", "1 for the role the node has", labels=["role"])
        for role in _ROLES:
            roles.add_metric([role], int(role == status.role))
        yield roles

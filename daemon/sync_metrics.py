"""Figures for Prometheus about syncing by snapshot, and about what goes over the wire for it and for everything else.

Owns names, units and help texts; what they tell is looked up when somebody asks.
Reference: docs/reference/logs-and-metrics.md.
"""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from daemon.sync_progress import Stage, SyncProgress
from p2p.carried import Carried


class SyncCollector(Collector):
    """Where to look.

    Args:
        progress: How far syncing is.
        kept_from: From which height on the node keeps everything.
        snapshot_height: Of the newest snapshot that it has for others; 0 for none.
        carried: What went over its connections.
    """

    def __init__(
        self,
        progress: Callable[[], SyncProgress],
        kept_from: Callable[[], int],
        snapshot_height: Callable[[], int],
        carried: Carried,
    ) -> None:
        self._progress = progress
        self._kept_from = kept_from
        self._snapshot_height = snapshot_height
        self._carried = carried

    def describe(self) -> Iterator[Metric]:
        """Nothing: names are not checked by asking the node before it runs."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """One picture."""
        now = self._progress()
        gauges = {
            "banyan_kept_from_height": ("Height from which on everything is kept here, 1 for all", self._kept_from()),
            "banyan_snapshot_height": ("Height of the newest snapshot for others, 0 for none", self._snapshot_height()),
            "banyan_sync_height": ("Height of the snapshot that is taken, 0 for none", now.height),
            "banyan_sync_parts_done": ("Headers, chunks or blocks of the stage that are here", now.done),
            "banyan_sync_parts": ("Headers, chunks or blocks of the stage that there are", now.total),
            "banyan_sync_size_bytes": ("Size of the snapshot that is taken, 0 while unknown", now.size_bytes),
            "banyan_sync_sources": ("Neighbours that have what the stage fetches, as they say", now.sources),
        }
        for name, (help_text, value) in gauges.items():
            yield GaugeMetricFamily(name, help_text, value=value)
        stages = GaugeMetricFamily("banyan_sync_stage", "1 for the stage of syncing by snapshot", labels=["stage"])
        for stage in Stage:
            stages.add_metric([stage.value], int(stage is now.stage))
        yield stages
        carried = CounterMetricFamily(
            "banyan_network_bytes", "Bytes over connections with other nodes, before encryption", labels=["direction"]
        )
        carried.add_metric(["sent"], self._carried.sent_size_bytes)
        carried.add_metric(["received"], self._carried.received_size_bytes)
        yield carried

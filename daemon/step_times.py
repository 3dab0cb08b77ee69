"""How long the node's steps take, as a histogram for Prometheus that costs next to nothing.

Owns the counts; read when somebody asks. A step happens some twenty times for a write, and the library's own histogram
takes a lock twice for each. Not thread-safe: fed and read in the event loop.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

NAME, HELP = "banyan_node_step_seconds", "Time the node needs for one event"
BUCKETS_SECONDS = (0.0005, 0.002, 0.01, 0.05, 0.2, 1.0)


class StepTimes(Collector):
    """One node's."""

    def __init__(self) -> None:
        # The last one counts what took longer than any bound.
        self._counts = [0] * (len(BUCKETS_SECONDS) + 1)
        self._sum_seconds = 0.0

    def observe(self, seconds: float) -> None:
        """Count a step; about 0.3 µs."""
        # A bucket holds what is at most its bound.
        self._counts[bisect_left(BUCKETS_SECONDS, seconds)] += 1
        self._sum_seconds += seconds

    def describe(self) -> Iterator[Metric]:
        """Its name, so that no other figure takes it."""
        yield HistogramMetricFamily(NAME, HELP)

    def collect(self) -> Iterator[Metric]:
        """The histogram as of now."""
        bounds = (*map(str, BUCKETS_SECONDS), "+Inf")
        buckets = list(zip(bounds, accumulate(self._counts), strict=True))
        yield HistogramMetricFamily(NAME, HELP, buckets=buckets, sum_value=self._sum_seconds)

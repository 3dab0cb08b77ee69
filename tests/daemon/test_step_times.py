"""The histogram of steps, as Prometheus reads it."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from daemon.metrics import Metrics
from daemon.step_times import BUCKETS_SECONDS, NAME


def samples(metrics: Metrics) -> dict[str, float]:
    """The histogram's samples, by name and bound."""
    text = metrics.render().decode()
    (family,) = [one for one in text_string_to_metric_families(text) if one.name == NAME]
    assert family.type == "histogram"
    return {one.name.removeprefix(NAME) + one.labels.get("le", ""): one.value for one in family.samples}


def test_steps_are_counted_up_to_each_bound_and_beyond_the_last() -> None:
    metrics = Metrics()
    assert samples(metrics)["_count"] == 0
    for seconds in (0.0, 0.0005, 0.0006, 0.2, 7.0):
        metrics.step_times.observe(seconds)
    found = samples(metrics)
    bounds = {str(one): found[f"_bucket{one}"] for one in BUCKETS_SECONDS}
    assert bounds == {"0.0005": 2, "0.002": 3, "0.01": 3, "0.05": 3, "0.2": 4, "1.0": 4}
    assert found["_bucket+Inf"] == found["_count"] == 5
    assert found["_sum"] == pytest.approx(7.2011)


def test_no_other_figure_can_take_its_name() -> None:
    with pytest.raises(ValueError, match=NAME):
        Metrics()._counter(f"{NAME}_count", "another", ())

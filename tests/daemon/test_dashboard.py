"""Dashboard and alarms ask for figures that there are, by labels that they have."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.metrics import Metrics
from tests.daemon.test_logs_and_metrics import sampled

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana/banyan.json").read_text("utf-8"))
ALARMS = (DEPLOY / "prometheus/banyan.rules.yml").read_text("utf-8")
# What Prometheus itself adds to every sample.
OF_PROMETHEUS = {"instance", "job"}
_SELECTION = re.compile(r"\b((?:banyan|process)_\w+)(?:\{([^}]*)\})?")
_GROUPS = re.compile(r"\bby \(([^)]*)\)")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_LEGEND = re.compile(r"\{\{(\w+)\}\}")


def targets() -> Iterator[dict[str, Any]]:
    for panel in DASHBOARD["panels"]:
        yield from panel.get("targets", ())


@pytest.fixture(scope="module")
def labels() -> dict[str, set[str]]:
    """The labels of each sample's name."""
    found: dict[str, set[str]] = {}
    for metric in sampled(Metrics()):
        for sample in metric.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def alarms() -> list[str]:
    return re.findall(r"^ +expr: (.+)$", ALARMS, re.MULTILINE)


def test_every_expression_asks_for_figures_that_there_are(labels: dict[str, set[str]]) -> None:
    expressions = [target["expr"] for target in targets()]
    assert len(expressions) > 20
    assert len(alarms()) == ALARMS.count("- alert: ") == ALARMS.count("summary: ") >= 10
    for expression in (*expressions, *alarms()):
        selections = _SELECTION.findall(expression)
        assert selections, expression
        of_all = OF_PROMETHEUS | set.intersection(*(labels.get(name, set()) for name, _ in selections))
        for name, chosen in selections:
            assert name in labels, f"there is no figure {name}: {expression}"
            assert set(_LABEL.findall(chosen)) <= labels[name] | OF_PROMETHEUS, expression
        for group in _GROUPS.findall(expression):
            assert {one.strip() for one in group.split(",")} <= of_all, expression


def test_legends_name_labels_that_are_left(labels: dict[str, set[str]]) -> None:
    for target in targets():
        names = [name for name, _ in _SELECTION.findall(target["expr"])]
        groups = _GROUPS.findall(target["expr"])
        left = {one.strip() for one in groups[0].split(",")} if groups else labels[names[0]] | OF_PROMETHEUS
        assert set(_LEGEND.findall(target["legendFormat"])) <= left, target


def test_figures_that_only_rise_are_asked_for_their_rate() -> None:
    for expression in (*(target["expr"] for target in targets()), *alarms()):
        for name, _ in _SELECTION.findall(expression):
            if name.endswith(("_total", "_bucket", "_count", "_sum")):
                assert re.search(rf"rate\({name}", expression), expression


def test_panels_have_places_and_numbers_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [(y, x) for panel in panels for y, x in _cells(panel["gridPos"])]
    assert len(set(taken)) == len(taken)
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "instance"}


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    assert place["x"] + place["w"] <= 24
    for y in range(place["y"], place["y"] + place["h"]):
        for x in range(place["x"], place["x"] + place["w"]):
            yield y, x

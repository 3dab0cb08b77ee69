"""The reference names every event that is logged and every figure that is counted."""

import io
import json
import logging
import re
from contextlib import redirect_stderr
from pathlib import Path

import pytest
import structlog
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from daemon.disk_room import DiskFigures, DiskLimits, DiskRoom
from daemon.logs import configure_logs, log_event
from daemon.metrics import Metrics
from daemon.sync_metrics import SyncCollector
from daemon.sync_progress import Stage, SyncProgress
from p2p.carried import Carried
from tests.daemon.driver import Driver

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/logs-and-metrics.md").read_text("utf-8")
_EVENT = re.compile(r"""\b(?:\w*_)?log(?:\.\w+)?\(\s*"([a-z-]+)\"""")


def rows(part: str) -> set[str]:
    return {line.split("`")[1] for line in part.splitlines() if line.startswith("| `")}


def logged_events() -> set[str]:
    folders = (ROOT / "daemon", ROOT / "p2p")
    sources = (path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py"))
    return {event for source in sources for event in _EVENT.findall(source)}


def test_the_reference_names_every_event_and_no_other() -> None:
    found = logged_events()
    assert "disk-full" in found
    # One call chooses its level first.
    assert rows(PAGE.partition("## Figures")[0]) == found | {"request"}


def sampled(metrics: Metrics) -> list[Metric]:
    """Every figure, with a sample of each that has labels."""
    metrics.watch(Driver().start().node.status, lambda: (5, 7, 1200), "1.4")
    room = DiskRoom("db", DiskLimits(), lambda: None)
    room.looked(DiskFigures(1, 1))
    metrics.watch_disk(room)
    metrics.watch_keys(lambda: 1.0)
    progress = SyncProgress(Stage.CHUNKS, 64, 3, 8, 7_000_000, 2)
    metrics.watch_sync(SyncCollector(lambda: progress, lambda: 5, lambda: 48, Carried(10, 20)))
    metrics.admitted.labels("new").inc()
    metrics.refused.labels("decoding").inc()
    metrics.frames.labels("sent").inc()
    metrics.request_seconds.labels("GET", "/v1/status", "200").observe(0.1)
    for gauge in (metrics.connections, metrics.listeners):
        gauge.labels("tcp").set(1)
    text = metrics.render().decode()
    assert "_created" not in text
    return list(text_string_to_metric_families(text))


def test_the_reference_names_every_figure_and_no_other() -> None:
    figures = {one.name + "_total" * (one.type == "counter"): one for one in sampled(Metrics())}
    page = PAGE.partition("## Figures")[2]
    assert rows(page) == set(figures)
    for line in page.splitlines():
        if line.startswith("| `"):
            name, kind, labels, meaning = (cell.strip() for cell in line.strip("| ").split("|"))
            figure = figures[name.strip("`")]
            assert (kind, bool(meaning)) == (figure.type, True)
            found = {label for sample in figure.samples for label in sample.labels} - {"le"}
            # Values stand behind a colon.
            told = set(re.findall(r"`(\w+)`", labels.partition(":")[0]))
            assert told == found, name


def test_every_figure_is_explained_and_names_its_unit() -> None:
    for figure in sampled(Metrics()):
        assert figure.documentation, figure.name
        for unit in ("second", "byte"):
            if re.search(rf"\b{unit}s?\b", figure.documentation.lower()) and figure.type != "counter":
                named = figure.name.endswith((f"_{unit}s", "_max_fds", "_voters_heard"))
                assert named, f"{figure.name}: {figure.documentation}"


def test_the_figures_of_syncing_are_those_of_the_node() -> None:
    text = {(one.name, *one.labels.values()): one.value for figure in sampled(Metrics()) for one in figure.samples}
    found = {name.removeprefix("banyan_"): value for (name, *labels), value in text.items() if not labels}
    names = ("sync_height", "sync_parts_done", "sync_parts", "sync_size_bytes", "sync_sources")
    assert [found[name] for name in names] == [64, 3, 8, 7_000_000, 2]
    assert (found["kept_from_height"], found["snapshot_height"]) == (5, 48)
    assert [stage.value for stage in Stage if text["banyan_sync_stage", stage.value]] == ["chunks"]
    assert text["banyan_network_bytes_total", "received"] == 20


def test_the_middle_of_the_neighbours_clocks_is_told_in_seconds() -> None:
    figures = {one.name: one for one in sampled(Metrics())}
    (sample,) = figures["banyan_neighbours_clock_offset_seconds"].samples
    assert sample.value == 0.007
    (build,) = figures["banyan_build_info"].samples
    assert build.labels == {"version": "1.4"}
    alone = Metrics()
    alone.watch(Driver().start().node.status)
    assert "banyan_neighbours_clock_offset_seconds" not in alone.render().decode()


@pytest.fixture
def put_back() -> object:
    """The process' log as it was before."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("put_back")
def test_json_lines_hold_ids_as_hexadecimal_and_the_context() -> None:
    stream = io.StringIO()
    with redirect_stderr(stream):
        configure_logs("json", "info")
        with structlog.contextvars.bound_contextvars(request="r1"):
            log_event("block", id=b"\x01\x02", height=7)
            log_event("block", level="debug", height=8)
        logging.getLogger("library").warning("something")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["block", "something"]
    assert (lines[0]["id"], lines[0]["height"], lines[0]["request"]) == ("0102", 7, "r1")
    assert {line["level"] for line in lines} == {"info", "warning"}


@pytest.mark.usefixtures("put_back")
def test_console_lines_are_for_people() -> None:
    stream = io.StringIO()
    with redirect_stderr(stream):
        configure_logs("console", "debug")
        log_event("role", role="leader", term=3)
    assert "role=leader" in stream.getvalue()
    assert "term=3" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.usefixtures("put_back")
@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_holds_no_values(log_format: str) -> None:
    """Local values are bodies, arguments, names of persons."""
    stream = io.StringIO()

    def fail(told: list[str]) -> None:
        raise LookupError(f"{len(told)} in confidence")

    with redirect_stderr(stream):
        configure_logs(log_format, "info")
        try:
            fail(["a wage", "a name"])
        except LookupError as error:
            structlog.get_logger("http").error("request-failed", exc_info=error)
            logging.getLogger("library").error("something", exc_info=error)
    text = stream.getvalue()
    assert text.count("2 in confidence") >= 2
    assert text.count("in fail") == 2 or text.count('"name": "fail"') == 2
    assert "a wage" not in text.replace('fail(["a wage", "a name"])', "")

"""The reference names every event that is logged and every figure that is counted."""

import io
import json
import logging
import re
from contextlib import redirect_stderr
from pathlib import Path

import pytest
import structlog

from daemon.logs import configure_logs, log_event
from daemon.metrics import Metrics
from tests.daemon.driver import Driver

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/logs-and-metrics.md").read_text("utf-8")
_EVENT = re.compile(r"""_log(?:\.\w+)?\(\s*"([a-z-]+)\"""")


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


def test_the_reference_names_every_figure_and_no_other() -> None:
    metrics = Metrics()
    metrics.watch(Driver().start().node.status)
    metrics.admitted.labels("new").inc()
    metrics.refused.labels("decoding").inc()
    text = metrics.render().decode()
    types = dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE"))
    assert rows(PAGE.partition("## Figures")[2]) == set(types)
    for line in PAGE.partition("## Figures")[2].splitlines():
        if line.startswith("| `"):
            name, kind = line.split("`")[1], line.split("|")[2].strip()
            assert types[name] == kind
    assert "_created" not in text


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

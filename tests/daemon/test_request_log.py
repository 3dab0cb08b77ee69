"""Lines about refused requests: bounded, with a count of those that were kept back."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from daemon.api.request_log import LINES_PER_SECOND_MAX, PATH_LENGTH_MAX, RequestLog
from tests.daemon.shell import make_home, served


class Clock:
    now = 100.5

    def __call__(self) -> float:
        return self.now


def counts(lines: list[MutableMapping[str, Any]]) -> list[tuple[str, int]]:
    return [(line["statuses"], line["count"]) for line in lines if line["event"] == "requests-not-logged"]


def test_a_flood_leaves_a_bounded_number_of_lines_and_the_count_of_the_rest() -> None:
    clock = Clock()
    log = RequestLog("tcp", clock)
    with capture_logs() as lines:
        for _ in range(1000):
            log.tell_kept_back()
            log.write("GET", "/wp-login.php", 404, 1)
        assert len(lines) == LINES_PER_SECOND_MAX
        clock.now += 1
        log.tell_kept_back()
        log.write("GET", "/healthz", 200, 1)
        log.write("GET", "/x", 404, 1)
    assert counts(lines) == [("4xx", 1000 - LINES_PER_SECOND_MAX)]
    assert [line["log_level"] for line in lines[-3:]] == ["info", "debug", "info"]
    assert all(line["door"] == "tcp" for line in lines)


def test_a_request_that_ends_in_the_next_second_loses_no_count() -> None:
    clock = Clock()
    log = RequestLog("tcp", clock)
    with capture_logs() as lines:
        for _ in range(LINES_PER_SECOND_MAX + 3):
            log.write("GET", "/x", 404, 1)
        clock.now += 1
        for _ in range(LINES_PER_SECOND_MAX + 4):
            log.write("GET", "/x", 404, 1)
        clock.now += 1
        log.tell_kept_back()
        log.tell_kept_back()
    assert counts(lines) == [("4xx", 7)]


def test_a_flood_of_one_class_hides_no_line_of_another() -> None:
    log = RequestLog("tcp", Clock())
    with capture_logs() as lines:
        for _ in range(100):
            log.write("GET", "/x", 404, 1)
        log.write("GET", "/v1/status", 500, 1)
        log.tell_kept_back()
        assert lines[-1]["status"] == 500
        log.tell_kept_back(now=True)
    assert counts(lines) == [("4xx", 90)]


def test_a_long_path_is_cut() -> None:
    with capture_logs() as lines:
        RequestLog("tcp", Clock()).write("GET", "/" + "x" * 50_000, 404, 1)
    assert lines[0]["path"] == "/" + "x" * (PATH_LENGTH_MAX - 1) + "…"


@pytest.mark.trio
async def test_the_figures_count_every_request_and_the_log_does_not(tmp_path: Path) -> None:
    with capture_logs() as lines:
        async with served(make_home(tmp_path / "home").directory) as node:
            for _ in range(100):
                assert (await node.tcp.get("/nothing")).status_code == 404
            metrics = (await node.tcp.get("/metrics")).text
    assert 'banyan_http_request_seconds_count{method="other",route="none",status="404"} 100.0' in metrics
    shown = [line for line in lines if line["event"] == "request" and line["status"] == 404]
    assert len(shown) >= LINES_PER_SECOND_MAX
    assert len(shown) + sum(count for _, count in counts(lines)) == 100

"""`banyan bench`: figures of a real network, and what is wrong usage."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import DEADLINE_S, ROOT, Command, environment, process
from tests.waiting import wait_until

USAGE, INTERRUPTED = 2, 130


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [("--write", "member", "--at-leader"), ("--by-request", "--nodes", 2, "--ring", "--in-batches")]
)
def test_it_measures_and_leaves_nothing(tmp_path_factory: pytest.TempPathFactory, words: tuple[object, ...]) -> None:
    # The path of a socket is short, so a test's own folder is too deep for a node.
    folder = tmp_path_factory.mktemp("b")
    answer = process("bench", "--json", "--nodes", 1, "--writers", "1,3", "--seconds", 0.5, "--dir", folder, *words)
    assert answer.status == 0, answer.err
    levels = answer.document["levels"]
    assert [one["writers"] for one in levels] == [1, 3]
    for one in levels:
        assert one["count"] > 0
        assert one["refused"] == 0
        assert 0 < one["p50_ms"] <= one["p99_ms"]
        assert one["rate"] > 0
        assert all(memory > 0 for memory in one["memory_mib"])
    assert len(levels[0]["memory_mib"]) == answer.document["nodes"]
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_one_that_is_ended_ends_its_nodes(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("b")
    command = [sys.executable, "-m", "cli", "bench", "--nodes", "1", "--seconds", "600", "--dir", str(folder)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as bench:
        try:
            wait_until(lambda: any(folder.glob("*/node-1/control.sock")), DEADLINE_S, "the node serves")
            node = children_of(bench.pid)
            assert len(node) == 1
            bench.send_signal(signal.SIGTERM)
            _, error = bench.communicate(timeout=DEADLINE_S)
        finally:
            bench.kill()
    assert bench.returncode == INTERRUPTED
    assert b"Traceback" not in error
    assert not any(Path(f"/proc/{pid}").exists() for pid in node)
    assert list(folder.iterdir()) == []


def children_of(pid: int) -> list[int]:
    """The processes that this one started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--writers", "1,x"), "--writers"),
        (("--writers", "0"), "1 to 4096"),
        (("--writers", "5000"), "1 to 4096"),
        (("--write", "poem"), "--write"),
        (("--dir", ROOT / "no-such-folder"), "no-such-folder"),
    ],
)
def test_wrong_usage_is_told(banyan: Command, words: tuple[object, ...], told: str) -> None:
    answer = banyan("bench", *words)
    assert (answer.status, answer.out) == (USAGE, "")
    assert told in answer.err

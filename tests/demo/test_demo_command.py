"""`banyan demo` as a person runs it: to its end, twice in one place, and broken off."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.demo.membership import BUILT_IN, FILE_NAME, pseudonym, read_events
from ledger.genesis import parse_genesis
from storage.lmdb_store import LmdbStore
from tests.cli.command import ROOT, environment, process
from tests.waiting import wait_until

EVENT_COUNT = 60
# A node starts in a second or two; the suite may share its two processors with another worker.
TIMEOUT_S = 60


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a demonstration may go. A socket's path is short, so a test's own folder is too deep for a node."""
    return tmp_path_factory.mktemp("d") / "my demo"


@pytest.fixture
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first events of the built-in data set."""
    lines = (BUILT_IN / FILE_NAME).read_text("utf-8").splitlines(keepends=True)
    folder = tmp_path_factory.mktemp("data")
    (folder / FILE_NAME).write_text("".join(lines[: EVENT_COUNT + 1]), encoding="utf-8")
    return folder


def start(folder: Path, data: Path = BUILT_IN) -> "subprocess.Popen[str]":
    """The demonstration as a process of its own that goes on until it is interrupted."""
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "demo", "--nodes", "1", "--dir", str(folder), "--data", str(data)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def node_process_id(folder: Path) -> int | None:
    """The number of the node's process, once it has locked its folder."""
    try:
        return int((folder / "node-1" / "lock").read_text("ascii"))
    except (OSError, ValueError):
        return None


def end(demonstration: "subprocess.Popen[str]", folder: Path) -> None:
    """Leave nothing running where a test failed; does nothing if the demonstration ended by itself."""
    if demonstration.poll() is not None:
        return
    process_id = node_process_id(folder)
    demonstration.kill()
    demonstration.wait()
    if process_id is not None and process_id != demonstration.pid and is_running(process_id):
        os.kill(process_id, signal.SIGKILL)


def is_running(process_id: int) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_it_runs_to_its_end_and_every_check_holds(folder: Path, data: Path) -> None:
    answer = process("demo", "--nodes", "1", "--once", "--dir", folder, "--data", data)
    assert answer.status == 0, answer.out + answer.err
    assert "NO" not in answer.out.split()
    assert f"{EVENT_COUNT}" in answer.out
    process_id = node_process_id(folder)
    assert process_id is not None
    assert not is_running(process_id)
    refused = process("demo", "--nodes", "1", "--once", "--dir", folder, "--data", data)
    assert refused.status == 2
    assert str(folder) in refused.err
    assert process("audit", "--from", folder / "node-1", "--genesis", folder / "node-1" / "genesis.json").status == 0
    assert_names_are_not_in_the_log(folder / "node-1", data)


def assert_names_are_not_in_the_log(home: Path, data: Path) -> None:
    """The entries of the log hold pseudonyms and commitments, and nobody's name."""
    genesis = parse_genesis((home / "genesis.json").read_text("utf-8"))
    store = LmdbStore.open(home / "db", genesis.network_id, readonly=True)
    try:
        log = b"\n".join(store.entries(0, store.head().tree_size))
    finally:
        store.close()
    events = read_events(data)
    assert all(pseudonym(event.account).encode() in log for event in events)
    assert not [event.account for event in events if len(event.account) > 5 and event.account.encode() in log]


@pytest.mark.slow
def test_it_stays_up_until_it_is_interrupted_and_takes_the_node_with_it(folder: Path, data: Path) -> None:
    demonstration = start(folder, data)
    try:
        assert demonstration.stdout is not None
        for line in demonstration.stdout:
            if "Ctrl-C" in line:
                break
        else:
            pytest.fail(f"it ended by itself: {demonstration.communicate()[1]}")
        process_id = node_process_id(folder)
        assert process_id is not None
        assert is_running(process_id)
        demonstration.send_signal(signal.SIGINT)
        _out, err = demonstration.communicate(timeout=TIMEOUT_S)
    finally:
        end(demonstration, folder)
    assert demonstration.returncode == 0
    assert "Traceback" not in err
    assert not is_running(process_id)


@pytest.mark.slow
def test_an_interruption_in_the_middle_ends_the_node_too_and_says_so_in_one_line(folder: Path) -> None:
    demonstration = start(folder)
    try:
        wait_until((folder / "import" / "part-02.jsonl").exists, TIMEOUT_S, "it begins to submit")
        demonstration.send_signal(signal.SIGINT)
        _out, err = demonstration.communicate(timeout=TIMEOUT_S)
    finally:
        end(demonstration, folder)
    process_id = node_process_id(folder)
    assert process_id is not None
    assert demonstration.returncode == 130
    assert err.splitlines()[-1] == "Error: Interrupted."
    assert "Traceback" not in err
    wait_until(lambda: not is_running(process_id), TIMEOUT_S, "the node ends")

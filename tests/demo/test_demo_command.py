"""`banyan demo` as a person runs it: to its end, twice in one place, and broken off."""

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.demo.membership import BUILT_IN, FILE_NAME, pseudonym, read_events
from cli.demo.organisation import GROUPS_FILE, MEETINGS_FILE, ROLES_FILE
from ledger.genesis import parse_genesis
from storage.lmdb_store import LmdbStore
from tests.cli.command import ROOT, environment, process
from tests.waiting import ended_after, wait_until

BUILT_IN_COUNT = 60
# What a reader of real records has to survive: other zones, equal seconds, names that differ in case, names of digits,
# somebody who comes back.
TRICKY = """\
2020-01-01T01:00:00+02:00,joined,anna,member,r1
2019-12-31T23:00:00+00:00,joined,Anna,member,r1
2019-12-31T15:00:00-08:00,joined,249043822,admin,r1
2019-12-31T23:00:00+00:00,left,anna,member,r2
2019-12-31T23:00:00+00:00,joined,anna,member,r3
2020-01-01T08:00:00+09:00,role,anna,admin,r4
2020-06-01T00:00:00+00:00,left,Anna,member,r5
"""
GROUPS = "group,kind,name,parent\nsig-docs,sig,Docs,kubernetes\nsig-docs/Web Site,subproject,Web Site,sig-docs\n"
ROLES = "group,role,member\nsig-docs,chair,anna\nsig-docs,chair,Anna\nsig-docs,tech_lead,gone\n"
MEETINGS = 'group,title,day,time,timezone,frequency\nsig-docs,Regular,first Wednesday,2PM,IST,"monthly, mostly"\n'
EVENT_COUNT = BUILT_IN_COUNT + TRICKY.count("\n")
ROW_COUNT = 1 + 2 + EVENT_COUNT + 3 + 1
# Four nodes start in a few seconds; the suite may share its two processors with other workers.
TIMEOUT_S = 120


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a demonstration may go. A socket's path is short, so a test's own folder is too deep for a node."""
    return tmp_path_factory.mktemp("d") / "my demo"


@pytest.fixture
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first events of the built-in data set, some that are harder, and two groups."""
    lines = (BUILT_IN / FILE_NAME).read_text("utf-8").splitlines(keepends=True)
    folder = tmp_path_factory.mktemp("data")
    (folder / FILE_NAME).write_text("".join(lines[: BUILT_IN_COUNT + 1]) + TRICKY, encoding="utf-8")
    for name, text in ((GROUPS_FILE, GROUPS), (ROLES_FILE, ROLES), (MEETINGS_FILE, MEETINGS)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def start(*words: object, temporary: Path | None = None) -> "subprocess.Popen[str]":
    """The demonstration as a process of its own that goes on until it is interrupted."""
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "demo", *map(str, words)],
        env=environment() | ({"TMPDIR": str(temporary)} if temporary is not None else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def node_process_ids(folder: Path) -> list[int]:
    """The numbers of the nodes' processes: of each that has locked its folder, somewhere below `folder`."""
    found = []
    for lock in folder.rglob("lock"):
        try:
            found.append(int(lock.read_text("ascii")))
        except (OSError, ValueError):
            continue
    return found


def end(demonstration: "subprocess.Popen[str]", folder: Path) -> None:
    """Leave nothing running where a test failed; does nothing if the demonstration ended by itself."""
    if demonstration.poll() is not None:
        return
    process_ids = node_process_ids(folder)
    demonstration.kill()
    demonstration.wait(TIMEOUT_S)
    for process_id in process_ids:
        if process_id != demonstration.pid and is_running(process_id):
            os.kill(process_id, signal.SIGKILL)


def is_running(process_id: int) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def assert_ended(process_ids: list[int]) -> None:
    wait_until(lambda: not any(map(is_running, process_ids)), TIMEOUT_S, "the nodes end")


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [1, 4])
def test_it_runs_to_its_end_and_every_check_holds(folder: Path, data: Path, nodes: int) -> None:
    words = ("--nodes", nodes, "--once", "--dir", folder, "--data", data)
    demonstration = start("--json", *words)
    try:
        out, err = demonstration.communicate(timeout=TIMEOUT_S)
    finally:
        end(demonstration, folder)
    assert demonstration.returncode == 0, out + err
    document = json.loads(out)
    checks = document["checks"]
    assert document["ok"] and all(check["holds"] and check["expected"] == check["found"] for check in checks)
    expected = [check["expected"] for check in checks]
    assert {str(ROW_COUNT), str(EVENT_COUNT), str(nodes)} <= set(expected)
    assert any("killed" in name for name in document["figures"]) == (nodes > 1)
    assert document["members"]["active"] == BUILT_IN_COUNT + 2
    assert {"249043822", "anna"} <= {one["account"] for one in document["members"]["admins"]}
    assert [one["operation"] for one in document["history"]["events"]] == [
        "record-joined",
        "record-left",
        "record-joined-again",
        "record-made-admin",
        "units.appoint",
    ]
    assert document["groups"] == [
        {"name": "sig", "groups": 1, "offices": 3, "meetings": 1},
        {"name": "subproject", "groups": 1, "offices": 0, "meetings": 0},
    ]
    homes = [folder / f"node-{number + 1}" for number in range(nodes)]
    assert len(node_process_ids(folder)) == nodes
    assert_ended(node_process_ids(folder))
    refused = process("demo", *words)
    assert refused.status == 2
    assert str(folder) in refused.err
    for home in homes:
        assert process("audit", "--from", home, "--genesis", homes[0] / "genesis.json").status == 0
        assert_names_are_not_in_the_log(home, data)


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
def test_it_stays_up_until_it_is_interrupted_and_takes_the_nodes_with_it(folder: Path, data: Path) -> None:
    demonstration = start("--nodes", 2, "--dir", folder, "--data", data)
    try:
        assert demonstration.stdout is not None
        with ended_after(demonstration, TIMEOUT_S):
            said = [*itertools.takewhile(lambda line: "Ctrl-C" not in line, demonstration.stdout)]
        if demonstration.poll() is not None:
            pytest.fail(f"it ended by itself: {said} {demonstration.communicate(timeout=TIMEOUT_S)[1]}")
        process_ids = node_process_ids(folder)
        assert len(process_ids) == 2
        assert all(map(is_running, process_ids))
        demonstration.send_signal(signal.SIGINT)
        _out, err = demonstration.communicate(timeout=TIMEOUT_S)
    finally:
        end(demonstration, folder)
    assert demonstration.returncode == 0
    assert "Traceback" not in err
    assert_ended(process_ids)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_in_the_middle_leaves_neither_processes_nor_files(folder: Path, number: signal.Signals) -> None:
    folder.mkdir()
    demonstration = start("--once", temporary=folder)
    try:
        wait_until(
            lambda: any(folder.rglob("part-03.jsonl")), TIMEOUT_S, "it is in the middle of the import", is_brief=True
        )
        process_ids = node_process_ids(folder)
        assert len(process_ids) == 4
        demonstration.send_signal(number)
        _out, err = demonstration.communicate(timeout=TIMEOUT_S)
    finally:
        end(demonstration, folder)
    assert demonstration.returncode == 130
    assert err.splitlines()[-1] == "Error: Interrupted."
    assert "Traceback" not in err
    assert_ended(process_ids)
    assert list(folder.iterdir()) == []

"""Auditing a node that runs: from its folder and over HTTP, at rest and under load."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.audit.report import AuditReport
from cli.audit.run import run_audit
from tests.audit.damage import change_row, flip, put, put_records_in_place, read_rows
from tests.cli.command import process
from tests.e2e.load import Client, Ledger, submit
from tests.e2e.node_process import NodeProcess, make_home, started
from tests.waiting import wait_until


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    """A node that serves HTTP on a free port, with a history of several blocks and bundles."""
    home = make_home(tmp_path, http="127.0.0.1:0")
    node = started(home, tmp_path / "node.log", is_forked=True)
    ledger = Ledger.of(tmp_path)
    for _ in range(6):
        submit(home, ledger, [ledger.make()[1] for _ in range(60)])
    yield node
    node.kill()


def address_of(node: NodeProcess) -> str:
    """Where it serves HTTP."""
    found = re.search(r"http=(127\.0\.0\.1:\d+)", node.said)
    assert found is not None, node.said
    return f"http://{found[1]}"


def audit(source: Path | str, genesis: Path) -> AuditReport:
    """The report of an audit."""
    return run_audit(str(source), genesis, lambda phase, done, total: None)


def test_folder_and_http_agree(node: NodeProcess, tmp_path: Path) -> None:
    genesis = tmp_path / "genesis.json"

    def is_settled() -> bool:
        # Nothing is left to be stated: the newest block closes, and its checkpoint is published.
        report = audit(node.home, genesis)
        return report.head.height == report.blocks

    wait_until(is_settled, 30, "the checkpoint of the newest block")
    local, remote = audit(node.home, genesis), audit(address_of(node), genesis)
    assert local.finding is None, local.finding
    assert remote.finding is None, remote.finding
    assert local.head.tree_size > 360
    assert (local.head, local.blocks, local.entries) == (remote.head, remote.blocks, remote.entries)
    assert (local.left_out, len(remote.left_out)) == ((), 1)


def test_under_load(node: NodeProcess, tmp_path: Path) -> None:
    """The ledger grows all the time; each audit sees one moment of it in the end."""
    genesis, ledger = tmp_path / "genesis.json", Ledger.of(tmp_path)
    # Numbers that the history has not used: the same transaction would be the same id.
    ledger.number = 10_000
    before = audit(node.home, genesis).head.height
    clients = [Client(node.home, ledger, size, pause_s=0.05) for size in (1, 30)]
    for client in clients:
        client.start()
    reports = [audit(source, genesis) for source in (node.home, address_of(node), node.home)]
    for client in clients:
        client.end()
    for report in reports:
        assert report.finding is None, report.finding
    heights = [report.head.height for report in reports]
    assert before < heights[0] < heights[1] < heights[2]


def test_damage_is_found_over_http(node: NodeProcess, tmp_path: Path) -> None:
    genesis, home = tmp_path / "genesis.json", node.home
    node.kill()
    change_row(home, "entries", 100, lambda entry: flip(entry, len(entry) // 2))
    again = started(home, tmp_path / "again.log", is_forked=True)
    try:
        answer = process("--json", "audit", "--from", address_of(again), "--genesis", genesis)
    finally:
        again.kill()
    assert answer.status == 5, answer
    finding = answer.document["finding"]
    assert (finding["code"], finding["index"]) in (("audit.entry-changed", 100), ("audit.unreadable", None))


def test_a_changed_record_is_found_over_http(node: NodeProcess, tmp_path: Path) -> None:
    genesis, home = tmp_path / "genesis.json", node.home
    node.kill()
    put_records_in_place(home)
    key = next(key for key in sorted(read_rows(home, "state")) if key.startswith(b"notice\0"))
    value = read_rows(home, "state")[key]
    put(home, "state", key, value.replace(b"posted", b"poster"))
    again = started(home, tmp_path / "again.log", is_forked=True)
    try:
        report = audit(address_of(again), genesis)
    finally:
        again.kill()
    assert report.finding is not None
    assert (report.finding.code, report.finding.key) == ("audit.state-changed", key.decode().replace("\0", "/", 1))


def test_a_node_that_does_not_answer(tmp_path: Path) -> None:
    make_home(tmp_path)
    answer = process("audit", "--from", "http://127.0.0.1:9", "--genesis", tmp_path / "genesis.json")
    assert answer.status == 3
    assert "http://127.0.0.1:9" in answer.err


def test_progress_is_told_on_stderr_and_the_report_on_stdout(node: NodeProcess, tmp_path: Path) -> None:
    answer = process("--json", "audit", "--from", node.home, "--genesis", tmp_path / "genesis.json")
    assert answer.status == 0, answer.err
    assert answer.document["ok"] is True
    assert answer.document["head"]["tree_size"] == answer.document["entries"]

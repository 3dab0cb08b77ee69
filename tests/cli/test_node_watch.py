"""A batch against a node that takes nothing for a while: why is told once, and again when it changes."""

import json
import shutil
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from cli.language import use_language
from cli.node_watch import NodeWatch, reason_of
from storage.errors import StoreFullError
from tests.cli.canned_node import CannedNode, answer
from tests.cli.command import Command
from tests.waiting import join, wait_until

FULL = {
    "code": StoreFullError.code,
    "detail": "There is no room to write to the store /srv/db: make room on its disk, it then goes on by itself.",
    "template": "There is no room to write to the store {path}: make room on its disk, it then goes on by itself.",
    "params": {"path": "/srv/db"},
    "retry_after_ms": 0,
}
STARTING = {"template": "the node is stopping; send it again when it runs", "params": {}, "detail": "It stops."}


def status(problem: dict[str, Any] | None) -> dict[str, Any]:
    return {"clock_ms": 1, "reason": None if problem is None else problem["detail"], "problem": problem}


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.node_watch.POLL_INTERVAL_S", 0.005)


def test_a_reason_is_told_once_and_again_when_it_changes(tmp_path: Path) -> None:
    told: list[str] = []
    statuses = [None, FULL, FULL, FULL, STARTING, STARTING, None, None, FULL]
    answers = [answer("200 OK", json.dumps(status(one)).encode()) for one in statuses]
    # Whatever else a node answers is told by whoever waits for it.
    answers[2:2] = [answer("500 Internal Server Error", b"?"), b"", answer("200 OK", b"[]")]
    with CannedNode(tmp_path / "home", *answers), NodeWatch(tmp_path / "home", told.append):
        wait_until(lambda: len(told) == 4, 30, "everything is told")
    assert told == [
        f"The node takes no transactions: {FULL['detail']}",
        "The node takes no transactions: the node is stopping; send it again when it runs",
        "The node takes transactions again.",
        f"The node takes no transactions: {FULL['detail']}",
    ]


def test_a_reason_is_told_in_the_reader_s_language() -> None:
    use_language("zh_CN")
    told = reason_of(status(FULL))
    assert told is not None
    assert "/srv/db" in told
    assert "room" not in told
    assert reason_of(status(None)) is None
    assert reason_of({"reason": "something new"}) == "something new"
    use_language("en")


def test_a_node_that_is_not_there_is_not_told_of(tmp_path: Path) -> None:
    told: list[str] = []
    with NodeWatch(tmp_path / "home", told.append):
        pass
    assert told == []


class StuckNode(BaseHTTPRequestHandler):
    """Answers a batch only once its status was asked for a few times."""

    asked = threading.Semaphore(0)

    def do_GET(self) -> None:
        # Whose key it is, is asked before the batch, and nothing is known of the key.
        about_key = "member-key" in self.path
        unknown = {"code": "record-unknown", "detail": "none", "template": "none", "params": {}}
        content = json.dumps(unknown if about_key else status(FULL)).encode()
        self.send_response(404 if about_key else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        if not about_key:
            self.asked.release()

    def do_POST(self) -> None:
        while size := int(self.rfile.readline(), 16):
            self.rfile.read(size + 2)
        self.rfile.readline()
        for _ in range(6):
            assert self.asked.acquire(timeout=30)
        self.send_response(200)
        self.end_headers()
        line = {"number": 0, "status": "committed", "known": False, "code": "ok", "details": {}}
        self.wfile.write(json.dumps(line).encode() + b"\n")

    def address_string(self) -> str:
        return "a client of a Unix socket"

    def log_message(self, format: str, *arguments: object) -> None:
        return


@contextmanager
def stuck_node(home: Path) -> Iterator[None]:
    StuckNode.asked = threading.Semaphore(0)
    server = socketserver.ThreadingUnixStreamServer(str(home / "control.sock"), StuckNode)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        join(thread)


def prepared(banyan: Command, folder: Path) -> Path:
    """A node's folder in which nobody listens yet, and a batch of one line in it."""
    home = folder / "home"
    banyan.ok("init", "--home", home, "--name", "n1.example", "--listen", "127.0.0.1:7400")
    banyan.ok("keygen", "--out", home / "admin.key")
    words = ("--voter", home / "node.public.json", "--admin", home / "admin.key", "--out", folder / "genesis.json")
    banyan.ok("network", "new", "--name", "t.example/ledger", *words)
    shutil.copy(folder / "genesis.json", home / "genesis.json")
    (folder / "batch.jsonl").write_text('{"op": "notice.post", "args": {"unit": "u", "title": "t"}}\n')
    return home


@pytest.mark.parametrize(("options", "times"), [((), 1), (("--json",), 0)])
def test_a_batch_that_waits_for_a_full_disk_says_so(
    banyan: Command, tmp_path: Path, options: tuple[str, ...], times: int
) -> None:
    home = prepared(banyan, tmp_path)
    with stuck_node(home):
        found = banyan(*options, "submit-batch", tmp_path / "batch.jsonl", "--home", home)
    assert found.status == 0, found.err
    assert found.err.count(f"The node takes no transactions: {FULL['detail']}") == times

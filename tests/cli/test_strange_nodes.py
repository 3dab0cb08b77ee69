"""Nodes that answer what they should not: a sentence and an exit status, never a traceback."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cli.batch_stream import BatchStream
from cli.client import NodeClient, path_of, problem_error
from cli.errors import CommandError, RefusedError, UnreachableError
from cli.language import translated, use_language
from tests.cli.canned_node import CannedNode, answer
from tests.cli.command import Command


def problem(**fields: Any) -> bytes:
    return json.dumps({"type": "urn:x", "title": "Title", "status": 404, **fields}).encode()


@pytest.mark.parametrize(
    ("bytes_answered", "status", "sentence"),
    [
        (answer("200 OK", b"not json"), 1, "is not JSON"),
        (answer("200 OK", b"\xff"), 1, "is not JSON"),
        (answer("200 OK", b"[]"), 1, "is not a JSON object"),
        (answer("200 OK", b"[" * 100_000), 1, "is not JSON"),
        (answer("200 OK", b"{}"), 1, "different versions"),
        (answer("404 Not Found", b"no json"), 1, "the status 404 and no reason"),
        (answer("404 Not Found", b"[1]"), 1, "the status 404 and no reason"),
        (answer("404 Not Found", problem()), 4, "the node refuses: Title"),
        (answer("404 Not Found", problem(detail="Because.", code="x")), 4, "the node refuses: Because."),
        (answer("404 Not Found", problem(template="no {thing}", params={"thing": "boat"})), 4, "no boat"),
        (answer("404 Not Found", problem(template="no {thing}", params={})), 4, "no {thing}"),
        (answer("404 Not Found", problem(template="{a.b[", params={"a": 1})), 4, "{a.b["),
        (answer("500 Internal Server Error", problem(detail="Bang.")), 1, "the node failed: the node refuses: Bang."),
        (b"", 3, "broke off"),
        (b"garbage\r\n\r\n", 3, "broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", 3, "broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 3, "broke off"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", 3, "broke off"),
    ],
)
def test_an_answer_that_makes_no_sense_is_told(
    banyan: Command, tmp_path: Path, bytes_answered: bytes, status: int, sentence: str
) -> None:
    with CannedNode(tmp_path / "home", bytes_answered):
        found = banyan("tx", "0" * 64, "--home", tmp_path / "home")
    assert found.status == status
    assert sentence in found.err
    assert len(found.err.splitlines()) == 1


def test_a_node_that_goes_away_while_one_waits_leaves_the_id(banyan: Command, tmp_path: Path) -> None:
    home = tmp_path / "home"
    banyan.ok("init", "--home", home, "--name", "n1.example", "--listen", "127.0.0.1:7400")
    banyan.ok("keygen", "--out", home / "admin.key")
    banyan.ok(
        *("network", "new", "--name", "t.example/ledger", "--voter", home / "node.public.json"),
        *("--admin", home / "admin.key", "--out", home / "genesis.json"),
    )
    closing = answer("200 OK", b"{}").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    account = answer("200 OK", b'{"fields": {"account": {"$hex": "%s"}}}' % (b"00" * 32))
    with CannedNode(home, closing, account.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), b""):
        found = banyan("submit", "notice.post", "--arg", "unit=u", "--arg", "title=t", "--home", home)
    assert found.status == 3
    assert re.search(r"`banyan tx [0-9a-f]{64}` tells what became of the transaction", found.err)


def test_a_kept_connection_that_the_node_closed_is_no_failure(tmp_path: Path) -> None:
    with CannedNode(tmp_path / "home", answer("200 OK", b"{}")), NodeClient(tmp_path / "home") as client:
        for _ in range(3):
            assert client.get("/v1/status") == {}


def test_a_submission_is_never_sent_twice_by_the_client(tmp_path: Path) -> None:
    with CannedNode(tmp_path / "home", answer("200 OK", b"{}")), NodeClient(tmp_path / "home") as client:
        client.get("/v1/status")
        with pytest.raises(UnreachableError):
            client.post("/v1/transactions", b"", "application/msgpack")


def test_an_answer_without_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.client.ANSWER_SIZE_BYTES_MAX", 1000)
    with (
        CannedNode(tmp_path / "home", answer("200 OK", b" " * 2000)),
        NodeClient(tmp_path / "home") as client,
        pytest.raises(CommandError, match="larger than 1000"),
    ):
        client.get("/v1/status")


def test_a_problem_is_told_in_the_reader_s_language() -> None:
    error = problem_error(
        {"template": "no {kind} {id}", "params": {"kind": "x", "id": "y"}, "code": "c", "detail": "d"}
    )
    assert (translated(error), error.code) == ("no x y", "c")
    use_language("zh_CN")
    told = problem_error({"template": "the node is stopping; send it again when it runs", "params": {}})
    assert translated(told) == "节点正在停止\uff1b请在它运行后重新发送"
    use_language("en")


def test_parameters_of_a_problem_may_have_any_name() -> None:
    params = {"template": "t", "self": "s", "reason": "r"}
    assert str(problem_error({"template": "{template} {self} {reason}", "params": params})) == "t s r"


def test_paths_are_escaped() -> None:
    assert path_of("v1/records", "notice", "unit/1?x#y z") == "/v1/records/notice/unit/1%3Fx%23y%20z"


LINES = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n"
    b'{"number": 0, "status": "committed", "known": false, "code": "ok", "details": {}}\n'
)


@pytest.mark.parametrize(
    ("bytes_answered", "kind", "answers"),
    [
        (LINES, None, 1),
        (LINES + b"garbage\n", CommandError, 1),
        (LINES + b"[]\n", CommandError, 1),
        (LINES + b'{"status": "aborted", "problem": {"detail": "Enough."}}\n', RefusedError, 1),
        (LINES + b'{"status": "aborted"}\n', RefusedError, 1),
        (answer("503 Service Unavailable", problem(detail="Busy.")), RefusedError, 0),
        (answer("503 Service Unavailable", b"?"), CommandError, 0),
        (b"garbage", UnreachableError, 0),
        (b"", UnreachableError, 0),
    ],
)
def test_a_batch_ends_with_what_the_node_said(
    tmp_path: Path, bytes_answered: bytes, kind: type[CommandError] | None, answers: int
) -> None:
    found: list[dict[str, Any]] = []
    with CannedNode(tmp_path / "home", bytes_answered), BatchStream(tmp_path / "home") as stream:
        stream.start(lambda: None)
        try:
            found.extend(stream.answers())
        except CommandError as error:
            assert kind is not None
            assert isinstance(error, kind)
        else:
            assert kind is None
    assert len(found) == answers


def test_an_error_of_the_producer_is_told_to_the_reader(tmp_path: Path) -> None:
    def produce() -> None:
        raise OSError(28, "No space left on device")

    with (
        CannedNode(tmp_path / "home", b""),
        BatchStream(tmp_path / "home") as stream,
        pytest.raises(OSError, match="No space left"),
    ):
        stream.start(produce)
        list(stream.answers())


def test_nothing_is_sent_after_the_end(tmp_path: Path) -> None:
    rooms = []
    with CannedNode(tmp_path / "home", LINES), BatchStream(tmp_path / "home") as stream:
        stream.start(lambda: None)
        list(stream.answers())
    rooms.append(stream.room(wait=True))
    assert rooms == [False]

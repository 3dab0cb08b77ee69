"""`banyan run` as its operator sees it: READY, what it logs, a clean end. What goes wrong is tested in tests/e2e."""

import json
import socket
import time
from pathlib import Path

import httpx
import pytest

from daemon.control_socket import control_socket_path
from daemon.home import Home
from daemon.run import now_ms
from ledger.genesis import member_id, parse_genesis
from ledger.transaction import Transaction, build_transaction
from tests.daemon.networks import administrator_key
from tests.daemon.shell import make_home
from tests.e2e.node_process import NodeProcess, started

MSGPACK = {"content-type": "application/msgpack"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


def notice(home: Home, title: str) -> Transaction:
    key = administrator_key()
    network_id = parse_genesis(home.genesis.read_text("utf-8")).network_id
    return build_transaction(
        network_id,
        member_id(network_id, key.public),
        "notice.post",
        {"unit": "branch-1", "title": title},
        title.encode().ljust(16)[:16],
        now_ms() + 3_600_000,
        [key],
    )


def client_of(node: NodeProcess) -> httpx.Client:
    transport = httpx.HTTPTransport(verify=False, uds=str(control_socket_path(node.home)))
    return httpx.Client(transport=transport, base_url="http://node", timeout=30)


def test_a_node_starts_serves_and_ends_cleanly(home: Home, tmp_path: Path) -> None:
    transaction = notice(home, "very private")
    node = started(home.directory, tmp_path / "log")
    with client_of(node) as client:
        answer = client.post("/v1/transactions?wait=20", content=transaction.envelope, headers=MSGPACK).json()
        assert answer["status"] == "committed"
        tcp = client.get("/v1/status").json()["node"]["http"]
    assert httpx.get(f"http://{tcp}/healthz").status_code == 200
    assert node.stop() == 0
    assert "Traceback" not in node.said
    assert "private" not in node.said
    assert transaction.signatures[0].key.hex() not in node.said
    assert not control_socket_path(home.directory).exists()
    node = started(home.directory, tmp_path / "log", is_forked=True)
    with client_of(node) as client:
        found = client.get(f"/v1/transactions/{transaction.id.hex()}").json()
    assert (found["height"], found["index"]) == (answer["height"], answer["index"])
    assert node.stop() == 0


def test_open_streams_and_connections_do_not_hold_up_the_end(home: Home, tmp_path: Path) -> None:
    node = started(home.directory, tmp_path / "log", is_forked=True)
    with client_of(node) as client, client.stream("GET", "/v1/events?after=0.0") as answer:
        lines = answer.iter_lines()
        while not next(lines).startswith("id:"):
            pass
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
            silent.connect(str(control_socket_path(home.directory)))
            silent.sendall(b"GET /healthz HTTP/1.1\r\n")
            begun = time.monotonic()
            assert node.stop() == 0
            assert time.monotonic() - begun < 10
        with pytest.raises((StopIteration, httpx.RemoteProtocolError)):
            while True:
                next(lines)


def test_the_log_is_json_where_that_is_asked_for(home: Home, tmp_path: Path) -> None:
    home.config.write_text(home.config.read_text("utf-8").replace('# log_format = "console"', 'log_format = "json"'))
    node = started(home.directory, tmp_path / "log", is_forked=True)
    with client_of(node) as client:
        identified = client.get("/v1/nothing").headers["x-request-id"]
    assert node.stop() == 0
    lines = [json.loads(line) for line in node.said.splitlines()]
    assert {"serving", "stopping", "stopped", "role", "request"} <= {line["event"] for line in lines}
    assert all({"timestamp", "level", "event"} <= set(line) for line in lines)
    assert [line["status"] for line in lines if line.get("request") == identified] == [404]

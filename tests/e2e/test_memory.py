"""What strangers can make a node hold, in a process of its own."""

import os
import re
import socket
import threading
import time
from pathlib import Path

import pytest

from cli.client import NodeClient
from ledger.detached import detach
from ledger.submission import encode_submission
from tests.e2e.load import Ledger, submit
from tests.e2e.node_process import DEADLINE_S, make_home, started
from tests.waiting import join

MIB = 1024 * 1024
CLIENTS = 24
SECONDS = 4
# So many members at least are served meanwhile.
SERVED = 5
# A node that rests holds 50 MB.
HELD_BYTES_MAX = 200 * 1000 * 1000
HEAD = "POST {path} HTTP/1.1\r\nhost: n\r\ncontent-type: {type}\r\ncontent-length: {length}\r\n\r\n"


def anonymous_bytes(pid: int) -> int:
    """What the process holds that is no file: without the database, which the system may take back."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) * 1024


def requests() -> list[bytes]:
    """Bodies of a megabyte that are refused, each for another reason; the last ones are never ended."""
    single, batch = "/v1/transactions?wait=10", "/v1/transactions:batch"
    value = b"\xdd" + (MIB - 100).to_bytes(4, "big") + b"\x80" * (MIB - 100)
    of_maps = b"\x82\xa8detached\x91\x92\xc4\x20" + bytes(32) + b"\xc6" + len(value).to_bytes(4, "big") + value
    made = []
    for path, media_type, body in (
        (single, "application/msgpack", os.urandom(MIB)),
        (single, "application/msgpack", encode_submission(b"x", (detach(os.urandom(MIB - 100), bytes(32)),))),
        (single, "application/msgpack", of_maps + b"\xa8envelope\xc4\x01x"),
        (single, "application/json", b'{"envelope":"","detached":[' + b"{}," * (MIB // 3) + b"{}]}"),
        (single, "application/json", b'{"envelope":"' + b"-" * MIB + b'"}'),
        (batch, "application/octet-stream", (MIB.to_bytes(4, "big") + os.urandom(MIB)) * 4),
    ):
        made.append(HEAD.format(path=path, type=media_type, length=len(body)).encode() + body)
    for path, media_type in ((single, "application/msgpack"), (batch, "application/x-ndjson")):
        made.append(HEAD.format(path=path, type=media_type, length=2 * MIB).encode() + bytes(MIB - 1))
    return made


class Stranger(threading.Thread):
    """Sends one request after the other on a connection of its own, and reads little of the answers."""

    def __init__(self, address: tuple[str, int], made: list[bytes], first: int, done: threading.Event) -> None:
        super().__init__(daemon=True)
        self._address = address
        self._made = made
        self._next = first
        self._done = done

    def run(self) -> None:
        """Send until it is done."""
        while not self._done.is_set():
            self._next = (self._next + 1) % len(self._made)
            try:
                with socket.create_connection(self._address, 5) as stream:
                    stream.settimeout(1)
                    stream.sendall(self._made[self._next])
                    stream.recv(1000)
            except OSError:
                continue


@pytest.mark.slow
def test_strangers_with_a_megabyte_each_make_the_node_hold_little(tmp_path: Path) -> None:
    """24 of them made it hold 560 MB, most of it refused already."""
    home = make_home(tmp_path, http="127.0.0.1:0")
    node = started(home, tmp_path / "node.log")
    ledger = Ledger.of(tmp_path)
    with NodeClient(home) as client:
        host, _, port = client.get("/v1/status")["node"]["http"].rpartition(":")
    made, done = requests(), threading.Event()
    strangers = [Stranger((host, int(port)), made, first, done) for first in range(CLIENTS)]
    for stranger in strangers:
        stranger.start()
    most = 0
    started_s = time.monotonic()
    # A busy machine gets a minute until enough members were served.
    while (passed_s := time.monotonic() - started_s) < SECONDS or len(ledger.committed) < SERVED:
        assert passed_s < DEADLINE_S, "members are not served"
        most = max(most, anonymous_bytes(node.pid))
        # Members are served all the while.
        submit(home, ledger, [ledger.make()[1]])
    done.set()
    for stranger in strangers:
        join(stranger)
    assert most < HELD_BYTES_MAX
    assert node.stop() == 0

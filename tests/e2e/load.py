"""Clients that submit without pause through the control socket, and remember what they were told."""

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from cli.client import NodeClient, path_of
from cli.errors import CommandError
from cli.member_key import read_key_file
from cli.node_connection import NodeConnection
from ledger.detached import DetachedValue, commitment_map, detach
from ledger.encoding import Value
from ledger.genesis import Genesis, member_id, parse_genesis
from ledger.hashing import tagged_hash
from ledger.signing import SigningKey
from ledger.submission import encode_submission
from ledger.transaction import build_transaction

HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Told:
    """What the node said of a committed transaction."""

    height: int
    index: int
    code: str


@dataclass
class Ledger:
    """What all clients of a network know: every transaction that was reported committed, and those in doubt."""

    genesis: Genesis
    key: bytes
    committed: dict[str, Told] = field(default_factory=dict)
    in_doubt: dict[str, bytes] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    number: int = 0

    @classmethod
    def of(cls, folder: Path) -> "Ledger":
        """The network whose genesis and administrator's key lie in `folder`."""
        genesis = parse_genesis((folder / "genesis.json").read_text(encoding="utf-8"))
        seed = read_key_file(folder / "admin.key").seed
        assert seed is not None
        return cls(genesis, seed)

    def make(self) -> tuple[str, bytes]:
        """Id and wire form of a new transaction; most are notices, some have a body beside them, some are refused."""
        with self.lock:
            self.number += 1
            number = self.number
        key = SigningKey.from_seed(self.key)
        operation = "notice.post" if number % 10 else "notice.unknown"
        arguments: dict[str, Value] = {"unit": f"unit-{number % 7}", "title": f"notice {number}"}
        beside: tuple[DetachedValue, ...] = ()
        if number % 10 == 5:
            body = detach(f"the body of notice {number}", tagged_hash("test-salt", b"%d" % number))
            arguments["body"] = commitment_map(body)
            beside = (body,)
        transaction = build_transaction(
            self.genesis.network_id,
            member_id(self.genesis.network_id, key.public),
            operation,
            arguments,
            number.to_bytes(16, "big"),
            time.time_ns() // 1_000_000 + HOUR_MS,
            [key],
        )
        return transaction.id.hex(), encode_submission(transaction.envelope, beside)

    def note(self, line: dict[str, object]) -> None:
        """Remember one answer of a batch."""
        assert line["status"] == "committed", line
        told = Told(int(str(line["height"])), int(str(line["index"])), str(line["code"]))
        with self.lock:
            known = self.committed.setdefault(str(line["id"]), told)
            self.in_doubt.pop(str(line["id"]), None)
        assert known == told, "the node changed its mind about a committed transaction"


class Client(threading.Thread):
    """Submits batch after batch until the node is gone or it is told to stop; what it was not told is in doubt.

    `disk_may_be_full`: a batch that begins while the disk has no room may be refused for that.
    """

    def __init__(
        self, home: Path, ledger: Ledger, batch_size: int, pause_s: float = 0.0, disk_may_be_full: bool = False
    ) -> None:
        super().__init__(daemon=True)
        self._pause_s = pause_s
        self._home = home
        self._ledger = ledger
        self._batch_size = batch_size
        self._disk_may_be_full = disk_may_be_full
        self.done = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Submit."""
        try:
            while not self.done.is_set():
                batch = dict(self._ledger.make() for _ in range(self._batch_size))
                with self._ledger.lock:
                    self._ledger.in_doubt |= batch
                refused = submit(self._home, self._ledger, list(batch.values()), self._disk_may_be_full)
                with self._ledger.lock:
                    for number in refused:
                        self._ledger.in_doubt.pop([*batch][number], None)
                self.done.wait(self._pause_s)
        except (CommandError, OSError, http.client.HTTPException, ValueError):
            # The node was killed under us: a broken connection, or half a line.
            return
        except BaseException as error:
            self.error = error

    def end(self) -> None:
        """Stop after the batch under way; fail with what went wrong."""
        self.done.set()
        self.join(timeout=60)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error


def submit(home: Path, ledger: Ledger, batch: list[bytes], disk_may_be_full: bool = False) -> list[int]:
    """Hand in a batch and note each answer as it comes; the places in it of what was refused because a disk is full."""
    refused = []
    body = b"".join(len(one).to_bytes(4, "big") + one for one in batch)
    connection = NodeConnection(home)
    try:
        headers = {"Content-Type": "application/octet-stream", "Accept": "application/x-ndjson"}
        connection.request("POST", "/v1/transactions:batch", body, headers)
        answer = connection.getresponse()
        assert answer.status == http.client.OK, answer.read()
        while line := answer.readline():
            told = json.loads(line)
            if disk_may_be_full and told["status"] == "refused" and told["problem"]["code"] == "store-full":
                refused.append(told["number"])
            else:
                ledger.note(told)
        return refused
    finally:
        connection.close()


def check_told(home: Path, told: dict[str, Told]) -> None:
    """Ask the node for each transaction: it is there, with the index and the result that were reported."""
    with NodeClient(home) as client:
        for transaction_id, expected in told.items():
            found = client.get(path_of("v1", "transactions", transaction_id))
            assert Told(found["height"], found["index"], found["result"]["code"]) == expected

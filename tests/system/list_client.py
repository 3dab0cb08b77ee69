"""A client that adds to the lists of a real network and reads them, through whichever node answers.

A list is a unit's file of notices: its values are the titles, each of which is written once in the whole test. What is
under way is recorded before it is asked and after it is answered; what no node answers stays open.
"""

import http.client
import json
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from cli.errors import CommandError
from cli.member_key import read_key_file
from cli.node_connection import NodeConnection
from ledger.genesis import Genesis, member_id, parse_genesis
from ledger.signing import SigningKey
from ledger.transaction import Expectation, Transaction, build_transaction
from simulator.checkers.append_list import APPEND, APPEND_IF, COUNT, READ, Answered, AppendIf
from tests.system.recorded_history import NeverHappenedError, NobodyKnowsError, RecordedHistory

HOUR_MS = 3_600_000
# A node that does not answer by then is asked no longer; each question has a shorter time of its own.
PATIENCE_S = 4.0
WAIT_S = 2
# The same bytes are handed in again, to another node, so often; after that the operation stays open.
ATTEMPTS_MAX = 8
_PAUSE_S = 0.1


class Answer:
    """A node's answer: the status and the document."""

    def __init__(self, status: int, content: bytes) -> None:
        self.status = status
        self.document: Any = json.loads(content)

    @property
    def code(self) -> str:
        return str(self.document.get("code"))


def ask(home: Path, method: str, path: str, body: bytes | None = None, **query: object) -> Answer | None:
    """What the node in `home` answers; None if it does not, or breaks off."""
    connection = _ImpatientConnection(home)
    headers = {"Accept": "application/json"} | ({"Content-Type": "application/msgpack"} if body is not None else {})
    try:
        connection.request(method, f"{path}?{urlencode(query)}" if query else path, body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    except (CommandError, OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


class _ImpatientConnection(NodeConnection):
    """Nodes are stopped and cut off on purpose here."""

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(PATIENCE_S)


class Members:
    """Who may write: the administrator of the network in `folder`, and a number for each transaction."""

    def __init__(self, folder: Path) -> None:
        self.genesis: Genesis = parse_genesis((folder / "genesis.json").read_text("utf-8"))
        seed = read_key_file(folder / "admin.key").seed
        assert seed is not None
        self._key = SigningKey.from_seed(seed)
        self._member = member_id(self.genesis.network_id, self._key.public)
        self._lock = threading.Lock()
        self._number = 0

    def next_number(self) -> int:
        """A number that nothing else has."""
        with self._lock:
            self._number += 1
            return self._number

    def by_a_stranger(self) -> bytes:
        """A transaction in good form, by somebody whom the ledger does not know."""
        key = SigningKey.from_seed(os.urandom(32))
        sender = member_id(self.genesis.network_id, key.public)
        return self._signed("unit-a", self.next_number(), None, sender, key).envelope

    def forged(self) -> bytes:
        """A transaction of a member that the member did not sign."""
        envelope = self.notice("unit-a", self.next_number()).envelope
        return envelope[:-1] + bytes((envelope[-1] ^ 1,))

    def notice(self, unit: str, number: int, expect: Expectation | None = None) -> Transaction:
        """The notice with this number."""
        return self._signed(unit, number, expect, self._member, self._key)

    def _signed(
        self, unit: str, number: int, expect: Expectation | None, sender: bytes, key: SigningKey
    ) -> Transaction:
        return build_transaction(
            self.genesis.network_id,
            sender,
            "notice.post",
            {"unit": unit, "title": title_of(number)},
            number.to_bytes(16, "big"),
            time.time_ns() // 1_000_000 + HOUR_MS,
            [key],
            expect,
        )


def title_of(number: int) -> str:
    """The title of a notice."""
    return f"value {number}"


class Acknowledged(dict[str, tuple[int, int]]):
    """Ids of transactions that clients were told are committed, with height and index."""

    def note(self, transaction_id: str, document: dict[str, Any]) -> None:
        """Remember; nobody may be told something else later."""
        told = (document["height"], document["index"])
        assert self.setdefault(transaction_id, told) == told, (
            f"{transaction_id} was at {self[transaction_id]}, is at {told}"
        )


class ListClient(threading.Thread):
    """Does one thing after the other until it is ended; nodes in random order, lists too."""

    def __init__(
        self,
        number: int,
        homes: Sequence[Path],
        members: Members,
        units: Sequence[str],
        history: RecordedHistory,
        acknowledged: Acknowledged,
        pause_s: float = 0.02,
    ) -> None:
        super().__init__(daemon=True, name=f"client {number}")
        self._homes = list(homes)
        self._members = members
        self._units = list(units)
        self._history = history
        self._acknowledged = acknowledged
        self._chance = Random(number)
        self._pause_s = pause_s
        self._done = threading.Event()
        self._error: BaseException | None = None
        self._lengths = dict.fromkeys(units, 0)

    def run(self) -> None:
        """Write and read."""
        try:
            while not self._done.wait(self._pause_s):
                self._one()
        except BaseException as error:
            self._error = error

    def end(self) -> None:
        """Finish what is under way; fail with what went wrong."""
        self._done.set()
        self.join(timeout=10 * PATIENCE_S)
        assert not self.is_alive(), "the client does not end"
        if self._error is not None:
            raise self._error

    def _one(self) -> None:
        unit = self._chance.choice(self._units)
        kind = self._chance.choice((APPEND, APPEND, APPEND_IF, READ, READ, COUNT))
        number = self._members.next_number()
        match kind:
            case "append":
                transaction = self._members.notice(unit, number)
                with self._history.call(unit, kind, title_of(number)) as call:
                    call.result = self._length(unit, self._write(transaction))
            case "append-if":
                expected = self._lengths[unit]
                transaction = self._members.notice(unit, number, Expectation("notice-file", unit, expected))
                with self._history.call(unit, kind, AppendIf(title_of(number), expected)) as call:
                    call.result = self._answered(unit, self._write(transaction))
            case "read":
                with self._history.call(unit, kind) as call:
                    call.result = read_titles(self._home(), unit)
            case _:
                with self._history.call(unit, kind) as call:
                    call.result = self._lengths[unit] = read_count(self._home(), unit)

    def _home(self) -> Path:
        return self._chance.choice(self._homes)

    def _write(self, transaction: Transaction) -> dict[str, Any]:
        """What the ledger says of it, from whichever node."""
        for attempt in range(ATTEMPTS_MAX):
            answer = ask(self._home(), "POST", "/v1/transactions", transaction.envelope, wait=WAIT_S)
            if answer is not None and answer.status == http.client.OK:
                self._acknowledged.note(transaction.id.hex(), answer.document)
                result: dict[str, Any] = answer.document["result"]
                return result
            if answer is not None and answer.status in (400, 403, 409, 413, 422):
                # Refused for what it is; if it was handed in before, that may be because it is in the ledger already.
                raise NeverHappenedError if attempt == 0 else NobodyKnowsError
            if self._done.wait(_PAUSE_S):
                break
        raise NobodyKnowsError

    def _length(self, unit: str, result: dict[str, Any]) -> int:
        assert result["code"] == "ok", result
        (number,) = [event["data"]["number"] for event in result["events"] if event["name"] == "notice.posted"]
        self._lengths[unit] = number
        return int(number)

    def _answered(self, unit: str, result: dict[str, Any]) -> Answered:
        if result["code"] == "ok":
            return Answered(True, self._length(unit, result))
        assert result["code"] == "expect.version-mismatch", result
        self._lengths[unit] = result["details"]["found"]
        return Answered(False, self._lengths[unit])


def read_titles(home: Path, unit: str) -> tuple[str, ...]:
    """The values of a list, linearizably; raises `NobodyKnowsError` where the node does not say."""
    answer = ask(home, "GET", "/v1/records/notice", unit=unit, linearizable="true", limit=1000)
    if answer is None or answer.status != http.client.OK:
        raise NobodyKnowsError
    assert answer.document["next"] is None, "a test's list fits into one answer"
    return tuple(one["fields"]["title"] for one in answer.document["records"])


def read_count(home: Path, unit: str) -> int:
    """The length of a list, linearizably; raises `NobodyKnowsError` where the node does not say."""
    answer = ask(home, "GET", f"/v1/records/notice-file/{quote(unit)}", linearizable="true")
    if answer is not None and answer.code == "record-unknown":
        return 0
    if answer is None or answer.status != http.client.OK:
        raise NobodyKnowsError
    return int(answer.document["fields"]["count"])

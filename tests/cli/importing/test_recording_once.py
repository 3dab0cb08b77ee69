"""Rows that nothing but their identity protects are recorded once, in every way in which an import can break off."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.genesis_file import read_home_genesis
from cli.importing.checking import check_import
from cli.importing.identity import Identity, read_secret
from cli.importing.plan_reader import read_plan
from tests.cli.command import Command
from tests.cli.importing.tables import write_plan
from tests.cli.running_node import RunningNode, make_home, when_under_way

# Scheduling a meeting twice makes two meetings: no record's version and no refusal is in the way.
MEETINGS = """
name = "meetings"
[[source]]
file = "meetings.csv"
[[step]]
name = "meetings"
operation = "units.schedule"
key = ["title"]
[step.arguments]
unit = "UNIT"
title = {column = "title"}
day = "Friday"
clock = {column = "clock"}
zone = "CST"
frequency = "weekly"
"""


@pytest.fixture(scope="module")
def node_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a node that runs as long as this module's tests do."""
    node = RunningNode(make_home(tmp_path_factory.mktemp("once")))
    yield node.home
    assert node.stop() == 0


@pytest.fixture
def home(node_home: Path, banyan: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The running node's folder, as `$BANYAN_HOME`."""
    monkeypatch.setenv("BANYAN_HOME", str(node_home))
    return node_home


def meetings_plan(banyan: Command, folder: Path, unit: str, count: int) -> Path:
    """A plan of so many meetings of a new unit; secret and journal are there, nothing is handed in."""
    banyan.ok("submit", "units.create", "--arg", f"unit={unit}", "--arg", "kind=group", "--arg", "name=Unit")
    lines = "".join(f"Meeting {number},{9 + number % 9}:00\n" for number in range(count))
    plan = write_plan(folder, MEETINGS.replace("UNIT", unit), meetings_csv="title,clock\n" + lines)
    assert banyan.ok("import", plan)["steps"][0]["new"] == count
    return plan


def meeting_count(banyan: Command, unit: str) -> int:
    """How many meetings the ledger has of a unit."""
    return len(banyan.ok("list", "regular-meeting", "--unit", unit, "--limit", "1000")["records"])


def journal_of(plan: Path) -> Path:
    (found,) = plan.parent.glob("*.progress")
    return found


def nonces(plan: Path, home: Path) -> list[tuple[bytes, bytes]]:
    """Fact and content of each row."""
    found = read_plan(plan)
    secret = read_secret(found.secret_path)
    assert secret is not None
    identity = Identity(secret, found.name, read_home_genesis(home).network_id)
    checked = check_import(found, secret, lambda _done, _total: None)
    return [(identity.fact(row), identity.content(row)) for row in checked.steps[0]]


def test_interrupted_and_without_its_journal_no_row_is_recorded_twice(
    banyan: Command, home: Path, tmp_path: Path
) -> None:
    plan = meetings_plan(banyan, tmp_path, "interrupted", 600)
    words = ["import", plan, "--yes", "--home", home]
    status, error = when_under_way(words, home, 30, lambda command: command.send_signal(signal.SIGINT))
    assert status == 130, error
    assert banyan(*words).status == 0
    assert meeting_count(banyan, "interrupted") == 600
    journal_of(plan).unlink()
    assert banyan.ok(*words)["steps"][0]["already"] == 600
    assert meeting_count(banyan, "interrupted") == 600


def test_what_was_sent_and_never_answered_is_found_on_the_ledger(banyan: Command, home: Path, tmp_path: Path) -> None:
    plan = meetings_plan(banyan, tmp_path, "unanswered", 20)
    banyan.ok("import", plan, "--yes")
    journal = journal_of(plan)
    sent = [line for line in journal.read_bytes().splitlines(keepends=True) if b'"code"' not in line]
    journal.write_bytes(b"".join(sent))
    assert banyan.ok("import", plan, "--yes")["steps"][0]["already"] == 20
    assert meeting_count(banyan, "unanswered") == 20


def send_before(plan: Path, home: Path, expires_ms: int) -> None:
    """Write into the journal that another transaction was sent for the first row."""
    fact, content = nonces(plan, home)[0]
    line = {"fact": fact.hex(), "content": content.hex(), "id": "ab" * 32, "exp_ms": expires_ms, "expect": None}
    with journal_of(plan).open("ab") as file:
        file.write(json.dumps(line).encode() + b"\n")


def test_a_row_waits_for_another_transaction_of_it_until_that_has_expired(
    banyan: Command, home: Path, tmp_path: Path
) -> None:
    plan = meetings_plan(banyan, tmp_path, "waits", 3)
    now_ms = time.time_ns() // 1_000_000
    send_before(plan, home, now_ms + 600_000)
    answer = banyan("--json", "import", plan, "--yes")
    assert answer.status == 1
    assert (answer.document["steps"][0]["pending"], answer.document["steps"][0]["committed"]) == (1, 2)
    assert "nobody knows yet what became of it" in answer.document["findings"][0]["message"]["en"]
    send_before(plan, home, now_ms - 600_000)
    again = banyan.ok("import", plan, "--yes")["steps"][0]
    assert (again["committed"], again["already"]) == (1, 2)
    assert meeting_count(banyan, "waits") == 3


def test_a_copied_nonce_hides_no_row(banyan: Command, home: Path, tmp_path: Path) -> None:
    plan = meetings_plan(banyan, tmp_path, "copied", 2)
    (first, content), (second, _content) = nonces(plan, home)
    other = {"unit": "copied", "title": "Another", "day": "x", "clock": "x", "zone": "x", "frequency": "x"}
    batch = tmp_path / "batch.jsonl"
    batch.write_text(
        json.dumps({"op": "units.schedule", "args": other, "nonce": (first + content).hex()})
        + "\n"
        + json.dumps(
            {"op": "units.rename", "args": {"unit": "copied", "name": "N"}, "nonce": (second + bytes(6)).hex()}
        )
    )
    assert banyan("submit-batch", batch).status == 0
    assert banyan.ok("import", plan, "--yes")["steps"][0]["committed"] == 2
    assert meeting_count(banyan, "copied") == 3

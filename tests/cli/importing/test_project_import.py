"""The records of a real project, brought in by the plan that comes with them, through the pack, into a real node."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.client import NodeClient
from cli.demo.membership import BUILT_IN, FILE_NAME
from cli.demo.reading import read_records
from cli.importing.identity import pseudonym_key, read_secret
from cli.importing.values import pseudonym
from tests.cli.command import Command
from tests.cli.running_node import RunningNode, make_home

ROWS = [271, 2530, 1303, 286, 102, 101]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A node whose network began with the pack."""
    node = RunningNode(make_home(tmp_path_factory.mktemp("project"), "--pack", "open-source"))
    yield node.home
    assert node.stop() == 0


def roster() -> dict[str, str]:
    """Who is a member at the end, as what."""
    found: dict[str, str] = {}
    with (BUILT_IN / FILE_NAME).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["member"]] = "left" if row["event"] == "left" else row["role"]
    return found


def counts(document: dict[str, Any], name: str) -> list[int]:
    return [step[name] for step in document["steps"]]


@pytest.mark.slow
def test_everything_is_recorded_once_and_what_cannot_be_checked_is_told(
    banyan: Command, home: Path, tmp_path: Path
) -> None:
    founding = ("--arg", "unit=kubernetes", "--arg", "kind=organisation", "--arg", "name=Kubernetes")
    banyan.ok("submit", "units.create", *founding, "--home", home)
    folder = Path(shutil.copytree(BUILT_IN, tmp_path / "k"))
    words = ("import", folder / "kubernetes.toml", "--yes", "--home", home)
    first = banyan.ok(*words)
    assert counts(first, "committed") == ROWS and first["errors"] == 0
    ((finding),) = first["findings"]
    assert (finding["severity"], finding["row"], finding["step"]) == ("warning", 48, "plans")
    assert "无法检查" in finding["message"]["zh_CN"]
    with NodeClient(home) as client:
        people = {one["id"]: one for one in read_records(client, "contributor")}
        plans = list(read_records(client, "plan"))
    secret = read_secret(folder / "kubernetes.secret")
    assert secret is not None
    key = pseudonym_key(secret)
    expected = {f"kubernetes/{pseudonym(key, account)}": state for account, state in roster().items()}
    assert {record_id: one["fields"]["state"] for record_id, one in people.items()} == expected
    assert sum(state != "left" for state in expected.values()) == 1276
    assert len(plans) == 101
    again = banyan.ok(*words)
    assert counts(again, "already") == ROWS and counts(again, "committed") == [0] * len(ROWS)

"""Records of packs as `get` and `list` show them: fields by their titles, dates as dates, in both languages."""

import json
from pathlib import Path

import pytest

from tests.cli.canned_node import CannedNode, answer
from tests.cli.command import Command
from tests.contracts.records.packs import CLUB, compiled

PACK = compiled(CLUB)
PART = PACK.manifest.parts["application"]
TYPE = {"kind": "record-type", "id": "application", "version": 1, "executed_height": 9}
VALUES = {"person": "eve", "level": "guest", "score": 70, "admitted_on": 20_696, "sponsors": ["bob", "cai"]}
RECORD = {
    "id": "branch-1/000001",
    "version": 3,
    "fields": {
        "unit": "branch-1",
        "state": "recommended",
        "pack": {"$hex": PACK.hash.hex()},
        "transition": "recommend",
        "values": VALUES,
    },
}


def body(document: object) -> bytes:
    return answer("200 OK", json.dumps(document).encode())


def type_answers() -> tuple[bytes, bytes]:
    versions = [[0, {"$hex": PACK.hash.hex()}, {"$hex": PART.hex()}]]
    data = {"$hex": PACK.parts()["application"].hex()}
    return body({**TYPE, "fields": {"versions": versions}}), body({**TYPE, "fields": {"data": data}})


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", ("Applicant (person)", "Level (level)", "Guest", "2026-08-31", "bob, cai")),
        ("zh_CN", ("申请人 (person)", "级别 (level)", "嘉宾", "2026-08-31", "bob, cai")),
    ],
)
def test_a_record_of_a_pack_is_shown_in_its_words(
    banyan: Command, tmp_path: Path, language: str, shown: tuple[str, ...]
) -> None:
    record = {**RECORD, "kind": "application", "executed_height": 9}
    with CannedNode(tmp_path / "home", body(record), *type_answers()):
        found = banyan("get", "application", "branch-1/000001", "--home", tmp_path / "home", "--lang", language)
    assert found.status == 0, found.err
    assert all(text in found.out for text in shown), found.out


def test_a_list_shows_where_records_stand_and_their_own_fields(banyan: Command, tmp_path: Path) -> None:
    page = {"kind": "application", "records": [RECORD], "next": None, "executed_height": 9}
    with CannedNode(tmp_path / "home", body(page), *type_answers()):
        found = banyan("list", "application", "--home", tmp_path / "home")
    assert found.status == 0, found.err
    assert "recommended" in found.out
    assert "Score (score)" in found.out
    assert PACK.hash.hex()[:12] not in found.out


def test_json_stays_what_the_node_says(banyan: Command, tmp_path: Path) -> None:
    page = {"kind": "application", "records": [RECORD], "next": None, "executed_height": 9}
    with CannedNode(tmp_path / "home", body(page)):
        found = banyan("list", "application", "--json", "--home", tmp_path / "home")
    assert json.loads(found.out)["records"] == [RECORD]

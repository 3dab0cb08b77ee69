"""Records of a pack from the command line, at a real node whose network began with the pack."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import call
from tests.cli.running_node import RunningNode, make_home

pytestmark = pytest.mark.slow


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RunningNode]:
    running = RunningNode(make_home(tmp_path, "--pack", "association"))
    yield running
    assert running.stop() == 0


def ok(node: RunningNode, *words: object) -> Any:
    """What a command that succeeds says as JSON."""
    answer = call("--json", *words, "--home", node.home)
    assert answer.status == 0, (words, answer.out, answer.err)
    return json.loads(answer.out)


def enrol(node: RunningNode, person: str) -> Path:
    """A person with a key; the key's file."""
    key = node.home.parent / f"{person}.key"
    assert call("keygen", "--out", key).status == 0
    proof = ok(node, "prove-key", "--person", person, "--key", key)
    told = node.home.parent / f"{person}.json"
    told.write_text(json.dumps({name: proof[name] for name in ("person", "key", "proof")}), "utf-8")
    ok(node, "submit", "members.enrol", "--args-file", told)
    return key


def test_an_application_from_the_form_to_the_admission(node: RunningNode) -> None:
    ok(node, "submit", "units.create", "--arg=unit=north", "--arg=kind=branch", "--arg=name=North")
    keys = {person: enrol(node, person) for person in ("li", "wang", "zhao")}
    for role, person in (("secretary", "li"), ("board", "wang"), ("board", "zhao")):
        ok(node, "submit", "units.appoint", "--arg=unit=north", f"--arg=role={role}", f"--arg=person={person}")
    letter = node.home.parent / "letter.txt"
    letter.write_text("I have lived here for ten years.\n", "utf-8")
    create = ("submit", "records.create", "--arg=type=association-member", "--arg=unit=north", "--key", keys["li"])
    wrong = call(*create, "--arg=fields.persn=sun", "--home", node.home)
    assert (wrong.status, "there are person" in wrong.err) == (2, True)
    late = call(*create, "--arg=fields.person=sun", "--arg=fields.heard_on=soon", "--home", node.home)
    assert (late.status, "write 2026-08-31" in late.err) == (2, True)
    made = ok(
        node,
        *create,
        "--arg=fields.person=sun",
        "--arg=fields.household=Garden Street 7",
        f"--detached=fields.letter@{letter}",
    )
    assert {"kind": "association-member", "id": "north/sun", "version": 1} in made["result"]["writes"]
    values = ok(node, "get", "association-member", "north/sun")["fields"]["values"]
    assert (values["person"], values["household"], list(values["letter"])) == ("sun", "Garden Street 7", ["#"])

    act = ("submit", "records.act", "--arg=type=association-member", "--arg=id=north/sun", "--arg=transition=admit")
    barred = call(*act, "--key", keys["li"], "--home", node.home)
    assert barred.status == 4 and "role:board" in barred.err
    ok(node, *act, "--key", keys["wang"])
    assert ok(node, "get", "association-member", "north/sun")["fields"]["state"] == "applied"
    approve = ("submit", "records.approve", "--arg=type=association-member", "--arg=id=north/sun")
    own = call(*approve, "--key", keys["wang"], "--home", node.home)
    assert own.status == 4, "nobody approves what they asked for"
    ok(node, *approve, "--key", keys["zhao"])
    listed = ok(node, "list", "association-member", "--unit", "north", "--state", "admitted")["records"]
    assert [record["id"] for record in listed] == ["north/sun"]
    links = ok(node, "history", "record/association-member/north/sun")
    assert len(links["links"]) == 3
    assert ok(node, "history", "person/sun")["links"], "one chain of a person's life"
    complete = call("--json", "report", "completeness", "--unit", "north", "--home", node.home)
    gaps = [gap for one in json.loads(complete.out)["checks"] for gap in one["missing"]]
    assert (complete.status, [gap["message"] for gap in gaps]) == (
        1,
        ["sun is member of north, and nobody enrolled sun"],
    )

"""People, their keys and offices, as they are looked after with `banyan` on a real node."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.cli.running_node import RunningNode, make_home


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a running node, as `$BANYAN_HOME`."""
    node = RunningNode(make_home(tmp_path_factory.mktemp("people")))
    monkeypatch.setenv("BANYAN_HOME", str(node.home))
    yield node.home
    assert node.stop() == 0


def submit(banyan: Command, operation: str, *settings: str, key: Path | None = None) -> str:
    words = [word for setting in settings for word in ("--arg", setting)]
    document = banyan.ok("submit", operation, *words, *(() if key is None else ("--key", key)))
    assert document["result"]["code"] == "ok"
    return str(document["id"])


def test_a_person_is_enrolled_by_a_proof_and_acts_with_every_key(banyan: Command, home: Path, tmp_path: Path) -> None:
    for name in ("telephone", "laptop"):
        banyan.ok("keygen", "--out", tmp_path / name)
    proof = banyan.ok(
        "prove-key", "--person", "p-1", "--key", tmp_path / "telephone", "--genesis", home / "genesis.json"
    )
    (tmp_path / "p-1.json").write_text(json.dumps(proof), encoding="utf-8")
    enrolled = banyan.ok("submit", "members.enrol", "--args-file", tmp_path / "p-1.json")
    assert enrolled["result"]["code"] == "ok"
    account = banyan.ok("get", "person", "p-1")["fields"]["account"]["$hex"]
    further = banyan.ok("prove-key", "--person", "p-1", "--key", tmp_path / "laptop")
    values = [f"{name}={further[name]['$hex']}" for name in ("key", "proof")]
    added = submit(banyan, "members.key-add", *values, key=tmp_path / "telephone")
    posted = submit(banyan, "notice.post", "unit=u", "title=t", "about=p-1", key=tmp_path / "laptop")
    assert banyan.ok("tx", posted)["transaction"]["from"] == account
    revoked = submit(banyan, "members.key-revoke", f"key={proof['key']['$hex']}", key=tmp_path / "laptop")
    refused = banyan("submit", "notice.post", "--arg", "unit=u", "--arg", "title=t", "--key", tmp_path / "telephone")
    assert (refused.status, "was revoked" in refused.err) == (4, True)
    history = banyan.ok("history", "person/p-1")
    assert history["verified"] is True
    assert [link["id"] for link in history["links"]] == [enrolled["id"], added, posted, revoked]
    assert [link["operation"] for link in history["links"]][1::2] == ["members.key-add", "members.key-revoke"]


def test_a_lost_key_is_replaced_by_several_after_a_delay_in_which_the_member_may_object(
    banyan: Command, home: Path, tmp_path: Path
) -> None:
    """Up to the end of the delay, which is a day at least; what follows it is tested with the time of blocks."""
    keys = {name: tmp_path / name for name in ("old", "new", "guardian")}
    for path in keys.values():
        banyan.ok("keygen", "--out", path)

    def proof(person: str, name: str) -> Path:
        made = banyan.ok("prove-key", "--person", person, "--key", keys[name], "--genesis", home / "genesis.json")
        file = tmp_path / f"{person}-{name}.json"
        file.write_text(json.dumps(made), encoding="utf-8")
        return file

    for person, name in (("p-1", "old"), ("p-2", "guardian")):
        banyan.ok("submit", "members.enrol", "--args-file", proof(person, name))
    submit(banyan, "members.guardians", "guardians=p-2", key=keys["old"])
    submit(banyan, "members.recovery-rule", "needed=2", "delay_days=1")
    asked = proof("p-1", "new")
    key = json.loads(asked.read_text(encoding="utf-8"))["key"]["$hex"]

    def open_and_approve() -> dict[str, object]:
        banyan.ok("submit", "members.recover", "--args-file", asked)
        assert banyan.ok("get", "recovery", "p-1")["fields"]["state"] == "gathering"
        submit(banyan, "members.recover-approve", "person=p-1", f"key={key}", key=keys["guardian"])
        fields = banyan.ok("get", "recovery", "p-1")["fields"]
        assert isinstance(fields, dict)
        return fields

    waiting = open_and_approve()
    assert waiting["state"] == "waiting"
    early = banyan("submit", "members.recover-finish", "--arg", "person=p-1", "--key", keys["guardian"])
    assert early.status == 4
    assert "members.recovery-early" in banyan("--json", "submit", "members.recover-finish", "--arg", "person=p-1").err
    # Whoever still has a key of the account ends it, and may be asked again.
    submit(banyan, "members.recover-object", "person=p-1", key=keys["old"])
    assert banyan.ok("get", "recovery", "p-1")["fields"]["state"] == "objected"
    refused = banyan("submit", "notice.post", "--arg", "unit=u", "--arg", "title=t", "--key", keys["new"])
    assert refused.status == 4
    assert open_and_approve()["state"] == "waiting"
    history = banyan.ok("history", "person/p-1")
    assert history["verified"] is True
    operations = [link["operation"] for link in history["links"]]
    assert operations[-5:] == [
        "members.recover",
        "members.recover-approve",
        "members.recover-object",
        "members.recover",
        "members.recover-approve",
    ]


def test_the_offices_of_a_unit_are_listed_and_stand_in_the_persons_chain(banyan: Command, home: Path) -> None:
    for unit in ("docs", "docs/blog", "docs-too"):
        submit(banyan, "units.create", f"unit={unit}", "kind=sig", f"name={unit}")
    ids = [
        submit(banyan, "units.appoint", f"unit={unit}", f"role={role}", "person=p-2", "until=4000000000000")
        for unit, role in (("docs", "lead"), ("docs/blog", "lead"), ("docs-too", "member"), ("docs", "member"))
    ]
    listed = banyan.ok("list", "office", "--unit", "docs")["records"]
    assert [one["id"] for one in listed] == ["docs/lead/p-2", "docs/member/p-2"]
    assert banyan.ok("list", "office", "--unit", "docs/blog")["records"][0]["fields"]["role"] == "lead"
    assert banyan.ok("get", "role-count", "docs/member")["fields"]["count"] == 1
    history = banyan.ok("history", "person/p-2")
    assert (history["verified"], [link["id"] for link in history["links"]]) == (True, ids)
    answer = banyan("submit", "units.move", "--arg", "unit=docs", "--arg", "parent=docs", "--lang", "zh_CN")
    assert (answer.status, "不能移到" in answer.err) == (4, True)


def test_a_proof_is_for_somebody(banyan: Command, home: Path, tmp_path: Path) -> None:
    answer = banyan("prove-key", "--key", home / "admin.key")
    assert (answer.status, "either --person or --account" in answer.err) == (2, True)
    answer = banyan("prove-key", "--person", "two words", "--key", home / "admin.key")
    assert answer.status == 2
    answer = banyan("prove-key", "--account", "x", "--key", home / "admin.key")
    assert answer.status == 2
    answer = banyan("prove-key", "--person", "p", "--key", home / "admin.key")
    assert answer.status == 0
    assert "person/p" in answer.out and "--args-file" in answer.err

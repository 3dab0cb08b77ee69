"""The commands that talk to a node, against a real one."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.batch_stream import WINDOW_MAX
from cli.commands.chain import _render_status
from cli.language import use_language
from cli.printer import Printer
from tests.cli.command import Answer, Command, process
from tests.cli.running_node import RunningNode, make_home, when_under_way
from tests.waiting import wait_until

# More than can be under way while no further answers come: such a batch is not through.
COUNT_OF_SEVERAL_RUNS = WINDOW_MAX + 2000


@pytest.fixture(scope="session")
def node_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a node that runs as long as this worker's tests do."""
    node = RunningNode(make_home(tmp_path_factory.mktemp("online")))
    yield node.home
    assert node.stop() == 0


@pytest.fixture
def home(node_home: Path, banyan: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The running node's folder, as `$BANYAN_HOME`."""
    monkeypatch.setenv("BANYAN_HOME", str(node_home))
    return node_home


@pytest.fixture
def unit(request: pytest.FixtureRequest) -> str:
    """A unit of the test's own, so that tests can share a ledger."""
    name: str = request.node.name
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name).strip("-")[:60]


def post(banyan: Command, unit: str, title: str, *further: str) -> str:
    document = banyan.ok("submit", "notice.post", "--arg", f"unit={unit}", "--arg", f"title={title}", *further)
    assert document["result"]["code"] == "ok"
    return str(document["id"])


def test_status_says_how_the_node_is(banyan: Command, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = banyan.ok("status")
    assert document["role"] == "leader"
    assert document["accepting"] is True
    assert document["tree_size"] >= document["executed_height"] >= 1
    answer = banyan("status")
    assert answer.status == 0
    for text in ("The node takes transactions.", "leader", document["network"]["id"], document["node"]["id"]):
        assert text in answer.out
    assert "Nobody leads" not in answer.out
    _render_status(Printer(sys.stdout), document | {"leader": None})
    assert "Nobody leads" in capsys.readouterr().out


def test_a_transaction_can_be_followed_to_its_receipt(banyan: Command, home: Path, unit: str, tmp_path: Path) -> None:
    identifier = post(banyan, unit, "Ordinary assembly", "--arg", "about=p-1", "--arg", "body=between us")
    record = banyan.ok("get", "notice", f"{unit}/000000000001")
    assert record["fields"]["title"] == "Ordinary assembly"
    assert set(record["fields"]["body"]) == {"#"}
    assert banyan.ok("list", "notice", "--unit", unit)["records"][0]["id"] == f"{unit}/000000000001"
    shown = banyan.ok("tx", identifier)
    assert shown["transaction"]["operation"] == "notice.post"
    block = banyan.ok("block", shown["height"])
    assert identifier in [one["id"] for one in block["transactions"]]
    for subject in (f"unit/{unit}", "person/p-1", shown["transaction"]["from"]):
        history = banyan.ok("history", subject)
        assert history["verified"] is True
        assert identifier in [link["id"] for link in history["links"]]
    files = banyan.ok("receipt", identifier, "--out", tmp_path / "r", "--qr", tmp_path / "r.png")["files"]
    assert files == [str(tmp_path / name) for name in ("r", "r.result", "r.png")]
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
    banyan.ok("policy", "--out", tmp_path / "policy")
    proven = banyan.ok("verify", tmp_path / "r", tmp_path / "r.result", "--policy", tmp_path / "policy")
    assert proven["entries"][0]["transaction"]["id"] == identifier
    assert proven["results"][0]["result"]["code"] == "ok"


def test_people_can_read_every_answer(banyan: Command, home: Path, unit: str, tmp_path: Path) -> None:
    identifier = post(banyan, unit, "支部党员大会", "--arg", "about=p-2")
    height = banyan.ok("tx", identifier)["height"]
    for words, text in (
        (["get", "notice", f"{unit}/000000000001"], "支部党员大会"),
        (["list", "notice", "--unit", unit], "支部党员大会"),
        (["history", "person/p-2"], "links verified"),
        (["tx", identifier], "notice.post"),
        (["block", height], identifier),
        (["receipt", identifier], "c2sp.org/tlog-proof@v1"),
        (["policy"], "quorum "),
        (["audit", "--from", home, "--genesis", home / "genesis.json"], "Everything holds."),
        (["submit", "notice.post", "--arg", f"unit={unit}", "--arg", "title=x"], "Result"),
        (["submit", "notice.post", "--arg", f"unit={unit}", "--arg", "title=y", "--no-wait"], "pending"),
    ):
        answer = banyan(*words)
        assert answer.status == 0, answer.err
        assert text in answer.out
    assert "There are no such records." in banyan("list", "notice", "--unit", "nowhere").err
    assert "nothing about person/nobody" in banyan("history", "person/nobody").err


def test_answers_come_in_chinese(banyan: Command, home: Path, unit: str) -> None:
    answer = banyan("--lang", "zh_CN", "status")
    use_language("en")
    assert answer.status == 0
    assert "节点正常接收事务。" in answer.out


def test_a_refusal_is_status_4_with_the_contract_s_reason(banyan: Command, home: Path, unit: str) -> None:
    words = ("submit", "notice.withdraw", "--arg", f"unit={unit}", "--arg", "number=7", "--arg", "reason=none")
    answer = banyan("--json", *words)
    assert answer.status == 4
    assert answer.document["result"]["code"] == "notice.not-found"
    assert answer.error["code"] == "notice.not-found"
    plain = banyan(*words)
    assert plain.status == 4
    assert f"the unit {unit} has no notice 7" in plain.err


@pytest.mark.parametrize(
    "words",
    [
        ["tx", "0" * 64],
        ["receipt", "0" * 64],
        ["block", "999999999"],
        ["get", "notice", "no/such"],
        ["get", "no kind", "x"],
        ["policy", "--at", "999999999"],
    ],
)
def test_what_is_not_there_is_status_4(banyan: Command, home: Path, words: list[str]) -> None:
    answer = banyan("--json", *words)
    assert answer.status == 4
    assert answer.error["message"]
    assert answer.out == ""


def test_a_stranger_s_key_is_refused(banyan: Command, home: Path, unit: str, tmp_path: Path) -> None:
    banyan.ok("keygen", "--out", tmp_path / "stranger")
    words = ("submit", "notice.post", "--arg", f"unit={unit}", "--arg", "title=t", "--key", tmp_path / "stranger")
    answer = banyan("--json", *words)
    assert answer.status == 4
    assert answer.error["code"] == "sender.unknown"


def test_the_key_may_have_a_passphrase(
    banyan: Command, home: Path, unit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANYAN_PASSPHRASE", "right")
    banyan.ok("keygen", "--out", tmp_path / "sealed", "--passphrase")
    monkeypatch.setenv("BANYAN_KEY", str(tmp_path / "sealed"))
    words = ("submit", "notice.post", "--arg", f"unit={unit}", "--arg", "title=t")
    assert "no member" in banyan(*words).err
    monkeypatch.setenv("BANYAN_PASSPHRASE", "wrong")
    answer = banyan(*words)
    assert answer.status == 1
    assert "the passphrase does not open the key" in answer.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["notice.posst"], "did you mean notice.post?"),
        (["notice.post"], "the argument unit is missing"),
        (["notice.post", "--arg", "nonsense"], "--arg takes name=value"),
        (["notice.post", "--args-file", "missing.json"], "cannot be read"),
        (["notice.post", "--arg", "unit=u", "--arg", "title=t", "--key", "missing"], "banyan keygen"),
        (["nonsense", "--unchecked"], "contract.method"),
        (["notice.post", "--arg", "unit=u", "--arg", "title=t", "--detached", "body=" + "x" * 1_100_000], "detached"),
    ],
)
def test_what_makes_no_transaction_is_wrong_usage(banyan: Command, home: Path, words: list[str], sentence: str) -> None:
    answer = banyan("submit", *words)
    assert answer.status in (2, 4)
    assert sentence in answer.err
    assert len(answer.err.splitlines()) == 1


def test_arguments_may_come_from_a_file(banyan: Command, home: Path, unit: str, tmp_path: Path) -> None:
    path = tmp_path / "arguments.json"
    path.write_text(json.dumps({"unit": unit, "title": "t", "about": ["a", "b"], "at": 5}))
    banyan.ok("submit", "notice.post", "--args-file", path)
    assert banyan.ok("get", "notice", f"{unit}/000000000001")["fields"]["about"] == ["a", "b"]


def test_what_the_ledger_does_not_know_is_its_to_refuse(banyan: Command, home: Path) -> None:
    answer = banyan("--json", "submit", "no.such", "--arg", "a=b", "--unchecked")
    assert answer.status == 4
    assert answer.error["code"] == "operation.unknown"


def test_lists_are_read_to_their_limit(banyan: Command, home: Path, unit: str) -> None:
    for number in range(3):
        post(banyan, unit, f"title {number}")
    first = banyan.ok("list", "notice", "--unit", unit, "--limit", "2")
    assert [record["fields"]["number"] for record in first["records"]] == [1, 2]
    rest = banyan.ok("list", "notice", "--unit", unit, "--after", first["records"][-1]["id"])
    assert [record["fields"]["number"] for record in rest["records"]] == [3]
    assert rest["next"] is None
    assert banyan.ok("list", "notice", "--unit", unit, "--state", "withdrawn")["records"] == []


@pytest.mark.parametrize("words", [("list", "nokind"), ("get", "nokind", "x"), ("list", "Notice")])
def test_a_kind_that_no_contract_writes_is_refused_with_the_kinds(
    banyan: Command, home: Path, words: tuple[str, ...]
) -> None:
    answer = banyan(*words)
    assert answer.status == 4
    assert repr(words[1]) in answer.err
    assert "the kinds are active-pack, administrators, attendance, " in answer.err
    assert ", notice, notice-file, office, " in answer.err


def test_a_folder_that_is_not_ours_is_told(banyan: Command, home: Path) -> None:
    def without_rights() -> Answer:
        if os.geteuid() != 0:
            mode = home.stat().st_mode
            home.chmod(0)
            try:
                return banyan("status")
            finally:
                home.chmod(mode)
        os.seteuid(65_534)
        try:
            return banyan("status")
        finally:
            os.seteuid(0)

    banyan("status")
    answer = without_rights()
    assert answer.status == 1
    assert "the user that runs the node" in answer.err


def write_batch(path: Path, unit: str, count: int) -> None:
    lines = [
        json.dumps({"op": "notice.post", "args": {"unit": unit, "title": f"notice {number}", "body": "between us"}})
        for number in range(1, count + 1)
    ]
    path.write_text("\n".join(lines) + "\n")


def titles(banyan: Command, unit: str, *further: object) -> list[str]:
    records = banyan.ok("list", "notice", "--unit", unit, "--limit", "100000", *further)["records"]
    return [record["fields"]["title"] for record in records]


def test_a_line_that_builds_on_another_version_is_refused(
    banyan: Command, home: Path, unit: str, tmp_path: Path
) -> None:
    path = tmp_path / "batch.jsonl"
    lines = [
        {"op": "notice.post", "args": {"unit": unit, "title": title}, "expect": ["notice-file", unit, version]}
        for title, version in (("first", 0), ("late", 0), ("second", 1))
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    answer = banyan("--json", "submit-batch", path)
    assert answer.status == 4, answer.err
    document = answer.document
    assert document["committed"] == 2
    assert [(failure["line"], failure["code"]) for failure in document["failures"]] == [(2, "expect.version-mismatch")]
    assert titles(banyan, unit) == ["first", "second"]


def test_a_batch_applies_every_good_line_once_and_reports_the_others(
    banyan: Command, home: Path, unit: str, tmp_path: Path
) -> None:
    path = tmp_path / "batch.jsonl"
    good = json.dumps({"op": "notice.post", "args": {"unit": unit, "title": "good"}})
    refused = json.dumps({"op": "notice.withdraw", "args": {"unit": unit, "number": 9, "reason": "r"}})
    unknown = json.dumps({"op": "no.such", "args": {}})
    expired = json.dumps({"op": "notice.post", "args": {"unit": unit, "title": "late"}, "exp_ms": 1})
    path.write_text("\n".join([good, "{", "", refused, unknown, good, expired]))
    for attempt in range(2):
        answer = banyan("--json", "submit-batch", path)
        assert answer.status == 4
        document = answer.document
        assert document["committed"] == (2 if attempt == 0 else 0)
        assert document["already"] == (0 if attempt == 0 else 2)
        failures = {failure["line"]: failure for failure in document["failures"]}
        assert set(failures) == {2, 4, 5, 7}
        assert failures[4]["code"] == "notice.not-found"
        assert "has no notice 9" in failures[4]["reason"]
        listed = Path(document["failures_file"]).read_text().splitlines()
        assert sorted(json.loads(line)["line"] for line in listed) == [2, 4, 5, 7]
    assert titles(banyan, unit) == ["good", "good"]
    plain = banyan("submit-batch", path)
    assert plain.status == 4
    assert "Line 2: the line is not JSON" in plain.err


def test_a_batch_keeps_the_order_of_its_lines(banyan: Command, home: Path, unit: str, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    write_batch(path, unit, 700)
    document = banyan.ok("submit-batch", path)
    assert (document["committed"], document["failed"]) == (700, 0)
    assert not path.with_name("batch.jsonl.failed").exists()
    assert titles(banyan, unit) == [f"notice {number}" for number in range(1, 701)]
    # Signed together; whoever looks them up verifies each with its own path.
    links = banyan.ok("history", f"unit/{unit}", "--limit", 2)["links"]
    signatures = [banyan.ok("tx", one["id"])["transaction"]["signatures"][0] for one in links]
    assert [one["scheme"] for one in signatures] == ["ed25519-batch"] * 2


def test_ctrl_c_in_a_batch_loses_nothing_and_doubles_nothing(
    banyan: Command, home: Path, unit: str, tmp_path: Path
) -> None:
    path = tmp_path / "batch.jsonl"
    count = COUNT_OF_SEVERAL_RUNS
    write_batch(path, unit, count)
    words: list[object] = ["submit-batch", path, "--home", home]
    for answers in (100, 600):
        status, error = when_under_way(words, home, answers, lambda command: command.send_signal(signal.SIGINT))
        assert status == 130, error
        assert "Run the same command again" in error
        assert "Traceback" not in error
    document = banyan.ok("submit-batch", path)
    assert document["committed"] + document["already"] == count
    assert 0 < document["already"] < count
    assert titles(banyan, unit) == [f"notice {number}" for number in range(1, count + 1)]


def test_a_batch_file_that_changed_is_not_taken_up(banyan: Command, home: Path, unit: str, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    write_batch(path, unit, 2)
    banyan.ok("submit-batch", path)
    write_batch(path, unit, 3)
    answer = banyan("submit-batch", path)
    assert answer.status == 2
    assert "was changed" in answer.err
    assert titles(banyan, unit) == ["notice 1", "notice 2"]


def test_a_batch_of_nothing_is_done_at_once(banyan: Command, home: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    assert banyan.ok("submit-batch", tmp_path / "empty")["committed"] == 0


def test_a_node_that_dies_in_a_batch_is_status_3_and_the_next_run_goes_on(banyan: Command, tmp_path: Path) -> None:
    home = make_home(tmp_path)
    node = RunningNode(home)
    path = tmp_path / "batch.jsonl"
    count = COUNT_OF_SEVERAL_RUNS
    write_batch(path, "u", count)
    words: list[object] = ["submit-batch", path, "--home", home]
    status, error = when_under_way(words, home, 500, lambda command: node.kill())
    assert status == 3, error
    assert "run the same command again" in error
    assert banyan("submit-batch", path, "--home", home).status == 3
    node = RunningNode(home)
    document = banyan.ok("submit-batch", path, "--home", home)
    assert document["already"] >= 500
    assert document["already"] + document["committed"] == count
    assert titles(banyan, "u", "--home", home) == [f"notice {number}" for number in range(1, count + 1)]
    assert node.stop() == 0
    assert banyan.ok("audit", "--from", home, "--genesis", tmp_path / "genesis.json")["ok"] is True


def test_a_node_that_is_ended_in_a_batch_fails_no_line_and_the_next_run_goes_on(
    banyan: Command, tmp_path: Path
) -> None:
    """Take out the look at `retry_after_ms` in `cli/batch_run.py` and this fails."""
    home = make_home(tmp_path)
    node = RunningNode(home)
    path = tmp_path / "batch.jsonl"
    count = COUNT_OF_SEVERAL_RUNS
    write_batch(path, "u", count)
    words: list[object] = ["submit-batch", path, "--home", home]
    status, error = when_under_way(words, home, 300, lambda command: node.tell_to_stop())
    assert node.wait() == 0
    assert status in (1, 3), error
    assert not path.with_name("batch.jsonl.failed").exists()
    node = RunningNode(home)
    document = banyan.ok("submit-batch", path, "--home", home)
    assert document["already"] + document["committed"] == count
    assert sorted(titles(banyan, "u", "--home", home)) == sorted(f"notice {number}" for number in range(1, count + 1))
    assert node.stop() == 0


def test_a_value_that_is_too_large_fails_its_own_line_only(
    banyan: Command, home: Path, unit: str, tmp_path: Path
) -> None:
    path = tmp_path / "batch.jsonl"
    lines = [
        {"unit": unit, "title": "a"},
        {"unit": unit, "title": "b", "body": "x" * 1_200_000},
        {"unit": unit, "title": "c"},
    ]
    path.write_text("\n".join(json.dumps({"op": "notice.post", "args": line}) for line in lines))
    answer = banyan("--json", "submit-batch", path)
    assert answer.status == 4
    assert [failure["line"] for failure in answer.document["failures"]] == [2]
    assert "put the hash of a file there" in answer.document["failures"][0]["reason"]
    assert titles(banyan, unit) == ["a", "c"]


def test_a_line_whose_transaction_expired_is_looked_up_before_it_is_signed_anew(
    banyan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(tmp_path, "--parameter", "transaction_lifetime_ms_max=1000")
    node = RunningNode(home)
    path = tmp_path / "batch.jsonl"
    journal = tmp_path / "batch.jsonl.progress"
    write_batch(path, "u", 2)
    assert banyan.ok("submit-batch", path, "--home", home)["committed"] == 2
    header, first, second, *_outcomes = journal.read_text().splitlines()
    # As if the run had been broken off before any answer, and line 2 had never reached the node.
    lost = json.dumps(json.loads(second) | {"exp_ms": 1})
    journal.write_text("\n".join([header, first, lost]) + "\n")
    expires_ms = json.loads(first)["exp_ms"]
    wait_until(lambda: banyan.ok("status", "--home", home)["clock_ms"] > expires_ms, 10, "line 1 expires")
    monkeypatch.setattr("cli.batch_run.EXPIRY_MARGIN_MS", 0)
    document = banyan.ok("submit-batch", path, "--home", home)
    assert (document["already"], document["committed"]) == (1, 1)
    assert titles(banyan, "u", "--home", home) == ["notice 1", "notice 2", "notice 2"]
    assert node.stop() == 0


def test_a_second_daemon_on_a_folder_is_refused(home: Path) -> None:
    answer = process("run", "--home", home)
    assert answer.status == 1
    assert "is in use by the daemon" in answer.err.splitlines()[-1]

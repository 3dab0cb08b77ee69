"""`banyan import`: the report in both languages, and rows that get onto the ledger once, whatever happens between."""

import csv
import json
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.cli.importing.tables import UNITS, write_plan
from tests.cli.running_node import RunningNode, make_home, when_under_way

GOLDEN = Path(__file__).parent / "golden"
BAD = (
    "id,name,parent,note\n"
    "a,第一支部,,x\n"
    "b,,a,\n"
    "a,Again,,\n"
    "A,Capital,,\n"
    "no good,Blank in the id,a,\n"
    '"=1+1",Formula,,\n'
    "c,C,a,,extra\n"
)
EVENTS = """
name = "events"
zone = "Asia/Shanghai"
[[source]]
file = "events.csv"
revision = "spring"
[[step]]
name = "units"
where = {column = "event", is = "founded"}
operation = "units.create"
key = ["member"]
record = {kind = "unit", id = "{unit}", expect = "new"}
[step.arguments]
unit = {column = "member"}
kind = "group"
name = {column = "role"}
[[step]]
name = "events"
where = {column = "event", not = "founded"}
operation = {column = "event", map = {joined = "units.appoint", left = "units.release"}}
key = ["member", "at", "event"]
record = {kind = "office", id = "{unit}/{role}/{person}", expect = "next"}
[step.arguments]
unit = "UNIT"
person = {column = "member"}
role = {column = "role"}
since = {column = "at", as = "time"}
body.name = {column = "member"}
body.source = {provenance = true}
"""
HEAD = "member,at,event,role\n"


@pytest.fixture(scope="module")
def node_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a node that runs as long as this module's tests do."""
    node = RunningNode(make_home(tmp_path_factory.mktemp("import")))
    yield node.home
    assert node.stop() == 0


@pytest.fixture
def home(node_home: Path, banyan: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The running node's folder, as `$BANYAN_HOME`."""
    monkeypatch.setenv("BANYAN_HOME", str(node_home))
    return node_home


def events_plan(folder: Path, unit: str, lines: str) -> Path:
    """A plan that founds `unit` and brings in events of its members."""
    founding = f"{unit},,founded,Founded\n"
    return write_plan(folder, EVENTS.replace("UNIT", unit), events_csv=HEAD + founding + lines)


def many(count: int, each: int = 3) -> str:
    """Events of `count` people; each person joins and leaves by turns."""
    return "".join(
        f"p-{person},2024-03-{day + 1:02} 09:00,{('joined', 'left')[day % 2]},member\n"
        for day in range(each)
        for person in range(count)
    )


def counts(document: dict[str, list[dict[str, object]]], name: str) -> list[object]:
    return [step[name] for step in document["steps"]]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_report_is_as_it_was_looked_over(banyan: Command, tmp_path: Path, language: str) -> None:
    plan = write_plan(tmp_path, units_csv=BAD)
    answer = banyan("--lang", language, "import", plan, "--dry-run")
    assert answer.status == 2
    assert answer.out + answer.err == (GOLDEN / f"report.{language}.txt").read_text("utf-8")


def test_a_dry_run_needs_no_node_and_leaves_nothing_behind(banyan: Command, tmp_path: Path) -> None:
    plan = write_plan(tmp_path, units_csv="id,name,parent\na,A,\n")
    document = banyan.ok("import", plan, "--dry-run")
    assert (document["rows"], document["errors"], document["dry_run"]) == (1, 0, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.toml", "units.csv"]


def test_findings_are_written_in_both_languages_and_run_in_no_spreadsheet(banyan: Command, tmp_path: Path) -> None:
    plan = write_plan(tmp_path, units_csv=BAD)
    for name in ("f.csv", "f.json"):
        assert banyan("import", plan, "--dry-run", "--report", tmp_path / name).status == 2
    with (tmp_path / "f.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    document = json.loads((tmp_path / "f.json").read_text("utf-8"))
    assert [row["row"] for row in rows] == [str(one["row"]) for one in document["findings"]]
    assert [row["value"] for row in rows if row["row"] == "7"] == ["'=1+1"]
    for row, one in zip(rows, document["findings"], strict=True):
        assert one["message"]["en"] in row["message_en"]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in row["message_zh_CN"])
    assert banyan("import", plan, "--dry-run", "--report", tmp_path / "f.pdf").status == 2


def test_with_errors_nothing_is_handed_in(banyan: Command, home: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path, units_csv=BAD)
    answer = banyan("import", plan, "--yes")
    assert answer.status == 2
    assert "Nothing was handed in" in answer.err
    assert banyan("get", "unit", "a").status == 4


def test_rows_get_onto_the_ledger_once(banyan: Command, home: Path, tmp_path: Path) -> None:
    plan = events_plan(tmp_path, "once", many(40))
    waiting = banyan("--json", "import", plan)
    assert waiting.status == 0
    assert (waiting.document["dry_run"], counts(waiting.document, "new")) == (True, [1, 120])
    first = banyan.ok("import", plan, "--yes")
    assert (counts(first, "committed"), counts(first, "already")) == ([1, 120], [0, 0])
    secret = tmp_path / "plan.secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    record = banyan.ok("get", "office", "once/member/p-7")
    assert (record["version"], record["fields"]["state"]) == (3, "held")
    # The time of the event, and not that of recording.
    assert record["fields"]["since"] == 1_709_427_600_000
    again = banyan.ok("import", plan, "--yes")
    assert (counts(again, "committed"), counts(again, "already")) == ([0, 0], [1, 120])
    # Without the journal, the ledger alone remembers.
    (journal,) = tmp_path.glob("*.progress")
    journal.unlink()
    alone = banyan.ok("import", plan, "--yes")
    assert (counts(alone, "committed"), counts(alone, "already")) == ([0, 0], [1, 120])
    # Without the secret, the journal tells that something is missing.
    secret.rename(tmp_path / "elsewhere")
    answer = banyan("import", plan, "--yes")
    assert answer.status == 2 and "the plan's secret" in answer.err
    assert banyan.ok("get", "office", "once/member/p-7")["version"] == 3


def test_where_a_row_comes_from_stands_beside_it(banyan: Command, home: Path, tmp_path: Path) -> None:
    plan = events_plan(tmp_path, "source", "p-1,2024-03-05,joined,member\n")
    banyan.ok("import", plan, "--yes")
    entries = banyan.ok("history", "person/p-1")["links"]
    assert entries
    record = banyan.ok("get", "office", "source/member/p-1")
    from cli.client import NodeClient

    with NodeClient(home) as client:
        payload = client.get(f"/v1/payloads/{record['fields']['body']['#']}")["decoded"]
    assert payload["name"] == "p-1"
    assert {name: payload["source"][name] for name in ("file", "row", "revision")} == {
        "file": "events.csv",
        "row": 3,
        "revision": "spring",
    }


def test_new_rows_are_added_and_changed_ones_told(banyan: Command, home: Path, tmp_path: Path) -> None:
    lines = ["p-1,2024-03-01,joined,member\n", "p-2,2024-03-01,joined,member\n"]
    plan = events_plan(tmp_path, "later", "".join(lines))
    banyan.ok("import", plan, "--yes")
    changed = lines[0].replace("member", "other")
    more = "p-3,2024-04-01,joined,member\np-2,2024-04-02,left,member\n"
    events_plan(tmp_path, "later", more + changed + lines[1])
    for forgets in (False, True):
        if forgets:
            next(iter(tmp_path.glob("*.progress"))).unlink()
        answer = banyan("--json", "import", plan, "--yes")
        assert answer.status == 4
        assert (answer.document["steps"][1]["changed"], answer.document["steps"][1]["already"]) == (
            1,
            3 if forgets else 1,
        )
        ((warning),) = answer.document["findings"]
        assert (warning["row"], "was changed since" in warning["message"]["en"]) == (5, True)
    assert banyan.ok("get", "office", "later/member/p-1")["fields"]["state"] == "held"
    assert banyan("get", "office", "later/other/p-1").status == 4
    assert banyan.ok("get", "office", "later/member/p-2")["fields"]["state"] == "ended"


def test_what_the_ledger_refuses_holds_back_what_builds_on_it_and_is_tried_again(
    banyan: Command, home: Path, tmp_path: Path
) -> None:
    lines = "p-1,2024-03-02,left,member\np-1,2024-03-03,joined,member\np-2,2024-03-01,joined,member\n"
    plan = events_plan(tmp_path, "refused", lines)
    answer = banyan("--json", "import", plan, "--yes")
    assert answer.status == 4
    step = answer.document["steps"][1]
    assert (step["committed"], step["refused"], step["held"]) == (1, 1, 1)
    assert [(one["row"], one["severity"]) for one in answer.document["findings"]] == [(3, "error"), (4, "warning")]
    assert "p-1 is not member" in answer.document["findings"][0]["message"]["en"]
    events_plan(tmp_path, "refused", "p-1,2024-03-01,joined,member\n" + lines)
    repaired = banyan.ok("import", plan, "--yes")["steps"][1]
    assert (repaired["committed"], repaired["already"]) == (3, 1)


def test_a_partial_import_leaves_bad_rows_out(banyan: Command, home: Path, tmp_path: Path) -> None:
    plan = events_plan(tmp_path, "partly", "p-1,soon,joined,member\np-2,2024-03-01,joined,member\n")
    answer = banyan("--json", "import", plan, "--yes", "--partial")
    assert answer.status == 2
    assert (counts(answer.document, "committed"), answer.document["errors"]) == ([1, 1], 1)


def test_a_record_that_somebody_wrote_in_between_is_not_written_over(
    banyan: Command, home: Path, tmp_path: Path
) -> None:
    plan = write_plan(tmp_path, units_csv="id,name,parent\ntaken,Ours,\n")
    banyan.ok("submit", "units.create", "--arg", "unit=taken", "--arg", "kind=group", "--arg", "name=Theirs")
    answer = banyan("--json", "import", plan, "--yes")
    assert answer.status == 4
    assert answer.document["findings"][0]["code"] == "expect.version-mismatch"
    assert banyan.ok("get", "unit", "taken")["fields"]["name"] == "Theirs"


def test_an_import_that_was_interrupted_goes_on(banyan: Command, home: Path, tmp_path: Path) -> None:
    plan = events_plan(tmp_path, "interrupted", many(150, each=4))

    def interrupt(command: subprocess.Popen[str]) -> None:
        command.send_signal(signal.SIGINT)

    status, error = when_under_way(["import", plan, "--yes", "--home", home], home, 60, interrupt)
    assert status == 130, error
    document = banyan.ok("import", plan, "--yes")
    (done,) = {sum(step[name] for name in ("committed", "already")) for step in document["steps"][1:]}
    assert done == 600
    for person in (0, 77, 149):
        assert banyan.ok("get", "office", f"interrupted/member/p-{person}")["version"] == 4


@pytest.mark.slow
def test_a_node_that_is_killed_in_the_middle_costs_no_row_and_doubles_none(banyan: Command, tmp_path: Path) -> None:
    node = RunningNode(make_home(tmp_path))
    plan = events_plan(tmp_path, "killed", many(200, each=4))
    words = ["import", plan, "--yes", "--home", node.home]
    try:
        status, error = when_under_way(words, node.home, 150, lambda _command: node.kill())
        assert status == 3, error
    finally:
        node.kill()
    assert banyan(*words).status == 3
    node = RunningNode(node.home)
    try:
        document = banyan.ok(*words)
        assert sum(document["steps"][1][name] for name in ("committed", "already")) == 800
        assert document["errors"] == document["warnings"] == 0
        for person in (0, 99, 199):
            assert banyan.ok("get", "office", f"killed/member/p-{person}", "--home", node.home)["version"] == 4
        again = banyan.ok(*words)
        assert counts(again, "committed") == [0, 0]
    finally:
        assert node.stop() == 0


def test_a_person_without_a_terminal_is_not_asked(banyan: Command, home: Path, tmp_path: Path) -> None:
    plan = events_plan(tmp_path, "unasked", "")
    answer = banyan("import", plan)
    assert answer.status == 0
    assert "add --yes" in answer.err
    assert banyan("get", "unit", "unasked").status == 4


def test_no_node_is_told_after_the_check(banyan: Command, tmp_path: Path) -> None:
    plan = write_plan(tmp_path, UNITS, units_csv="id,name,parent\na,A,\n")
    assert banyan("import", plan, "--yes", "--home", tmp_path / "nowhere").status == 3

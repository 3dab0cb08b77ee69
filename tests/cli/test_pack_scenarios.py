"""`banyan pack test`: scenarios are played by the real engine, and what comes out otherwise is told with its place."""

import shutil
from pathlib import Path

import pytest

from cli.pack_folder import SCENARIOS, compile_folder, shipped_folder
from cli.pack_scenario import Scenario
from cli.pack_scenario_file import read_scenario_file
from cli.pack_scenario_run import run_scenario
from cli.pack_trial import TrialState
from tests.cli.command import Command
from tests.contracts.dict_state import DictState

SHIPPED = shipped_folder("association")
assert SHIPPED is not None
ASSOCIATION = SHIPPED


def scenarios() -> list[Path]:
    return sorted((ASSOCIATION / SCENARIOS).glob("*.toml"))


def scenario(path: Path) -> Scenario:
    found, faults = read_scenario_file(path)
    assert found is not None, faults
    return found


# The list is the folder: a pack that is added is tried without anybody adding it here.
@pytest.mark.parametrize("folder", sorted(ASSOCIATION.parent.glob("*/pack.toml")), ids=lambda path: path.parent.name)
def test_the_scenarios_of_the_packs_that_come_along_come_out_as_they_say(banyan: Command, folder: Path) -> None:
    document = banyan.ok("pack", "test", folder.parent)
    assert len(document["scenarios"]) == len(list((folder.parent / SCENARIOS).glob("*.toml"))) > 0
    assert [one["file"] for one in document["scenarios"] if one["findings"]] == []


def test_a_story_that_comes_out_is_told_by_its_title(banyan: Command) -> None:
    assert "An expulsion needs notice" in banyan("pack", "test", ASSOCIATION).out


def test_one_story_is_played_by_its_name(banyan: Command) -> None:
    document = banyan.ok("pack", "test", ASSOCIATION, "--story", "board", "--story", "fees")
    assert [one["file"] for one in document["scenarios"]] == ["board.toml", "fees.toml"]
    unknown = banyan("pack", "test", ASSOCIATION, "--story", "boards")
    assert (unknown.status, "holds no boards.toml; it holds admission.toml, " in unknown.err) == (2, True)


def test_every_rule_of_the_shipped_pack_refuses_somewhere() -> None:
    pack = compile_folder(ASSOCIATION).pack
    assert pack is not None
    rules = {rule for definition in pack.types.values() for rule in definition.rules}
    refused = {step.refused for path in scenarios() for step in scenario(path).steps}
    assert rules - refused == set()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ASSOCIATION, tmp_path / "association"))


def played(folder: Path, name: str, old: str, new: str) -> set[str]:
    """The places where a scenario comes out otherwise after `old` in it was replaced."""
    path = folder / SCENARIOS / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    pack = compile_folder(folder).pack
    assert pack is not None
    return {finding.path for finding in run_scenario(pack, scenario(path))}


@pytest.mark.parametrize(
    ("name", "old", "new", "place"),
    [
        ("admission.toml", 'refused = "records.not-allowed"', "", "when[1]"),
        ("admission.toml", 'refused = "records.not-allowed"', 'refused = "more-than-half"', "when[1]"),
        ("admission.toml", 'transition = "apply"', 'transition = "apply"\nrefused = "x"', "when[0]"),
        ("admission.toml", "admitted = 1", "admitted = 2", "then.counters.admitted"),
        ("admission.toml", "cases = 0", "cases = 1", "then.cases"),
        ("admission.toml", '"he", "chen"]', '"he"]', "then.roles.member"),
        ("admission.toml", 'state = "admitted"', 'state = "applied"', "then.record[0].state"),
        (
            "admission.toml",
            'values = {household = "3-2"}',
            'values = {household = "3"}',
            "then.record[0].values.household",
        ),
        ("admission.toml", 'id = "association-member/north/chen"', 'id = "association-member/x"', "then.record[0]"),
        ("fees.toml", "date = 2026-05-10", "date = 2026-03-15", "then.record[2].state"),
    ],
)
def test_what_comes_out_otherwise_is_told(copied: Path, name: str, old: str, new: str, place: str) -> None:
    assert place in played(copied, name, old, new)


def told(banyan: Command, folder: Path, name: str, old: str, new: str, *options: str) -> str:
    """What people read about a scenario after `old` in it was replaced."""
    path = folder / SCENARIOS / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    answer = banyan("pack", "test", folder, *options)
    assert answer.status == 1
    return " ".join(answer.out.split())


def test_a_refusal_is_told_with_its_step_and_in_the_words_of_the_pack(banyan: Command, copied: Path) -> None:
    without = told(banyan, copied, "fees.toml", 'refused = "paid-in-full"', "")
    assert "when[5] (sun: pay member-fee/north/li/2026): it was refused by paid-in-full: " in without
    assert "60.00" in without and "records.guard" not in without
    chinese = banyan("pack", "test", copied, "--lang", "zh_CN").out
    assert "被 paid-in-full 拒绝" in chinese and "缴" in chinese


def test_a_refusal_of_the_ledger_is_told_in_a_sentence(banyan: Command, copied: Path) -> None:
    shown = told(banyan, copied, "admission.toml", 'refused = "records.not-allowed"', 'refused = "records.gone"')
    assert "records.gone was to refuse it; it was refused by records.not-allowed: admit of a" in shown


def test_values_are_told_as_authors_write_them(banyan: Command, copied: Path) -> None:
    shown = told(banyan, copied, "fees.toml", 'values = {paid = "120.00"}', 'values = {paid = "1.00", voucher = "1"}')
    assert "values.paid: 1.00 was expected, and 120.00 came out" in shown
    missing = told(banyan, copied, "fees.toml", 'state = "waived"', 'state = "waived"\nvalues = {paid = "1.00"}')
    assert "values.paid: 1.00 was expected, and nothing came out" in missing


def test_a_record_that_is_not_there_is_told_with_those_that_are(banyan: Command, copied: Path) -> None:
    shown = told(banyan, copied, "fees.toml", 'id = "member-fee/north/li/2026"', 'id = "member-fee/north/li"')
    assert "there is no record member-fee/north/li; of its kind there is: member-fee/north/he/2026, " in shown
    none = told(banyan, copied, "admission.toml", 'id = "association-member/north/chen"', 'id = "member-fee/north/1"')
    assert "there is no record member-fee/north/1; of its kind there is: nothing" in none


_CHECKED = """title = "What a check finds is taken by itself, once its month is over"
date = 2026-03-02
unit = "north"

[given]
roles = {member = ["wang"]}

[[when]]
by = "wang"
create = "errand"
fields = {day = "2026-03-02"}

[then]
date = 2026-04-02

[[then.record]]
id = "errand/north/000001"
state = "old"
values = {day = "2026-03-02"}
"""
_ERRANDS = """[type.errand]
title = {en = "Errand", zh = "差事"}
id = "number"

[type.errand.field.day]
type = "date"
class = "ledger"
title = {en = "Day", zh = "日期"}

[type.errand.state]
new = {title = {en = "New", zh = "新"}}
old = {title = {en = "Old", zh = "旧"}, final = true}

[type.errand.transition.begin]
from = ""
to = "new"
title = {en = "Begin", zh = "开始"}
by = "role:member"
sets = ["day"]

[type.errand.transition.age]
from = "new"
to = "old"
title = {en = "Age", zh = "变旧"}
automatic = true
guards = ["is-of-before"]

[type.errand.rule.is-of-before]
expression = "day is not None and day < today"
text = {en = "it is of today", zh = "是今天的"}

[type.errand.check.ages]
title = {en = "Ages", zh = "变旧"}
every = "monthly"
then = "age"
"""


@pytest.mark.parametrize(("end", "places"), [("2026-04-02", []), ("2026-03-31", ["then.record[0].state"])])
def test_checks_are_made_as_time_passes(banyan: Command, copied: Path, end: str, places: list[str]) -> None:
    (copied / "errands.toml").write_text(_ERRANDS, "utf-8")
    (copied / SCENARIOS / "checked.toml").write_text(_CHECKED.replace("2026-04-02", end), "utf-8")
    document = banyan("--json", "pack", "test", copied).document
    (found,) = [one["findings"] for one in document["scenarios"] if one["file"] == "checked.toml"]
    assert [one["path"] for one in found] == places


_TWO_UNITS = """title = "A chair of another unit admits nobody here"
date = 2026-03-02
unit = "north"

[given]
parent = "town"
roles = {board = ["he"]}

[given.units.town]
roles = {chair = ["sun"]}

[given.units.south]
parent = "town"

[[when]]
by = "liu"
create = "association-member"
unit = "south"
fields = {person = "liu", household = "1"}

[[when]]
by = "sun"
act = "association-member/south/liu"
transition = "admit"
refused = "records.not-allowed"

[then.units.town.roles]
chair = ["sun"]
"""


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("", "", None),
        ('chair = ["sun"]\n', 'chair = ["he"]\n', "then.units.town.roles.chair"),
        ('parent = "town"\n\n[[', 'parent = "village"\n\n[[', "given.units.south.parent"),
        ('parent = "town"\nroles', 'parent = "village"\nroles', "given.parent"),
    ],
)
def test_a_story_can_have_several_units(banyan: Command, copied: Path, old: str, new: str, place: str | None) -> None:
    assert old in _TWO_UNITS
    (copied / SCENARIOS / "units.toml").write_text(_TWO_UNITS.replace(old, new) if old else _TWO_UNITS, "utf-8")
    document = banyan("--json", "pack", "test", copied).document
    (found,) = [one["findings"] for one in document["scenarios"] if one["file"] == "units.toml"]
    assert {one["path"] for one in found} == ({place} if place else set())


def test_a_pack_that_forgets_a_rule_is_found_out_by_its_scenarios(banyan: Command, copied: Path) -> None:
    file = copied / "fees.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace('expression = "paid == amount"', 'expression = "paid <= amount"'), "utf-8")
    answer = banyan("--json", "pack", "test", copied)
    assert answer.status == 1
    wrong = {one["file"]: one["findings"] for one in answer.document["scenarios"] if one["findings"]}
    assert set(wrong) == {"fees.toml"} and wrong["fees.toml"][0]["path"] == "when[5]"
    assert "paid-in-full was to refuse it" in banyan("pack", "test", copied).out


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('title = "Two', 'tittle = "Two', "title"),
        ("date = 2026-03-01", 'date = "soon"', "date"),
        ('create = "association-member"', "", "when[0]"),
        ('act = "association-member/north/chen"\ntransition = "admit"', 'act = "x/y"', "when[1].transition"),
        ('by = "he"\napprove', 'on = 2026-02-01\nby = "he"\napprove', "when[4].on"),
        ("counters = {admitted = 1}", 'counters = {admitted = "1"}', "then.counters.admitted"),
        ('chair = ["wang"]', 'chair = "wang"', "given.roles.chair"),
    ],
)
def test_a_scenario_that_is_no_scenario_is_told(banyan: Command, copied: Path, old: str, new: str, place: str) -> None:
    path = copied / SCENARIOS / "admission.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    answer = banyan("--json", "pack", "test", copied)
    assert answer.status == 1
    (wrong,) = [one for one in answer.document["scenarios"] if one["findings"]]
    assert place in {one["path"] for one in wrong["findings"]}


def test_a_pack_without_scenarios_or_with_faults_is_told(banyan: Command, copied: Path) -> None:
    shutil.rmtree(copied / SCENARIOS)
    answer = banyan("pack", "test", copied)
    assert answer.status == 2 and "no scenarios" in answer.err
    (copied / "fees.toml").write_text("[type.member-fee]\n", "utf-8")
    assert banyan("pack", "test", copied).status == 1


def test_the_ledger_in_memory_finds_keys_in_order() -> None:
    records = {f"a\0{number}".encode(): b"x" for number in range(5)} | {b"b\0x": b"x"}
    state, simple = TrialState(records), DictState(records)
    state.change(b"a\0\x39", b"y")
    simple[b"a\0\x39"] = b"y"
    state.change(b"a\0\x30", None)
    del simple[b"a\0\x30"]
    for prefix in (b"a\0", b"a\x003", b"b\0", b"c\0"):
        for after in (b"", b"a\x002", b"a\0\x39", b"b\0x"):
            assert state.next_key(prefix, after) == simple.next_key(prefix, after)

"""The pack `open-source`: its stories come out as written, and no rule of it can go without a story that notices."""

import copy
from pathlib import Path
from typing import Any

import pytest

from cli.pack_folder import SCENARIOS, read_tables, shipped_folder
from cli.pack_scenario import Scenario
from cli.pack_scenario_file import read_scenario_file
from cli.pack_scenario_run import run_scenario
from contracts.packs.gathering import Table
from contracts.packs.pack import Pack
from contracts.packs.source import compile_pack

FOUND = shipped_folder("open-source")
assert FOUND is not None
FOLDER = FOUND
# What meetings and automatic transitions ask for needs plans and checks, which stories do not have; history is open for
# as long as they last.
ELSEWHERE = {
    ("meeting", "on-that-day"),
    ("meeting", "has-happened"),
    ("ladder-place", "is-member-no-more"),
    ("contributor", "history-is-open"),
}


def stories() -> list[Path]:
    return sorted((FOLDER / SCENARIOS).glob("*.toml"))


def story(path: Path) -> Scenario:
    found, faults = read_scenario_file(path)
    assert found is not None, faults
    return found


def compiled(files: dict[str, Table]) -> Pack:
    found = compile_pack(files)
    assert found.pack is not None, [f"{fault.path}: {fault}" for fault in found.faults]
    return found.pack


def written() -> dict[str, Any]:
    """The pack's files; a copy that may be changed."""
    return copy.deepcopy(read_tables(FOLDER))


def types_of(files: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {kind: one for file in files.values() for kind, one in file.get("type", {}).items()}


RULES = sorted((kind, rule) for kind, one in types_of(written()).items() for rule in one.get("rule", {}))
REVIEWED = sorted(
    (kind, name)
    for kind, one in types_of(written()).items()
    for name, transition in one["transition"].items()
    if "review" in transition
)


@pytest.mark.parametrize("path", stories(), ids=lambda path: path.stem)
def test_a_story_comes_out_as_it_is_written(path: Path) -> None:
    assert [(one.path, str(one)) for one in run_scenario(compiled(written()), story(path))] == []


def test_no_decision_on_a_person_is_one_person_s_own() -> None:
    pack = compiled(written())
    deciding = {
        (kind, name): one
        for kind, definition in pack.types.items()
        for name, one in definition.transitions.items()
        if one.decides
    }
    assert {name for _kind, name in deciding} == {
        *("refuse", "remove", "dismiss", "remove-reviewer", "remove-approver"),
    }
    assert all(one.review is not None and one.review.distinct for one in deciding.values())


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "rule"), [one for one in RULES if one not in ELSEWHERE])
def test_a_rule_that_always_holds_is_noticed(kind: str, rule: str) -> None:
    files = written()
    types_of(files)[kind]["rule"][rule]["expression"] = 'unit != ""'
    assert any(run_scenario(compiled(files), story(path)) for path in stories())


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), REVIEWED)
def test_a_review_that_is_missing_is_noticed(kind: str, name: str) -> None:
    files = written()
    del types_of(files)[kind]["transition"][name]["review"]
    assert any(run_scenario(compiled(files), story(path)) for path in stories())


@pytest.mark.slow
def test_an_early_promotion_is_noticed() -> None:
    files = written()
    del types_of(files)["ladder-place"]["transition"]["make-approver"]["minimum_stay_days"]
    assert any(run_scenario(compiled(files), story(path)) for path in stories())


def test_after_the_last_day_nothing_of_the_past_is_recorded() -> None:
    files = written()
    files["pack.toml"]["parameter"]["history-until"]["values"][0]["value"] = "2026-03-01"
    found = run_scenario(compiled(files), story(FOLDER / SCENARIOS / "history.toml"))
    refused = [one for one in found if "history-is-open" in str(one) and one.path.startswith("when")]
    recorded = compiled(files).types["contributor"].transitions
    # What builds on these is not there.
    assert len(refused) >= 4
    assert all("history-is-open" in one.guards for name, one in recorded.items() if name.startswith("record-"))

"""The pack `co-operative`: no rule, review or time to answer of it can go without a story that notices."""

import copy
from pathlib import Path
from typing import Any

import pytest

from cli.pack_folder import SCENARIOS, read_tables, shipped_folder
from cli.pack_scenario import Scenario
from cli.pack_scenario_file import read_scenario_file
from cli.pack_scenario_run import run_scenario
from contracts.packs.pack import Pack
from contracts.packs.source import compile_pack

FOUND = shipped_folder("co-operative")
assert FOUND is not None
FOLDER: Path = FOUND


def written() -> dict[str, Any]:
    """The pack's files; a copy that may be changed."""
    return copy.deepcopy(read_tables(FOLDER))


def types_of(files: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {kind: one for file in files.values() for kind, one in file.get("type", {}).items()}


def rules_of(files: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Every rule by its type and name; what types share is of the type ``."""
    shared = {("", name): rule for file in files.values() for name, rule in file.get("rule", {}).items()}
    types = types_of(files)
    return shared | {(kind, name): rule for kind in types for name, rule in types[kind].get("rule", {}).items()}


def transitions_with(files: dict[str, Any], key: str) -> list[tuple[str, str]]:
    return sorted(
        (kind, name)
        for kind, one in types_of(files).items()
        for name, transition in one["transition"].items()
        if key in transition
    )


def compiled(files: dict[str, Any]) -> Pack:
    found = compile_pack(files)
    assert found.pack is not None, [f"{fault.path}: {fault}" for fault in found.faults]
    return found.pack


def stories() -> list[Scenario]:
    found = []
    for path in sorted((FOLDER / SCENARIOS).glob("*.toml")):
        scenario, faults = read_scenario_file(path)
        assert scenario is not None, faults
        found.append(scenario)
    return found


def noticed(files: dict[str, Any]) -> bool:
    pack = compiled(files)
    return any(run_scenario(pack, story) for story in stories())


def test_no_decision_on_a_person_is_one_person_s_own() -> None:
    deciding = [one for kind in compiled(written()).types.values() for one in kind.transitions.values() if one.decides]
    assert {one.name for one in deciding} == {"accuse", "expel", "recall", "refuse", "uphold"}
    assert all(one.review is not None or one.vote is not None for one in deciding)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "rule"), sorted(rules_of(written())))
def test_a_rule_that_always_holds_is_noticed(kind: str, rule: str) -> None:
    files = written()
    rules_of(files)[kind, rule]["expression"] = "due >= 0" if "present" in rule or "yes" in rule else 'unit != ""'
    assert noticed(files)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["review", "minimum_stay_days"])
def test_what_protects_people_is_noticed_where_it_is_missing(key: str) -> None:
    places = transitions_with(written(), key)
    assert places
    for kind, name in places:
        files = written()
        del types_of(files)[kind]["transition"][name][key]
        assert noticed(files), (kind, name)

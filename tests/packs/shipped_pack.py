"""A pack that comes with the program, as its files say it: copies to change on purpose, and the stories that notice."""

import copy
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from cli.pack_folder import SCENARIOS, compile_folder, read_tables, shipped_folder
from cli.pack_scenario import Scenario
from cli.pack_scenario_file import read_scenario_file
from cli.pack_scenario_run import run_scenario
from contracts.packs.pack import Pack
from contracts.packs.source import Compiled, compile_pack

# A condition that holds for every record; where votes are counted, one that does so of them.
ALWAYS = 'unit != ""'


@cache
def shipped(name: str) -> Compiled:
    """The pack as it comes along, compiled once."""
    folder = shipped_folder(name)
    assert folder is not None
    return compile_folder(folder)


class ShippedPack:
    """The pack's files and stories, read once."""

    def __init__(self, name: str) -> None:
        folder = shipped_folder(name)
        assert folder is not None
        self.name = name
        self._tables = read_tables(folder)
        self._by_name = {path.stem: _story(path) for path in sorted((folder / SCENARIOS).glob("*.toml"))}
        self.stories = list(self._by_name.values())

    def written(self) -> dict[str, Any]:
        """The pack's files; a copy that may be changed."""
        return copy.deepcopy(self._tables)

    def noticed(self, files: dict[str, Any], names: Collection[str] = ()) -> bool:
        """Whether some story, of these names if any are given, comes out otherwise under these files."""
        pack = compiled(files)
        stories = [self._by_name[name] for name in names] if names else self.stories
        return any(run_scenario(pack, story) for story in stories)


def _story(path: Path) -> Scenario:
    scenario, faults = read_scenario_file(path)
    assert scenario is not None, faults
    return scenario


def types_of(files: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The record types by their kinds."""
    return {kind: one for file in files.values() for kind, one in file.get("type", {}).items()}


def rules_of(files: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Every rule by its type and name; what types share is of the type ``."""
    shared = {("", name): rule for file in files.values() for name, rule in file.get("rule", {}).items()}
    types = types_of(files)
    return shared | {(kind, name): rule for kind in types for name, rule in types[kind].get("rule", {}).items()}


def transitions_with(files: dict[str, Any], key: str) -> list[tuple[str, str]]:
    """The transitions that have this key, by type and name."""
    return sorted(
        (kind, name)
        for kind, one in types_of(files).items()
        for name, transition in one["transition"].items()
        if key in transition
    )


def compiled(files: dict[str, Any]) -> Pack:
    """The pack that the files are, which has to be right."""
    found = compile_pack(files)
    assert found.pack is not None, [f"{fault.path}: {fault}" for fault in found.faults]
    return found.pack

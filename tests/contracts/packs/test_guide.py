"""The pack that the guide writes step by step is right, in both languages, and so is what is put on top of it."""

import re
from pathlib import Path

import pytest

from cli.pack_scenario import read_scenario
from cli.pack_scenario_run import run_scenario
from contracts.packs.fault import Faults
from contracts.packs.gathering import Table
from contracts.packs.source import compile_pack
from tests.contracts.packs.written import complaints, parsed

GUIDES = Path(__file__).parents[3] / "docs" / "guide"


def tables(guide: str) -> list[Table]:
    """The TOML of a guide, block by block; dates as texts."""
    text = (GUIDES / guide).read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    return [parsed(re.sub(r"\b(from|date|on) = (\d{4}-\d\d-\d\d)", r'\1 = "\2"', block)) for block in blocks]


@pytest.mark.parametrize("guide", ["pack-authors.md", "pack-authors.zh_CN.md"])
def test_the_running_example_is_a_pack(guide: str) -> None:
    pack, record, moves, story, _migration, local, measured = tables(guide)
    kind = record["type"]["club-member"] | moves["type"]["club-member"]
    club = compile_pack({"pack.toml": pack, "members.toml": {"type": {"club-member": kind}}})
    assert complaints(club) == [] and club.pack is not None
    faults = Faults(strict=False)
    scenario = read_scenario(story, faults)
    assert faults.found == [] and run_scenario(club.pack, scenario) == ()
    whole = compile_pack({"pack.toml": pack, "members.toml": {"type": {"club-member": kind}}, "index.toml": measured})
    assert complaints(whole) == []
    above = compile_pack({"pack.toml": local}, club)
    assert complaints(above) == [] and above.pack is not None
    assert above.pack.types["club-member"].transitions["admit"].guards == ("fee-is-paid", "in-summer")

"""What is in force, as read from outside of a block: of a base and local conventions on top of it, the latter."""

import tomllib

from contracts.indices.section import IndexSection
from contracts.packs.in_force import newest_definition, newest_definitions, newest_sections
from contracts.packs.source import compile_pack
from tests.contracts.indices.oversight import CIRCLE, Facts, circle, publish
from tests.contracts.state_records import StateRecords

LOCAL = """
[pack]
name = "local-circle"
version = 1
base = "circle"
title = {en = "Our circle", zh = "本地读书会"}
summary = {en = "More of it.", zh = "更多规定。"}
"""


def test_local_conventions_stand_in_the_place_of_their_base() -> None:
    below = compile_pack({"pack.toml": tomllib.loads(CIRCLE)})
    above = compile_pack({"pack.toml": tomllib.loads(LOCAL)}, below)
    assert below.pack is not None
    assert above.pack is not None, [str(fault) for fault in above.faults]
    facts = Facts()
    publish(facts, circle())
    (alone,) = newest_sections(StateRecords(facts, 0), "indices")
    assert alone.pack == "circle"
    publish(facts, above.pack)
    source = StateRecords(facts, 0)
    (found,) = newest_sections(source, "indices")
    assert (found.pack, found.hash) == ("local-circle", above.pack.hash)
    assert isinstance(found.section, IndexSection)
    assert sorted(found.section.indices) == ["lively"]
    assert sorted(newest_definitions(source)) == ["evening", "talk"]
    assert newest_definition(source, "nothing") is None
    assert newest_sections(source, "dues") == []

"""The section `indices`: one canonical form, and every mistake of an author told with its place."""

import tomllib

import pytest

from contracts.indices.section import INDICES
from contracts.packs.pack import Pack
from contracts.packs.sections.known import decode_section, encode_section
from contracts.packs.source import compile_pack
from tests.contracts.indices.oversight import CIRCLE, circle, section_of


@pytest.fixture(scope="module")
def pack() -> Pack:
    return circle()


def test_what_is_on_the_ledger_reads_back_as_it_was(pack: Pack) -> None:
    section = section_of(pack)
    assert decode_section(encode_section(section)) == section
    assert Pack.decode(pack.manifest.encode(), pack.parts()) == pack
    assert sorted(section.parameters) == ["utc-offset-minutes", "weight-talks"]
    assert section.offset_minutes(20_000) == 480
    assert sorted(section.indices["lively"].inputs) == ["evenings", "guests", "members", "months", "talks"]
    assert section.warnings["ending"].owner == "administrator"


EVENINGS = 'states = ["held"]\non = "held_on"\nwhere'
TALKS = 'kind = "talk"\n[index.lively.input.members]'


@pytest.mark.parametrize(
    ("old", "new", "path", "told"),
    [
        (TALKS, TALKS.replace("talk", "tlk"), "input.talks.kind", "talk"),
        (EVENINGS, EVENINGS.replace('["held"]', '["hold"]'), "input.evenings.states[0]", "held"),
        ('sum = "guests"', 'sum = "room"', "input.guests.sum", "integer, money"),
        ('sum = "guests"', 'sum = "notes"', "input.guests.sum", "not on the ledger"),
        ('sum = "guests"', 'sum = "guests"\ndistinct = "room"', "input.guests.distinct", "not both"),
        ('on = "held_on"\nsum', 'on = "held_on"\never = true\nsum', "input.guests.ever", "not both"),
        ("default(room,", "default(rom,", "input.evenings.where", "rom"),
        ('score = "talks * 100 // members"', 'score = "talks > members"', "term.talks.score", "integer"),
        ('score = "talks * 100 // members"', 'score = "tlks"', "term.talks.score", "tlks"),
        ('weight = "weight-talks"', 'weight = "weight-tlks"', "term.talks.weight", "weight-talks"),
        ("weight = 2", "weight = 0", "term.evenings.weight", "1 to 1000"),
        ('population = "member"', "", "input.talks", "population"),
        ('"holders"\nrole = "member"', '"holders"\nrole = "membr"', "input.members.role", "member"),
        ('count = "periods"\nevery = "monthly"', 'count = "periods"\nevery = "often"', "input.months.every", "monthly"),
        ('watch = "period-missed"', 'watch = "period-held"', "warning.dull.watch", "period-missed"),
        ('roles = ["member"]', 'roles = ["membr"]', "warning.ending.roles[0]", "member"),
        ('owner = "role:member"', 'owner = "role:lead"', "warning.dull.owner", "member"),
        ('role = "member"\nkind = "talk"', 'role = "member"\nkind = "evening"', "requirement.talked.kind", "whom"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, path: str, told: str) -> None:
    assert CIRCLE.count(old) == 1, old
    found = compile_pack({"pack.toml": tomllib.loads(CIRCLE.replace(old, new))})
    assert found.pack is None
    faults = [(fault.path, str(fault)) for fault in found.faults]
    assert any(path in where and told in fault for where, fault in faults), faults


def test_local_conventions_add_and_change_nothing(pack: Pack) -> None:
    base = section_of(pack)
    duller = '[warning.duller]\ntitle = {en = "a", zh = "b"}\nwatch = "period-missed"\ndays = 3\n'
    more = section_of(circle(CIRCLE.replace("[warning.dull]", f"{duller}[warning.dull]")))
    assert not INDICES.is_weakened(base, more)
    assert INDICES.is_weakened(more, base)
    lighter = section_of(circle(CIRCLE.replace("weight = 2", "weight = 1")))
    assert INDICES.is_weakened(base, lighter)

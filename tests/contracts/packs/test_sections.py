"""Sections: declared beside the record types, published as parts, in force from a height, kept by local conventions."""

import tomllib
from dataclasses import replace

import pytest

from contracts.packs.active import KIND_SECTION, find_section
from contracts.packs.fault import PackFault
from contracts.packs.manifest import Manifest
from contracts.packs.pack import Pack
from contracts.packs.sections.dues import Band, DuesTable, Rates
from contracts.packs.sections.dues_parameters import DUES_PARAMETERS
from contracts.packs.sections.known import SECTION_KINDS, decode_part, decode_section, encode_section
from contracts.packs.sections.lowering_dues import parsed_rate
from contracts.packs.source import compile_pack
from contracts.result import CODE_OK
from ledger.encoding import encode
from tests.contracts.packs.test_publishing import PackLedger
from tests.contracts.packs.written import LOCAL, PACK, TYPES, complaints, parsed

DUES = """
[dues.category.wage]
title = {en = "Wage after tax", zh = "税后工资"}
article = "§ 2"

[[dues.category.wage.rates]]
from = "2008-04-01"
bands = [
    {up_to = "3000.00", rate = "0.5%"},
    {up_to = "5000.00", rate = "1%"},
    {up_to = "10000.00", rate = "1.5%"},
    {rate = "2%"},
]

[dues.category.irregular]
title = {en = "Irregular income", zh = "不固定收入"}
average_months = 3

[[dues.category.irregular.rates]]
from = "2008-04-01"
bands = [{rate = "1%"}]

[dues.category.farmer]
title = {en = "Farmer", zh = "农民"}

[[dues.category.farmer.rates]]
from = "2008-04-01"
range = ["0.20", "1.00"]

[dues.category.student]
title = {en = "Student", zh = "学生"}

[[dues.category.student.rates]]
from = "2008-04-01"
amount = "0.20"

[[dues.category.student.rates]]
from = "2030-01-01"
amount = "0.30"
"""
PERCENT = """
[parameter.dues-remitted-percent]
type = "integer"
title = {en = "Percent remitted", zh = "上缴比例"}
least = 50
most = 100
values = [{from = "2008-04-01", value = 60}]
"""


def pack_with(text: str = DUES + PERCENT, version: int = 1) -> Pack:
    found = compile_pack(
        {"p.toml": parsed(PACK.replace("version = 1", f"version = {version}") + text), "t.toml": parsed(TYPES)}
    )
    assert found.pack is not None, complaints(found)
    return found.pack


def table_of(pack: Pack) -> DuesTable:
    table = pack.sections["dues"]
    assert isinstance(table, DuesTable)
    return table


def complaints_of(text: str) -> list[str]:
    return complaints(compile_pack({"p.toml": parsed(PACK + text), "t.toml": parsed(TYPES)}))


def test_a_section_is_a_part_of_its_own() -> None:
    pack = pack_with()
    assert Pack.decode(pack.manifest.encode(), pack.parts()) == pack
    assert Manifest.decode(pack.manifest.encode()).sections == pack.manifest.sections != {}
    name, section = decode_part(pack.parts()["section.dues"])
    assert name == "section.dues" and section == pack.sections["dues"]
    assert decode_part(pack.parts()["club-member"])[0] == "club-member"
    assert "section" not in pack_with("").manifest.to_value()


def test_the_table_of_dues_is_read_as_it_is_written() -> None:
    table = table_of(pack_with())
    wage = table.categories["wage"].rates_on(20_000)
    assert wage is not None
    assert wage.bands == (Band(300_000, 5_000), Band(500_000, 10_000), Band(1_000_000, 15_000), Band(None, 20_000))
    farmer, student = table.categories["farmer"].rates[0], table.categories["student"]
    assert (farmer.least, farmer.most, farmer.is_fixed) == (20, 100, False)
    assert student.rates_on(21_914) == Rates(student.rates[0].from_day, (), 20, 20)
    assert student.rates_on(21_915) == Rates(21_915, (), 30, 30) and student.rates_on(0) is None
    assert table.categories["irregular"].average_months == 3
    assert table.parameters["dues-remitted-percent"].value_on(20_000) == 60


@pytest.mark.parametrize(
    ("text", "rate"), [("0.5%", 5_000), ("2%", 20_000), ("0.0001%", 1), ("100%", 1_000_000), ("1.00000%", None)]
)
def test_rates_are_exact(text: str, rate: int | None) -> None:
    assert parsed_rate(text) == rate


# What is replaced in the table, by what, and where the complaint points to.
WRONG = [
    ('amount = "0.30"', "amount = 0.3", "dues.category.student.rates[1]"),
    ('amount = "0.30"', 'amount = "0.30"\nrange = ["0.20", "1.00"]', "dues.category.student.rates[1]"),
    ('from = "2030-01-01"', 'from = "2008-04-01"', "dues.category.student.rates"),
    ('from = "2030-01-01"', 'from = "2030-13-01"', "dues.category.student.rates[1].from"),
    ('range = ["0.20", "1.00"]', 'range = ["1.00", "0.20"]', "dues.category.farmer.rates[0]"),
    ('{rate = "2%"}', '{up_to = "20000.00", rate = "2%"}', "dues.category.wage.rates[0].bands"),
    ('up_to = "5000.00"', 'up_to = "3000.00"', "dues.category.wage.rates[0].bands"),
    ('rate = "0.5%"', "rate = 0.005", "dues.category.wage.rates[0].bands[0].rate"),
    ('rate = "0.5%"', 'rate = "0.5%", upto = "1.00"', "dues.category.wage.rates[0].bands[0]"),
    ("average_months = 3", "average_months = 1", "dues.category.irregular.average_months"),
    ('bands = [{rate = "1%"}]', 'amount = "1.00"', "dues.category.irregular.average_months"),
    ('title = {en = "Farmer", zh = "农民"}', "", "dues.category.farmer.title.en"),
    ("[dues.category.wage]", "[dues]\nreplacable = true\n[dues.category.wage]", "dues.replacable"),
]


@pytest.mark.parametrize(("written", "instead", "path"), WRONG)
def test_what_is_wrong_with_a_table_is_said_where_it_stands(written: str, instead: str, path: str) -> None:
    assert written in DUES
    found = complaints_of(DUES.replace(written, instead))
    assert any(complaint.startswith(f"p.toml: {path}: ") for complaint in found), found


def test_parameters_of_the_treasury_make_sense() -> None:
    found = complaints_of(DUES + PERCENT.replace("most = 100", "most = 200").replace("value = 60", "value = 160"))
    assert any("160 is outside of what is allowed: 0 to 100" in complaint for complaint in found), found
    found = complaints_of(DUES + PERCENT.replace('"integer"', '"money"').replace("least = 50\nmost = 100\n", ""))
    assert any("is a parameter of type integer" in complaint for complaint in found), found
    assert {one.type for one in DUES_PARAMETERS.values()} <= {"text", "integer", "money", "boolean"}


def test_bytes_that_are_no_section_are_refused() -> None:
    section = pack_with().sections["dues"]
    data = encode_section(section)
    assert decode_section(data) == section
    for wrong in (
        b"\xff",
        encode({"section": "other"}),
        encode({"section": "dues", **section.to_value(), "more": 1}),
        encode({"section": "dues", "category": {}}),
        encode({"section": "dues", **section.to_value(), "replaceable": False}),
    ):
        with pytest.raises(PackFault):
            decode_part(wrong)


def test_a_manifest_and_its_sections_belong_together() -> None:
    pack = pack_with()
    other = pack_with(DUES)
    with pytest.raises(PackFault, match=r"section\.dues is not the one"):
        Pack.decode(pack.manifest.encode(), other.parts())
    mixed = Pack(replace(pack.manifest, sections=other.manifest.sections), pack.types, other.sections)
    with pytest.raises(PackFault, match="not as the manifest has them"):
        Pack.decode(mixed.manifest.encode(), mixed.parts())


def test_a_section_is_in_force_from_its_height_until_a_version_is_without() -> None:
    ledger = PackLedger()
    versions = [pack_with(DUES, 1), pack_with(DUES + PERCENT, 2), pack_with("", 3)]
    heights = []
    for number, pack in enumerate(versions):
        assert ledger.publish(pack).code == CODE_OK
        heights.append(ledger.height + 10)
        assert ledger.activate(pack, **{"from": heights[-1]}).code == CODE_OK
        assert len(ledger.fields(KIND_SECTION, "chess-club/dues")["versions"]) == number + 1  # type: ignore[arg-type]
        while ledger.height < heights[-1]:
            ledger.execute()
    for height, pack in zip(heights[:2], versions[:2], strict=True):
        found = find_section(ledger.context(height), "chess-club", "dues")
        assert found is not None and found.pack == pack.hash and found.section == pack.sections["dues"]
    assert find_section(ledger.context(heights[0] - 1), "chess-club", "dues") is None
    assert find_section(ledger.context(heights[2]), "chess-club", "dues") is None
    assert find_section(ledger.context(), "other", "dues") is None


def upper(text: str, base: str = DUES + PERCENT) -> list[str]:
    """What is wrong with local conventions that write `text`."""
    below = compile_pack({"p.toml": parsed(PACK + base), "t.toml": parsed(TYPES)})
    above = compile_pack({"l.toml": tomllib.loads(LOCAL + text)}, below)
    if above.pack is not None:
        assert "dues" in above.pack.manifest.sections
    return complaints(above)


def test_local_conventions_take_the_section_of_the_base_as_it_is() -> None:
    assert upper("") == []
    assert upper(DUES) == []
    assert any("stays as it is" in one for one in upper(DUES.replace("0.5%", "0.4%")))
    # A number within the base's bounds is theirs to choose.
    assert upper("[parameter.dues-remitted-percent]\nvalues = [{from = '2026-01-01', value = 70}]\n") == []


def test_a_base_may_leave_the_section_to_local_conventions() -> None:
    replaceable = "[dues]\nreplaceable = true\n" + DUES
    assert upper(DUES.replace("0.5%", "0.4%"), replaceable + PERCENT) == []
    assert not SECTION_KINDS["dues"].is_weakened(table_of(pack_with(replaceable)), table_of(pack_with(DUES)))

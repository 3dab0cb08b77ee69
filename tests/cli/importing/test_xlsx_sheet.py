"""Workbooks: what people see in a cell is what is taken, and damaged or hostile files end in a sentence."""

import io
import random
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from cli.importing import xlsx_sheet
from tests.cli.importing.tables import UNITS, check, told, workbook

PLAN = UNITS.replace("units.csv", "units.xlsx")
MEETINGS = """
name = "meetings"
[[source]]
file = "units.xlsx"
[[step]]
name = "meetings"
operation = "units.appoint"
key = ["person"]
[step.arguments]
unit = "u"
person = {column = "person"}
role = {column = "role"}
since = {column = "at", as = "time", zone = "Asia/Shanghai"}
body.dues = {column = "dues", as = "money"}
body.day = {column = "at", as = "date", optional = true}
"""


def rewritten(path: Path, edit: dict[str, bytes]) -> None:
    """Put other content into members of the archive."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()} | edit
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_cells_are_what_a_person_sees(tmp_path: Path) -> None:
    workbook(
        tmp_path / "units.xlsx",
        [
            ["person", "role", "at", "dues"],
            ["007", "member", datetime(2024, 3, 5), 12.5],
            [8.0, "member", date(2024, 3, 6), 0.1 + 0.2],
            [None, None, None, None],
            ["p-9", "member", "2024年3月7日", "1,234.50"],
        ],
    )
    checked = check(tmp_path, MEETINGS)
    assert [(row.number, row.values["person"], row.values["body"]) for row in checked.steps[0]] == [
        (2, "007", {"dues": 1250, "day": "2024-03-05"}),
        (3, "8", {"dues": 30, "day": "2024-03-06"}),
        (5, "p-9", {"dues": 123450, "day": "2024-03-07"}),
    ]
    assert [row.values["since"] for row in checked.steps[0]] == [
        1_709_568_000_000 + day * 86_400_000 for day in (0, 1, 2)
    ]
    assert told(checked) == []


def test_a_number_as_the_name_of_a_unit_is_warned_of_once(tmp_path: Path) -> None:
    workbook(tmp_path / "units.xlsx", [["id", "name", "parent"], [7, "A", None], [8, "B", None]])
    checked = check(tmp_path, PLAN)
    ((severity, row, column, text),) = told(checked)
    assert (severity, row, column) == ("warning", 2, "id")
    assert "zeros before it are lost" in text
    assert checked.findings.listed()[0].row_count == 2
    assert [one.values["unit"] for one in checked.steps[0]] == ["7", "8"]


def test_numbers_that_the_spreadsheet_has_changed_are_refused(tmp_path: Path) -> None:
    workbook(
        tmp_path / "units.xlsx", [["id", "name", "parent"], ["a", 110101199003072316, None], ["1.1E+17", "B", None]]
    )
    assert [(row, column) for _severity, row, column, _text in told(check(tmp_path, PLAN))] == [(2, "name"), (3, "id")]


def test_errors_and_formulas_without_a_result_are_refused(tmp_path: Path) -> None:
    workbook(
        tmp_path / "units.xlsx", [["id", "name", "parent"], ["a", "#REF!", None], ["b", "=A2", None], ["c", "C", None]]
    )
    checked = check(tmp_path, PLAN)
    assert [(row, column) for _severity, row, column, _text in told(checked)] == [(2, "name"), (3, "name")]
    assert "shows the error #REF!" in told(checked)[0][3]
    assert "never calculated" in told(checked)[1][3]
    assert [row.key for row in checked.steps[0]] == [("c",)]


def test_a_formula_s_last_result_is_taken(tmp_path: Path) -> None:
    path = workbook(tmp_path / "units.xlsx", [["id", "name", "parent"], ["a", "=UPPER(A2)", None]])
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    calculated = sheet.replace(
        b'<c r="B2"><f>UPPER(A2)</f><v /></c>', b'<c r="B2" t="str"><f>UPPER(A2)</f><v>A</v></c>'
    )
    assert calculated != sheet
    rewritten(path, {"xl/worksheets/sheet1.xml": calculated})
    checked = check(tmp_path, PLAN)
    assert told(checked) == []
    assert checked.steps[0][0].values["name"] == "A"


def test_merged_cells_are_refused_below_the_names(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "units.xlsx", [["Roster", None, None], ["id", "name", "parent"], ["a", "A", None], ["b", None, None]]
    )
    book = load_workbook(path)
    book.active.merge_cells("A1:C1")
    book.active.merge_cells("B3:B4")
    book.save(path)
    checked = check(tmp_path, PLAN.replace('"units.xlsx"', '"units.xlsx"\nheader = 2'))
    assert ("error", 3, "", "the cells B3:B4 are merged; undo that and fill each of them") in told(checked)
    assert len(told(checked)) == 2


def test_the_sheet_has_to_be_named_where_there_are_several(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "说明"
    book.create_sheet("名册").append(["id", "name", "parent"])
    book["名册"].append(["a", "A", None])
    book.save(tmp_path / "units.xlsx")
    assert "say which one with `sheet`: 说明, 名册" in told(check(tmp_path, PLAN))[0][3]
    named = PLAN.replace('"units.xlsx"', '"units.xlsx"\nsheet = "名册"')
    assert [row.provenance()["file"] for row in check(tmp_path, named).steps[0]] == ["units.xlsx#名册"]
    assert "no sheet '名单'" in told(check(tmp_path, named.replace("名册", "名单")))[0][3]


def test_the_size_that_a_sheet_states_is_not_believed(tmp_path: Path) -> None:
    path = workbook(tmp_path / "units.xlsx", [["id", "name", "parent"], ["a", "A", None]])
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    rewritten(path, {"xl/worksheets/sheet1.xml": sheet.replace(b"A1:C2", b"A1:XFD1048576")})
    assert len(check(tmp_path, PLAN).steps[0]) == 1


def test_rows_far_below_are_too_many(tmp_path: Path) -> None:
    path = workbook(tmp_path / "units.xlsx", [["id", "name", "parent"], ["a", "A", None]])
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    far = sheet.replace(b'r="2"', b'r="1048576"').replace(b'"A2"', b'"A1048576"').replace(b'"B2"', b'"B1048576"')
    assert far != sheet
    rewritten(path, {"xl/worksheets/sheet1.xml": far.replace(b"C2", b"C1048576")})
    assert "more than 200000 rows" in told(check(tmp_path, PLAN))[0][3]


def test_a_workbook_that_unfolds_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "units.xlsx", [["id", "name", "parent"], ["a", "A" * 30_000, None]])
    monkeypatch.setattr(xlsx_sheet, "UNFOLDED_SIZE_BYTES_MAX", 20_000)
    assert path.stat().st_size < 20_000
    assert "unfolds to more than" in told(check(tmp_path, PLAN))[0][3]


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    path = workbook(tmp_path / "units.xlsx", [["id", "name", "parent"], ["a", "A", None]])
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    rewritten(path, {"xl/worksheets/sheet1.xml": bomb + sheet})
    assert "the workbook is damaged (EntitiesForbidden)" in told(check(tmp_path, PLAN))[0][3]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the file is empty"),
        (b"id,name\n", "this is no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old format or has a password"),
        (b"PK\x03\x04" + bytes(100), "this is no workbook"),
    ],
)
def test_what_is_no_workbook_is_told(tmp_path: Path, content: bytes, sentence: str) -> None:
    assert sentence in told(check(tmp_path, PLAN, units_xlsx=content))[0][3]


def test_an_archive_of_something_else_is_told(tmp_path: Path) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert "damaged" in told(check(tmp_path, PLAN, units_xlsx=written.getvalue()))[0][3]


def test_damage_anywhere_ends_in_a_sentence(tmp_path: Path) -> None:
    path = workbook(tmp_path / "units.xlsx", [["id", "name", "parent"], ["a", "A", None], ["b", "=A1", None]])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    chance = random.Random(7)
    whole = path.read_bytes()
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        assert check(tmp_path, PLAN, units_xlsx=bytes(damaged[: chance.randint(1, len(damaged))])).findings is not None
    for _ in range(60):
        name = chance.choice(sorted(parts))
        part = bytearray(parts[name])
        for _ in range(chance.randint(1, 4)):
            part[chance.randrange(len(part))] = chance.choice(b'<>/"=0aZ&\x00\xff')
        path.write_bytes(whole)
        rewritten(path, {name: bytes(part)})
        assert check(tmp_path, PLAN).findings is not None

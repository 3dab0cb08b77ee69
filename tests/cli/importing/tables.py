"""Small plans and files for the tests of importing."""

from pathlib import Path
from typing import Any

from cli.importing.checking import CheckedImport, check_import
from cli.importing.plan_reader import read_plan

SECRET = bytes(range(32))
UNITS = """
name = "test"
[[source]]
file = "units.csv"
[[step]]
name = "units"
operation = "units.create"
key = ["id"]
record = {kind = "unit", id = "{unit}", expect = "new"}
[step.arguments]
unit = {column = "id"}
kind = "group"
name = {column = "name"}
parent = {column = "parent", optional = true}
"""


def write_plan(folder: Path, plan: str = UNITS, **files: str | bytes) -> Path:
    """A plan and its files, named by their stem and ending: `units_csv`; texts are written in UTF-8."""
    for name, content in files.items():
        data = content.encode("utf-8") if isinstance(content, str) else content
        folder.joinpath(".".join(name.rsplit("_", 1))).write_bytes(data)
    path = folder / "plan.toml"
    path.write_text(plan, encoding="utf-8")
    return path


def check(folder: Path, plan: str = UNITS, **files: str | bytes) -> CheckedImport:
    """What a plan with these files comes to."""
    return check_import(read_plan(write_plan(folder, plan, **files)), SECRET, lambda _done, _total: None)


def told(checked: CheckedImport) -> list[tuple[str, int, str, str]]:
    """Every finding: severity, row, column, sentence."""
    return [(one.severity, one.place.row, one.place.column, str(one.error)) for one in checked.findings.listed()]


def workbook(path: Path, rows: list[list[Any]], title: str = "Sheet", **formats: str) -> Path:
    """A workbook with one sheet; `formats` are number formats by column letter."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for letter, number_format in formats.items():
        for cell in sheet[letter]:
            cell.number_format = number_format
    book.save(path)
    return path

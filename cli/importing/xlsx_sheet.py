"""Rows of a sheet in an XLSX workbook.

Owns the bounds on what a workbook may unfold to, and what is told of formulas, errors and merged cells. Never runs a
formula: the value that the spreadsheet program calculated last is taken. Workbooks are files from strangers: the XML in
them is parsed with defusedxml, which openpyxl uses where it is installed. Source: docs/adr/0019-import-plans.md.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from cli.errors import UsageError
from cli.importing.cells import Cell, CellError, UnusableCell
from cli.importing.findings import Findings
from cli.importing.plan import SourcePlan
from cli.importing.sheet import ROWS_MAX, Sheet, fill_sheet, new_sheet, read_file

# A sheet of 200,000 rows and ten columns has about 120 MB of XML; it compresses to a tenth, and not to a thousandth.
UNFOLDED_SIZE_BYTES_MAX = 192 * 1024 * 1024
MEMBERS_MAX = 2000
_READ_SIZE_BYTES = 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0"
# A formula's element; nothing else in a sheet begins like this.
_FORMULA = re.compile(rb"<(?:[A-Za-z0-9]+:)?f[ />]")
_MERGED = re.compile(rb'<(?:[A-Za-z0-9]+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')
# Merged ranges that are told one by one.
_MERGED_MAX = 100
_OVERLAP_BYTES = 256


def read_xlsx(source: SourcePlan, findings: Findings) -> Sheet:
    """The rows of one sheet.

    Raises:
        UsageError: no workbook, one that is damaged or too large, or no such sheet in it.
    """
    content = read_file(source.path)
    if content.startswith(_OLE):
        raise UsageError("the workbook is in the old format or has a password; save it as .xlsx, without a password")
    _check_archive(content)
    sheet = new_sheet(source, content)
    try:
        _read(content, sheet, findings)
    except UsageError:
        raise
    # openpyxl lets whatever a broken part of a workbook causes go through: key, type and value errors of many kinds.
    except Exception as error:
        raise UsageError(
            "the workbook is damaged ({reason}); open it in a spreadsheet program and save it again",
            reason=type(error.__cause__ or error).__name__,
        ) from error
    return sheet


def _check_archive(content: bytes) -> None:
    """Refuse what is no archive, or unfolds to too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if any(member.flag_bits & 1 for member in members):
                raise UsageError("the workbook has a password; save it without one")
    except (zipfile.BadZipFile, ValueError, OverflowError, RuntimeError) as error:
        raise UsageError(
            "this is no workbook, or a part of one; save it again as .xlsx in a spreadsheet program"
        ) from error
    # Reading stops at the stated size of a member, so a smaller one than there is gives an error and not more memory.
    if len(members) > MEMBERS_MAX or sum(member.file_size for member in members) > UNFOLDED_SIZE_BYTES_MAX:
        raise UsageError(
            "the workbook unfolds to more than {limit} bytes; copy the rows into a new one",
            limit=UNFOLDED_SIZE_BYTES_MAX,
        )


def _read(content: bytes, sheet: Sheet, findings: Findings) -> None:
    from openpyxl import load_workbook

    wanted = sheet.source.sheet
    # Twice at most: the calculated values, and where formulas stand.
    values = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    names = [one.title for one in values.worksheets]
    if wanted is None and len(names) > 1:
        raise UsageError(
            "the workbook has several sheets; say which one with `sheet`: {names}", names=", ".join(names[:20])
        )
    if not names or (wanted is not None and wanted not in names):
        raise UsageError("the workbook has no sheet {name}; it has {names}", name=repr(wanted), names=", ".join(names))
    sheet.name = wanted or names[0]
    has_formulas, merged = _scan(content, getattr(values[sheet.name], "_worksheet_path", ""))
    rows = _numbered(values[sheet.name])
    if has_formulas:
        formulas = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
        rows = _without_results(rows, formulas[sheet.name])
    fill_sheet(sheet, rows, findings)
    for cells in merged[:_MERGED_MAX]:
        if int(re.findall(r"[0-9]+", cells)[1]) > sheet.source.header_row:
            findings.refuse(
                sheet.place(int(re.findall(r"[0-9]+", cells)[0]), "", cells),
                CellError("the cells {cells} are merged; undo that and fill each of them", cells=cells),
            )


def _scan(content: bytes, path: str) -> tuple[bool, list[str]]:
    """Whether the sheet's XML has formulas, and its merged ranges."""
    has_formulas, merged, before = False, dict[str, None](), b""
    with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(path.removeprefix("/")) as part:
        while block := part.read(_READ_SIZE_BYTES):
            looked_at = before + block
            has_formulas = has_formulas or _FORMULA.search(looked_at) is not None
            merged |= dict.fromkeys(found.decode("ascii") for found in _MERGED.findall(looked_at))
            before = looked_at[-_OVERLAP_BYTES:]
    return has_formulas, list(merged)


def _numbered(worksheet: Any) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    # The dimensions that a file states may be those of the whole sheet, a million rows.
    worksheet.reset_dimensions()
    for number, row in enumerate(worksheet.iter_rows(), 1):
        yield number, tuple(_cell(cell) for cell in row)


def _cell(cell: Any) -> Cell:
    value = cell.value
    if cell.data_type == "e":
        return UnusableCell(
            str(value), CellError("the cell shows the error {error}; correct its formula", error=str(value))
        )
    if value is None or isinstance(value, str | int | float):
        return value
    # The rest are dates, times and durations.
    result: Cell = value
    return result


def _without_results(
    rows: Iterator[tuple[int, tuple[Cell, ...]]], formulas: Any
) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    """The rows, with each formula marked that has no calculated value: it would pass for an empty cell."""
    for (number, cells), (_number, written) in zip(rows, _formula_rows(formulas), strict=False):
        marked = list(cells) + [None] * (len(written) - len(cells))
        for position, formula in enumerate(written):
            if formula is not None and marked[position] is None:
                marked[position] = UnusableCell(
                    formula,
                    CellError(
                        "the formula was never calculated; open the file in a spreadsheet program and save it, or put"
                        " the value in its place"
                    ),
                )
        yield number, tuple(marked)


def _formula_rows(worksheet: Any) -> Iterator[tuple[int, list[str | None]]]:
    worksheet.reset_dimensions()
    for number, row in enumerate(worksheet.iter_rows(), 1):
        if number > ROWS_MAX * 2:
            return
        yield number, [str(cell.value) if cell.data_type == "f" else None for cell in row]

"""A table as it was read from a file: columns, rows, and where each row stands.

Owns what every table is held to, whatever the format: a row of distinct column names, no cells beyond it, bounds on
rows, columns and cells. Never knows what a column means.
"""

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cli.errors import UsageError
from cli.importing.cells import CELL_LENGTH_MAX, Cell, CellError, is_blank, shown_cell, stripped, text_of
from cli.importing.findings import Findings, Place
from cli.importing.plan import SourcePlan

# Many years of a large organisation. All rows of a plan are held in memory, about a kilobyte each.
ROWS_MAX = 200_000
COLUMNS_MAX = 256
FILE_SIZE_BYTES_MAX = 64 * 1024 * 1024


class SheetRow(NamedTuple):
    """A row: its number as a spreadsheet counts (from 1, the names included), and its cells, as many as columns."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(slots=True)
class Sheet:
    """What was read of one source; `name` is the sheet's in its workbook."""

    source: SourcePlan
    sha256: bytes
    name: str = ""
    columns: dict[str, int] = field(default_factory=dict)
    rows: list[SheetRow] = field(default_factory=list, repr=False)

    def place(self, number: int = 0, column: str = "", value: str = "") -> Place:
        """The place of a row or cell; row 0 is the file as a whole."""
        return Place(self.source.path.name, self.name, number, column, value)


def read_file(path: Path) -> bytes:
    """The bytes of a source.

    Raises:
        UsageError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_SIZE_BYTES_MAX + 1)
    except OSError as error:
        raise UsageError(
            "the file cannot be read: {reason}; check its name and folder", reason=error.strerror or str(error)
        ) from error
    if len(content) > FILE_SIZE_BYTES_MAX:
        raise UsageError("the file has more than {limit} bytes; split it", limit=FILE_SIZE_BYTES_MAX)
    if not content:
        raise UsageError("the file is empty; export it again")
    return content


def new_sheet(source: SourcePlan, content: bytes) -> Sheet:
    """A sheet without rows, of a file with this content."""
    return Sheet(source, hashlib.sha256(content).digest())


def fill_sheet(sheet: Sheet, numbered: Iterable[tuple[int, tuple[Cell, ...]]], findings: Findings) -> None:
    """Take columns and rows; what is wrong with one of them is a finding, and the row is left out.

    Args:
        sheet: Gets them.
        numbered: All rows from the first on, each with its number; trailing blank cells may be missing.
        findings: Is told.

    Raises:
        UsageError: no column names, two of one name, too many rows or columns.
    """
    header = sheet.source.header_row
    for number, cells in numbered:
        if number > ROWS_MAX + header:
            raise UsageError("there are more than {limit} rows; split the file", limit=ROWS_MAX)
        if len(cells) > COLUMNS_MAX and not all(map(is_blank, cells[COLUMNS_MAX:])):
            raise UsageError("there are more than {limit} columns; take out what is not needed", limit=COLUMNS_MAX)
        if number == header:
            sheet.columns = _columns(cells)
        elif number > header and not all(map(is_blank, cells)):
            _take_row(sheet, number, cells, findings)
    if not sheet.columns:
        raise UsageError("row {number} has no names of columns; set `header` to the row that has them", number=header)


def _columns(cells: tuple[Cell, ...]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for position, cell in enumerate(cells):
        name = column_name(cell)
        if not name:
            continue
        if name in columns:
            raise UsageError(
                "two columns have the name {name} (columns {first} and {second}); rename one of them",
                name=repr(name),
                first=columns[name] + 1,
                second=position + 1,
            )
        columns[name] = position
    return columns


def column_name(cell: Cell) -> str:
    """The name that a cell gives its column: the text, without blanks around it and line breaks in it."""
    text = " ".join(stripped(shown_cell(cell)).split())
    return unicodedata.normalize("NFC", text)


def _take_row(sheet: Sheet, number: int, cells: tuple[Cell, ...], findings: Findings) -> None:
    known = set(sheet.columns.values())
    width = max(known, default=-1) + 1
    for position, cell in enumerate(cells):
        if isinstance(cell, str) and len(cell) > CELL_LENGTH_MAX:
            error = CellError("the cell has more than {limit} characters; shorten it", limit=CELL_LENGTH_MAX)
        elif isinstance(cell, str) and "\0" in cell:
            error = CellError("the cell holds a NUL byte; export the file again")
        elif position not in known and not is_blank(cell):
            error = CellError(
                "the cell in column {position} has no name above it; check for a missing quote or separator, or name"
                " it",
                position=position + 1,
            )
        else:
            continue
        findings.refuse(sheet.place(number, "", shown_cell(cell)[:CELL_LENGTH_MAX]), error)
        return
    sheet.rows.append(SheetRow(number, (*cells[:width], *(None for _ in range(width - len(cells))))))


def text_in(cell: Cell) -> str:
    """The text of a cell without blanks around it; raises CellError as `text_of`."""
    return stripped(text_of(cell))

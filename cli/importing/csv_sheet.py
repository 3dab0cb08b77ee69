"""Rows of a CSV file.

Owns the encoding, byte order marks and separators. Never changes a cell.
"""

import codecs
import csv
import io
from collections.abc import Iterator

from cli.errors import UsageError
from cli.importing.cells import Cell
from cli.importing.findings import Findings
from cli.importing.plan import SourcePlan
from cli.importing.sheet import Sheet, fill_sheet, new_sheet, read_file
from cli.language import P_

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Of a workbook, and of the format before it.
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# Tried in turn to name the encoding that a file seems to have.
_GUESSES = ("utf-8", "gb18030", "big5")
# What `csv` says of a file that is broken off in quotes.
FAULTS = (
    P_("unexpected end of data"),
    P_("',' expected after '\"'"),
    P_("new-line character seen in unquoted field - do you need to open the file with newline=''?"),
    P_("field larger than field limit (131072)"),
)


def read_csv(source: SourcePlan, findings: Findings) -> Sheet:
    """The rows of a CSV file.

    Raises:
        UsageError: it is no such file, or not in the encoding that the plan says.
    """
    content = read_file(source.path)
    if content.startswith((_ZIP, _OLE)):
        raise UsageError("this is a workbook and not CSV; give it the ending .xlsx, or export it as CSV")
    sheet = new_sheet(source, content)
    fill_sheet(sheet, _numbered(_text(source, content), source.delimiter), findings)
    return sheet


def _text(source: SourcePlan, content: bytes) -> str:
    marked = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    if marked is not None and not source.encoding.startswith(marked):
        raise UsageError(
            'the file is written in {found}, the plan says {said}; set encoding = "{found}" for it',
            found=marked,
            said=source.encoding,
        )
    try:
        return content.decode(source.encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _wrong_encoding(source.encoding, content, line) from error


def _wrong_encoding(said: str, content: bytes, line: int) -> UsageError:
    for guess in _GUESSES:
        try:
            content.decode(guess)
        except UnicodeDecodeError:
            continue
        return UsageError(
            'line {line} is not written in {said}; the file looks like {guess}: set encoding = "{guess}" for it',
            line=line,
            said=said,
            guess=guess,
        )
    return UsageError("line {line} is not written in {said}; export the file again, as UTF-8", line=line, said=said)


def _numbered(text: str, delimiter: str) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, row in enumerate(rows, 1):
            yield number, tuple(row)
    except csv.Error as error:
        raise UsageError(
            "the file cannot be read after row {number}: {reason}; look for a quote that is not closed",
            number=number,
            reason=str(error),
        ) from error

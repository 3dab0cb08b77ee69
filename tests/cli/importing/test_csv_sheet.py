"""CSV files as secretaries have them: encodings, marks, separators, and what is wrong with them."""

from pathlib import Path

import pytest

from cli.importing import sheet
from tests.cli.importing.tables import UNITS, check, told

GOOD = "id,name,parent\na,第一支部,\nb,B,a\n"


def names(folder: Path, content: str | bytes, settings: str = "") -> list[object]:
    checked = check(folder, UNITS.replace('"units.csv"', f'"units.csv"\n{settings}'), units_csv=content)
    assert told(checked) == []
    return [row.values["name"] for row in checked.steps[0]]


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        (GOOD.encode(), ""),
        (GOOD.encode("utf-8-sig"), ""),
        (GOOD.encode("utf-8-sig"), 'encoding = "UTF-8-sig"'),
        (GOOD.replace("\n", "\r\n").encode(), ""),
        (GOOD.rstrip("\n").encode(), ""),
        (GOOD.encode("gb18030"), 'encoding = "gb18030"'),
        (GOOD.encode("gbk"), 'encoding = "gb2312"'.replace("gb2312", "gbk")),
        (GOOD.encode("utf-16"), 'encoding = "utf-16"'),
        (GOOD.replace(",", ";").encode(), 'delimiter = ";"'),
        (GOOD.replace(",", "\t").encode(), 'delimiter = "\\t"'),
        (("roster of 2024,,\n" + GOOD).encode(), "header = 2"),
        (GOOD.replace("\nb", "\n\n,,\nb").encode(), ""),
        (GOOD.replace("id,name", '" id\n",\u3000name').encode(), ""),
    ],
)
def test_every_usual_form_is_read(tmp_path: Path, content: bytes, settings: str) -> None:
    assert names(tmp_path, content, settings) == ["第一支部", "B"]


def test_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path: Path) -> None:
    checked = check(tmp_path, units_csv='id,name,parent\na,"two\nlines",\n\nb,B,\n')
    assert [row.number for row in checked.steps[0]] == [4]
    assert [(row, column) for _severity, row, column, _text in told(checked)] == [(2, "name")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "row 1 has no names of columns"),
        (b"\xef\xbb\xbf", "row 1 has no names of columns"),
        (
            GOOD.encode("gb18030"),
            'line 2 is not written in utf-8; the file looks like gb18030: set encoding = "gb18030"',
        ),
        (GOOD.encode("utf-16"), 'the file is written in utf-16, the plan says utf-8; set encoding = "utf-16"'),
        (b"id,name,parent\n\xff\xff,a\n", "line 2 is not written in utf-8; export the file again"),
        (b"id,name,id\n", "two columns have the name 'id' (columns 1 and 3)"),
        (b'id,name,parent\na,"b\n', "the file cannot be read after row 1: unexpected end of data"),
        (b"PK\x03\x04", "this is a workbook and not CSV"),
        ((",".join(["x"] * 300)).encode(), "more than 256 columns"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path: Path, content: bytes, sentence: str) -> None:
    checked = check(tmp_path, units_csv=content)
    ((severity, row, column, text),) = told(checked)
    assert (severity, row, column) == ("error", 0, "")
    assert sentence in text
    assert checked.row_count == 0


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("c,C,,extra", "the cell in column 4 has no name above it"),
        ("c,C\0,", "NUL byte"),
        (f"c,{'x' * 40_000},", "more than 32767 characters"),
        ("c,,", "the cell is empty"),
        (",C,", "the row's key is empty"),
        ("a b,C,", "letters, digits and ._@+:- between slashes"),
        (f"c,{'长' * 200},", "600"),
    ],
)
def test_a_bad_row_is_told_and_the_others_are_good(tmp_path: Path, line: str, sentence: str) -> None:
    checked = check(tmp_path, units_csv=f"id,name,parent\na,A,\n{line}\nb,B,\n")
    ((severity, row, _column, text),) = told(checked)
    assert (severity, row) == ("error", 3)
    assert sentence in text
    assert [row.key for row in checked.steps[0]] == [("a",), ("b",)]


def test_short_rows_have_empty_cells_at_their_end(tmp_path: Path) -> None:
    assert names(tmp_path, "id,name,parent\na,A\n") == ["A"]


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in told(check(tmp_path))[0][3]
    (tmp_path / "units.csv").mkdir()
    assert "cannot be read: Is a directory" in told(check(tmp_path))[0][3]


def test_rows_and_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "ROWS_MAX", 3)
    rows = "".join(f"{n},{n},\n" for n in range(4))
    assert "more than 3 rows" in told(check(tmp_path, units_csv=f"id,name,parent\n{rows}"))[0][3]
    monkeypatch.setattr(sheet, "FILE_SIZE_BYTES_MAX", 10)
    assert "more than 10 bytes" in told(check(tmp_path, units_csv=GOOD))[0][3]

"""docs/reference/agreement-tests.md says what is there: tests, guards and mutants exist, and no mutant is left out."""

import re
from collections.abc import Iterator

import pytest

from tools.mutant_list import MUTANTS
from tools.mutants import ROOT

PAGE = (ROOT / "docs" / "reference" / "agreement-tests.md").read_text("utf-8")
TRACES = ("S1", "S2", "S3", "L1", "L2", "L3", "L5", "L6")


def _rows() -> Iterator[list[str]]:
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0] not in ("trace", "mistake", "rule"):
            yield cells


def _quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_mutant_stands_in_the_page_and_every_name_there_is_one() -> None:
    named = [name for row in _rows() for name in _quoted(row[-1])]
    assert set(named) == {mutant.name for mutant in MUTANTS}


def test_every_trace_of_section_6_has_a_row() -> None:
    first = [row[0] for row in _rows()]
    assert all(any(cell.startswith(f"{trace} ") for cell in first) for trace in TRACES)
    protocol = (ROOT / "docs" / "protocol.md").read_text("utf-8")
    known = protocol.partition("Known from other implementations: ")[2].partition(".\n")[0]
    mistakes = [" ".join(mistake.split()) for mistake in known.split(";")]
    assert len(mistakes) == 12
    assert set(mistakes) <= set(first)


@pytest.mark.parametrize("row", list(_rows()), ids=lambda row: row[0])
def test_tests_and_guards_exist(row: list[str]) -> None:
    """A name that ends in `…` is the beginning of one, or of several."""
    text = ""
    for name in _quoted(row[1]):
        if name.endswith(".py"):
            text = (ROOT / "tests" / (name if "/" in name else f"consensus/{name}")).read_text("utf-8")
        else:
            assert f"def test_{name.removesuffix('…')}" in text, name
    code = ""
    for name in _quoted(row[2]) if len(row) == 4 else ():
        if name.endswith(".py"):
            code = (ROOT / name).read_text("utf-8")
        elif name != "Committed":
            assert f"def {name}(" in code or f"class {name}" in code, name


@pytest.mark.parametrize(
    "file", ["consensus/test_known_traces.py", "daemon/test_traces.py", "daemon/test_traces_voters.py"]
)
def test_each_trace_says_which_line_guards_against_it(file: str) -> None:
    tests = (ROOT / "tests" / file).read_text("utf-8").split("\ndef test_")[1:]
    assert tests
    unguarded = [test.partition("(")[0] for test in tests if "Guard" not in test.partition("def ")[0]]
    assert not unguarded


def test_the_lines_that_tests_name_as_guards_are_there() -> None:
    """`Guard: FILE, "TEXT"` in the words of a test: the text stands in the file."""
    count = 0
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for named in re.findall(r'Guards?: (.*?)(?:"""|\n\n)', path.read_text("utf-8"), re.DOTALL):
            code = ""
            for file, text in re.findall(r'([\w/]+/\w+\.py)|"([^"]+)"', " ".join(named.split())):
                if file:
                    code = (ROOT / file).read_text("utf-8")
                elif code:
                    count += 1
                    assert text in code, f"{path.name}: {text}"
    assert count > 50

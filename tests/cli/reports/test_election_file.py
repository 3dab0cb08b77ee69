"""Reading published ballots: the same however they are written, and what is wrong is said with its place."""

from pathlib import Path

import pytest

from cli.errors import UsageError
from cli.reports.election_file import Election, ReadingOptions, read_election

SMALL = "Ann,Bob,Cy\n1,2,3\n1,3,2\n2,1,No opinion\n"


def read(folder: Path, content: str | bytes, **options: str) -> Election:
    path = folder / "vote.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    ignored = (options.pop("ignored"),) if "ignored" in options else ()
    return read_election(path, ReadingOptions(**options, ignored=ignored))


@pytest.mark.parametrize(
    "content",
    [
        SMALL,
        "\ufeff" + SMALL,
        SMALL.encode("utf-16"),
        SMALL.replace("\n", "\r\n") + "\r\n\r\n",
        SMALL.replace(",", ";"),
        SMALL.replace(",", "\t"),
        SMALL.replace("No opinion", "no OPINION ").replace("Ann,", " Ann ,"),
        SMALL.replace("No opinion", ""),
        SMALL.replace("\n", ",\n"),
        SMALL.replace("1", "1.0"),
        SMALL.replace("Ann", '"Ann"'),
    ],
    ids=["plain", "mark", "utf-16", "breaks", "semicolons", "tabs", "blanks", "empty", "trailing", "decimal", "quotes"],
)
def test_the_same_ballots_count_alike_however_they_are_written(tmp_path: Path, content: str | bytes) -> None:
    election = read(tmp_path, content)
    assert election.candidates == ["Ann", "Bob", "Cy"]
    assert election.rankings == [(1, 2, 3), (1, 3, 2), (2, 1, None)]
    assert (election.rank_most, election.silent) == (3, 0)


def test_blank_cells_are_counted_and_ballots_without_ranks_too(tmp_path: Path) -> None:
    election = read(tmp_path, "Ann,Bob\n1,\nNo opinion,No opinion\n,-\n")
    assert (election.blank_cells, election.silent, election.rows) == (2, 2, [2, 3, 4])


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        ("Ann,Bob\n1,2,3\n", {}, "row 2 has 3 cells"),
        ("Ann,Bob\n1\n", {}, "row 2 has 1 cells"),
        ("Ann,Bob\n1,zero\n1,2\n", {}, "row 2, column 'Bob': 'zero' is no rank"),
        ("Ann,Bob\n0,1\n2,1\n", {}, "row 2, column 'Ann': '0' is no rank"),
        ("Ann,Bob\n-1,1\n2,1\n", {}, "'-1' is no rank"),
        ("Ann,Bob\n1.5,1\n2,1\n", {}, "'1.5' is no rank"),
        ("Ann,Bob\nx,1\ny,1\n", {}, "column 'Ann' holds no ranks (but 'x')"),
        ("Ann,Ann\n1,2\n", {}, "two columns have the name 'Ann'"),
        ("1,2\n1,2\n", {}, "the first row names no candidates"),
        ("Ann,Bob\n", {}, "no ballots"),
        ("\n\n", {}, "no row with the names"),
        ("", {}, "the file is empty"),
        ("Ann,,Bob\n1,2,3\n", {}, "column 2 has no name"),
        ('Ann,"Bob\n1,2\n', {}, "quote that is not closed"),
        ("Ann,Bob\n1,2\n", {"ignored": "Cy"}, "no column 'Cy'"),
        ("Ann,Bob\n1,2\n", {"encoding": "klingon"}, "no encoding"),
        ("王芳,李明\n1,2\n".encode("gb18030"), {}, "`--encoding gb18030`"),
        ("v,Ann,Bob\nx,1,2\ny,1,2\nx,2,1\n", {"voter": "v"}, "1 voters have several ballots (rows 2 / 4)"),
        ("v,Ann,Bob\nx,1,2\n,1,2\n", {"voter": "v"}, "row 3 does not say whose ballot"),
        (b"PK\x03\x04ballots", {}, "a workbook and not CSV"),
        ("a" * 201 + ",b\n1,2\n", {}, "more than 200 characters"),
        (",".join(f"c{one}" for one in range(201)) + "\n" + ",".join("1" * 201) + "\n", {}, "201 candidates"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, content: str | bytes, options: dict[str, str], told: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, content, **options)
    assert told in str(caught.value)


def test_columns_of_others_are_left_out_when_asked_for(tmp_path: Path) -> None:
    rows = "\n".join(f"{number},voter{number},{number % 2 + 1},{2 - number % 2}" for number in range(1, 12))
    content = f"id,Voter,Ann,Bob\n{rows}\n"
    for options, told in (({}, "`--ignore 'Voter'`"), ({"voter": "Voter"}, "numbered the ballots")):
        with pytest.raises(UsageError) as caught:
            read(tmp_path, content, **options)
        assert told in str(caught.value)
    election = read(tmp_path, content, voter="Voter", ignored="id")
    assert (election.candidates, len(election.rankings)) == (["Ann", "Bob"], 11)

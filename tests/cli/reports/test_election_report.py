"""`banyan report election`: published ballots counted again, whatever the file looks like."""

from pathlib import Path

import pytest

from tests.cli.command import Command

DATA = Path(__file__).parents[2] / "contracts" / "ballots" / "counting" / "data"
OFFICIAL = str(DATA / "results.csv")


def written(folder: Path, content: str | bytes, name: str = "vote.csv") -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.parametrize(("year", "first"), [(2018, "Aaron Crickenberger"), (2022, "mrbobbytables")])
def test_the_official_ranking_comes_out(banyan: Command, year: int, first: str) -> None:
    document = banyan.ok("report", "election", "--file", str(DATA / f"steering-{year}.csv"), "--official", OFFICIAL)
    assert document["official"]["equal"] is True
    assert (document["ranking"][0], document["seats"], len(document["elected"])) == ([first], 3, 3)
    assert (document["tied"], document["seats_left"]) == ([], 0)


def test_no_opinion_as_last_place_elects_another_one_and_says_so(banyan: Command) -> None:
    asked = ("report", "election", "--file", str(DATA / "steering-2022.csv"), "--official", OFFICIAL)
    wrong = banyan("--json", *asked, "--no-opinion", "last")
    assert wrong.status == 1
    assert (wrong.document["ranking"][0], wrong.document["official"]["equal"]) == (["bentheelder"], False)
    assert wrong.document["otherwise"]["ranking"][0] == ["mrbobbytables"]
    told = banyan(*asked, "--no-opinion", "last")
    assert (told.status, "The official ranking is another one: mrbobbytables > bentheelder" in told.out) == (1, True)
    right = banyan(*asked, "--lang", "zh_CN")
    assert (right.status, "与官方排名一致" in right.out) == (0, True), right.out


def test_names_with_separators_and_other_scripts_are_names(banyan: Command, tmp_path: Path) -> None:
    content = '"Hu, Ann (@ann)",王芳\n1,2\n'
    assert banyan.ok("report", "election", "--file", written(tmp_path, content))["elected"] == ["Hu, Ann (@ann)"]
    chinese = banyan("report", "election", "--file", written(tmp_path, "王芳,李明\n1,2\n".encode("gb18030")))
    assert (chinese.status, "--encoding gb18030" in chinese.err) == (2, True), chinese.err
    path = written(tmp_path, "王芳,李明\n1,2\n".encode("gb18030"))
    assert banyan.ok("report", "election", "--file", path, "--encoding", "gb18030")["elected"] == ["王芳"]


def test_equals_at_the_last_seat_are_told(banyan: Command, tmp_path: Path) -> None:
    path = written(tmp_path, "Ann,Bob,Cy\n1,2,2\n1,3,3\n")
    document = banyan.ok("report", "election", "--file", path, "--seats", "2")
    assert (document["elected"], document["tied"], document["seats_left"]) == (["Ann"], ["Bob", "Cy"], 1)
    told = banyan("report", "election", "--file", path, "--seats", "2")
    assert "Equal at the last 1 seats: Bob, Cy" in told.out


def test_columns_that_are_no_candidates_are_left_out(banyan: Command, tmp_path: Path) -> None:
    path = written(tmp_path, "at,voter,Ann,Bob\n9:00,x,1,2\n9:05,y,2,1\n9:10,z,1,2\n")
    document = banyan.ok("report", "election", "--file", path, "--voter", "voter", "--ignore", "at")
    assert (document["candidates"], document["elected"]) == (["Ann", "Bob"], ["Ann"])


@pytest.mark.parametrize(
    ("content", "more", "told"),
    [
        ("Ann,Bob\n1,zero\n1,2\n", (), "row 2, column 'Bob': 'zero' is no rank"),
        ("Ann,Bob\n1,2\n", ("--seats", "3"), "3 seats cannot be filled from 2"),
        ("Ann,Bob\n1,2\n", ("--method", "borda"), "one of schulze, stv"),
        ("Ann,Bob\n1,2\n", ("--delimiter", "::"), "is no delimiter"),
        ("Ann,Bob\n1,1\n", ("--method", "stv"), "row 2 ranks 'Ann' and 'Bob' alike"),
        ("Ann,Bob\n1,2\n", ("--official", OFFICIAL), "name one of them with `--election`"),
        ("Ann,Bob\n1,2\n", ("--official", OFFICIAL, "--election", "steering-2022"), "who has no column"),
    ],
)
def test_what_is_wrong_is_said(banyan: Command, tmp_path: Path, content: str, more: tuple[str, ...], told: str) -> None:
    refused = banyan("report", "election", "--file", written(tmp_path, content), *more)
    assert (refused.status, told in refused.err) == (2, True), refused.err


def test_a_file_that_is_not_there(banyan: Command, tmp_path: Path) -> None:
    refused = banyan("report", "election", "--file", str(tmp_path / "none.csv"))
    assert (refused.status, "cannot be read" in refused.err) == (2, True)


def test_ranks_with_gaps_count_by_their_order(banyan: Command, tmp_path: Path) -> None:
    told = banyan("report", "election", "--file", written(tmp_path, "Ann,Bob\n10,20\n"))
    assert (told.status, "Ranks go up to 20, with 2 candidates" in told.out) == (0, True)


def test_a_transferable_vote_is_told_stage_by_stage(banyan: Command, tmp_path: Path) -> None:
    path = written(tmp_path, "Ann,Bob,Cy\n" + "1,2,\n" * 5 + ",1,2\n" * 2 + "2,,1\n" * 2)
    document = banyan.ok("report", "election", "--file", path, "--method", "stv", "--seats", "2")
    assert (document["quota"], document["elected"]) == (4, ["Ann", "Bob"])
    assert [(stage["what"], stage["option"]) for stage in document["stages"]] == [
        ("first", None),
        ("surplus", "Ann"),
        ("exclusion", "Cy"),
        ("last", None),
    ]
    told = banyan("report", "election", "--file", path, "--method", "stv", "--seats", "2")
    assert "2. surplus of Ann" in told.out
    assert "Ann 4, Bob 3, Cy 2, exhausted 0" in told.out

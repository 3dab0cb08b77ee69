"""From what a person types to the arguments of an operation."""

from pathlib import Path

import pytest

from cli.errors import UsageError
from cli.operation_arguments import (
    PreparedArguments,
    declaration_of,
    parse_detached,
    parse_settings,
    prepare,
    read_arguments_file,
)
from ledger.detached import detach
from ledger.encoding import Value

SALT = bytes([3]) * 32
POST = declaration_of("notice.post")


def prepared(*settings: str, detached: tuple[str, ...] = ()) -> PreparedArguments:
    return prepare("notice.post", parse_settings(settings, POST), parse_detached(detached), lambda name: SALT, POST)


def test_texts_numbers_and_lists_get_their_types() -> None:
    found = prepared("unit=u/1", "title=a = b: c", "about=p1", "about=p2", "at=-5").arguments
    assert found == {"unit": "u/1", "title": "a = b: c", "about": ["p1", "p2"], "at": -5}


def test_moments_may_be_written_as_times() -> None:
    opening = declaration_of("ballots.open")
    found = parse_settings(["closes=2026-11-30T18:00+08:00", "opens=2026-11-30T09:30:00.5Z"], opening)
    assert found == {"closes": 1_796_032_800_000, "opens": 1_796_031_000_500}
    assert parse_settings(["closes=1796032800000"], opening) == {"closes": 1_796_032_800_000}
    for wrong in ("2026-11-30T18:00", "Tuesday", "2026-13-30T18:00Z"):
        with pytest.raises(UsageError, match="closes needs a"):
            parse_settings([f"closes={wrong}"], opening)


def test_json_values_are_taken_as_they_are() -> None:
    assert prepared("unit=u", 'title:="t"', 'about:=["p1"]', "at:=7").arguments["about"] == ["p1"]
    assert parse_settings(["x:=null", 'y:={"a":[true,{"$hex":"ff"}]}'], None) == {
        "x": None,
        "y": {"a": [True, b"\xff"]},
    }


def test_texts_are_normalised() -> None:
    assert prepared("unit=u", "title=cafe\u0301").arguments["title"] == "café"
    ((one,), expected) = prepared("unit=u", "title=t", "body=e\u0301").detached, detach("é", SALT)
    assert one == expected


def test_what_is_not_for_everyone_is_detached_without_being_asked() -> None:
    found = prepared("unit=u", "title=t", "body=between us")
    assert found.detached == (detach("between us", SALT),)
    assert found.arguments["body"] == {"#": found.detached[0].commitment}


def test_a_detached_value_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "body.txt"
    path.write_text("from a file\n", encoding="utf-8")
    found = prepared("unit=u", "title=t", detached=(f"body@{path}",))
    assert found.detached == (detach("from a file\n", SALT),)
    assert prepared("unit=u", "title=t", detached=("body=x@y",)).detached == (detach("x@y", SALT),)


def test_a_commitment_made_elsewhere_is_kept() -> None:
    commitment = "ab" * 32
    found = prepared("unit=u", "title=t", f'body:={{"#": "{commitment}"}}')
    assert found.detached == ()
    assert found.arguments["body"] == {"#": bytes.fromhex(commitment)}


@pytest.mark.parametrize(
    ("settings", "detached", "sentence"),
    [
        (["unit"], [], "--arg takes name=value"),
        (["=x"], [], "--arg takes name=value"),
        (["title=t"], [], "the argument unit is missing"),
        (["unit=u", "title=t", "colour=red"], [], "has no argument colour"),
        (["unit=u", "unit=v"], [], "given twice"),
        (["unit=u", "title=t", "at=soon"], [], "needs a whole number"),
        (["unit=u", "title=t", "at:=1.5"], [], "whole numbers only"),
        (["unit=u", "title=t", "at:={"], [], "is not JSON: line 1, column 2: a name in double quotes is expected here"),
        (["unit=u", "title=t", "at:=" + "[" * 100_000], [], "is not JSON: it is nested far too deep"),
        (["unit=u", "title=t", "at:=" + "[" * 300 + "]" * 300], [], "is nested too deeply"),
        (["unit=u", "title=t", "at:=" + "9" * 10_000], [], "is not JSON: a number in it has too many digits"),
        (["unit=bad unit", "title=t"], [], "not of the form"),
        (["unit=u", "title=" + "x" * 300], [], "shorten it"),
        (["unit=u", "title=t", "body=a"], ["body=b"], "given twice"),
        (["unit=u"], ["title=t"], "the argument title"),
        (["unit=u", "title=t"], ["body"], "--detached takes"),
        (["unit=u", "title=t"], ["body@/nowhere/at/all"], "cannot be read"),
        (["unit=u", "title=\udcff"], [], "not a text in UTF-8"),
    ],
)
def test_what_does_not_fit_is_told(settings: list[str], detached: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        prepared(*settings, detached=tuple(detached))
    assert sentence in str(caught.value)


def test_the_nearest_operation_is_suggested() -> None:
    with pytest.raises(UsageError, match=r"did you mean notice\.post"):
        declaration_of("notice.posst")
    with pytest.raises(UsageError, match="known are"):
        declaration_of("zzz")


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"a": 1, "a": 2}', '{"a": 0.5}'])
def test_an_arguments_file_is_an_object(tmp_path: Path, content: str) -> None:
    path = tmp_path / "arguments.json"
    path.write_text(content)
    with pytest.raises(UsageError):
        read_arguments_file(path)


def test_an_arguments_file_holds_values_of_every_kind(tmp_path: Path) -> None:
    path = tmp_path / "arguments.json"
    path.write_text('{"unit": "u", "about": ["a", "b"], "at": 3, "h": {"$hex": "00"}}')
    wanted: dict[str, Value] = {"unit": "u", "about": ["a", "b"], "at": 3, "h": b"\x00"}
    assert read_arguments_file(path) == wanted

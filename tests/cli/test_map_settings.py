"""Parts of map arguments as they are typed: what they belong to, and what a text means in a field of a pack."""

from pathlib import Path

import pytest

from cli.errors import UsageError
from cli.map_settings import MapSetting, gathered, merged, read_plain, split_settings
from cli.record_fields import RecordFields
from ledger.detached import commitment_map, detach
from ledger.encoding import Value
from tests.contracts.records.packs import CLUB, compiled

APPLICATION = RecordFields(compiled(CLUB).types["application"])
EXPENSE = RecordFields(compiled(CLUB).types["expense"])


def read(fields: RecordFields, *settings: str) -> dict[str, Value]:
    """The argument `fields` that these settings make."""
    _, parts = split_settings([f"fields.{setting}" for setting in settings])
    return gathered(parts, fields.read_part, fields.is_list)["fields"]


def test_parts_are_told_from_plain_settings(tmp_path: Path) -> None:
    plain, parts = split_settings(["unit=a.b=c", "fields.level=full", "vote.yes:=3", "title=fields.x=1", "f.x@y"])
    assert plain == ["unit=a.b=c", "title=fields.x=1", "f.x@y"]
    assert parts == [MapSetting("fields", "level", "full", False), MapSetting("vote", "yes", "3", True)]
    (tmp_path / "letter").write_text("Dear\n", "utf-8")
    _, (letter,) = split_settings([f"fields.letter@{tmp_path / 'letter'}"], files=True)
    assert letter == MapSetting("fields", "letter", "Dear\n", False)


def test_texts_become_values_by_the_type_of_their_field() -> None:
    assert read(
        APPLICATION, "person=eve", "score=70", "admitted_on=2026-08-31", "sponsors=bob", "sponsors=cai", "level=full"
    ) == {"person": "eve", "score": 70, "admitted_on": 20_696, "sponsors": ["bob", "cai"], "level": "full"}
    assert read(EXPENSE, "amount=120.05") == {"amount": 12_005}
    assert read(APPLICATION, 'sponsors:=["bob"]', "score:=null") == {"sponsors": ["bob"], "score": None}


@pytest.mark.parametrize(
    ("fields", "setting", "told"),
    [
        (APPLICATION, "score=many", "the field score is of the type integer; write 12, not 'many'"),
        (APPLICATION, "admitted_on=31.8.2026", "write 2026-08-31"),
        (EXPENSE, "amount=120", "write 120.00"),
        (APPLICATION, "scor=1", "the type application has no field scor; there are score"),
    ],
)
def test_what_does_not_fit_is_told_with_an_example(fields: RecordFields, setting: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(fields, setting)
    assert told in str(caught.value)


def test_nothing_is_given_twice() -> None:
    with pytest.raises(UsageError, match=r"fields\.level is given twice"):
        read(APPLICATION, "level=full", "level=guest")
    with pytest.raises(UsageError, match=r"fields\.level is given twice"):
        merged({"fields": {"level": "full"}}, {"fields": {"level": "guest"}})
    with pytest.raises(UsageError, match="is no map"):
        merged({"unit": "branch-1"}, {"unit": {"x": 1}})
    assert merged({"fields": {"level": "full"}}, {"fields": {"score": 1}}) == {"fields": {"level": "full", "score": 1}}


def test_counts_of_a_vote_are_numbers() -> None:
    _, parts = split_settings(["vote.yes=12", "provenance.file=a.csv"])
    assert gathered(parts, read_plain) == {"vote": {"yes": 12}, "provenance": {"file": "a.csv"}}
    assert gathered(parts, APPLICATION.read_part) == gathered(parts, read_plain)


def test_what_is_not_for_everyone_is_detached_without_being_asked_for() -> None:
    done = commitment_map(detach("Dear", bytes(32)))
    assert APPLICATION.to_detach({"letter": "Dear", "level": "full", "other": "x"}) == {"letter"}
    assert APPLICATION.to_detach({"letter": done, "level": "full"}) == frozenset()
    assert APPLICATION.to_detach({"letter": None}) == frozenset()

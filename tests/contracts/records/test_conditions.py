"""Effects with a condition, and what a transition of another record is handed."""

import tomllib
from pathlib import Path

import pytest

from contracts.packs.source import compile_pack
from ledger.encoding import Value
from tests.contracts.organisation import Organisation
from tests.contracts.records.packs import CLUB, club, fields_of

DRAWER = (Path(__file__).parent / "drawer.toml").read_text(encoding="utf-8")


def office(ledger: Organisation, role: str, person: str) -> str | None:
    found = ledger.record("office", f"branch-1/{role}/{person}")
    return None if found is None else str(found.fields["state"])


def file(ledger: Organisation, person: str, **more: Value) -> str:
    fields: dict[str, Value] = {"person": person, **more}
    return ledger.code("records.create", {"type": "paper", "unit": "branch-1", "fields": fields}, "ann")


def test_an_effect_whose_condition_does_not_hold_is_left_out() -> None:
    ledger = club(CLUB + DRAWER)
    assert file(ledger, "bob") == "ok"
    assert (office(ledger, "lead", "bob"), office(ledger, "member", "bob")) == ("ended", "held")
    assert file(ledger, "eve") == "ok"
    assert (office(ledger, "lead", "eve"), office(ledger, "member", "eve")) == (None, "held")
    # Each condition is asked at its effect's turn, on what the ones before it left.
    assert file(ledger, "eve") == file(ledger, "bob") == "ok"


def test_an_office_of_the_topmost_unit_is_given_and_found_there() -> None:
    ledger = club(CLUB + DRAWER)
    assert file(ledger, "eve") == file(ledger, "eve") == "ok"
    assert ledger.record("office", "branch-1/treasurer/eve") is None
    found = ledger.fields("office", "district/treasurer/eve")
    assert (found["state"], found["basis"]) == ("held", "paper/branch-1/000001")


def test_a_record_that_is_taken_along_is_handed_values() -> None:
    ledger = club(CLUB + DRAWER)
    assert ledger.code("records.create", {"type": "drawer", "unit": "branch-1"}, "ann") == "ok"
    assert file(ledger, "eve", drawer="branch-1/000001") == "ok"
    drawer = fields_of(ledger, "drawer", "branch-1/000001")
    assert drawer["values"] == {"label": "eve", "paper": "branch-1/000001"}
    assert (drawer["transition"], drawer["actor"]) == ("fill", "paper/file")


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ('when = "drawer is not None"', 'when = "person"', "type.paper.transition.file.effects[3].when"),
        ('when = "drawer is not None"', "when = 1", "type.paper.transition.file.effects[3].when"),
        ('at = "top"', 'at = "district"', "type.paper.transition.file.effects[2].at"),
        ('label = "person", paper', 'labl = "person", paper', "type.paper.transition.file.effects[3].fields.labl"),
    ],
)
def test_what_is_no_condition_or_no_field_is_told(old: str, new: str, path: str) -> None:
    source = CLUB + DRAWER
    assert old in source
    found = compile_pack({"pack.toml": tomllib.loads(source.replace(old, new))})
    assert found.pack is None and path in {fault.path for fault in found.faults}

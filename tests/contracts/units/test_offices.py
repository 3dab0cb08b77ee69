"""Offices: held, ended, for a term, counted."""

import pytest

from contracts.result import Event
from contracts.units.office import office_id
from contracts.units.role_count import ENDS_MAX
from ledger.encoding import Value
from tests.contracts.organisation import Organisation

COMMITMENT: Value = {"#": bytes(range(32))}
CHAIR: dict[str, Value] = {"unit": "docs", "role": "chair", "person": "p1"}


def with_units(*units: str) -> Organisation:
    ledger = Organisation()
    for unit in units or ("docs",):
        ledger.add_unit(unit)
    return ledger


def count(ledger: Organisation, role: str = "chair", unit: str = "docs") -> Value:
    record = ledger.record("role-count", f"{unit}/{role}")
    return 0 if record is None else record.fields["count"]


def test_an_office_is_held_ends_and_is_held_again() -> None:
    ledger = with_units()
    given = CHAIR | {"body": COMMITMENT, "since": 5, "until": ledger.time_ms + 10**9, "basis": "Art. 9"}
    result = ledger.asked("units.appoint", given)
    assert result.events == (Event("units.appointed", {"person": "p1", "role": "chair", "unit": "docs"}),)
    assert [link.subject for link in result.links[1:]] == ["unit/docs", "person/p1"]
    where = {"height": 2, "time": ledger.time_ms, "state": "held"}
    assert ledger.fields("office", office_id("docs", "chair", "p1")) == given | where
    assert ledger.code("units.appoint", dict(CHAIR)) == "units.office-held"
    result = ledger.asked("units.release", CHAIR | {"basis": "Art. 10"})
    assert result.events == (Event("units.released", {"person": "p1", "role": "chair", "unit": "docs"}),)
    fields = ledger.fields("office", office_id("docs", "chair", "p1"))
    assert (fields["state"], fields["since"], fields["basis"]) == ("ended", 5, "Art. 10")
    assert "body" not in fields
    assert (count(ledger), ledger.fields("role-count", "docs/chair")["ends"]) == (0, [])
    assert ledger.code("units.release", dict(CHAIR)) == "units.office-not-held"
    assert ledger.code("units.appoint", dict(CHAIR)) == "ok"
    fields = ledger.fields("office", office_id("docs", "chair", "p1"))
    assert (fields["since"], "until" in fields, "basis" in fields) == (ledger.time_ms, False, False)


def test_offices_differ_by_unit_role_and_person() -> None:
    ledger = with_units("a", "a/chair")
    for unit, role, person in (("a", "chair", "p"), ("a", "chair", "P"), ("a", "lead", "p"), ("a/chair", "chair", "p")):
        assert ledger.code("units.appoint", {"unit": unit, "role": role, "person": person}) == "ok"
    refused = {"unit": "a/chair", "role": "lead", "person": "p"}
    assert ledger.code("units.release", dict(refused)) == "units.office-not-held"
    assert (count(ledger, "chair", "a"), count(ledger, "chair", "a/chair")) == (2, 1)


def test_a_term_begins_by_now_and_ends_later() -> None:
    ledger = with_units()
    now = ledger.time_ms + 1000
    assert ledger.code("units.appoint", CHAIR | {"since": now + 1}) == "units.term-later"
    now += 1000
    assert ledger.code("units.appoint", CHAIR | {"since": now, "until": now}) == "units.term-empty"
    assert ledger.code("units.appoint", CHAIR | {"since": 10, "until": 20}) == "ok"
    assert count(ledger) == 0
    assert ledger.code("units.release", dict(CHAIR)) == "units.office-not-held"
    assert ledger.code("units.appoint", dict(CHAIR)) == "ok"
    assert count(ledger) == 1


def test_who_served_a_term_may_get_another_one_at_its_end() -> None:
    ledger = with_units()
    end = ledger.time_ms + 10_000
    ledger.add_office("docs", "chair", "p1", until=end)
    ledger.at(end - 1)
    assert ledger.code("units.appoint", dict(CHAIR)) == "units.office-held"
    ledger.at(end)
    assert ledger.code("units.appoint", dict(CHAIR)) == "ok"
    assert count(ledger) == 1


def test_terms_end_at_so_many_moments() -> None:
    ledger = with_units()
    begin = ledger.time_ms + 10**9
    for number in range(ENDS_MAX):
        ledger.add_office("docs", "chair", f"p{number}", until=begin + number)
    one_more: dict[str, Value] = {"unit": "docs", "role": "chair", "person": "q", "until": begin + ENDS_MAX}
    refused = ledger.asked("units.appoint", one_more)
    assert (refused.code, refused.details["limit"]) == ("units.terms-too-many", ENDS_MAX)
    assert ledger.code("units.appoint", one_more | {"until": begin}) == "ok"
    assert ledger.code("units.appoint", {"unit": "docs", "role": "chair", "person": "r"}) == "ok"
    ledger.at(begin)
    assert ledger.code("units.appoint", one_more | {"person": "s"}) == "ok"
    assert count(ledger) == ENDS_MAX + 3 - 2


@pytest.mark.parametrize(
    ("changed", "refusal", "argument"),
    [
        ({"role": "a/b"}, "arguments.pattern", "role"),
        ({"role": "Chair"}, "arguments.pattern", "role"),
        ({"role": "x" * 33}, "arguments.too-long", "role"),
        ({"person": "p/q"}, "arguments.pattern", "person"),
        ({"person": "x" * 65}, "arguments.too-long", "person"),
        ({"body": "Li"}, "arguments.not-detached", "body"),
        ({"until": -1}, "arguments.out-of-range", "until"),
    ],
)
def test_arguments_are_checked(changed: dict[str, Value], refusal: str, argument: str) -> None:
    result = with_units().asked("units.appoint", CHAIR | changed)
    assert (result.code, result.details["argument"]) == (refusal, argument)


def test_the_longest_names_are_within_every_bound() -> None:
    unit = "u" * 128
    office: dict[str, Value] = {"unit": unit, "role": "r" * 32, "person": "p" * 64, "body": COMMITMENT}
    assert with_units(unit).code("units.appoint", office | {"basis": "b" * 200, "since": 0}) == "ok"

"""The contract `unit`: founding, offices, regular meetings, and who may."""

import pytest

from contracts.record import Record, record_key
from contracts.result import Event, RecordVersion
from contracts.unit import NUMBER_MAX, meeting_id, office_id
from ledger.encoding import Value
from tests.contracts.trial_ledger import ADMINISTRATOR, SECRETARY, TrialLedger

COMMITMENT: Value = {"#": bytes(range(32))}
MEETING: dict[str, Value] = {
    "unit": "sig-docs",
    "title": "Regular meeting",
    "day": "first Wednesday",
    "clock": "2PM",
    "zone": "PT (Pacific Time)",
    "frequency": "monthly - last Wednesday every month",
}


def founded(*units: str) -> TrialLedger:
    ledger = TrialLedger()
    for unit in units:
        assert code(ledger, "found", {"unit": unit, "kind": "sig", "name": unit.title()}) == "ok"
    return ledger


def code(ledger: TrialLedger, method: str, values: dict[str, Value]) -> str:
    return ledger.result(f"unit.{method}", values, ADMINISTRATOR).code


def test_a_unit_is_founded_under_a_parent_that_is_there() -> None:
    ledger = founded("docs")
    values: dict[str, Value] = {"unit": "docs/blog", "kind": "subproject", "name": "Blog 博客", "parent": "docs"}
    result = ledger.result("unit.found", values, ADMINISTRATOR)
    assert result.events == (Event("unit.founded", {"unit": "docs/blog"}),)
    assert result.writes == (RecordVersion("unit", "docs/blog", 1),)
    assert [link.subject for link in result.links[1:]] == ["unit/docs/blog", "unit/docs"]
    assert ledger.record("unit", "docs/blog") == Record(
        1,
        {
            "height": 2,
            "kind": "subproject",
            "meetings": 0,
            "name": "Blog 博客",
            "parent": "docs",
            "state": "active",
            "time": ledger.time_ms,
            "unit": "docs/blog",
        },
    )
    assert "parent" not in ledger.fields("unit", "docs")


def test_no_unit_is_founded_twice_or_under_none() -> None:
    ledger = founded("docs")
    assert code(ledger, "found", {"unit": "docs", "kind": "sig", "name": "Again"}) == "unit.exists"
    assert ledger.fields("unit", "docs")["name"] == "Docs"
    orphan: dict[str, Value] = {"unit": "blog", "kind": "sig", "name": "Blog", "parent": "press"}
    assert code(ledger, "found", orphan) == "unit.not-found"
    own: dict[str, Value] = {"unit": "blog", "kind": "sig", "name": "Blog", "parent": "blog"}
    assert code(ledger, "found", own) == "unit.not-found"


def test_an_office_is_held_ends_and_is_held_again() -> None:
    ledger = founded("docs")
    office: dict[str, Value] = {"unit": "docs", "role": "chair", "person": "p1"}
    result = ledger.result("unit.appoint", office | {"body": COMMITMENT}, ADMINISTRATOR)
    assert result.events == (Event("unit.appointed", {"person": "p1", "role": "chair", "unit": "docs"}),)
    assert [link.subject for link in result.links[1:]] == ["unit/docs", "person/p1"]
    fields = ledger.fields("office", office_id("docs", "chair", "p1"))
    assert fields == {
        "body": COMMITMENT,
        "height": 2,
        "person": "p1",
        "role": "chair",
        "state": "held",
        "time": ledger.time_ms,
        "unit": "docs",
    }
    assert code(ledger, "appoint", office) == "unit.office-held"
    assert code(ledger, "release", office) == "ok"
    assert ledger.fields("office", office_id("docs", "chair", "p1"))["state"] == "ended"
    assert code(ledger, "release", office) == "unit.office-not-held"
    assert code(ledger, "appoint", office) == "ok"
    assert ledger.record("office", office_id("docs", "chair", "p1")) is not None


def test_offices_differ_by_unit_role_and_person() -> None:
    ledger = founded("a", "a/chair")
    assert code(ledger, "appoint", {"unit": "a", "role": "chair", "person": "p"}) == "ok"
    assert code(ledger, "appoint", {"unit": "a", "role": "chair", "person": "P"}) == "ok"
    assert code(ledger, "appoint", {"unit": "a", "role": "lead", "person": "p"}) == "ok"
    assert code(ledger, "appoint", {"unit": "a/chair", "role": "chair", "person": "p"}) == "ok"
    assert code(ledger, "release", {"unit": "a/chair", "role": "lead", "person": "p"}) == "unit.office-not-held"


def test_a_meeting_keeps_the_words_that_people_wrote() -> None:
    ledger = founded("sig-docs")
    result = ledger.result("unit.schedule", dict(MEETING), ADMINISTRATOR)
    assert result.events == (Event("unit.meeting-scheduled", {"number": 1, "unit": "sig-docs"}),)
    meeting = ledger.fields("regular-meeting", meeting_id("sig-docs", 1))
    assert meeting == MEETING | {"number": 1, "state": "scheduled"}
    assert code(ledger, "schedule", MEETING | {"title": "Another"}) == "ok"
    assert ledger.fields("unit", "sig-docs")["meetings"] == 2
    assert ledger.fields("regular-meeting", meeting_id("sig-docs", 2))["title"] == "Another"


def test_a_meeting_is_cancelled_once_and_stays() -> None:
    ledger = founded("sig-docs")
    code(ledger, "schedule", dict(MEETING))
    assert code(ledger, "cancel", {"unit": "sig-docs", "number": 2}) == "unit.meeting-not-found"
    assert code(ledger, "cancel", {"unit": "sig-docs", "number": 1}) == "ok"
    assert ledger.fields("regular-meeting", meeting_id("sig-docs", 1)) == MEETING | {"number": 1, "state": "cancelled"}
    assert code(ledger, "cancel", {"unit": "sig-docs", "number": 1}) == "unit.meeting-cancelled"


def test_a_full_plan_takes_no_more() -> None:
    ledger = founded("sig-docs")
    fields = ledger.fields("unit", "sig-docs") | {"meetings": NUMBER_MAX}
    ledger.state[record_key("unit", "sig-docs")] = Record(2, fields).encode()
    result = ledger.result("unit.schedule", dict(MEETING), ADMINISTRATOR)
    assert (result.code, result.details) == ("unit.plan-full", {"unit": "sig-docs", "count": NUMBER_MAX})


CALLS: list[tuple[str, dict[str, Value]]] = [
    ("unit.found", {"unit": "a", "kind": "sig", "name": "A"}),
    ("unit.appoint", {"unit": "docs", "role": "chair", "person": "p"}),
    ("unit.release", {"unit": "docs", "role": "chair", "person": "p"}),
    ("unit.schedule", MEETING | {"unit": "docs"}),
    ("unit.cancel", {"unit": "docs", "number": 1}),
]


@pytest.mark.parametrize(("operation", "values"), CALLS)
def test_only_an_administrator_may_and_a_signature_beside_lends_nothing(
    operation: str, values: dict[str, Value]
) -> None:
    ledger = founded("docs")
    assert ledger.result(operation, values).code == "unit.not-allowed"
    both = ledger.transaction(operation, values, SECRETARY, [SECRETARY, ADMINISTRATOR])
    assert ledger.execute(both).results[0].code == "unit.not-allowed"


@pytest.mark.parametrize(("operation", "values"), CALLS[1:])
def test_what_is_about_no_unit_is_refused(operation: str, values: dict[str, Value]) -> None:
    result = TrialLedger().result(operation, values, ADMINISTRATOR)
    assert (result.code, result.details) == ("unit.not-found", {"unit": "docs"})


@pytest.mark.parametrize(
    ("operation", "values", "refusal", "argument"),
    [
        ("unit.found", {"unit": "Release Team", "kind": "sig", "name": "x"}, "arguments.pattern", "unit"),
        ("unit.found", {"unit": "a", "kind": "a/b", "name": "x"}, "arguments.pattern", "kind"),
        ("unit.found", {"unit": "a", "kind": "sig"}, "arguments.missing", "name"),
        ("unit.found", {"unit": "a", "kind": "sig", "name": "x" * 201}, "arguments.too-long", "name"),
        ("unit.appoint", {"unit": "a", "role": "a/b", "person": "p"}, "arguments.pattern", "role"),
        ("unit.appoint", {"unit": "a", "role": "r", "person": "p/q"}, "arguments.pattern", "person"),
        ("unit.appoint", {"unit": "a", "role": "r", "person": "x" * 65}, "arguments.too-long", "person"),
        ("unit.appoint", {"unit": "a", "role": "r", "person": "p", "body": "Li"}, "arguments.not-detached", "body"),
        ("unit.schedule", MEETING | {"frequency": "x" * 101}, "arguments.too-long", "frequency"),
        ("unit.schedule", MEETING | {"clock": ""}, "arguments.out-of-range", "clock"),
        ("unit.cancel", {"unit": "a", "number": 0}, "arguments.out-of-range", "number"),
    ],
)
def test_arguments_are_checked(operation: str, values: dict[str, Value], refusal: str, argument: str) -> None:
    result = TrialLedger().result(operation, values, ADMINISTRATOR)
    assert (result.code, result.details["argument"]) == (refusal, argument)


def test_the_longest_names_are_within_every_bound() -> None:
    unit = "u" * 128
    ledger = founded(unit)
    office: dict[str, Value] = {"unit": unit, "role": "r" * 64, "person": "p" * 64, "body": COMMITMENT}
    assert code(ledger, "appoint", office) == "ok"
    longest: dict[str, Value] = dict.fromkeys(("day", "clock", "zone", "frequency"), "x" * 100)
    assert code(ledger, "schedule", longest | {"unit": unit, "title": "t" * 200}) == "ok"

"""Regular meetings: planning, cancelling, and the words that stay."""

import pytest

from contracts.record import Record, record_key
from contracts.result import Event
from contracts.units.meetings import NUMBER_MAX, meeting_id
from ledger.encoding import Value
from tests.contracts.organisation import Organisation

MEETING: dict[str, Value] = {
    "unit": "sig-docs",
    "title": "Regular meeting",
    "day": "first Wednesday",
    "clock": "2PM",
    "zone": "PT (Pacific Time)",
    "frequency": "monthly - last Wednesday every month",
}


def with_unit(unit: str = "sig-docs") -> Organisation:
    ledger = Organisation()
    ledger.add_unit(unit)
    return ledger


def test_a_meeting_keeps_the_words_that_people_wrote() -> None:
    ledger = with_unit()
    result = ledger.asked("units.schedule", dict(MEETING))
    assert result.events == (Event("units.meeting-scheduled", {"number": 1, "unit": "sig-docs"}),)
    assert [link.subject for link in result.links[1:]] == ["unit/sig-docs"]
    meeting = ledger.fields("regular-meeting", meeting_id("sig-docs", 1))
    assert meeting == MEETING | {"number": 1, "state": "scheduled"}
    assert ledger.code("units.schedule", MEETING | {"title": "Another"}) == "ok"
    assert ledger.fields("unit", "sig-docs")["meetings"] == 2
    assert ledger.fields("regular-meeting", meeting_id("sig-docs", 2))["title"] == "Another"


def test_a_meeting_is_cancelled_once_and_stays() -> None:
    ledger = with_unit()
    ledger.code("units.schedule", dict(MEETING))
    assert ledger.code("units.cancel", {"unit": "sig-docs", "number": 2}) == "units.meeting-not-found"
    assert ledger.code("units.cancel", {"unit": "sig-docs", "number": 1}) == "ok"
    assert ledger.fields("regular-meeting", meeting_id("sig-docs", 1)) == MEETING | {"number": 1, "state": "cancelled"}
    assert ledger.code("units.cancel", {"unit": "sig-docs", "number": 1}) == "units.meeting-cancelled"


def test_a_full_plan_takes_no_more() -> None:
    ledger = with_unit()
    fields = ledger.fields("unit", "sig-docs") | {"meetings": NUMBER_MAX}
    ledger.state[record_key("unit", "sig-docs")] = Record(2, fields).encode()
    result = ledger.asked("units.schedule", dict(MEETING))
    assert (result.code, result.details) == ("units.plan-full", {"unit": "sig-docs", "count": NUMBER_MAX})


@pytest.mark.parametrize(
    ("operation", "values", "argument"),
    [
        ("units.schedule", MEETING | {"frequency": "x" * 101}, "frequency"),
        ("units.schedule", MEETING | {"clock": ""}, "clock"),
        ("units.cancel", {"unit": "a", "number": 0}, "number"),
    ],
)
def test_arguments_are_checked(operation: str, values: dict[str, Value], argument: str) -> None:
    result = with_unit().asked(operation, values)
    assert result.code in ("arguments.too-long", "arguments.out-of-range")
    assert result.details["argument"] == argument


def test_the_longest_meeting_is_within_every_bound() -> None:
    unit = "u" * 128
    longest: dict[str, Value] = dict.fromkeys(("day", "clock", "zone", "frequency"), "x" * 100)
    assert with_unit(unit).code("units.schedule", longest | {"unit": unit, "title": "t" * 200}) == "ok"

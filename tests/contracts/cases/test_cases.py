"""Cases: opened by anybody entitled, noted, decided by people, overdue without consequence."""

import pytest

from contracts.calendar.dates import DAY_MS
from contracts.cases.case import NUMBER_MAX, STEPS_MAX
from contracts.result import Event
from ledger.encoding import Value
from tests.contracts.organisation import Organisation

THIS: dict[str, Value] = {"unit": "branch-1", "number": 1}
NEW: dict[str, Value] = {"unit": "branch-1", "title_en": "A complaint", "title_zh": "投诉", "days": 10}
COMMITMENT: Value = {"#": bytes(32)}
EXTRA: dict[str, dict[str, Value]] = {
    "note": {"what": "notice"},
    "decide": {"outcome": "Founded"},
    "close": {"outcome": "Moot"},
}


def organisation() -> Organisation:
    ledger = Organisation()
    ledger.add_unit("branch-1")
    for person in ("ann", "bob", "eve"):
        ledger.add_person(person)
    ledger.add_office("branch-1", "lead", "ann")
    ledger.add_office("branch-1", "lead", "eve")
    return ledger


def opened(**values: Value) -> Organisation:
    """A branch with a case about Eve for its leads to deal with, unless something else is said."""
    ledger = organisation()
    arguments = {"person": "eve", "owner": "role:lead"} | NEW | values
    result = ledger.asked("cases.open", {name: value for name, value in arguments.items() if value is not None})
    assert result.events == (Event("cases.opened", {"number": 1, "unit": "branch-1"}),)
    return ledger


def case_of(ledger: Organisation) -> dict[str, Value]:
    return ledger.fields("case", "branch-1/000001")


def test_a_case_says_by_whom_it_was_opened_and_until_when_it_should_be_decided() -> None:
    ledger = opened()
    case = case_of(ledger)
    assert (case["state"], case["person"], case["owner"], case["number"]) == ("open", "eve", "role:lead", 1)
    assert case["title"] == {"en": "A complaint", "zh": "投诉"}
    assert case["due"] == ledger.time_ms + 10 * DAY_MS
    assert str(case["basis"]).startswith("member/")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"unit": "nowhere"}, "units.not-found"),
        ({"person": "nobody"}, "cases.person-unknown"),
        ({"owner": "role:Lead"}, "cases.owner-invalid"),
        ({"owner": "whoever"}, "cases.owner-invalid"),
        ({"owner": "self"}, "cases.owner-invalid"),
        ({"owner": "creator"}, "cases.owner-invalid"),
        ({"days": 0}, "arguments.out-of-range"),
    ],
)
def test_what_is_no_case_is_not_opened(changed: dict[str, Value], code: str) -> None:
    ledger = organisation()
    assert ledger.code("cases.open", NEW | changed) == code
    assert ledger.record("case", "branch-1/000001") is None


def test_only_who_is_permitted_opens_cases() -> None:
    ledger = organisation()
    assert ledger.code("cases.open", NEW, "ann") == "operation.not-allowed"
    ledger.permit("cases.open", "role:lead")
    assert ledger.code("cases.open", NEW, "ann") == "ok"
    assert ledger.code("cases.open", NEW, "bob") == "operation.not-allowed"


def test_a_case_about_a_person_is_decided_after_notice_and_once() -> None:
    ledger = opened()
    decision = THIS | {"outcome": "Founded; a warning"}
    assert ledger.code("cases.decide", decision, "ann") == "cases.no-notice"
    assert ledger.code("cases.note", THIS | {"what": "hearing"}, "ann") == "ok"
    assert ledger.code("cases.decide", decision, "ann") == "cases.no-notice"
    assert ledger.code("cases.note", THIS | {"what": "notice", "body": COMMITMENT}, "ann") == "ok"
    assert ledger.code("cases.decide", decision | {"reasons": COMMITMENT}, "ann") == "ok"
    case = case_of(ledger)
    told, steps = case["decision"], case["steps"]
    assert isinstance(told, dict)
    assert isinstance(steps, list)
    assert (case["state"], told["outcome"], told["reasons"]) == ("decided", "Founded; a warning", COMMITMENT)
    assert [step[0] for step in steps if isinstance(step, list)] == ["hearing", "notice"]
    assert not any(key.startswith(b"timer\0") for key in ledger.state)
    for operation, extra in EXTRA.items():
        assert ledger.code(f"cases.{operation}", THIS | extra, "ann") == "cases.not-open"


@pytest.mark.parametrize("operation", sorted(EXTRA))
def test_nobody_deals_with_a_case_about_themselves_or_for_others(operation: str) -> None:
    ledger = opened()
    # Eve is a lead, and the case is about her; an administrator was not asked.
    asked = [ledger.code(f"cases.{operation}", THIS | EXTRA[operation], one) for one in ("eve", "bob", None)]
    assert asked == ["cases.own-case", "cases.not-allowed", "cases.not-allowed"]


def test_a_case_about_nobody_needs_no_notice_and_without_an_owner_is_the_administrators() -> None:
    ledger = opened(person=None, owner=None)
    assert ledger.code("cases.decide", THIS | EXTRA["decide"], "ann") == "cases.not-allowed"
    assert ledger.code("cases.decide", THIS | EXTRA["decide"]) == "ok"


def test_a_case_that_became_moot_is_closed() -> None:
    ledger = opened()
    assert ledger.code("cases.close", THIS | EXTRA["close"], "ann") == "ok"
    assert case_of(ledger)["state"] == "closed"


def test_a_case_that_is_overdue_is_told_and_stays_open() -> None:
    ledger = opened()
    due = case_of(ledger)["due"]
    assert isinstance(due, int)
    ledger.at(due - 1)
    assert ledger.execute().effects == ()
    ledger.at(due)
    (effect,) = ledger.execute().effects
    assert effect.events == (Event("cases.overdue", {"number": 1, "unit": "branch-1"}),)
    case = case_of(ledger)
    assert (case["state"], case["overdue"]) == ("open", True)
    assert ledger.code("cases.note", THIS | {"what": "notice"}, "ann") == "ok"
    assert ledger.code("cases.decide", THIS | {"outcome": "late"}, "ann") == "ok"


def test_cases_have_bounds() -> None:
    ledger = opened()
    for _ in range(STEPS_MAX):
        assert ledger.code("cases.note", THIS | EXTRA["note"], "ann") == "ok"
    assert ledger.code("cases.note", THIS | EXTRA["note"], "ann") == "cases.steps-full"
    assert ledger.code("cases.note", THIS | {"number": 2, "what": "notice"}, "ann") == "cases.not-found"
    ledger.write("case-count", "branch-1", {"count": NUMBER_MAX, "unit": "branch-1"})
    assert ledger.code("cases.open", NEW) == "cases.numbers-full"


def test_a_case_of_a_unit_that_is_over_is_brought_to_an_end_by_the_administrators() -> None:
    """Its owner's office is held by nobody any more."""
    ledger = opened(person=None)
    assert ledger.code("cases.close", THIS | EXTRA["close"]) == "cases.not-allowed"
    assert ledger.code("units.dissolve", {"unit": "branch-1"}) == "ok"
    assert ledger.code("cases.close", THIS | EXTRA["close"], "ann") == "cases.not-allowed"
    assert ledger.code("cases.close", THIS | EXTRA["close"]) == "ok"

"""Completeness: what is missing is told with its record, and a ledger that only ran its own contracts lacks nothing.

What no contract would leave behind is made by writing into the state, as a fault of the software would.
"""

from collections.abc import Callable

import pytest

from contracts.calendar.recurrence import Recurrence
from contracts.completeness.dues import check_dues
from contracts.completeness.numbers import NUMBER_GONE, check_numbers
from contracts.completeness.periods import NOT_HELD, NOT_JUDGED, NOT_WRITTEN, check_periods
from contracts.completeness.references import REFERENCE_GONE, REQUIRED_GONE, STATE_GONE, check_references
from contracts.completeness.requirements import NO_RECORD, NO_RECORD_THEN, check_requirements
from contracts.completeness.survey import Inspection, Survey
from contracts.completeness.tree import (
    CHILDREN_WRONG,
    COUNT_WRONG,
    HOLDER_UNKNOWN,
    PARENT_GONE,
    check_offices,
    check_units,
)
from contracts.record import Record, record_key
from contracts.treasury.roll import Member, Roll
from contracts.treasury.sheet import Sheet
from tests.contracts.dict_state import DictState
from tests.contracts.indices.oversight import CIRCLE, UNIT, Facts, circle, day_ms, publish
from tests.contracts.organisation import Organisation
from tests.contracts.records.packs import CLUB, compiled, put_in_force
from tests.contracts.schedule.schedule_ledger import BEGIN, ScheduleLedger
from tests.contracts.state_records import StateRecords

DAY_MS = 86_400_000
MONTHLY = Recurrence("months", 1)
Check = Callable[[Inspection], Survey]


def survey(check: Check, state: DictState, time_ms: int, unit: str | None = None) -> Survey:
    return check(Inspection.of(StateRecords(state, time_ms), unit))


def codes(found: Survey) -> list[tuple[str, str]]:
    return [(gap.reason.code, gap.id) for gap in found.gaps]


@pytest.fixture(scope="module")
def club() -> Organisation:
    """A branch under a committee, with the club's pack, members, and applications of which one was withdrawn."""
    ledger = Organisation()
    put_in_force(ledger, compiled(CLUB))
    ledger.add_unit("committee")
    ledger.add_unit("branch-1", "committee")
    for person in ("ann", "bob", "cai", "dan"):
        ledger.add_person(person)
        ledger.add_office("branch-1", "member", person, None if person != "dan" else ledger.time_ms + DAY_MS)
    return ledger


def changed(ledger: Organisation, kind: str, record_id: str, **fields: object) -> DictState:
    """A copy of the state with some fields of a record replaced; with none, without the record."""
    state = DictState(dict(ledger.state))
    key = record_key(kind, record_id)
    if not fields:
        del state[key]
        return state
    record = Record.decode(state[key])
    state[key] = Record(record.version, record.fields | fields).encode()  # type: ignore[arg-type]
    return state


@pytest.mark.parametrize("unit", [None, "branch-1"])
def test_what_the_contracts_wrote_lacks_nothing(club: Organisation, unit: str | None) -> None:
    for check in (check_units, check_offices, check_periods, check_numbers, check_references):
        # A day and more later, so that a term has run out.
        found = survey(check, club.state, club.time_ms + 2 * DAY_MS, unit)
        assert codes(found) == [], check
    assert survey(check_offices, club.state, club.time_ms, unit).looked_at == 4


def test_units_and_offices_that_lead_nowhere_are_told(club: Organisation) -> None:
    time_ms = club.time_ms
    orphan = changed(club, "unit", "branch-1", parent="nowhere")
    assert codes(survey(check_units, orphan, time_ms)) == [
        (PARENT_GONE.code, "branch-1"),
        (CHILDREN_WRONG.code, "committee"),
    ]
    assert codes(survey(check_units, orphan, time_ms, "branch-1")) == [(PARENT_GONE.code, "branch-1")]
    nobody = changed(club, "person", "ann")
    assert codes(survey(check_offices, nobody, time_ms)) == [(HOLDER_UNKNOWN.code, "branch-1/member/ann")]
    miscounted = changed(club, "role-count", "branch-1/member", count=3)
    (gap,) = survey(check_offices, miscounted, time_ms, "branch-1").gaps
    assert (gap.reason, gap.values["count"], gap.values["counted"]) == (COUNT_WRONG, 4, 3)
    assert gap.reason.fields == gap.values.keys()


def test_numbers_that_are_gone_are_told_unless_their_chain_says_why(club: Organisation) -> None:
    kind = "application"
    club.write("record-count", f"branch-1/{kind}", {"count": 3, "kind": kind, "unit": "branch-1"})
    club.write(kind, "branch-1/000002", {"unit": "branch-1", "state": ""})
    club.write("chain", f"record/{kind}/branch-1/000003", {"link": bytes(32), "sequence": 2})
    found = survey(check_numbers, club.state, club.time_ms, "branch-1")
    assert codes(found) == [(NUMBER_GONE.code, "branch-1/000001")]
    assert (found.looked_at, found.explained) == (3, 1)
    for record in (("record-count", f"branch-1/{kind}"), (kind, "branch-1/000002")):
        del club.state[record_key(*record)]


def test_numbers_of_ballots_are_looked_at(club: Organisation) -> None:
    club.write("ballot-count", "branch-1", {"count": 2, "unit": "branch-1"})
    club.write("ballot", "branch-1/000002", {"unit": "branch-1", "number": 2})
    found = survey(check_numbers, club.state, club.time_ms, "branch-1")
    assert codes(found) == [(NUMBER_GONE.code, "branch-1/000001")]
    for record in (("ballot-count", "branch-1"), ("ballot", "branch-1/000002")):
        del club.state[record_key(*record)]


def test_fields_that_lead_nowhere_and_what_is_required_are_told(club: Organisation) -> None:
    fields = {"unit": "branch-1", "state": "nowhere", "values": {"person": "eve"}}
    club.write("application", "branch-1/000001", fields)  # type: ignore[arg-type]
    found = survey(check_references, club.state, club.time_ms, "branch-1")
    assert {code for code, _ in codes(found)} <= {STATE_GONE.code, REQUIRED_GONE.code, REFERENCE_GONE.code}
    assert (STATE_GONE.code, "branch-1/000001") in codes(found)
    del club.state[record_key("application", "branch-1/000001")]


def test_periods_of_plans_are_held_or_told() -> None:
    ledger = ScheduleLedger()
    assert ledger.plan(MONTHLY).ok
    assert ledger.hold(1, BEGIN * DAY_MS).ok
    ledger.move_to((BEGIN + 95) * DAY_MS)
    ledger.settle()
    found = survey(check_periods, ledger.state, ledger.time_ms)
    assert codes(found) == [
        (NOT_HELD.code, "branch-1/000001/2026-10-01"),
        (NOT_HELD.code, "branch-1/000001/2026-11-01"),
    ]
    assert found.looked_at == 3
    assert ledger.hold(1, (BEGIN + 40) * DAY_MS).ok
    late = survey(check_periods, ledger.state, ledger.time_ms, "branch-1")
    assert (len(late.gaps), late.explained) == (1, 1)
    state = DictState(dict(ledger.state))
    del state[record_key("missed", "branch-1/000001/2026-11-01")]
    assert codes(survey(check_periods, state, ledger.time_ms)) == [(NOT_WRITTEN.code, "branch-1/000001/2026-11-01")]
    # Nobody ran the timers for half a year.
    stopped = survey(check_periods, ledger.state, ledger.time_ms + 180 * DAY_MS)
    assert (NOT_JUDGED.code, "branch-1/000001") in codes(stopped)


def test_nobody_is_missed_whom_a_pack_requires_something_of() -> None:
    facts = Facts(members=3)
    publish(facts, circle())
    facts.record("talk", 1, "held", "2026-01-05", person="p01")
    now_ms = day_ms("2026-10-10")
    found = check_requirements(Inspection.of(StateRecords(facts, now_ms), UNIT))
    assert codes(found) == [(NO_RECORD.code, "north/member/p00"), (NO_RECORD.code, "north/member/p02")]
    assert found.looked_at == 3
    over = Facts(members=3)
    publish(over, circle())
    over.add("unit", UNIT, {"state": "dissolved", "time": 0})
    for unit in (None, UNIT):
        assert check_requirements(Inspection.of(StateRecords(over, now_ms), unit)).looked_at == 0
    yearly = 'kind = "evening"\nevery = "yearly"\non = "held_on"'
    asked = CIRCLE.replace('role = "member"\nkind = "talk"', f'role = "member"\n{yearly}')
    asked = asked.replace('title = {en = "Evening", zh = "聚会"}', 'title = {en = "E", zh = "聚"}\nsubject = "host"')
    asked = asked.replace('sets = ["held_on", ', 'sets = ["host", "held_on", ')
    host = (
        '[type.evening.field.host]\ntype = "person"\nclass = "public"\nrequired = true\ntitle = {en = "H", zh = "主"}\n'
    )
    publish(facts, circle(asked.replace("[type.evening.field.room]", f"{host}[type.evening.field.room]")))
    facts.evening(1, "2025-03-01", host="p00")
    facts.evening(2, "2026-03-01", host="p01")
    for person, since in (("p00", "2024-12-31"), ("p01", "2024-12-31"), ("p02", "2025-01-01")):
        facts.hold("member", person, since)
    # Of 2025, the last year that is over: p00 had one, p01 a year later, p02 came within it.
    again = check_requirements(Inspection.of(StateRecords(facts, now_ms), None))
    assert codes(again) == [(NO_RECORD_THEN.code, "north/member/p01")]


def test_a_month_without_a_sheet_of_dues_is_told() -> None:
    facts = Facts(members=0)
    roll = Roll(UNIT, 1, {"ann": Member(), "bob": Member()})
    roll.members["ann"].stand("2026-05-20", "wage", 100)
    roll.members["bob"].stand("2026-07-01", "wage", 100)
    roll.members["bob"].leave("2026-08-01")
    facts.add("dues-roll", roll.id, roll.to_fields())
    sheet = Sheet(UNIT, 202607, 1, {})
    facts.add("dues-sheet", sheet.id, sheet.to_fields())
    for unit in (None, UNIT):
        found = check_dues(Inspection.of(StateRecords(facts, day_ms("2026-10-10")), unit))
        # May: nobody owed on its first day. September may still be assessed.
        assert [(gap.values["month"], gap.values["count"]) for gap in found.gaps] == [("2026-06", 1), ("2026-08", 1)]
        assert found.looked_at == 4
    facts.add("unit", UNIT, {"state": "merged", "time": 0})
    assert check_dues(Inspection.of(StateRecords(facts, day_ms("2026-10-10")), UNIT)).gaps == []

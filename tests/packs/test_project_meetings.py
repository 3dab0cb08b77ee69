"""A year of a real project's meetings, recorded through the pack, with gaps that are known: exactly these are found."""

import csv

import pytest

from cli.demo.membership import BUILT_IN
from contracts.calendar.dates import DAY_MS, format_date, parse_date
from contracts.calendar.recurrence import Recurrence
from contracts.calendar.words import Understood, understand
from ledger.encoding import Value
from tests.contracts.schedule.schedule_ledger import BEGIN, HOUR_MS
from tests.contracts.trial_ledger import ADMINISTRATOR
from tests.packs.project_ledger import UNIT, ProjectLedger

LAST = parse_date("2027-08-31")
ATTENDANCE = 12


def plans() -> tuple[list[tuple[str, str, Recurrence]], list[str]]:
    """Unit, title and recurrence of what is understood; the words of what is not."""
    found, strange = [], []
    with (BUILT_IN / "meetings.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            one = understand(row["frequency"], row["day"], BEGIN)
            if isinstance(one, Understood):
                found.append((row["group"].replace(" ", "-"), row["title"], one.recurrence))
            else:
                strange.append(row["frequency"])
    return found, strange


def meeting_days(recurrence: Recurrence) -> dict[int, int]:
    """By the first day of each period that lies wholly in the year: a day in it."""
    days = {}
    index = recurrence.period_of(BEGIN) + 1
    while (bounds := recurrence.period_bounds(index))[1] <= LAST:
        expected = recurrence.expected_days(index)
        days[bounds[0]] = expected[0] if expected else sum(bounds) // 2
        index += 1
    return days


def meeting(unit: str, plan: str, day: int, **more: Value) -> dict[str, Value]:
    fields: dict[str, Value] = {"plan": plan, "held_on": day, "held_at": day * DAY_MS + HOUR_MS}
    return {"type": "meeting", "unit": unit, "fields": fields | {"attendance": ATTENDANCE} | more}


@pytest.mark.slow
def test_meetings_that_were_not_recorded_are_found_and_nothing_else() -> None:
    ledger = ProjectLedger()
    understood, strange = plans()
    assert strange == ["monthly - Wednesday, after the fourth Tuesday, every month"]
    for unit in sorted({unit for unit, _, _ in understood}):
        ledger.found(unit)
    gaps: set[tuple[str, int, str]] = set()
    coming: list[tuple[int, str, int]] = []
    counts: dict[str, int] = {}
    for place, (unit, title, recurrence) in enumerate(understood):
        number = counts[unit] = counts.get(unit, 0) + 1
        days = meeting_days(recurrence)
        arguments: dict[str, Value] = {"unit": unit, "title": title, "grace_days": 7, "since": format_date(min(days))}
        ledger.done("schedule.plan", arguments | {"recurrence": recurrence.encode_value()})
        for count, (first, day) in enumerate(days.items()):
            if (place * 5 + count * 3) % 11 == 0:
                gaps.add((unit, number, format_date(first)))
            else:
                coming.append((day, unit, number))
    held = len(coming)
    for week_end in range(BEGIN + 7, LAST + 7, 7):
        ledger.move_to(week_end * DAY_MS)
        due = [one for one in coming if one[0] < week_end]
        coming = [one for one in coming if one[0] >= week_end]
        calls = [meeting(unit, f"{number:06}", day) for day, unit, number in due]
        results = ledger.execute(*(ledger.transaction("records.create", one, ADMINISTRATOR) for one in calls)).results
        assert {result.code for result in results} <= {"ok"}
    ledger.move_to((LAST + 8) * DAY_MS)
    ledger.settle()
    reported = [one.fields for one in ledger.events if one.name == "schedule.period-missed"]
    found = [(str(one["unit"]), int(str(one["number"])), str(one["first"])) for one in reported]
    assert sorted(one for one in found if one[2] <= format_date(LAST)) == sorted(gaps)
    assert len(gaps) > 200
    assert len(ledger.all("meeting")) == held


def planned() -> ProjectLedger:
    """A group with a weekly meeting."""
    ledger = ProjectLedger()
    ledger.found("sig-docs")
    weekly: dict[str, Value] = {"unit": "sig-docs", "title": "Docs", "grace_days": 0, "since": format_date(BEGIN)}
    found = understand("weekly", "Tuesday", BEGIN)
    assert isinstance(found, Understood)
    ledger.done("schedule.plan", weekly | {"recurrence": found.recurrence.encode_value()})
    ledger.move_to((BEGIN + 1) * DAY_MS)
    return ledger


def test_one_meeting_counts_once() -> None:
    ledger = planned()
    ledger.done("records.create", meeting("sig-docs", "000001", BEGIN))
    again = ledger.result("records.create", meeting("sig-docs", "000001", BEGIN, attendance=3), ADMINISTRATOR)
    assert again.code == "records.exists"
    assert [one["held"] for one in ledger.all("plan-period").values()] == [1]


def test_a_meeting_is_recorded_on_its_day_and_when_it_was_held() -> None:
    ledger = planned()
    call = meeting("sig-docs", "000001", BEGIN, held_at=(BEGIN - 1) * DAY_MS)
    assert ledger.result("records.create", call, ADMINISTRATOR).details["rule"] == "on-that-day"
    call = meeting("sig-docs", "000001", BEGIN + 9)
    assert ledger.result("records.create", call, ADMINISTRATOR).details["rule"] == "has-happened"
    call = meeting("sig-docs", "000009", BEGIN)
    assert ledger.result("records.create", call, ADMINISTRATOR).code == "schedule.not-found"
    assert ledger.all("meeting") == {} and ledger.all("plan-period") == {}


def test_minutes_come_with_the_number_of_those_present() -> None:
    ledger = planned()
    ledger.done("records.create", meeting("sig-docs", "000001", BEGIN))
    (record_id,) = ledger.all("meeting")
    call: dict[str, Value] = {"type": "meeting", "id": record_id, "transition": "add-minutes"}
    assert ledger.result("records.act", call, ADMINISTRATOR).code == "records.field-missing"
    ledger.done("records.act", call | {"fields": {"minutes": bytes(32)}})
    assert ledger.fields("meeting", record_id)["state"] == "minuted"


def test_who_left_the_project_ends_as_a_reviewer_at_the_next_check() -> None:
    ledger = planned()
    for role, leader in (("chair", "kim"), ("tech-lead", "lee")):
        ledger.add_person(leader)
        ledger.add_office("sig-docs", role, leader)
    for person in ("ann", "bob"):
        joined: dict[str, Value] = {"type": "contributor", "unit": UNIT, "transition": "record-joined"}
        ledger.done("records.create", joined | {"fields": {"person": person, "happened": 1_600_000_000_000}})
        place: dict[str, Value] = {"person": person, "membership": f"{UNIT}/{person}"}
        call: dict[str, Value] = {"type": "ladder-place", "unit": "sig-docs", "fields": place}
        assert ledger.code("records.create", call, "kim") == "ok"
        assert ledger.code("records.approve", {"type": "ladder-place", "id": f"sig-docs/{person}"}, "lee") == "ok"
    assert ledger.fields("role-count", "sig-docs/reviewer")["count"] == 2
    left: dict[str, Value] = {"type": "contributor", "id": f"{UNIT}/bob", "transition": "record-left"}
    ledger.done("records.act", left | {"fields": {"happened": 1_700_000_000_000}})
    ledger.move_to((BEGIN + 62) * DAY_MS)
    ledger.settle()
    states = {record_id: one["state"] for record_id, one in ledger.all("ladder-place").items()}
    assert states == {"sig-docs/ann": "reviewer", "sig-docs/bob": "ended"}
    assert ledger.fields("role-count", "sig-docs/reviewer")["count"] == 1

"""A year of a real organisation's regular meetings, with gaps that are known: they are found, and nothing else."""

import csv
from pathlib import Path

from contracts.calendar.dates import DAY_MS, format_date, parse_date
from contracts.calendar.recurrence import Recurrence
from contracts.calendar.words import Understood, understand
from ledger.encoding import Value
from tests.contracts.schedule.schedule_ledger import BEGIN, HOUR_MS, ScheduleLedger
from tests.contracts.trial_ledger import ADMINISTRATOR

MEETINGS = Path(__file__).parents[3] / "cli" / "demo" / "data" / "kubernetes" / "meetings.csv"
LAST = parse_date("2027-08-31")


def real_plans() -> list[tuple[str, str, Recurrence]]:
    """Unit, title and recurrence of every meeting whose rhythm is understood."""
    plans = []
    with MEETINGS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found = understand(row["frequency"], row["day"], BEGIN)
            if isinstance(found, Understood):
                plans.append((row["group"].replace(" ", "-"), row["title"], found.recurrence))
    return plans


def days_of_meetings(recurrence: Recurrence) -> dict[int, int]:
    """For each period that lies wholly in the year: the day of its meeting; the fixed one, or one in its middle."""
    days = {}
    index = recurrence.period_of(BEGIN) + 1
    while (bounds := recurrence.period_bounds(index))[1] <= LAST:
        expected = recurrence.expected_days(index)
        days[bounds[0]] = expected[0] if expected else sum(bounds) // 2
        index += 1
    return days


def is_gap(plan: int, period: int) -> bool:
    """Roughly one meeting in nine does not take place, in another period of every plan."""
    return (plan * 7 + period * 5) % 9 == 0


def test_a_year_of_real_meetings_has_exactly_the_known_gaps() -> None:
    ledger = ScheduleLedger()
    plans = real_plans()
    assert len(plans) == 101
    for unit in sorted({unit for unit, _, _ in plans}):
        ledger.found(unit)
    known: set[tuple[str, int, str]] = set()
    meetings: list[tuple[int, str, int]] = []
    counts: dict[str, int] = {}
    for place, (unit, title, recurrence) in enumerate(plans):
        number = counts[unit] = counts.get(unit, 0) + 1
        days = days_of_meetings(recurrence)
        arguments: dict[str, Value] = {"unit": unit, "title": title, "grace_days": 7, "since": format_date(min(days))}
        arguments["recurrence"] = recurrence.encode_value()
        assert ledger.result("schedule.plan", arguments, ADMINISTRATOR).ok
        for count, (first, day) in enumerate(days.items()):
            if is_gap(place, count):
                known.add((unit, number, format_date(first)))
            else:
                # Some take place a day or two late, and still in their period.
                _, last = recurrence.period_bounds(recurrence.period_of(first))
                meetings.append((min(day + count % 3, last), unit, number))
    # A block a week, as a quiet network has them; the timers of the week run before its meetings are told.
    for week_end in range(BEGIN + 7, LAST + 7, 7):
        ledger.move_to(week_end * DAY_MS)
        due = [meeting for meeting in meetings if meeting[0] < week_end]
        calls: list[dict[str, Value]] = [
            {"unit": unit, "number": number, "at": day * DAY_MS + HOUR_MS} for day, unit, number in due
        ]
        meetings = [meeting for meeting in meetings if meeting[0] >= week_end]
        execution = ledger.execute(*(ledger.transaction("schedule.hold", call, ADMINISTRATOR) for call in calls))
        assert all(result.ok for result in execution.results)
    ledger.move_to((LAST + 8) * DAY_MS)
    ledger.settle()
    assert meetings == []
    reported = [event.fields for event in ledger.events if event.name == "schedule.period-missed"]
    found = [(str(one["unit"]), int(str(one["number"])), str(one["first"])) for one in reported]
    found = [one for one in found if one[2] <= format_date(LAST)]
    assert len(found) == len(set(found))
    assert len(known) > 200
    assert set(found) == known

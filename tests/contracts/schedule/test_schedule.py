"""Plans: who makes them, when their periods are judged, what is found missing and made up for."""

import pytest

from contracts.arguments import Argument, Arguments, Identifier, Integer
from contracts.builtin import builtin_registry
from contracts.calendar.dates import DAY_MS, format_date, parse_date, start_ms
from contracts.calendar.recurrence import OF_DAYS, OF_MONTHS, Recurrence, weeks
from contracts.context import Context
from contracts.contract import Contract, Operation
from contracts.errors import ContractError
from contracts.registry import Registry
from contracts.schedule.contract import PERIODS_BACK_MAX
from contracts.schedule.judging import PERIODS_PER_RUN
from contracts.schedule.period import BORROWED_TO_FULFIL, fulfil
from ledger.encoding import Value
from tests.contracts.schedule.schedule_ledger import BEGIN, HOUR_MS, UNIT, ScheduleLedger
from tests.contracts.trial_ledger import ADMINISTRATOR, SECRETARY

MONTHLY = Recurrence(OF_MONTHS, 1)
PLAN = f"{UNIT}/000001"


def at(text: str, hours: int = 12) -> int:
    return start_ms(parse_date(text)) + hours * HOUR_MS


def test_a_plan_stands_as_it_was_made_and_waits_for_its_first_period() -> None:
    ledger = ScheduleLedger()
    assert ledger.plan(MONTHLY, until="2027-08-31", grace_days=7, offset_minutes=480).ok
    fields = ledger.fields("plan", PLAN)
    assert fields["recurrence"] == MONTHLY.encode_value()
    assert (fields["since"], fields["until"], fields["grace_days"]) == ("2026-09-01", "2027-08-31", 7)
    # The end of 7 October in China is 16:00 of that day UTC.
    assert str(fields["timer"]).startswith(f"{at('2026-10-07', 16):015d}/")
    assert [event.name for event in ledger.events][-1] == "schedule.planned"


def test_a_month_without_a_meeting_is_found_once_when_its_grace_is_over() -> None:
    ledger = ScheduleLedger()
    ledger.plan(MONTHLY, grace_days=5)
    ledger.move_to(at("2026-10-05", 23))
    assert ledger.missed() == []
    ledger.move_to(at("2026-10-06", 0))
    assert ledger.missed() == ["2026-09-01"]
    ledger.settle()
    assert ledger.missed() == ["2026-09-01"]
    missed = ledger.fields("missed", f"{PLAN}/2026-09-01")
    assert (missed["state"], missed["held"], missed["needed"], missed["last"]) == ("missed", 0, 1, "2026-09-30")


def test_a_meeting_anywhere_in_the_month_is_enough_also_when_it_is_told_in_the_days_of_grace() -> None:
    ledger = ScheduleLedger()
    ledger.plan(Recurrence(OF_MONTHS, 1, 0, 1, ((0, 3, 2),)), grace_days=5)
    ledger.move_to(at("2026-10-04"))
    assert ledger.hold(1, at("2026-09-02")).ok
    ledger.move_to(at("2026-10-30"))
    assert ledger.hold(1, at("2026-10-29")).ok
    ledger.move_to(at("2026-12-30"))
    assert ledger.missed() == ["2026-11-01"]
    assert ledger.ids("plan-period") == [f"{PLAN}/2026-09-01", f"{PLAN}/2026-10-01"]


def test_the_day_is_the_one_of_the_units_clocks() -> None:
    ledger = ScheduleLedger()
    ledger.plan(MONTHLY, offset_minutes=480)
    ledger.move_to(at("2026-10-01"))
    # 17:00 UTC on 30 September is 1 October in China.
    assert ledger.hold(1, at("2026-09-30", 17)).ok
    assert ledger.ids("plan-period") == [f"{PLAN}/2026-10-01"]
    assert ledger.missed() == ["2026-09-01"]


def test_what_is_told_too_late_makes_up_for_the_period_and_keeps_when_it_was_found() -> None:
    ledger = ScheduleLedger()
    ledger.plan(Recurrence(OF_MONTHS, 3, 0, 2), since="2026-07-01")
    ledger.hold(1, at("2026-08-20"))
    ledger.move_to(at("2026-10-20"))
    found = ledger.fields("missed", f"{PLAN}/2026-07-01")
    assert (found["state"], found["held"], found["needed"], found["late"]) == ("missed", 1, 2, 0)
    ledger.hold(1, at("2026-09-20"))
    made_up = ledger.record("missed", f"{PLAN}/2026-07-01")
    assert made_up is not None
    assert made_up.version == 2
    assert (made_up.fields["state"], made_up.fields["held"], made_up.fields["late"]) == ("made-up", 1, 1)
    assert made_up.fields["found"] == found["found"]
    assert made_up.fields["made_up"] == ledger.time_ms
    made_up_at = ledger.time_ms
    ledger.hold(1, at("2026-09-21"))
    again = ledger.fields("missed", f"{PLAN}/2026-07-01")
    assert (again["made_up"], again["late"]) == (made_up_at, 2)
    assert ledger.missed() == ["2026-07-01"]


def test_part_of_what_is_needed_does_not_make_up() -> None:
    ledger = ScheduleLedger()
    ledger.plan(Recurrence(OF_MONTHS, 1, 0, 2))
    ledger.move_to(at("2026-10-20"))
    ledger.hold(1, at("2026-09-20"))
    fields = ledger.fields("missed", f"{PLAN}/2026-09-01")
    assert (fields["state"], fields["late"], "made_up" in fields) == ("missed", 1, False)


@pytest.mark.parametrize(
    ("recurrence", "since", "until", "missed"),
    [
        # Half a month at either end is held to nothing where no day is fixed.
        (MONTHLY, "2026-09-02", "2026-11-29", ["2026-10-01"]),
        (MONTHLY, "2026-09-01", "2026-10-31", ["2026-09-01", "2026-10-01"]),
        # Where one is, it counts if the plan covers it: 16 September, 18 November.
        (Recurrence(OF_MONTHS, 1, 0, 1, ((0, 3, 2),)), "2026-09-16", "2026-10-31", ["2026-09-01", "2026-10-01"]),
        (Recurrence(OF_MONTHS, 1, 0, 1, ((0, 3, 2),)), "2026-09-17", "2026-11-18", ["2026-10-01", "2026-11-01"]),
        (Recurrence(OF_MONTHS, 1, 0, 1, ((0, 3, 2),)), "2026-09-17", "2026-11-17", ["2026-10-01"]),
        # A month without a fifth Monday needs none.
        (Recurrence(OF_MONTHS, 1, 0, 1, ((0, 5, 0),)), "2026-09-01", "2026-12-31", ["2026-11-01"]),
        (weeks(2, BEGIN), "2026-09-01", "2026-09-30", ["2026-09-14"]),
        (weeks(2, BEGIN, on=((1,),)), "2026-09-01", "2026-09-28", ["2026-08-31", "2026-09-14"]),
    ],
)
def test_the_ends_of_a_plan(recurrence: Recurrence, since: str, until: str, missed: list[str]) -> None:
    ledger = ScheduleLedger()
    assert ledger.plan(recurrence, since, until=until).ok
    ledger.move_to(at("2027-06-01"))
    ledger.settle()
    assert ledger.missed() == missed
    assert ledger.fields("plan", PLAN)["state"] == "ended"
    assert ledger.ids("timer") == []


def test_a_pause_of_years_is_worked_off_over_several_blocks_each_period_once() -> None:
    ledger = ScheduleLedger()
    ledger.plan(weeks(1, BEGIN, on=((2,),)))
    ledger.move_to(at("2029-09-01"))
    assert len(ledger.missed()) == PERIODS_PER_RUN
    ledger.settle()
    missed = ledger.missed()
    assert missed == sorted(set(missed))
    # From 31 August 2026 to the week that ended on 26 August 2029.
    assert len(missed) == 156
    assert set(ledger.runs_per_block[-21:-1]) == {1}
    assert len(ledger.ids("timer")) == 1


def test_ending_a_plan_leaves_what_it_covered_to_be_judged() -> None:
    ledger = ScheduleLedger()
    ledger.plan(MONTHLY, grace_days=10)
    ledger.move_to(at("2026-10-05"))
    end: dict[str, Value] = {"unit": UNIT, "number": 1}
    assert ledger.result("schedule.end", end, ADMINISTRATOR).ok
    fields = ledger.fields("plan", PLAN)
    assert (fields["state"], fields["until"]) == ("active", "2026-10-05")
    assert len(ledger.ids("timer")) == 1
    ledger.move_to(at("2027-01-01"))
    ledger.settle()
    assert ledger.missed() == ["2026-09-01"]
    assert ledger.fields("plan", PLAN)["state"] == "ended"
    assert ledger.result("schedule.end", end, ADMINISTRATOR).code == "schedule.ended"
    # What took place while it ran can still be told.
    assert ledger.hold(1, at("2026-09-30")).ok
    assert ledger.fields("missed", f"{PLAN}/2026-09-01")["state"] == "made-up"


def test_a_plan_that_ends_before_what_is_left_to_judge_waits_for_nothing() -> None:
    ledger = ScheduleLedger()
    ledger.plan(MONTHLY)
    ledger.move_to(at("2026-10-05"))
    assert ledger.result("schedule.end", {"unit": UNIT, "number": 1, "until": "2026-09-30"}, ADMINISTRATOR).ok
    assert ledger.fields("plan", PLAN)["state"] == "ended"
    assert ledger.ids("timer") == []


def test_plans_of_a_unit_are_numbered_and_judged_each_on_its_own() -> None:
    ledger = ScheduleLedger()
    ledger.found("branch-1/group-1")
    ledger.plan(MONTHLY)
    ledger.plan(MONTHLY)
    ledger.plan(MONTHLY, unit="branch-1/group-1")
    ledger.hold(2, at("2026-09-01", 0))
    ledger.move_to(at("2026-10-05"))
    assert ledger.ids("plan") == ["branch-1/000001", "branch-1/000002", "branch-1/group-1/000001"]
    assert ledger.ids("missed") == ["branch-1/000001/2026-09-01", "branch-1/group-1/000001/2026-09-01"]


GOOD: dict[str, Value] = {
    "unit": UNIT,
    "title": "a meeting",
    "grace_days": 0,
    "recurrence": MONTHLY.encode_value(),
    "since": "2026-09-01",
}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"unit": "nowhere"}, "units.not-found"),
        ({"since": "2026-09-31"}, "calendar.not-a-date"),
        ({"since": "1999-09-01"}, "schedule.too-long-ago"),
        ({"until": "2026-08-31"}, "schedule.ends-before"),
        ({"until": "tomorrow"}, "arguments.out-of-range"),
        ({"recurrence": "monthly"}, "arguments.type"),
        ({"recurrence": {"of": "months"}}, "calendar.recurrence-invalid"),
        ({"grace_days": 367}, "arguments.out-of-range"),
        ({"offset_minutes": 841}, "arguments.out-of-range"),
        ({"since": "9999-12-31"}, "calendar.out-of-range"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(change: dict[str, Value], code: str) -> None:
    ledger = ScheduleLedger()
    assert ledger.result("schedule.plan", GOOD | change, ADMINISTRATOR).code == code
    assert ledger.ids("plan") == ledger.ids("timer") == []


def test_only_administrators_plan_end_and_record() -> None:
    ledger = ScheduleLedger()
    ledger.plan(MONTHLY)
    calls: list[tuple[str, dict[str, Value]]] = [
        ("schedule.plan", GOOD),
        ("schedule.end", {"unit": UNIT, "number": 1}),
        ("schedule.hold", {"unit": UNIT, "number": 1, "at": BEGIN * DAY_MS}),
    ]
    assert {ledger.result(name, arguments, SECRETARY).code for name, arguments in calls} == {"operation.not-allowed"}


def test_what_cannot_be_recorded_is_refused() -> None:
    ledger = ScheduleLedger()
    ledger.plan(MONTHLY)
    assert ledger.hold(2, ledger.time_ms).code == "schedule.not-found"
    assert ledger.hold(1, ledger.time_ms + 60_000).code == "schedule.not-yet"
    assert ledger.hold(1, -(2**62)).code == "calendar.out-of-range"
    assert ledger.ids("plan-period") == []


def test_a_daily_plan_in_the_past_is_judged_at_once_and_in_bounds() -> None:
    ledger = ScheduleLedger()
    assert ledger.plan(Recurrence(OF_DAYS, 1), since="2026-08-01").ok
    ledger.settle()
    assert len(ledger.missed()) == 31
    assert len(ledger.runs_per_block) > 31 // PERIODS_PER_RUN


def test_a_plan_begins_at_most_so_many_periods_ago() -> None:
    """Each would be found missed at once: ten years of days are thousands of records that nobody looks through."""
    ledger, daily, weekly = ScheduleLedger(), Recurrence(OF_DAYS, 1), Recurrence(OF_DAYS, 7)
    refused = ledger.plan(daily, since="2016-09-02")
    earliest = format_date(BEGIN - PERIODS_BACK_MAX)
    assert (refused.code, refused.details) == (
        "schedule.periods-too-many",
        {"since": "2016-09-02", "count": 3651, "limit": PERIODS_BACK_MAX, "earliest": earliest},
    )
    assert ledger.plan(daily, since=format_date(BEGIN - PERIODS_BACK_MAX - 1)).code == "schedule.periods-too-many"
    # What has ended already has the periods that it reached, and no more.
    over = ledger.plan(daily, since="2020-01-01", until="2020-03-31")
    assert over.ok and ledger.plan(daily, since=earliest).ok
    assert ledger.plan(weekly, since="2016-09-02").code == "schedule.periods-too-many"
    assert ledger.plan(weekly, since="2019-12-01").ok
    assert ledger.plan(MONTHLY, since="2016-09-02").ok


def test_a_plan_of_a_unit_that_is_gone_ends_unjudged() -> None:
    ledger = ScheduleLedger()
    ledger.plan(MONTHLY)
    assert ledger.result("units.dissolve", {"unit": UNIT}, ADMINISTRATOR).ok
    assert ledger.result("schedule.plan", GOOD, ADMINISTRATOR).code == "units.not-active"
    ledger.move_to(at("2027-01-01"))
    ledger.settle()
    assert ledger.missed() == []
    assert ledger.fields("plan", PLAN)["state"] == "ended"
    assert ledger.ids("timer") == []


def gathering(borrowed: frozenset[str]) -> Contract:
    """A contract of meetings that counts them for plans."""

    def held(context: Context, arguments: Arguments) -> None:
        fulfil(context, arguments.text("unit"), 1, arguments.integer("at"))

    arguments = (Argument("unit", Identifier(), "ledger"), Argument("at", Integer(), "ledger"))
    operations = (Operation("held", "A gathering was held", arguments, held, actors=("anyone",)),)
    return Contract("gathering", "Meetings", frozenset(), frozenset(), (), operations, borrowed_kinds=borrowed)


def test_another_contract_counts_meetings_under_its_own_rules() -> None:
    contracts = (*builtin_registry().contracts, gathering(BORROWED_TO_FULFIL))
    ledger = ScheduleLedger(registry=Registry(contracts))
    ledger.plan(MONTHLY)
    ledger.move_to(at("2026-10-05"))
    assert ledger.result("gathering.held", {"unit": UNIT, "at": at("2026-09-30")}, SECRETARY).ok
    assert ledger.fields("missed", f"{PLAN}/2026-09-01")["state"] == "made-up"
    assert ledger.fields("plan-period", f"{PLAN}/2026-09-01")["held"] == 1


def test_a_contract_that_may_not_write_periods_cannot_count() -> None:
    ledger = ScheduleLedger(registry=Registry((*builtin_registry().contracts, gathering(frozenset()))))
    ledger.plan(MONTHLY)
    with pytest.raises(ContractError, match="plan-period"):
        ledger.result("gathering.held", {"unit": UNIT, "at": at("2026-09-01", 0)}, SECRETARY)

"""The contract `schedule`: planning what has to take place regularly, ending plans, recording what took place.

Owns the operations and the record `plan-count/<unit>`. Never looks at words: a plan has a recurrence, which the client
makes from them. Who records a meeting through another contract needs no operation of this one: that contract calls
`contracts.schedule.period.fulfil`. Source: docs/reference/schedule.md; docs/adr/0020-calendar-rules.md.
"""

from dataclasses import replace

from contracts.arguments import Argument, Arguments, Integer, Text
from contracts.authority.judgement import Subject, require
from contracts.calendar.dates import OFFSET_MINUTES_MAX, Day, day_at, format_date, parse_date
from contracts.calendar.recurrence import Recurrence
from contracts.context import Context
from contracts.contract import Contract, Operation, TimerHandler
from contracts.errors import Refusal
from contracts.schedule.judging import TIMER_NAME, judge_due, store_waiting
from contracts.schedule.period import KIND_MISSED, KIND_PERIOD, find_plan, fulfil
from contracts.schedule.plan import KIND_PLAN, NUMBER_MAX, STATE_ACTIVE, STATE_ENDED, Plan
from contracts.schedule.reasons import (
    ENDED,
    ENDS_BEFORE,
    PERIODS_TOO_MANY,
    PLANS_FULL,
    SCHEDULE_REASONS,
    TOO_LONG_AGO,
)
from contracts.schedule.recurrence_argument import RecurrenceArgument
from contracts.timers import cancel_timer
from contracts.units.names import TITLE, UNIT_ARGUMENT
from contracts.units.tree import active_unit, unit_subject
from contracts.warnings.names import PURPOSE_PERIOD

KIND_COUNT = "plan-count"

# A year: what may be recorded later than that needs no plan that finds it missing.
GRACE_DAYS_MAX = 366
# Ten years.
AGE_DAYS_MAX = 3660
# What is planned for the past is judged at once, period by period, and each may leave a record: a year of a daily plan,
# seven of a weekly one, worked off in 46 blocks.
PERIODS_BACK_MAX = 366
# `2026-08-31`.
_DATE = Text(10, 10)


def plan(context: Context, arguments: Arguments) -> None:
    """Plan what has to take place regularly; the first period is judged when it is over."""
    unit = arguments.text("unit")
    active_unit(context, unit)
    require(context, Subject(unit=unit))
    recurrence = Recurrence.decode(arguments.value("recurrence"))
    since = parse_date(arguments.text("since"))
    until = parse_date(arguments.text("until")) if "until" in arguments else None
    _check_end(since, until)
    offset_minutes = arguments.integer("offset_minutes") if "offset_minutes" in arguments else 0
    today = day_at(context.time_ms, offset_minutes)
    if since < today - AGE_DAYS_MAX:
        raise Refusal(*TOO_LONG_AGO, since=format_date(since), limit=AGE_DAYS_MAX)
    _check_periods_back(recurrence, since, today if until is None else min(until, today))
    number = _next_number(context, unit)
    context.put(KIND_COUNT, unit, {"count": number, "unit": unit})
    made = Plan(
        unit,
        number,
        arguments.text("title"),
        recurrence,
        since,
        until,
        arguments.integer("grace_days"),
        offset_minutes,
        recurrence.period_of(since),
        STATE_ACTIVE,
        "",
        context.height,
        context.time_ms,
    )
    store_waiting(context, made)
    context.link(unit_subject(unit))
    context.emit("schedule.planned", {"number": number, "unit": unit})


def end(context: Context, arguments: Arguments) -> None:
    """Let a plan end on a day, today if none is given; periods that it still reaches into are judged."""
    unit, number = arguments.text("unit"), arguments.integer("number")
    require(context, Subject(unit=unit))
    found = find_plan(context, unit, number)
    if found.state == STATE_ENDED:
        raise Refusal(*ENDED, unit=unit, number=number)
    today = day_at(context.time_ms, found.offset_minutes)
    until = parse_date(arguments.text("until")) if "until" in arguments else max(today, found.since)
    _check_end(found.since, until)
    if found.timer:
        cancel_timer(context, found.timer)
    store_waiting(context, replace(found, until=until, timer=""))
    context.link(unit_subject(unit))
    context.emit("schedule.ended", {"number": number, "unit": unit, "until": format_date(until)})


def hold(context: Context, arguments: Arguments) -> None:
    """Record that what a plan asks for took place."""
    unit, number = arguments.text("unit"), arguments.integer("number")
    require(context, Subject(unit=unit))
    fulfil(context, unit, number, arguments.integer("at"))
    context.link(unit_subject(unit))
    context.emit("schedule.held", {"at": arguments.integer("at"), "number": number, "unit": unit})


def _check_end(since: Day, until: Day | None) -> None:
    if until is not None and until < since:
        raise Refusal(*ENDS_BEFORE, since=format_date(since), until=format_date(until))


def _check_periods_back(recurrence: Recurrence, since: Day, last: Day) -> None:
    """Refuse what would have more periods judged at once than anybody looks through."""
    if last <= since:
        return
    newest = recurrence.period_of(last)
    count = newest - recurrence.period_of(since)
    if count > PERIODS_BACK_MAX:
        earliest, _ = recurrence.period_bounds(newest - PERIODS_BACK_MAX)
        raise Refusal(
            *PERIODS_TOO_MANY,
            since=format_date(since),
            count=count,
            limit=PERIODS_BACK_MAX,
            earliest=format_date(earliest),
        )


def _next_number(context: Context, unit: str) -> int:
    record = context.read(KIND_COUNT, unit)
    count = 0 if record is None else record.fields["count"]
    assert isinstance(count, int)
    if count >= NUMBER_MAX:
        raise Refusal(*PLANS_FULL, unit=unit, count=count)
    return count + 1


_ADMINISTRATOR = ("administrator",)
_NUMBER = Argument("number", Integer(1, NUMBER_MAX), "ledger")
_UNTIL = Argument("until", _DATE, "ledger", optional=True)

SCHEDULE = Contract(
    name="schedule",
    summary="Plans of what has to take place regularly, and the periods in which it did not",
    kinds=frozenset((KIND_PLAN, KIND_COUNT, KIND_PERIOD, KIND_MISSED)),
    events=frozenset(("schedule.planned", "schedule.ended", "schedule.held", "schedule.period-missed")),
    reasons=SCHEDULE_REASONS,
    operations=(
        Operation(
            "plan",
            "Plan what a unit has to do regularly",
            (
                UNIT_ARGUMENT,
                Argument("title", TITLE, "public"),
                Argument("recurrence", RecurrenceArgument(), "ledger"),
                Argument("since", _DATE, "ledger"),
                Argument("grace_days", Integer(0, GRACE_DAYS_MAX), "ledger"),
                _UNTIL,
                Argument("offset_minutes", Integer(-OFFSET_MINUTES_MAX, OFFSET_MINUTES_MAX), "ledger", optional=True),
            ),
            plan,
            actors=_ADMINISTRATOR,
        ),
        Operation("end", "Let a plan end", (UNIT_ARGUMENT, _NUMBER, _UNTIL), end, actors=_ADMINISTRATOR),
        Operation(
            "hold",
            "Record that what a plan asks for took place",
            (UNIT_ARGUMENT, _NUMBER, Argument("at", Integer(), "ledger")),
            hold,
            actors=_ADMINISTRATOR,
        ),
    ),
    timers=(TimerHandler(TIMER_NAME, judge_due),),
    borrowed_timers=frozenset((PURPOSE_PERIOD,)),
)

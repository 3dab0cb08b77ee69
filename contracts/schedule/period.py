"""What took place in the periods of plans, and which periods lack something.

Owns the records `plan-period/<unit>/<number>/<first day>` and `missed/<unit>/<number>/<first day>`, and `fulfil`, by
which other contracts tell that something took place. Never judges when a period is over. Invariants: a period is
missed at most once; a missed one that is made up for later says so and keeps when it was found; what is told once
counts once, and telling the same twice is for whoever tells to avoid. Source: docs/reference/schedule.md.
"""

from contracts.calendar.dates import day_at, format_date
from contracts.errors import Refusal
from contracts.run_context import RunContext
from contracts.schedule.plan import KIND_PLAN, Plan, plan_id
from contracts.schedule.reasons import NOT_FOUND, NOT_YET
from ledger.encoding import Value

KIND_PERIOD = "plan-period"
KIND_MISSED = "missed"
STATE_MISSED = "missed"
STATE_MADE_UP = "made-up"

# What another contract has to be allowed to write so that it may call `fulfil`.
BORROWED_TO_FULFIL = frozenset((KIND_PERIOD, KIND_MISSED))


def find_plan(context: RunContext, unit: str, number: int) -> Plan:
    """The plan of this number.

    Raises:
        Refusal: `schedule.not-found`.
    """
    record = context.read(KIND_PLAN, plan_id(unit, number))
    if record is None:
        raise Refusal(*NOT_FOUND, unit=unit, number=number)
    return Plan.of(record)


def held_in(context: RunContext, plan: Plan, index: int) -> int:
    """How often what is planned took place in a period, as far as was recorded."""
    record = context.read(KIND_PERIOD, plan.period_id(index))
    held = 0 if record is None else record.fields["held"]
    assert isinstance(held, int)
    return held


def fulfil(context: RunContext, unit: str, number: int, at_ms: int) -> None:
    """Count that what a plan asks for took place at `at_ms`; for the functions of other contracts, too.

    It counts for the period in which it took place, however late it is told. A period that was found missed and has now
    all that it needs is made up for. Reports nothing and sets no timers, so that every contract can call it that is
    allowed to write `BORROWED_TO_FULFIL`.

    Raises:
        Refusal: `schedule.not-found`, `schedule.not-yet`, `calendar.out-of-range`, or a limit.

    Cost: three reads at most, two writes.
    """
    plan = find_plan(context, unit, number)
    if at_ms > context.time_ms:
        raise Refusal(*NOT_YET)
    index = plan.recurrence.period_of(day_at(at_ms, plan.offset_minutes))
    held = held_in(context, plan, index) + 1
    context.put(KIND_PERIOD, plan.period_id(index), {"held": held, "latest": at_ms, "plan": number, "unit": unit})
    if index < plan.next:
        _make_up(context, plan, index, held)


def miss(context: RunContext, plan: Plan, index: int, held: int, needed: int) -> None:
    """Record that a period, which is over, lacks something. Called once for a period."""
    first, last = plan.recurrence.period_bounds(index)
    fields: dict[str, Value] = {
        "first": format_date(first),
        "found": context.time_ms,
        "height": context.height,
        "held": held,
        "last": format_date(last),
        "late": 0,
        "needed": needed,
        "plan": plan.number,
        "state": STATE_MISSED,
        "unit": plan.unit,
    }
    context.create(KIND_MISSED, plan.period_id(index), fields)


def _make_up(context: RunContext, plan: Plan, index: int, held: int) -> None:
    missed = context.read(KIND_MISSED, plan.period_id(index))
    if missed is None:
        return
    held_then, needed = missed.fields["held"], missed.fields["needed"]
    assert isinstance(held_then, int)
    assert isinstance(needed, int)
    fields = missed.fields | {"late": held - held_then}
    if held >= needed and missed.fields["state"] == STATE_MISSED:
        fields |= {"made_up": context.time_ms, "state": STATE_MADE_UP}
    context.put(KIND_MISSED, plan.period_id(index), fields)

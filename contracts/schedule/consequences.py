"""What follows from a period that was missed: the one place from which other contracts take it up.

Owns the report `schedule.period-missed`, and the timer by which warnings take it up in a run of their own. Never
decides whether a period was missed. Called within the timer's run, after the records are written; what is done here is
part of that run and of its limits, which leave room for one further record and timer for each of the `PERIODS_PER_RUN`
periods.
Source: docs/reference/schedule.md.
"""

from contracts.calendar.dates import format_date
from contracts.packs.active import KIND_SECTION
from contracts.run_context import RunContext
from contracts.schedule.plan import NUMBER_DIGITS, Plan
from contracts.timers import set_timer
from contracts.units.tree import unit_subject
from contracts.warnings.names import PURPOSE_PERIOD
from ledger.encoding import Value


def after_missed(context: RunContext, plan: Plan, index: int, held: int, needed: int) -> None:
    """Report that a period of a plan lacks something."""
    first, last = plan.recurrence.period_bounds(index)
    context.link(unit_subject(plan.unit))
    context.emit(
        "schedule.period-missed",
        {
            "first": format_date(first),
            "held": held,
            "last": format_date(last),
            "needed": needed,
            "number": plan.number,
            "unit": plan.unit,
        },
    )


def after_run(context: RunContext, plan: Plan, index: int) -> None:
    """Let packs warn of the plan, in a run of its own; `index` is the newest of the periods that were found missed."""
    if context.next_id(KIND_SECTION) is None:
        # No pack in force declares anything of the kind.
        return
    first, _ = plan.recurrence.period_bounds(index)
    number = f"{plan.number:0{NUMBER_DIGITS}d}"
    payload: dict[str, Value] = {"latest": format_date(first), "plan": number, "unit": plan.unit}
    set_timer(context, context.time_ms, PURPOSE_PERIOD, payload)

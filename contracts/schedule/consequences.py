"""What follows from a period that was missed: the one place from which other contracts take it up.

Owns the report `schedule.period-missed`. Never decides whether a period was missed. Called within the timer's run, once
for each period that was missed, after its record is written; what is done here is part of that run and of its limits,
which leave room for one further record and timer for each of the `PERIODS_PER_RUN` periods.
Source: docs/reference/schedule.md.
"""

from contracts.calendar.dates import format_date
from contracts.run_context import RunContext
from contracts.schedule.plan import Plan
from contracts.units.tree import unit_subject


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

"""The judging of periods when they are over, by timer: how many there were to be, how many were recorded.

Owns the timer of each plan that runs. Never asks who planned. Invariants: periods of a plan are judged in their order,
each once, none left out, never before its days of grace are over; a plan that has periods left has exactly one timer;
a plan of a unit that is not active any more ends unjudged; one run judges at most `PERIODS_PER_RUN` periods, so that a
pause of years is worked off over as many blocks as it takes. Source: docs/reference/schedule.md.
"""

from dataclasses import replace

from contracts.run_context import RunContext
from contracts.schedule.consequences import after_missed, after_run
from contracts.schedule.period import find_plan, held_in, miss
from contracts.schedule.plan import KIND_PLAN, STATE_ENDED, Plan, plan_id
from contracts.timer_context import TimerContext
from contracts.timers import set_timer
from contracts.units.tree import is_active
from ledger.encoding import Value

TIMER_NAME = "period-over"
PURPOSE = f"schedule.{TIMER_NAME}"
# Half of the events that a run may report, and an eighth of what it may write: consequences need room as well.
PERIODS_PER_RUN = 8


def judge_due(context: TimerContext, payload: dict[str, Value]) -> None:
    """Judge the periods of a plan that are due, and wait for the next."""
    unit, number = payload["unit"], payload["number"]
    assert isinstance(unit, str)
    assert isinstance(number, int)
    plan = find_plan(context, unit, number)
    if not is_active(context, unit):
        # Nothing takes place any more in a unit that was dissolved or merged, and nobody is to blame for it.
        context.put(KIND_PLAN, plan_id(unit, number), replace(plan, state=STATE_ENDED, timer="").fields())
        return
    index = plan.next
    last = index + PERIODS_PER_RUN
    missed: int | None = None
    while index < last and plan.reaches(index) and plan.due_ms(index) <= context.time_ms:
        if _is_missed(context, plan, index):
            missed = index
        index += 1
    if missed is not None:
        after_run(context, plan, missed)
    store_waiting(context, replace(plan, next=index, timer=""))


def store_waiting(context: RunContext, plan: Plan) -> None:
    """Write a plan that has no timer, with the timer for its next period, or as ended where there is no such period."""
    if plan.reaches(plan.next):
        payload: dict[str, Value] = {"number": plan.number, "unit": plan.unit}
        plan = replace(plan, timer=set_timer(context, plan.due_ms(plan.next), PURPOSE, payload))
    else:
        plan = replace(plan, state=STATE_ENDED)
    context.put(KIND_PLAN, plan_id(plan.unit, plan.number), plan.fields())


def _is_missed(context: TimerContext, plan: Plan, index: int) -> bool:
    """Whether a period lacks something; then it is written down and reported."""
    needed = plan.needed_in(index)
    held = held_in(context, plan, index) if needed else 0
    if held < needed:
        miss(context, plan, index, held, needed)
        after_missed(context, plan, index, held, needed)
    return held < needed

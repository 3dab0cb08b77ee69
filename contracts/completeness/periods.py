"""The periods of plans: each one that is over was judged, and what was not held is written down as missed.

Owns this check: it counts again what the schedule says of itself. Source: docs/reference/reports.md, "completeness".
"""

from contracts.calendar.dates import DAY_MS, format_date
from contracts.completeness.survey import Inspection, Survey
from contracts.errors import Reason
from contracts.schedule.period import KIND_MISSED, KIND_PERIOD, STATE_MISSED
from contracts.schedule.plan import KIND_PLAN, STATE_ACTIVE, Plan

NOT_HELD = Reason(
    "completeness.not-held", "the plan {title} of {unit} was kept {held} of {needed} times from {first} to {last}"
)
NOT_WRITTEN = Reason(
    "completeness.not-judged", "of the plan {title} of {unit}, nothing says why it was not kept from {first} on"
)
NOT_JUDGED = Reason(
    "completeness.overdue-plan", "the plan {title} of {unit} was to be judged for the time from {first}"
)

# A timer runs in the first block after its time; catching up takes eight periods a block.
_SLACK_MS = DAY_MS


def check_periods(inspection: Inspection) -> Survey:
    """Every period of a plan that is over was held, or it is written down that it was not; the latter is missing."""
    survey = Survey()
    held = {record_id: fields["held"] for record_id, fields in inspection.records(KIND_PERIOD)}
    missed = dict(inspection.records(KIND_MISSED))
    source = inspection.source
    for found in source.each(KIND_PLAN) if inspection.unit is None else source.of_unit(KIND_PLAN, inspection.unit):
        plan = Plan.of(found.record)
        for index in range(plan.recurrence.period_of(plan.since), plan.next):
            survey.looked_at += 1
            _check_period(survey, plan, index, held, missed)
        late = plan.state == STATE_ACTIVE and plan.due_ms(plan.next) + _SLACK_MS < inspection.now_ms
        if late and inspection.is_active(plan.unit):
            first = format_date(plan.recurrence.period_bounds(plan.next)[0])
            survey.miss(NOT_JUDGED, KIND_PLAN, found.id, title=plan.title, unit=plan.unit, first=first)
    return survey


def _check_period(
    survey: Survey, plan: Plan, index: int, held: dict[str, object], missed: dict[str, dict[str, object]]
) -> None:
    needed, period_id = plan.needed_in(index), plan.period_id(index)
    count = held.get(period_id, 0)
    assert isinstance(count, int)
    told = missed.get(period_id)
    if count >= needed:
        survey.explained += told is not None
        return
    first, last = (format_date(day) for day in plan.recurrence.period_bounds(index))
    if told is None or told["state"] != STATE_MISSED:
        survey.miss(NOT_WRITTEN, KIND_MISSED, period_id, title=plan.title, unit=plan.unit, first=first)
        return
    values = {"title": plan.title, "unit": plan.unit, "held": count, "needed": needed, "first": first, "last": last}
    survey.miss(NOT_HELD, KIND_MISSED, period_id, **values)

"""Dues: for every month in which somebody on a unit's roll owed something, there is a sheet.

Owns this check. Never computes what somebody owed. Source: docs/reference/reports.md, "completeness".
"""

from contracts.calendar.dates import day_at
from contracts.completeness.survey import Inspection, Survey
from contracts.errors import Reason
from contracts.treasury.month import Month, format_month, later, month_of_day, parse_month
from contracts.treasury.roll import KIND_ROLL, Roll
from contracts.treasury.sheet import KIND_SHEET, sheet_id

NO_SHEET = Reason(
    "completeness.dues",
    "the dues of {unit} for {month} were not assessed, and {count} on sheet {sheet} of its roll owe",
)
# A month is assessed when it is over; so long after that nobody calls it missing.
_GRACE_MONTHS = 1


def check_dues(inspection: Inspection) -> Survey:
    """Every month that is over was assessed for everybody who stood on the roll on its first day."""
    survey = Survey()
    last = later(month_of_day(day_at(inspection.now_ms, 0)), -1 - _GRACE_MONTHS)
    for record_id, fields in inspection.records(KIND_ROLL):
        roll = Roll.from_fields(fields)  # type: ignore[arg-type]
        starts = [one.start for member in roll.members.values() for one in member.standings]
        if not starts or not inspection.is_active(roll.unit):
            continue
        month = parse_month(min(starts)[:7])
        while month <= last:
            survey.looked_at += 1
            _check_month(inspection, survey, record_id, roll, month)
            month = later(month, 1)
    return survey


def _check_month(inspection: Inspection, survey: Survey, roll_id: str, roll: Roll, month: Month) -> None:
    # Who came within the month may owe from the next one on: that is the pack's to say.
    owing = sum(member.standing_in(month, whole_first_month=False) is not None for member in roll.members.values())
    if owing and not inspection.presence.has(KIND_SHEET, sheet_id(roll.unit, month, roll.number)):
        told = {"unit": roll.unit, "month": format_month(month), "count": owing, "sheet": roll.number}
        survey.miss(NO_SHEET, KIND_ROLL, roll_id, **told)

"""Counting what the ledger's own contracts keep of a unit: plans, offices, cases, dues.

Owns these counts. Never judges. Source: docs/reference/indices.md, "Inputs".
"""

from collections.abc import Iterator

from contracts.calendar.dates import MONTHS_PER_YEAR, Day, date_of
from contracts.cases.case import KIND_CASE, STATE_OPEN
from contracts.indices.counted import NO_HOLDER_EVER, NO_PLAN, NO_SHEET, Cited, Counted, total
from contracts.indices.period import Period
from contracts.record import Record
from contracts.record_source import RecordSource
from contracts.schedule.period import KIND_PERIOD
from contracts.schedule.plan import KIND_PLAN, Plan
from contracts.treasury.sheet import KIND_SHEET, Sheet
from contracts.units.office import KIND_OFFICE, STATE_HELD


def count_plans(source: RecordSource, unit: str, period: Period, what: str) -> Counted:
    """How often the unit's plans were to be kept in the period (`needed`), were (`held`), or not (`missed`)."""
    held = {found.id: found.record.fields["held"] for found in source.of_unit(KIND_PERIOD, unit)}
    cited: list[Cited] = []
    reached = False
    for found in source.of_unit(KIND_PLAN, unit):
        plan = Plan.of(found.record)
        for index in period.ends_of(plan.recurrence):
            needed = plan.needed_in(index)
            if not needed:
                continue
            reached = True
            count = held.get(plan.period_id(index), 0)
            assert isinstance(count, int), "the form of a period's record"
            # More than is needed in one period does not make up for another.
            kept = min(count, needed)
            amount = {"held": kept, "missed": needed - kept, "needed": needed}[what]
            cited.append(
                Cited(KIND_PERIOD if count else KIND_PLAN, plan.period_id(index) if count else found.id, amount)
            )
    return total(cited) if reached else Counted.none(NO_PLAN)


def holders_at(source: RecordSource, unit: str, role: str, time_ms: int) -> Counted:
    """Who held an office of the unit in their own right at a moment; missing where nobody ever did."""
    cited: list[Cited] = []
    ever = False
    for found in source.each(KIND_OFFICE, prefix=f"{unit}/{role}/", unit=unit):
        ever = True
        if "delegated_by" not in found.record.fields and _held_at(found.record, time_ms):
            cited.append(Cited(KIND_OFFICE, found.id, 1))
    return total(cited) if ever else Counted.none(NO_HOLDER_EVER, role=role)


def _held_at(record: Record, time_ms: int) -> bool:
    fields = record.fields
    since, until, written = fields["since"], fields.get("until"), fields["time"]
    assert isinstance(since, int) and isinstance(written, int), "the form of an office"
    if since > time_ms or (isinstance(until, int) and until <= time_ms):
        return False
    # An ended office was written for the last time when it ended.
    return fields["state"] == STATE_HELD or written > time_ms


def count_cases(source: RecordSource, unit: str, period: Period, what: str) -> Counted:
    """Cases of the unit that were opened, settled, or became overdue in the period."""
    cited = [
        Cited(KIND_CASE, found.id, 1)
        for found in source.of_unit(KIND_CASE, unit)
        if any(period.has_time(time_ms) for time_ms in _case_times(found.record, what))
    ]
    return total(cited)


def _case_times(record: Record, what: str) -> Iterator[int]:
    fields = record.fields
    if what == "opened":
        yield _integer(fields["time"])
    elif what == "overdue":
        if fields.get("overdue") is True:
            yield _integer(fields["due"])
    elif fields["state"] != STATE_OPEN:
        for name in ("decision", "closing"):
            told = fields.get(name)
            if isinstance(told, dict):
                yield _integer(told["time"])


def count_dues(source: RecordSource, unit: str, period: Period, what: str) -> Counted:
    """What the members of the unit owed for the months of the period, and what became of it, in fen; or how many.

    `people` is the number of lines: who owes for three months counts three times; `settled` those that nothing is open
    on.
    """
    cited: list[Cited] = []
    for month in months_in(period.first, period.last):
        for found in source.each(KIND_SHEET, prefix=f"{unit}/{month}/", unit=unit):
            lines = Sheet.from_fields(found.record.fields).lines.values()
            if what == "people":
                amount = len(lines)
            elif what == "settled":
                amount = sum(not line.open for line in lines)
            else:
                amount = _integer(found.record.fields[what])
            cited.append(Cited(KIND_SHEET, found.id, amount))
    return total(cited) if cited else Counted.none(NO_SHEET)


def months_in(first: Day, last: Day) -> list[str]:
    """The months that begin on or after `first` and on or before `last`, such as `2026-03`."""
    start, end = date_of(first), date_of(last)
    begin = start.year * MONTHS_PER_YEAR + start.month - 1 + (start.day > 1)
    months = range(begin, end.year * MONTHS_PER_YEAR + end.month)
    return [f"{month // MONTHS_PER_YEAR:04}-{month % MONTHS_PER_YEAR + 1:02}" for month in months]


def _integer(value: object) -> int:
    assert isinstance(value, int), "amounts and times are whole numbers"
    return value

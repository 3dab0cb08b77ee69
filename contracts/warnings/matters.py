"""What a sweep looks for in a unit: a term of office that ends, dues that are late, a record that waits too long.

Owns when there is a matter, and up to when it goes. Never writes. Invariant: what is found depends on one record of the
unit and on the block's time alone. Source: docs/reference/indices.md, "Warnings".
"""

from typing import NamedTuple

from contracts.calendar.dates import DAY_MS, MONTHS_PER_YEAR, date_of, day_at, format_date
from contracts.indices.watch import WATCH_DUES, WATCH_WAITING, WarningRule
from contracts.record import Record
from contracts.treasury.books import KIND_BOOKS
from contracts.units.role_count import KIND_ROLE_COUNT

MATTER_DUES = "dues"


class Matter(NamedTuple):
    """Something to warn of: in which unit, what, and up to when it goes."""

    unit: str
    matter: str
    latest: str


def swept_kind(rule: WarningRule) -> str:
    """The kind of records that a sweep goes through."""
    if rule.watch == WATCH_WAITING:
        return rule.kind
    return KIND_BOOKS if rule.watch == WATCH_DUES else KIND_ROLE_COUNT


def matter_in(rule: WarningRule, record_id: str, record: Record, time_ms: int, offset_minutes: int) -> Matter | None:
    """The matter that a record shows; None if all is well."""
    if rule.watch == WATCH_WAITING:
        return _waiting(rule, record_id, record, time_ms, offset_minutes)
    if rule.watch == WATCH_DUES:
        return _late_dues(rule, record, time_ms, offset_minutes)
    return _ending_term(rule, record, time_ms, offset_minutes)


def _ending_term(rule: WarningRule, record: Record, time_ms: int, offset_minutes: int) -> Matter | None:
    """The last of the terms of an office that end within the days before which the rule warns.

    A term that is over is a matter for as long as nobody holds the office.
    """
    role, count, ends = record.fields["role"], record.fields["count"], record.fields["ends"]
    assert isinstance(role, str) and isinstance(count, int) and isinstance(ends, list), "the form of a role's count"
    if role not in rule.roles:
        return None
    running = count
    found: list[int] = []
    for item in ends:
        assert isinstance(item, list), "the form of a role's count"
        end, number = item
        assert isinstance(end, int) and isinstance(number, int), "the form of a role's count"
        if end <= time_ms:
            running -= number
        if end <= time_ms + rule.before_days * DAY_MS:
            found.append(end)
    if running > 0:
        found = [end for end in found if end > time_ms]
    if not found:
        return None
    # The end is exclusive: the last day is the one before it.
    return Matter(str(record.fields["unit"]), role, format_date(day_at(max(found) - 1, offset_minutes)))


def _late_dues(rule: WarningRule, record: Record, time_ms: int, offset_minutes: int) -> Matter | None:
    """The last of the months on which something is open, among those that lie so far back that they are late."""
    opened = record.fields["open"]
    assert isinstance(opened, dict), "the form of a unit's books"
    today = date_of(day_at(time_ms, offset_minutes))
    last = today.year * MONTHS_PER_YEAR + today.month - 1 - rule.months
    limit = last // MONTHS_PER_YEAR * 100 + last % MONTHS_PER_YEAR + 1
    late = [
        month
        for months in opened.values()
        if isinstance(months, list)
        for month in months
        if isinstance(month, int) and month <= limit
    ]
    if not late:
        return None
    newest = max(late)
    return Matter(str(record.fields["unit"]), MATTER_DUES, f"{newest // 100:04}-{newest % 100:02}")


def _waiting(rule: WarningRule, record_id: str, record: Record, time_ms: int, offset_minutes: int) -> Matter | None:
    """A record that has stood in one of the rule's states for so many days; it goes up to when it entered it."""
    fields = record.fields
    state, since, unit = fields["state"], fields["since"], fields["unit"]
    assert isinstance(since, int) and isinstance(unit, str), "the form of a record of a pack"
    if state not in rule.states or since + rule.after_days * DAY_MS > time_ms:
        return None
    # Its id begins with its unit, and a slash.
    return Matter(unit, record_id[len(unit) + 1 :], format_date(day_at(since, offset_minutes)))

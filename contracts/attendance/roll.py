"""An attendance list read as a whole, beside those who were expected: who was there, how, and who was not.

Owns the comparison. Never says why somebody was not there, and decides nothing. Source: docs/reference/reports.md,
"attendance".
"""

from dataclasses import dataclass

from contracts.attendance.page import KIND_PAGE, Entry
from contracts.attendance.session import KIND_SESSION, Session, session_id
from contracts.record_source import RecordSource
from contracts.units.office import KIND_OFFICE, runs


@dataclass(frozen=True, slots=True)
class Roll:
    """A list, its entries in the order of signing, and by role the holders of the list's offices who are not on it."""

    session: Session
    entries: tuple[Entry, ...]
    missing: dict[str, tuple[str, ...]]


def roll_of(source: RecordSource, unit: str, number: int) -> Roll | None:
    """The list of this number; None where the unit has none.

    Who is expected are those who hold one of the list's offices at the newest block. Of somebody who holds several, the
    first of them counts, as it does for who signs.

    Cost: a read of the list, of its pages and of the offices of the unit.
    """
    record = source.find(KIND_SESSION, session_id(unit, number))
    if record is None:
        return None
    session = Session.from_fields(record.fields)
    entries: list[Entry] = []
    for page in range(1, session.pages + 1):
        found = source.find(KIND_PAGE, f"{session.id}/{page}")
        names = None if found is None else found.fields.get("names")
        entries += map(Entry.from_value, names if isinstance(names, list) else [])
    seen = {entry.person for entry in entries}
    missing: dict[str, tuple[str, ...]] = {}
    for role in session.roles:
        absent = [person for person in _holders(source, unit, role) if person not in seen]
        missing[role] = tuple(absent)
        seen.update(absent)
    return Roll(session, tuple(entries), missing)


def _holders(source: RecordSource, unit: str, role: str) -> list[str]:
    now_ms = source.now_ms()
    return [
        str(found.record.fields["person"])
        for found in source.each(KIND_OFFICE, prefix=f"{unit}/{role}/", unit=unit)
        if runs(found.record, now_ms)
    ]

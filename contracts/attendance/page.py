"""The names on an attendance list, page by page: who, when, by which window's code or from a sheet of paper.

Owns the record `attendance-page/<unit>/<number>/<page>` and the search in it. Invariants: a name is on a list once; the
pages are filled in their order and nothing is ever taken out; the counts in the list are those of its pages.
Source: docs/reference/attendance.md, "Pages".
"""

from dataclasses import dataclass, replace

from contracts.attendance.reasons import LIST_FULL, SIGNED_IN_ALREADY
from contracts.attendance.session import KIND_SESSION, Session, find_session
from contracts.errors import Refusal
from contracts.run_context import RunContext
from ledger.encoding import Value
from ledger.errors import DecodingError

KIND_PAGE = "attendance-page"
# A name of 64 characters with a role of 32 takes about 115 bytes: a page stays within the 16 KiB of a record.
NAMES_PER_PAGE = 128
# A thousand people in one room; each signing in looks through what there is. A larger congress opens several lists.
PAGES_MAX = 8
# The window of who is entered from a sheet of paper.
PAPER = -1


@dataclass(frozen=True, slots=True)
class Entry:
    """One who was there: in which role, when it was recorded, and the window whose code was given; `PAPER` for none."""

    person: str
    role: str
    time_ms: int
    window: int

    def to_value(self) -> list[Value]:
        """The canonical list."""
        return [self.person, self.role, self.time_ms, self.window]

    @classmethod
    def from_value(cls, value: Value) -> "Entry":
        """The entry in a page.

        Raises:
            DecodingError: not an entry.
        """
        match value:
            case [str(person), str(role), int(time_ms), int(window)]:
                return cls(person, role, time_ms, window)
        raise DecodingError("an entry of an attendance list is malformed")


def page_id(session: Session, page: int) -> str:
    """The id of a page, counted from 1."""
    return f"{session.id}/{page}"


def read_page(context: RunContext, session: Session, page: int) -> tuple[Entry, ...]:
    """The entries of a page; one read."""
    record = context.read(KIND_PAGE, page_id(session, page))
    names = None if record is None else record.fields.get("names")
    return tuple(map(Entry.from_value, names)) if isinstance(names, list) else ()


def find_entry(context: RunContext, session: Session, person: str) -> Entry | None:
    """The person's entry; None where they are not listed. Cost: a read for each page, eight at most."""
    for page in range(1, session.pages + 1):
        for entry in read_page(context, session, page):
            if entry.person == person:
                return entry
    return None


def add_entries(context: RunContext, session: Session, entries: list[Entry]) -> None:
    """Put names on the list.

    Raises:
        Refusal: `attendance.signed-in-already`, naming the first who is, or `attendance.list-full`.

    Cost: a read for each page, and writes for the list and the pages that get names.
    """
    listed = {one.person for page in range(1, session.pages + 1) for one in read_page(context, session, page)}
    counts = dict(session.counts)
    for entry in entries:
        if entry.person in listed:
            raise Refusal(*SIGNED_IN_ALREADY, person=entry.person, unit=session.unit, number=session.number)
        listed.add(entry.person)
        counts[entry.role] = counts.get(entry.role, 0) + 1
    if len(listed) > NAMES_PER_PAGE * PAGES_MAX:
        raise Refusal(*LIST_FULL, unit=session.unit, number=session.number, count=NAMES_PER_PAGE * PAGES_MAX)
    last = max(1, session.pages)
    names = list(read_page(context, session, last))
    for entry in entries:
        if len(names) == NAMES_PER_PAGE:
            _write_page(context, session, last, names)
            last, names = last + 1, []
        names.append(entry)
    _write_page(context, session, last, names)
    context.put(KIND_SESSION, session.id, replace(session, counts=counts, pages=last).to_fields())


def signed_in(context: RunContext, unit: str, number: int, role: str) -> int:
    """How many are on a unit's list by a role; 0 where there is no such list. One read."""
    session = find_session(context, unit, number)
    return 0 if session is None else session.counts.get(role, 0)


def has_signed_in(context: RunContext, unit: str, number: int, person: str) -> bool:
    """Whether a person is on a unit's list; nine reads at most."""
    session = find_session(context, unit, number)
    return session is not None and find_entry(context, session, person) is not None


def _write_page(context: RunContext, session: Session, page: int, names: list[Entry]) -> None:
    fields: dict[str, Value] = {
        "names": [one.to_value() for one in names],
        "number": session.number,
        "page": page,
        "unit": session.unit,
    }
    context.put(KIND_PAGE, page_id(session, page), fields)

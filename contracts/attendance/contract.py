"""The contract `attendance`: opening a list, signing in with a code, entering a sheet of paper, closing.

Owns the operations and who may do them. Never makes a code and never sees the secret behind them. Invariants: a code
counts in its window and the slack around it, by the block's time; nobody signs in for somebody else; nobody is listed
twice. What it cannot tell apart: who reads the code in the room, and to whom a photograph of it was sent within the
window. Source: docs/reference/attendance.md; docs/adr/0026-sign-in-codes.md.
"""

from dataclasses import replace

from contracts.arguments import Argument, Arguments, Detached, HashValue, Identifier, Integer, ListOf, Text
from contracts.attendance.code import CODE_LENGTH, CODE_PATTERN, code_hash
from contracts.attendance.page import KIND_PAGE, PAPER, Entry, add_entries
from contracts.attendance.reasons import (
    ATTENDANCE_REASONS,
    BEGINS_IN_PAST,
    CLOSED,
    CODE_EARLY,
    CODE_FOREIGN,
    CODE_LATE,
    EMPTY,
    NO_PERSON,
    NOT_BEGUN,
    NOT_ENTITLED,
    NUMBERS_FULL,
    OVER,
    SHEET_EARLY,
    SHEET_LATE,
    TOO_FAR,
)
from contracts.attendance.session import (
    KIND_COUNT,
    KIND_SESSION,
    NUMBER_MAX,
    ROLES_MAX,
    SLACK_MAX,
    STATE_CLOSED,
    STATE_OPEN,
    WINDOW_SECONDS_MAX,
    WINDOW_SECONDS_MIN,
    WINDOWS_MAX,
    Place,
    Session,
    known_session,
    session_subject,
)
from contracts.authority.judgement import Subject, may, require
from contracts.authority.permission import permitted_actors
from contracts.calendar.dates import DAY_MS
from contracts.context import Context
from contracts.contract import Contract, Operation
from contracts.errors import Refusal
from contracts.units.names import PERSON, ROLE, TITLE, UNIT_ARGUMENT
from contracts.units.office import is_held, person_subject
from contracts.units.tree import active_unit, unit_subject

# A list that is opened while people are already there still counts from its first window.
LATE_OPENING_MS = 10 * 60 * 1000
# A quarter: codes for a meeting that is further away are made again before it.
AHEAD_DAYS_MAX = 92
# Whoever keeps the sheet longer than a month has nothing to enter.
SHEET_DAYS_MAX = 31
# Each may need three reads for each of four roles, and is linked: within the limits of one transaction.
SHEET_PERSONS_MAX = 16
SLACK_DEFAULT = 1
# The operation whose permission is for all that keepers of lists do.
OPEN = "attendance.open"


def open_(context: Context, arguments: Arguments) -> None:
    """Open a list with the hashes of its codes; the codes themselves are shown window by window, by a device."""
    unit, starts_ms = arguments.text("unit"), arguments.integer("starts")
    active_unit(context, unit)
    require(context, Subject(unit=unit))
    _check_given(arguments, "roles", "hashes")
    if starts_ms < context.time_ms - LATE_OPENING_MS:
        raise Refusal(*BEGINS_IN_PAST, seconds=_seconds(context.time_ms - starts_ms))
    if starts_ms > context.time_ms + AHEAD_DAYS_MAX * DAY_MS:
        raise Refusal(*TOO_FAR, limit=AHEAD_DAYS_MAX)
    number = _next_number(context, unit)
    hashes = arguments.value("hashes")
    assert isinstance(hashes, list)
    session = Session(
        unit=unit,
        number=number,
        title=arguments.text("title"),
        roles=tuple(arguments.texts("roles")),
        starts_ms=starts_ms,
        window_ms=arguments.integer("window_seconds") * 1000,
        hashes=tuple(one for one in hashes if isinstance(one, bytes)),
        slack=arguments.integer("slack") if "slack" in arguments else SLACK_DEFAULT,
        about=arguments.text("about") if "about" in arguments else "",
        opener=context.sender.id,
        state=STATE_OPEN,
        counts={},
        pages=0,
        height=context.height,
        time_ms=context.time_ms,
    )
    context.put(KIND_COUNT, unit, {"count": number, "unit": unit})
    context.put(KIND_SESSION, session.id, session.to_fields())
    _tell(context, session, "attendance.opened")


def sign_in(context: Context, arguments: Arguments) -> None:
    """Put the sender's person on a list, with the code that is shown now."""
    session = _open_session(context, arguments)
    person = context.sender.person
    if person is None:
        raise Refusal(*NO_PERSON)
    role = _role_of(context, session, person)
    _check_running(context, session)
    window = _window(context, session, arguments.text("code"))
    add_entries(context, session, [Entry(person, role, context.time_ms, window)])
    context.link(person_subject(person))
    _tell(context, session, "attendance.signed-in")


def enter(context: Context, arguments: Arguments) -> None:
    """Put those on a list who signed on paper: nobody has to own a telephone to have been there."""
    session = _open_session(context, arguments)
    _require_keeper(context, session.unit)
    _check_given(arguments, "persons")
    if context.time_ms < session.starts_ms:
        raise Refusal(*SHEET_EARLY, seconds=_seconds(session.starts_ms - context.time_ms))
    if context.time_ms >= session.ends_ms + SHEET_DAYS_MAX * DAY_MS:
        raise Refusal(*SHEET_LATE, limit=SHEET_DAYS_MAX)
    persons = arguments.texts("persons")
    entries = [Entry(one, _role_of(context, session, one), context.time_ms, PAPER) for one in persons]
    add_entries(context, session, entries)
    for person in persons:
        context.link(person_subject(person))
    _tell(context, session, "attendance.entered")


def close(context: Context, arguments: Arguments) -> None:
    """Close a list: nobody is added any more."""
    session = _open_session(context, arguments)
    _require_keeper(context, session.unit)
    context.put(KIND_SESSION, session.id, replace(session, state=STATE_CLOSED).to_fields())
    _tell(context, session, "attendance.closed")


def _open_session(context: Context, arguments: Arguments) -> Session:
    unit, number = arguments.text("unit"), arguments.integer("number")
    session = known_session(context, unit, number)
    active_unit(context, unit)
    if session.state != STATE_OPEN:
        raise Refusal(*CLOSED, unit=unit, number=number)
    return session


def _require_keeper(context: Context, unit: str) -> None:
    """Who may open lists in the unit keeps them, also those that somebody else opened."""
    subject = Subject(unit=unit)
    if may(context, permitted_actors(context, OPEN), subject) is None:
        require(context, subject)


def _check_given(arguments: Arguments, *names: str) -> None:
    for name in names:
        if not arguments.value(name):
            raise Refusal(*EMPTY, argument=name)


def _role_of(context: Context, session: Session, person: str) -> str:
    for role in session.roles:
        if is_held(context, session.unit, role, person):
            return role
    raise Refusal(*NOT_ENTITLED, person=person, roles=", ".join(session.roles), unit=session.unit)


def _check_running(context: Context, session: Session) -> None:
    now_ms, slack_ms = context.time_ms, session.slack * session.window_ms
    place = session.place(now_ms, 0, len(session.hashes) - 1)
    if place is Place.BEFORE:
        raise Refusal(*NOT_BEGUN, seconds=_seconds(session.starts_ms - now_ms))
    if place is Place.AFTER:
        raise Refusal(*OVER, seconds=_seconds(now_ms - session.ends_ms - slack_ms))


def _window(context: Context, session: Session, code: str) -> int:
    """The window whose code it is, if it counts now."""
    found = code_hash(context.network_id, session.unit, session.starts_ms, code)
    if found not in session.hashes:
        raise Refusal(*CODE_FOREIGN)
    window = session.hashes.index(found)
    begin_ms, end_ms = session.bounds_ms(window)
    place = session.place(context.time_ms, window, window)
    if place is Place.BEFORE:
        raise Refusal(*CODE_EARLY, seconds=_seconds(begin_ms - context.time_ms))
    if place is Place.AFTER:
        raise Refusal(*CODE_LATE, seconds=_seconds(context.time_ms - end_ms))
    return window


def _next_number(context: Context, unit: str) -> int:
    record = context.read(KIND_COUNT, unit)
    count = 0 if record is None else record.fields["count"]
    assert isinstance(count, int)
    if count >= NUMBER_MAX:
        raise Refusal(*NUMBERS_FULL, unit=unit, count=count)
    return count + 1


def _seconds(duration_ms: int) -> int:
    """Whole seconds, for people; a part of one counts as one."""
    return -(-duration_ms // 1000)


def _tell(context: Context, session: Session, event: str) -> None:
    context.link(unit_subject(session.unit))
    context.link(session_subject(session.unit, session.number))
    context.emit(event, {"number": session.number, "unit": session.unit})


_KEEPER = ("administrator",)
_NUMBER = Argument("number", Integer(1, NUMBER_MAX), "ledger")

ATTENDANCE = Contract(
    name="attendance",
    summary="Attendance lists with codes that change while a meeting lasts",
    kinds=frozenset((KIND_SESSION, KIND_COUNT, KIND_PAGE)),
    events=frozenset(("attendance.opened", "attendance.signed-in", "attendance.entered", "attendance.closed")),
    reasons=ATTENDANCE_REASONS,
    operations=(
        Operation(
            "open",
            "Open an attendance list with the hashes of its codes",
            (
                UNIT_ARGUMENT,
                Argument("title", TITLE, "public"),
                Argument("roles", ListOf(ROLE, ROLES_MAX, distinct=True), "ledger"),
                Argument("starts", Integer(0), "ledger"),
                Argument("window_seconds", Integer(WINDOW_SECONDS_MIN, WINDOW_SECONDS_MAX), "ledger"),
                Argument("hashes", ListOf(HashValue(), WINDOWS_MAX, distinct=True), "public"),
                Argument("slack", Integer(0, SLACK_MAX), "ledger", optional=True),
                Argument("about", Identifier(), "ledger", optional=True),
            ),
            open_,
            actors=_KEEPER,
        ),
        Operation(
            "sign-in",
            "Sign in with the code that is shown now",
            (UNIT_ARGUMENT, _NUMBER, Argument("code", Text(CODE_LENGTH, pattern=CODE_PATTERN), "public")),
            sign_in,
            actors=("anyone",),
        ),
        Operation(
            "enter",
            "Enter those who signed on paper",
            (
                UNIT_ARGUMENT,
                _NUMBER,
                Argument("persons", ListOf(PERSON, SHEET_PERSONS_MAX, distinct=True), "ledger"),
                Argument("sheet", Detached(), "unit", optional=True),
            ),
            enter,
            actors=_KEEPER,
        ),
        Operation("close", "Close an attendance list", (UNIT_ARGUMENT, _NUMBER), close, actors=_KEEPER),
    ),
)

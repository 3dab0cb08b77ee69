"""The contract `cases`: opening a case, noting what was done in it, deciding and closing it.

Owns the operations on cases and who may do them. Invariants: nobody decides a case about themselves; no case about a
person is decided before it was noted that the person had notice; what a timer finds overdue it reports and leaves to
people. Source: docs/reference/records.md, "Cases".
"""

from dataclasses import replace

from contracts.arguments import Argument, Arguments, Detached, Identifier, Integer, Text
from contracts.authority.actor import ADMINISTRATOR, CREATOR, SELF, Actor, InvalidActorError
from contracts.authority.judgement import Subject, may, require
from contracts.cases.case import (
    DAYS_MAX,
    KIND_CASE,
    KIND_CASE_COUNT,
    NUMBER_MAX,
    NUMBERS_FULL,
    OWNER_DEFAULT,
    STATE_CLOSED,
    STATE_DECIDED,
    STATE_OPEN,
    STEPS_MAX,
    TITLE_SIZE_BYTES_MAX,
    Case,
    Step,
    case_id,
    ended,
    open_case,
    write_case,
)
from contracts.context import Context
from contracts.contract import Contract, Operation, TimerHandler
from contracts.errors import Reason, Refusal
from contracts.members.person import find_person
from contracts.timer_context import TimerContext
from contracts.units.names import PERSON
from contracts.units.tree import active_unit, is_active
from ledger.encoding import Value

EVENT_OVERDUE = "cases.overdue"
STEP_NOTICE = "notice"
STEP_HEARING = "hearing"
OUTCOME_SIZE_BYTES_MAX = 200
ACTOR_SIZE_BYTES_MAX = 200

NOT_FOUND = Reason("cases.not-found", "the unit {unit} has no case {number}; see `banyan list case`")
NOT_OPEN = Reason("cases.not-open", "the case {number} of the unit {unit} is {state} already")
NOT_ALLOWED = Reason("cases.not-allowed", "the case {number} of the unit {unit} is for {owner} to deal with")
OWN_CASE = Reason("cases.own-case", "the case {number} of the unit {unit} is about the sender; others decide it")
NO_NOTICE = Reason(
    "cases.no-notice",
    "the case {number} of the unit {unit} is about {person}, and nobody has noted that {person} had notice of it",
)
OWNER_INVALID = Reason("cases.owner-invalid", "{owner} names nobody who could decide; see the actors there are")
PERSON_UNKNOWN = Reason("cases.person-unknown", "nobody has enrolled the person {person}")
STEPS_FULL = Reason("cases.steps-full", "the case {number} of the unit {unit} has {count} steps, the most; decide it")


def open_(context: Context, arguments: Arguments) -> None:
    """Open a case by hand."""
    unit = arguments.text("unit")
    active_unit(context, unit)
    person = arguments.text("person") if "person" in arguments else None
    require(context, Subject(unit, person))
    owner = arguments.text("owner") if "owner" in arguments else OWNER_DEFAULT
    if not _can_decide(owner):
        raise Refusal(*OWNER_INVALID, owner=owner)
    if person is not None and find_person(context, person) is None:
        raise Refusal(*PERSON_UNKNOWN, person=person)
    title: dict[str, Value] = {name: arguments.text(f"title_{name}") for name in ("en", "zh")}
    basis = f"member/{context.sender.id.hex()}"
    case = open_case(context, unit, title, arguments.integer("days"), person, basis, owner)
    context.emit("cases.opened", {"number": case.number, "unit": unit})


def _can_decide(owner: str) -> bool:
    """Whether a text names an actor who could ever decide a case: nobody creates one, and none decides their own."""
    try:
        return Actor.parse(owner).kind not in (CREATOR, SELF)
    except InvalidActorError:
        return False


def note(context: Context, arguments: Arguments) -> None:
    """Note that notice was given or a hearing was held."""
    case = _open_case(context, arguments)
    _check_owner(context, case)
    if len(case.steps) >= STEPS_MAX:
        raise Refusal(*STEPS_FULL, unit=case.unit, number=case.number, count=len(case.steps))
    body = arguments.value("body") if "body" in arguments else None
    step = Step(arguments.text("what"), context.sender.id, context.time_ms, body)
    write_case(context, replace(case, steps=(*case.steps, step)))
    context.emit("cases.noted", {"number": case.number, "unit": case.unit, "what": step.what})


def decide(context: Context, arguments: Arguments) -> None:
    """Decide a case, with the outcome in words."""
    case = _open_case(context, arguments)
    _check_owner(context, case)
    person = case.person
    if person is not None and not any(step.what == STEP_NOTICE for step in case.steps):
        raise Refusal(*NO_NOTICE, unit=case.unit, number=case.number, person=person)
    _end(context, case, STATE_DECIDED, "decision", arguments, "cases.decided")


def close(context: Context, arguments: Arguments) -> None:
    """Close a case without a decision: it has become moot."""
    case = _open_case(context, arguments)
    _check_owner(context, case)
    _end(context, case, STATE_CLOSED, "closing", arguments, "cases.closed")


def _end(context: Context, case: Case, state: str, name: str, arguments: Arguments, event: str) -> None:
    told: dict[str, Value] = {
        "account": context.sender.id,
        "height": context.height,
        "outcome": arguments.text("outcome"),
        "time": context.time_ms,
    }
    if "reasons" in arguments:
        told["reasons"] = arguments.value("reasons")
    write_case(context, ended(context, case, state, name, told))
    context.emit(event, {"number": case.number, "unit": case.unit})


def _open_case(context: Context, arguments: Arguments) -> Case:
    unit, number = arguments.text("unit"), arguments.integer("number")
    record = context.read(KIND_CASE, case_id(unit, number))
    if record is None:
        raise Refusal(*NOT_FOUND, unit=unit, number=number)
    case = Case.from_fields(record.fields)
    if case.state != STATE_OPEN:
        raise Refusal(*NOT_OPEN, unit=unit, number=number, state=case.state)
    return case


def _check_owner(context: Context, case: Case) -> None:
    subject = Subject(case.unit, case.person)
    if case.person is not None and context.sender.person == case.person:
        raise Refusal(*OWN_CASE, unit=case.unit, number=case.number)
    owners = (Actor.parse(case.owner),)
    # Nobody holds an office in a unit that is over, and what is open there still has to come to an end.
    if may(context, owners if is_active(context, case.unit) else (*owners, _ADMINISTRATOR), subject) is None:
        raise Refusal(*NOT_ALLOWED, unit=case.unit, number=case.number, owner=case.owner)


# Each case names who deals with it; the operations look there.
_OWNER = ("anyone",)
_ADMINISTRATOR = Actor.parse(ADMINISTRATOR)
_UNIT = Argument("unit", Identifier(), "ledger")
_NUMBER = Argument("number", Integer(1, NUMBER_MAX), "ledger")
_OUTCOME = Argument("outcome", Text(OUTCOME_SIZE_BYTES_MAX), "ledger")
_REASONS = Argument("reasons", Detached(), "unit", optional=True)


def overdue(context: TimerContext, payload: dict[str, Value]) -> None:
    """Report a case that nobody has decided in time, and mark it; nothing else happens to it."""
    record = context.read(KIND_CASE, str(payload["id"]))
    if record is None:
        return
    case = Case.from_fields(record.fields)
    if case.state != STATE_OPEN or case.timer != context.timer_id:
        return
    write_case(context, replace(case, timer=None, more=case.more | {"overdue": True}))
    context.emit(EVENT_OVERDUE, {"number": case.number, "unit": case.unit})


CASES = Contract(
    name="cases",
    summary="Cases that people decide, whoever or whatever opened them",
    kinds=frozenset((KIND_CASE, KIND_CASE_COUNT)),
    events=frozenset((EVENT_OVERDUE, "cases.opened", "cases.noted", "cases.decided", "cases.closed")),
    reasons=(
        NOT_FOUND,
        NOT_OPEN,
        NOT_ALLOWED,
        OWN_CASE,
        NO_NOTICE,
        OWNER_INVALID,
        PERSON_UNKNOWN,
        STEPS_FULL,
        NUMBERS_FULL,
    ),
    timers=(TimerHandler("overdue", overdue),),
    operations=(
        Operation(
            "open",
            "Open a case in a unit",
            (
                _UNIT,
                Argument("title_en", Text(TITLE_SIZE_BYTES_MAX), "ledger"),
                Argument("title_zh", Text(TITLE_SIZE_BYTES_MAX), "ledger"),
                Argument("days", Integer(1, DAYS_MAX), "ledger"),
                Argument("person", PERSON, "ledger", optional=True),
                Argument("owner", Text(ACTOR_SIZE_BYTES_MAX), "ledger", optional=True),
            ),
            open_,
            actors=("administrator",),
        ),
        Operation(
            "note",
            "Note that notice was given or a hearing was held",
            (
                _UNIT,
                _NUMBER,
                Argument("what", Text(8, pattern=f"{STEP_NOTICE}|{STEP_HEARING}"), "ledger"),
                Argument("body", Detached(), "unit", optional=True),
            ),
            note,
            actors=_OWNER,
        ),
        Operation("decide", "Decide a case", (_UNIT, _NUMBER, _OUTCOME, _REASONS), decide, actors=_OWNER),
        Operation(
            "close", "Close a case without a decision", (_UNIT, _NUMBER, _OUTCOME, _REASONS), close, actors=_OWNER
        ),
    ),
)

"""A case: something that people have to look at and decide on by a day, whoever or whatever opened it.

Owns the form of the records `case/<unit>/<number>` and `case-count/<unit>`, and the opening of a case on behalf of
other contracts. Never decides one: only people do, with their signature (`contracts.cases.operations`). Invariants: the
cases of a unit are numbered from 1 without gaps; a decided case stays as it was decided; a day that passes decides
nothing. Source: docs/reference/records.md, "Cases".
"""

from dataclasses import dataclass, replace

from contracts.calendar.dates import DAY_MS
from contracts.errors import Reason, Refusal
from contracts.run_context import RunContext
from contracts.timers import cancel_timer, set_timer
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import Hash

KIND_CASE = "case"
KIND_CASE_COUNT = "case-count"
STATE_OPEN = "open"
STATE_DECIDED = "decided"
STATE_CLOSED = "closed"
# With this many digits, the order of ids is the order of numbers.
NUMBER_DIGITS = 6
NUMBER_MAX = 10**NUMBER_DIGITS - 1
TITLE_SIZE_BYTES_MAX = 200
# What nobody looks at within three years has no deadline.
DAYS_MAX = 1100
# Steps of one case: notices, hearings, statements. A longer procedure is several cases.
STEPS_MAX = 40
# Whoever decides cases that rules, timers and other records open.
OWNER_DEFAULT = "administrator"
PURPOSE_OVERDUE = "cases.overdue"
# For contracts that open cases: what they write through `open_case`.
BORROWED_FOR_CASES = frozenset((KIND_CASE, KIND_CASE_COUNT))
BORROWED_TIMERS_FOR_CASES = frozenset((PURPOSE_OVERDUE,))

NUMBERS_FULL = Reason("cases.numbers-full", "the unit {unit} has {count} cases, the most there can be")


@dataclass(frozen=True, slots=True)
class Step:
    """What was done in a case before its decision: `what` is `notice` or `hearing`; who noted it, when."""

    what: str
    account: Hash
    time_ms: int
    body: Value = None

    def to_value(self) -> Value:
        """The canonical list."""
        step: list[Value] = [self.what, self.account, self.time_ms]
        return step if self.body is None else [*step, self.body]

    @classmethod
    def from_value(cls, value: Value) -> "Step":
        """The step in a case's record.

        Raises:
            DecodingError: not a step.
        """
        match value:
            case [str(what), bytes(account), int(time_ms)]:
                return cls(what, account, time_ms)
            case [str(what), bytes(account), int(time_ms), dict(body)]:
                return cls(what, account, time_ms, body)
        raise DecodingError("a step of a case is malformed")


@dataclass(frozen=True, slots=True)
class Case:
    """A case. `owner` is the actor who decides; `basis` what opened it; `due_ms` when it should have been decided.

    `more` holds what the decision or the closing adds, and `overdue`.
    """

    unit: str
    number: int
    title: dict[str, Value]
    owner: str
    state: str
    due_ms: int
    basis: str
    height: int
    time_ms: int
    person: str | None
    timer: str | None
    steps: tuple[Step, ...]
    more: dict[str, Value]

    @property
    def id(self) -> str:
        """The id of its record."""
        return case_id(self.unit, self.number)

    def to_fields(self) -> dict[str, Value]:
        """The fields of its record."""
        fields: dict[str, Value] = {
            "basis": self.basis,
            "due": self.due_ms,
            "height": self.height,
            "number": self.number,
            "owner": self.owner,
            "state": self.state,
            "time": self.time_ms,
            "title": self.title,
            "unit": self.unit,
        }
        if self.person is not None:
            fields["person"] = self.person
        if self.timer is not None:
            fields["timer"] = self.timer
        if self.steps:
            fields["steps"] = [step.to_value() for step in self.steps]
        return fields | self.more

    @classmethod
    def from_fields(cls, fields: dict[str, Value]) -> "Case":
        """The case in the fields of its record.

        Raises:
            DecodingError: not a case.
        """
        match fields:
            case {
                "basis": str(basis),
                "due": int(due_ms),
                "height": int(height),
                "number": int(number),
                "owner": str(owner),
                "state": str(state),
                "time": int(time_ms),
                "title": dict(title),
                "unit": str(unit),
            }:
                person, timer, steps = fields.get("person"), fields.get("timer"), fields.get("steps", [])
                return cls(
                    unit=unit,
                    number=number,
                    title=title,
                    owner=owner,
                    state=state,
                    due_ms=due_ms,
                    basis=basis,
                    height=height,
                    time_ms=time_ms,
                    person=person if isinstance(person, str) else None,
                    timer=timer if isinstance(timer, str) else None,
                    steps=tuple(map(Step.from_value, steps)) if isinstance(steps, list) else (),
                    more={name: fields[name] for name in ("decision", "closing", "overdue") if name in fields},
                )
        raise DecodingError("the record of a case is malformed")


def case_id(unit: str, number: int) -> str:
    """The id of a unit's case: the unit, a slash, the number in six digits."""
    return f"{unit}/{number:0{NUMBER_DIGITS}d}"


def case_subject(unit: str, number: int) -> str:
    """The chain of a case."""
    return f"case/{case_id(unit, number)}"


def open_case(
    context: RunContext,
    unit: str,
    title: dict[str, Value],
    days: int,
    person: str | None = None,
    basis: str = "",
    owner: str = OWNER_DEFAULT,
) -> Case:
    """Open a case in a unit.

    Args:
        context: Of an operation or a timer; its contract borrows `BORROWED_FOR_CASES`.
        unit: Is there; nobody's rights are asked for.
        title: Texts by language.
        days: Until it should be decided, 1 to 1,100.
        person: Whom it is about, enrolled.
        basis: What opened it, such as `discipline/branch-1/000007`.
        owner: The actor who decides it.

    Raises:
        Refusal: `cases.numbers-full`.
    """
    record = context.read(KIND_CASE_COUNT, unit)
    count = 0 if record is None else record.fields["count"]
    assert isinstance(count, int)
    if count >= NUMBER_MAX:
        raise Refusal(*NUMBERS_FULL, unit=unit, count=count)
    number = count + 1
    due_ms = context.time_ms + days * DAY_MS
    timer = set_timer(context, due_ms, PURPOSE_OVERDUE, {"id": case_id(unit, number)})
    case = Case(
        unit=unit,
        number=number,
        title=title,
        owner=owner,
        state=STATE_OPEN,
        due_ms=due_ms,
        basis=basis,
        height=context.height,
        time_ms=context.time_ms,
        person=person,
        timer=timer,
        steps=(),
        more={},
    )
    context.put(KIND_CASE_COUNT, unit, {"count": number, "unit": unit})
    write_case(context, case)
    return case


def write_case(context: RunContext, case: Case) -> None:
    """Write a case down and hang the transaction on its chain, its unit's and its person's."""
    context.put(KIND_CASE, case.id, case.to_fields())
    context.link(case_subject(case.unit, case.number))
    context.link(f"unit/{case.unit}")
    if case.person is not None:
        context.link(f"person/{case.person}")


def ended(context: RunContext, case: Case, state: str, name: str, told: dict[str, Value]) -> Case:
    """The case decided or closed; its timer is cancelled."""
    if case.timer is not None:
        cancel_timer(context, case.timer)
    return replace(case, state=state, timer=None, more=case.more | {name: told})

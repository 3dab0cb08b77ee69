"""Freezing the electorate: writing down who holds the offices of those who are to vote, all of it as at one height.

Owns the timer `ballots.freeze`. Works in pieces, as an electorate is larger than what one run may read. Never asks who
may vote for what. Invariants: everybody who held one of the offices in their own right at the height of the roll is on
it, and nobody else; where an office changes before the last page is written, the work begins anew, at a later height.
Source: docs/reference/ballots.md, "The roll".
"""

from dataclasses import dataclass, replace

from contracts.ballots.ballot import (
    STATE_CANCELLED,
    STATE_OPEN,
    STATE_PREPARING,
    Ballot,
    Roll,
    changed,
    find_ballot,
    store_ballot,
)
from contracts.ballots.reasons import ELECTORATE_EMPTY, ELECTORATE_TOO_LARGE
from contracts.ballots.roll import ATTEMPTS_MAX, next_step, on_page, roll_prefix, write_page
from contracts.ballots.terms import STV, Terms
from contracts.errors import Refusal
from contracts.record import Record
from contracts.run_context import RunContext
from contracts.timer_context import TimerContext
from contracts.timers import cancel_timer, set_timer
from contracts.units.office import KIND_OFFICE, runs
from contracts.units.role_count import KIND_ROLE_COUNT, role_count
from contracts.units.tree import active_unit, is_active
from ledger.encoding import Value

FREEZE_TIMER = "freeze"
FREEZE_PURPOSE = f"ballots.{FREEZE_TIMER}"

# A hundred blocks of freezing and as many of counting: some seconds. What is larger votes through delegates.
ELECTORATE_MAX = 10_000
# All papers of a transferable vote are counted in one run: a tenth of a second with so many.
ELECTORATE_STV_MAX = 4_096
# Persons on a page: at most 6.6 KiB, and two reads each.
PERSONS_PER_RUN = 100
# Kept for the last person: their office, whether an earlier source has them, and the step to the next source.
_READS_KEPT = 40

# Why a ballot is cancelled without anybody's doing.
REASON_MOVING = "electorate-moving"
REASON_EMPTY = "electorate-empty"
REASON_TOO_LARGE = "electorate-too-large"


@dataclass(frozen=True, slots=True)
class Freeze:
    """A freeze under way: as at which height, how far it is, and the versions of what must not change meanwhile."""

    unit: str
    number: int
    attempt: int = 0
    height: int = 0
    time: int = 0
    source: int = 0
    after: str = ""
    due: int = 0
    versions: tuple[int, ...] = ()

    def to_payload(self) -> dict[str, Value]:
        """What its timer is told."""
        payload: dict[str, Value] = {name: getattr(self, name) for name in self.__slots__}
        return payload | {"versions": list(self.versions)}

    @classmethod
    def of(cls, payload: dict[str, Value]) -> "Freeze":
        """The freeze that a timer of this module was told."""
        versions = payload["versions"]
        assert isinstance(versions, list)
        return cls(**payload | {"versions": tuple(versions)})  # type: ignore[arg-type]


def electorate_max(terms: Terms) -> int:
    """The most people that may vote on these terms."""
    return ELECTORATE_STV_MAX if terms.method == STV else ELECTORATE_MAX


def check_electorate(context: RunContext, terms: Terms) -> None:
    """Refuse an electorate that is empty or too large now; offices that one person holds twice are counted twice.

    Raises:
        Refusal: `ballots.electorate-empty`, `ballots.electorate-too-large`, or a unit is not there or not active.
    """
    due = 0
    for role, unit in map(source_of, terms.electorate):
        active_unit(context, unit)
        due += role_count(context, unit, role)
    if not due:
        raise Refusal(*ELECTORATE_EMPTY, electorate=", ".join(terms.electorate))
    if due > electorate_max(terms):
        raise Refusal(*ELECTORATE_TOO_LARGE, due=due, limit=electorate_max(terms))


def source_of(text: str) -> tuple[str, str]:
    """Role and unit of `role@unit`."""
    role, _, unit = text.partition("@")
    return role, unit


def freeze(context: TimerContext, payload: dict[str, Value]) -> None:
    """Write the next page of the roll; open the ballot after the last one."""
    under_way = Freeze.of(payload)
    ballot = find_ballot(context, under_way.unit, under_way.number)
    if ballot.state != STATE_PREPARING:
        return
    versions = _versions(context, ballot.terms)
    if under_way.versions != versions:
        under_way = _begin(context, under_way, versions)
    while context.reads_left > _READS_KEPT:
        page = _Page(context, ballot, under_way)
        page.fill()
        if page.office_changed:
            under_way = replace(under_way, versions=())
            break
        page.write()
        under_way = page.reached
        if under_way.source == len(ballot.terms.electorate):
            _open(context, ballot, under_way)
            return
        if page.is_full:
            break
    if under_way.attempt > ATTEMPTS_MAX:
        _cancel(context, ballot, REASON_MOVING)
    elif under_way.due > electorate_max(ballot.terms):
        _cancel(context, ballot, REASON_TOO_LARGE)
    else:
        set_timer(context, context.time_ms, FREEZE_PURPOSE, under_way.to_payload())


class _Page:
    """The next page of a roll: persons of one source, from where the freeze has come to."""

    def __init__(self, context: RunContext, ballot: Ballot, under_way: Freeze) -> None:
        self._context = context
        self._under_way = under_way
        self._role, self._unit = source_of(ballot.terms.electorate[under_way.source])
        self._persons: list[str] = []
        self._seen = under_way.after
        self._is_last = False
        self.office_changed = False

    @property
    def is_full(self) -> bool:
        """Whether it holds as many as a page may."""
        return len(self._persons) == PERSONS_PER_RUN

    @property
    def reached(self) -> Freeze:
        """Where the freeze is after this page."""
        due = self._under_way.due + len(self._persons)
        if self._is_last:
            return replace(self._under_way, source=self._under_way.source + 1, after="", due=due)
        return replace(self._under_way, after=self._seen, due=due)

    def fill(self) -> None:
        """Take the next persons, until the page is full, the source or the run is exhausted, or an office changed."""
        prefix = f"{self._unit}/{self._role}/"
        if not is_active(self._context, self._unit):
            # Nobody holds an office of a unit that is over.
            self._is_last = True
            return
        while not self.is_full and self._context.reads_left > _READS_KEPT:
            person, self._seen, self._is_last = next_step(self._context, KIND_OFFICE, prefix, self._seen, _READS_KEPT)
            if person is None:
                return
            content = self._context.content(KIND_OFFICE, prefix + person)
            assert content is not None, "a key that is found in order is there"
            office = Record.decode_own(content)
            height = office.fields["height"]
            assert isinstance(height, int)
            if height > self._under_way.height:
                self.office_changed = True
                return
            if self._is_held(office) and not self._is_listed(person):
                self._persons.append(person)

    def write(self) -> None:
        """Write it, if anybody is on it."""
        if self._persons:
            write_page(self._context, self._prefix(self._under_way.source), self._persons)

    def _is_held(self, office: Record) -> bool:
        return runs(office, self._under_way.time) and "delegated_by" not in office.fields

    def _is_listed(self, person: str) -> bool:
        """Whether an earlier source has this person already."""
        earlier = range(self._under_way.source)
        return any(on_page(self._context, self._prefix(source), person) for source in earlier)

    def _prefix(self, source: int) -> str:
        one = self._under_way
        return roll_prefix(one.unit, one.number, one.attempt, source)


def _begin(context: TimerContext, under_way: Freeze, versions: tuple[int, ...]) -> Freeze:
    """The freeze begun anew, as at this height."""
    return Freeze(
        under_way.unit,
        under_way.number,
        under_way.attempt + 1,
        context.height,
        context.time_ms,
        versions=versions,
    )


def _versions(context: RunContext, terms: Terms) -> tuple[int, ...]:
    """The versions of what is written whenever one of the offices is given or ended."""
    counts = (context.read(KIND_ROLE_COUNT, f"{unit}/{role}") for role, unit in map(source_of, terms.electorate))
    return tuple(0 if record is None else record.version for record in counts)


def _open(context: TimerContext, ballot: Ballot, done: Freeze) -> None:
    if not done.due or done.due > electorate_max(ballot.terms):
        _cancel(context, ballot, REASON_TOO_LARGE if done.due else REASON_EMPTY)
        return
    roll = Roll(ballot.number, done.attempt, done.height, done.time, done.due)
    store_ballot(context, changed(ballot, state=STATE_OPEN, roll=roll))
    context.emit("ballots.frozen", {"at": done.height, "due": done.due, "number": ballot.number, "unit": ballot.unit})


def _cancel(context: TimerContext, ballot: Ballot, reason: str) -> None:
    if ballot.timer:
        cancel_timer(context, ballot.timer)
    store_ballot(context, changed(ballot, state=STATE_CANCELLED, reason=reason, timer=""))
    context.emit("ballots.cancelled", {"number": ballot.number, "reason": reason, "unit": ballot.unit})

"""Periodic checks under way: every record of a type is looked at once in each period, a few of them in each block.

Owns the record `check/<kind>/<check>` and three timers: `records.begin-checks` begins the checks of a pack that came
into force, `records.sweep` looks at the next records in the order of their ids, `records.finding` takes the check's
transition of one that was found. Each finding is a run of its own, so that one whose effects cannot be done leaves the
others alone. Never decides on a person: a check takes automatic transitions only. Invariants: a sweep looks at each
record at most once, and at every one that was there before it began; a run is bounded in reads and in findings, however
many records there are; after a pause one sweep is made, for the last period that has passed, and says how many it left
out.
Source: docs/reference/records.md, "Checks".
"""

from dataclasses import dataclass, replace
from enum import Enum

from contracts.calendar.dates import day_at, start_ms
from contracts.contract import TimerHandler
from contracts.errors import Refusal
from contracts.limits import TIMERS_SET_MAX, TOO_MANY_READS, TOO_MANY_STEPS
from contracts.packs.active import find_manifest, versions_of
from contracts.packs.check import BEGIN_PURPOSE, Check
from contracts.packs.limits import CHECKS_MAX
from contracts.records.judging import judge
from contracts.records.migration import find_record
from contracts.records.move import NOT_THERE, Move
from contracts.records.program import Program, find_program
from contracts.records.reasons import RULE_FAILED
from contracts.records.request import Request
from contracts.records.taking import take
from contracts.run_context import RunContext
from contracts.timer_context import TimerContext
from contracts.timers import set_timer
from contracts.units.tree import is_active
from ledger.encoding import Value

KIND_CHECK = "check"
STATE_WAITING = "waiting"
STATE_RUNNING = "running"
# The acting role of what a check finds.
ACTOR_CHECK = "check"

_BEGIN = BEGIN_PURPOSE.removeprefix("records.")
_SWEEP = "sweep"
_FINDING = "finding"
SWEEP_PURPOSE = f"records.{_SWEEP}"
FINDING_PURPOSE = f"records.{_FINDING}"

# Two reads a record and some for its guards; what is left is for the type's definition and the check's own record.
_READS_KEPT = 16
# In units of `contracts.work`: putting a move together, to ask its guards.
_LOOK_WORK = 80
# The versions and definition of a kind, and the records of its checks.
_READS_OF_KIND = 8 + 2 * CHECKS_MAX
# How long a pack that is to come into force at a later height is left alone.
ASK_AGAIN_MS = 3_600_000
# One timer of a run goes on with the sweep.
FINDINGS_PER_RUN_MAX = TIMERS_SET_MAX - 1

CHECK_BEGUN = "records.check-begun"
CHECK_DONE = "records.check-done"
CHECK_ENDED = "records.check-ended"
CHECK_EVENTS = frozenset((CHECK_BEGUN, CHECK_DONE, CHECK_ENDED))


class Verdict(Enum):
    """What became of looking at one record."""

    FOUND = "found"
    PASSED = "passed"
    # Its guards have no value.
    FAILED = "failed"
    # Its guards read more, or take more steps, than is left of the run.
    TOO_MUCH = "too much"


_VERDICTS = {
    RULE_FAILED.code: Verdict.FAILED,
    TOO_MANY_READS.code: Verdict.TOO_MUCH,
    TOO_MANY_STEPS.code: Verdict.TOO_MUCH,
}


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep under way: which records come next, and what came of those that were looked at.

    `period` is the first day of the period: its number would mean another one where a newer pack has other periods.
    `after` is the last id that was looked at. `failed` are records whose guards had no value.
    """

    kind: str
    check: str
    period: int
    after: str = ""
    looked_at: int = 0
    found: int = 0
    failed: int = 0

    def to_payload(self) -> dict[str, Value]:
        """What its timer is told."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of(cls, payload: dict[str, Value]) -> "Sweep":
        """The sweep that a timer of this module was told."""
        return cls(**payload)  # type: ignore[arg-type]


def begin_checks(context: TimerContext, payload: dict[str, Value]) -> None:
    """Let the checks of a pack that came into force wait for the end of their first period.

    A check that an earlier version has begun goes on. Where the pack is in force from a later height only, it is asked
    again in an hour.
    """
    pack, after = payload["pack"], payload.get("after", "")
    assert isinstance(pack, bytes) and isinstance(after, str), "this module and the activation set the timer"
    timers = 0
    for kind in sorted(kind for kind in find_manifest(context, pack).parts if kind > after):
        if context.reads_left < _READS_OF_KIND or timers + CHECKS_MAX >= TIMERS_SET_MAX:
            set_timer(context, context.time_ms, BEGIN_PURPOSE, {"after": after, "pack": pack})
            return
        after = kind
        if any(one.pack == pack and one.from_height > context.height for one in versions_of(context, kind)):
            set_timer(context, context.time_ms + ASK_AGAIN_MS, BEGIN_PURPOSE, {"pack": pack})
            return
        program = find_program(context, kind)
        for check in program.definition.checks.values() if program.pack == pack else ():
            if context.read(KIND_CHECK, check_id(kind, check.name)) is None:
                _wait(context, program, check, {})
                timers += 1
                context.emit(CHECK_BEGUN, {"check": check.name, "kind": kind})


def check_id(kind: str, name: str) -> str:
    """The id of the record of a check."""
    return f"{kind}/{name}"


def sweep(context: TimerContext, payload: dict[str, Value]) -> None:
    """Look at the next records; go on in the next block, or wait for the end of the next period."""
    under_way = Sweep.of(payload)
    program = find_program(context, under_way.kind)
    check = program.definition.checks.get(under_way.check)
    if check is None:
        # A newer version of the pack has dropped it.
        context.delete(KIND_CHECK, check_id(under_way.kind, under_way.check))
        context.emit(CHECK_ENDED, {"check": under_way.check, "kind": under_way.kind})
        return
    after = _look_at_some(context, program, check, under_way)
    if after is not None:
        if not under_way.after:
            _note_running(context, under_way)
        set_timer(context, context.time_ms, SWEEP_PURPOSE, after.to_payload())


def take_finding(context: TimerContext, payload: dict[str, Value]) -> None:
    """Take the check's transition of a record that was found, if that still holds.

    Raises:
        Refusal: it does not hold any more, or an effect cannot be done; the record stays as it is.
    """
    kind, record_id, name = str(payload["kind"]), str(payload["id"]), str(payload["check"])
    program = find_program(context, kind)
    check = program.definition.checks.get(name)
    if check is None:
        return
    move = _move(context, program, check, record_id)
    if move is None or not is_active(context, move.unit):
        return
    judge(move)
    take(move)
    _keep_pending(context, move)


def _look_at_some(context: TimerContext, program: Program, check: Check, sweep: Sweep) -> Sweep | None:
    """The sweep after as many records as a run may look at; None once there are no more."""
    begun_at, findings = sweep.looked_at, sweep.found
    while sweep.found - findings < FINDINGS_PER_RUN_MAX and context.reads_left > _READS_KEPT:
        record_id = context.next_id(program.kind, sweep.after)
        if record_id is None:
            _finish(context, program, check, sweep)
            return None
        verdict = _verdict(context, program, check, record_id)
        if verdict is Verdict.TOO_MUCH and sweep.looked_at > begun_at:
            # In the next run it is the first, and has all the reads there are.
            break
        if verdict is Verdict.FOUND:
            payload: dict[str, Value] = {"check": check.name, "id": record_id, "kind": program.kind}
            set_timer(context, context.time_ms, FINDING_PURPOSE, payload)
        sweep = replace(
            sweep,
            after=record_id,
            looked_at=sweep.looked_at + 1,
            found=sweep.found + (verdict is Verdict.FOUND),
            failed=sweep.failed + (verdict in (Verdict.FAILED, Verdict.TOO_MUCH)),
        )
        if verdict is Verdict.TOO_MUCH:
            break
    return sweep


def _verdict(context: TimerContext, program: Program, check: Check, record_id: str) -> Verdict:
    """What the check's guards say of a record now; nothing is written."""
    context.add_work(_LOOK_WORK)
    try:
        move = _move(context, program, check, record_id)
        if move is None:
            return Verdict.PASSED
        judge(move)
        # Asked last, as it is a read: in a unit that is over nothing is found any more, and nobody is to blame for it.
        return Verdict.FOUND if is_active(context, move.unit) else Verdict.PASSED
    except Refusal as refusal:
        return _VERDICTS.get(refusal.code, Verdict.PASSED)


def _move(context: TimerContext, program: Program, check: Check, record_id: str) -> Move | None:
    """The transition of the check at this record; None if it does not start from where the record is."""
    before = find_record(context, program, record_id)
    if before is not None and before.pack != program.pack:
        # What waits under an older version can only be withdrawn, and must not come to wait under this one.
        before = find_record(context, program, record_id, without_pending=True)
    transition = program.transition(check.then)
    if before is None or before.state == NOT_THERE or before.state not in transition.from_states:
        return None
    return Move(
        context, program, transition, record_id, before.unit, before, None, Request(transition.name), ACTOR_CHECK
    )


def _keep_pending(context: TimerContext, move: Move) -> None:
    """What waits for approvals goes on waiting, unless the record has left the state in which it was asked for."""
    before = move.before
    if before is None or before.pending is None or move.transition.to != before.state:
        return
    after = find_record(context, move.program, move.record_id)
    assert after is not None, "it was written just now"
    context.put(move.kind, move.record_id, after.changed(pending=before.pending))


def _note_running(context: RunContext, sweep: Sweep) -> None:
    record = context.read(KIND_CHECK, check_id(sweep.kind, sweep.check))
    assert record is not None, "a check that runs has begun"
    context.put(KIND_CHECK, check_id(sweep.kind, sweep.check), record.fields | {"state": STATE_RUNNING})


def _finish(context: TimerContext, program: Program, check: Check, sweep: Sweep) -> None:
    offset = program.offset_minutes(context.time_ms)
    now = check.every.period_of(day_at(context.time_ms, offset))
    done: dict[str, Value] = {
        "failed": sweep.failed,
        "found": sweep.found,
        "looked_at": sweep.looked_at,
        "period": sweep.period,
        # Periods that have passed since without a sweep of their own.
        "skipped": max(0, now - 1 - check.every.period_of(sweep.period)),
    }
    _wait(context, program, check, {"done": done | {"height": context.height}})
    context.emit(CHECK_DONE, done | {"check": check.name, "kind": program.kind})


def _wait(context: RunContext, program: Program, check: Check, more: dict[str, Value]) -> None:
    """Write down that the check waits for the end of the period that it is now, and set the timer of that."""
    offset = program.offset_minutes(context.time_ms)
    period = check.every.period_of(day_at(context.time_ms, offset))
    first, last = check.every.period_bounds(period)
    due_ms = start_ms(last + 1, offset)
    fields: dict[str, Value] = {
        "check": check.name,
        "due": due_ms,
        "kind": program.kind,
        "period": first,
        "state": STATE_WAITING,
    }
    context.put(KIND_CHECK, check_id(program.kind, check.name), fields | more)
    set_timer(context, due_ms, SWEEP_PURPOSE, Sweep(program.kind, check.name, first).to_payload())


CHECK_HANDLERS = (TimerHandler(_BEGIN, begin_checks), TimerHandler(_SWEEP, sweep), TimerHandler(_FINDING, take_finding))

"""When a deadline has passed: the transition that nobody had to take is taken.

Owns the handler of the timer `records.deadline`. Never takes a transition that a pack has not marked as automatic, nor
one that decides on a person. Invariant: a timer that rings for a record that is gone, or is not where its deadline was
set, does nothing. Source: docs/reference/records.md, "Deadlines".
"""

from contracts.cases.case import open_case
from contracts.contract import TimerHandler
from contracts.errors import Refusal
from contracts.records.deadlines import ACTOR_TIMER, HANDLER
from contracts.records.events import DEADLINE_REFUSED
from contracts.records.identity import record_subject
from contracts.records.judging import judge
from contracts.records.migration import find_record
from contracts.records.move import NOT_THERE, Move
from contracts.records.program import find_program
from contracts.records.reasons import NOT_AUTOMATIC
from contracts.records.request import Request
from contracts.records.taking import take
from contracts.timer_context import TimerContext
from ledger.encoding import Value

_TITLE: dict[str, Value] = {
    "en": "A deadline has passed, and what was to follow could not be done",
    "zh": "期限已过,而应随之进行的事项无法进行",
}
# As long as what waits for approvals.
_CASE_DAYS = 35


def deadline_passed(context: TimerContext, payload: dict[str, Value]) -> None:
    """Take the automatic transition of the record that the payload names; what waits for approvals is given up.

    Where it cannot be taken the record stays as it is, and a case tells people, as nothing else would: the timer has
    rung and does not ring again.

    Raises:
        Refusal: the case cannot be opened.
    """
    kind, record_id, name = str(payload["kind"]), str(payload["id"]), str(payload["transition"])
    refusal = context.attempt(lambda: _take(context, kind, record_id, name))
    if refusal is None:
        return
    record = context.read(kind, record_id)
    assert record is not None, "of a record that is gone nothing is refused"
    context.link(record_subject(kind, record_id))
    open_case(context, str(record.fields["unit"]), _TITLE, _CASE_DAYS, basis=f"{kind}/{record_id}")
    told: dict[str, Value] = {"code": refusal.code, "id": record_id, "kind": kind, "transition": name}
    # With these the pack's own words for the rule are found.
    told |= {key: refusal.details[key] for key in ("pack", "rule") if key in refusal.details}
    context.emit(DEADLINE_REFUSED, told)


def _take(context: TimerContext, kind: str, record_id: str, name: str) -> None:
    if context.content(kind, record_id) is None:
        return
    program = find_program(context, kind)
    before = find_record(context, program, record_id, without_pending=True)
    if before is None or before.state == NOT_THERE or context.timer_id not in before.timers:
        return
    transition = program.transition(name)
    if not transition.automatic or transition.decides:
        raise Refusal(*NOT_AUTOMATIC, kind=kind, transition=name)
    # This timer has rung: there is nothing to be cancelled of it.
    left = tuple(timer for timer in before.timers if timer != context.timer_id)
    before = before.changed(timers=left)
    move = Move(context, program, transition, record_id, before.unit, before, None, Request(name), ACTOR_TIMER)
    judge(move)
    take(move)


DEADLINE_HANDLER = TimerHandler(HANDLER, deadline_passed)

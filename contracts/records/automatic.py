"""When a deadline has passed: the transition that nobody had to take is taken.

Owns the handler of the timer `records.deadline`. Never takes a transition that a pack has not marked as automatic, nor
one that decides on a person. Invariant: a timer that rings for a record that is gone, or is not where its deadline was
set, does nothing. Source: docs/reference/records.md, "Deadlines".
"""

from contracts.contract import TimerHandler
from contracts.errors import Refusal
from contracts.records.deadlines import ACTOR_TIMER, HANDLER
from contracts.records.judging import judge
from contracts.records.migration import find_record
from contracts.records.move import NOT_THERE, Move
from contracts.records.program import find_program
from contracts.records.reasons import NOT_AUTOMATIC
from contracts.records.request import Request
from contracts.records.taking import take
from contracts.timer_context import TimerContext
from ledger.encoding import Value


def deadline_passed(context: TimerContext, payload: dict[str, Value]) -> None:
    """Take the automatic transition of the record that the payload names; what waits for approvals is given up.

    Raises:
        Refusal: the transition cannot be taken; the record stays where it is, and people see to it.
    """
    kind, record_id, name = str(payload["kind"]), str(payload["id"]), str(payload["transition"])
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

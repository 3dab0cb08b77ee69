"""Deadlines: a transition that nobody has to take is taken by a timer when its time has come.

Owns the setting and cancelling of a record's timers and what happens when one rings. Never decides on a person: a
transition that does, or that needs a review or a vote, is not taken. Invariants: a timer of a state that the record has
left is cancelled with the leaving; one that rings for a record that is not where it was does nothing.
Source: docs/reference/records.md, "Deadlines".
"""

from contracts.calendar.dates import day_at
from contracts.packs.transition import Deadline
from contracts.records.local_day import due_ms
from contracts.records.move import Move
from contracts.run_context import RunContext
from contracts.timers import cancel_timer, set_timer
from ledger.encoding import Value

HANDLER = "deadline"
PURPOSE = f"records.{HANDLER}"
# The acting role of what a timer does.
ACTOR_TIMER = "timer"


def set_deadline(move: Move, deadline: Deadline) -> str:
    """Set the timer of a transition's deadline; its id."""
    offset = move.offset_minutes
    days = move.program.days(deadline.days, move.context.time_ms)
    due = due_ms(day_at(move.context.time_ms, offset), days, deadline.working, offset)
    payload: dict[str, Value] = {"id": move.record_id, "kind": move.kind, "transition": deadline.then}
    return set_timer(move.context, due, PURPOSE, payload)


def cancel_deadlines(context: RunContext, timers: tuple[str, ...]) -> None:
    """Cancel the timers of a state that is left."""
    for timer in timers:
        cancel_timer(context, timer)

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
from contracts.records.reasons import DEADLINES_TOO_MANY
from contracts.run_context import RunContext
from contracts.timers import KIND_TIMER, cancel_timer, set_timer
from contracts.working_calendar import working_calendar
from ledger.encoding import Value

HANDLER = "deadline"
PURPOSE = f"records.{HANDLER}"
# A record leaves a state, and cancels what runs there, in one transaction: few enough for that.
DEADLINES_MAX = 8
# The acting role of what a timer does.
ACTOR_TIMER = "timer"


def with_deadline(move: Move, timers: tuple[str, ...], deadline: Deadline) -> tuple[str, ...]:
    """The timers of a record's state with that of a transition's deadline, which is set.

    Raises:
        Refusal: `records.deadlines-too-many`, where a transition that stays in its state is taken again and again.
    """
    if len(timers) >= DEADLINES_MAX:
        timers = tuple(timer for timer in timers if move.context.content(KIND_TIMER, timer) is not None)
    if len(timers) >= DEADLINES_MAX:
        raise move.refusal(DEADLINES_TOO_MANY, limit=DEADLINES_MAX)
    return (*timers, _set_deadline(move, deadline))


def _set_deadline(move: Move, deadline: Deadline) -> str:
    """Set the timer of a transition's deadline; its id."""
    offset = move.offset_minutes
    days = move.program.days(deadline.days, move.context.time_ms)
    # The lists of holidays as they are now: what is announced later moves no term that runs.
    calendar = working_calendar(move.context) if deadline.working else None
    due = due_ms(day_at(move.context.time_ms, offset), days, calendar, offset)
    payload: dict[str, Value] = {"id": move.record_id, "kind": move.kind, "transition": deadline.then}
    return set_timer(move.context, due, PURPOSE, payload)


def cancel_deadlines(context: RunContext, timers: tuple[str, ...]) -> None:
    """Cancel the timers of a state that is left."""
    for timer in timers:
        cancel_timer(context, timer)

"""The operations of the contract `records`: create, act, approve, withdraw.

Owns the way from a transaction to a move, and what becomes of one that waits for approvals. Who may do what is the
pack's to say, transition by transition; the operations themselves are open to every account.
Source: docs/reference/records.md, "Operations".
"""

from contracts.arguments import Arguments
from contracts.authority.approver import find_member
from contracts.context import Context
from contracts.errors import Refusal
from contracts.packs.transition import Review, Transition
from contracts.records.acting import ends_what_is_over
from contracts.records.approvals import (
    approved,
    asked_for,
    is_expired,
    keep_waiting,
    still_entitled,
    who_is,
    without_approval,
)
from contracts.records.events import WITHDRAWN
from contracts.records.identity import checked_id, new_id, record_subject
from contracts.records.judging import judge
from contracts.records.migration import find_record
from contracts.records.move import NOT_THERE, Move
from contracts.records.pack_record import PackRecord, Pending
from contracts.records.program import Program, find_program
from contracts.records.reasons import (
    EXISTS,
    NOT_ASKED,
    NOT_CREATED,
    NOT_FOUND,
    NOTHING_PENDING,
    REVIEW_OVERTAKEN,
    REVIEW_PENDING,
    TRANSITION_MISSING,
    WRONG_STATE,
)
from contracts.records.request import Request
from contracts.records.taking import needed_approvals, take
from contracts.units.tree import active_unit


def create(context: Context, arguments: Arguments) -> None:
    """Create a record of a pack's kind in a unit, by a transition that starts from nothing."""
    program = find_program(context, arguments.text("type"))
    unit = arguments.text("unit")
    active_unit(context, unit)
    transition = _creating(program, arguments)
    request = Request.of(transition.name, arguments)
    if NOT_THERE not in transition.from_states:
        raise Refusal(
            *WRONG_STATE,
            kind=program.kind,
            id=unit,
            state="-",
            transition=transition.name,
            expected=", ".join(transition.from_states),
        )
    record_id, number = new_id(context, program.definition, unit, request.fields, transition.name)
    before = find_record(context, program, record_id)
    if before is not None:
        if before.pending is None or not is_expired(context, before.pending) or before.state != NOT_THERE:
            raise Refusal(*EXISTS, kind=program.kind, id=record_id)
        context.delete(program.kind, record_id)
    sender = context.sender
    move = Move(context, program, transition, record_id, unit, None, sender, request, origin=sender.id, number=number)
    _start(move)


def act(context: Context, arguments: Arguments) -> None:
    """Take a transition of a record, or ask for it where it needs approvals."""
    program = find_program(context, arguments.text("type"))
    record_id = arguments.text("id")
    before = _found(context, program, record_id)
    transition = program.transition(arguments.text("transition"))
    if before.pending is not None:
        if not is_expired(context, before.pending):
            raise _pending_refusal(program, record_id, before.pending)
        before = _found(context, program, record_id, without_pending=True)
    if before.state == NOT_THERE:
        raise Refusal(*NOT_FOUND, kind=program.kind, id=record_id)
    request = Request.of(transition.name, arguments)
    _start(Move(context, program, transition, record_id, before.unit, before, context.sender, request))


def approve(context: Context, arguments: Arguments) -> None:
    """Approve what waits for approvals; the last one that is needed takes the transition."""
    program = find_program(context, arguments.text("type"))
    record_id = arguments.text("id")
    before, pending = _waiting(context, program, record_id)
    if before.pack != program.pack:
        raise Refusal(*REVIEW_OVERTAKEN, kind=program.kind, id=record_id)
    move = _pending_move(context, program, record_id, before, pending)
    review = move.transition.review
    assert review is not None, "only what needs a review waits"
    pending = approved(move, review, pending)
    _settle(move, review, still_entitled(move, review, pending), asked=False)


def withdraw(context: Context, arguments: Arguments) -> None:
    """Take back what one has asked for, or an approval; in a unit that is over, administrators take back anybody's."""
    program = find_program(context, arguments.text("type"))
    record_id = arguments.text("id")
    before, pending = _waiting(context, program, record_id)
    sender = context.sender
    context.link(record_subject(program.kind, record_id))
    if sender.id == pending.asker or who_is(sender) == pending.who or ends_what_is_over(context, before.unit):
        if before.state == NOT_THERE:
            context.delete(program.kind, record_id)
        else:
            context.put(program.kind, record_id, before.changed(pending=None))
        _tell_withdrawn(context, program, record_id, pending, left=0)
        return
    less = without_approval(pending, sender)
    if less is None:
        raise Refusal(*NOT_ASKED, kind=program.kind, id=record_id, transition=pending.transition)
    context.put(program.kind, record_id, before.changed(pending=less))
    _tell_withdrawn(context, program, record_id, pending, left=len(less.approvals))


def _creating(program: Program, arguments: Arguments) -> Transition:
    if "transition" in arguments:
        return program.transition(arguments.text("transition"))
    found = [one for one in program.definition.creating() if one.by]
    if not found:
        raise Refusal(*NOT_CREATED, kind=program.kind)
    if len(found) > 1:
        raise Refusal(*TRANSITION_MISSING, kind=program.kind, known=", ".join(one.name for one in found))
    return found[0]


def _start(move: Move) -> None:
    """Judge what the sender asks for, and take it unless approvals are missing."""
    judge(move)
    review = move.transition.review
    if review is None:
        take(move)
    else:
        _settle(move, review, asked_for(move, review), asked=True)


def _settle(move: Move, review: Review, pending: Pending, asked: bool) -> None:
    """Take the transition if the approvals suffice, else let it wait with those there are."""
    if len(pending.approvals) < review.count:
        keep_waiting(move, pending, review.count, asked)
        return
    if not asked:
        # The ledger has moved on since it was asked for.
        judge(move)
    move.approvals = pending.approvals
    take(move)


def _pending_move(context: Context, program: Program, record_id: str, before: PackRecord, pending: Pending) -> Move:
    """The move that waits, as its asker asked for it."""
    return Move(
        context,
        program,
        program.transition(pending.transition),
        record_id,
        before.unit,
        None if before.state == NOT_THERE else before.changed(pending=None),
        find_member(context, pending.asker),
        Request(pending.transition, pending.asked),
        actor=pending.actor,
        origin=pending.asker,
        number=before.number,
    )


def _waiting(context: Context, program: Program, record_id: str) -> tuple[PackRecord, Pending]:
    found = _found(context, program, record_id)
    if found.pending is None or is_expired(context, found.pending):
        raise Refusal(*NOTHING_PENDING, kind=program.kind, id=record_id)
    return found, found.pending


def _found(context: Context, program: Program, record_id: str, without_pending: bool = False) -> PackRecord:
    checked_id(program.kind, record_id)
    found = find_record(context, program, record_id, without_pending)
    if found is None:
        raise Refusal(*NOT_FOUND, kind=program.kind, id=record_id)
    return found


def _pending_refusal(program: Program, record_id: str, pending: Pending) -> Refusal:
    return Refusal(
        *REVIEW_PENDING,
        kind=program.kind,
        id=record_id,
        transition=pending.transition,
        approvals=len(pending.approvals),
        needed=needed_approvals(program, pending),
    )


def _tell_withdrawn(context: Context, program: Program, record_id: str, pending: Pending, left: int) -> None:
    context.emit(
        WITHDRAWN, {"approvals": left, "id": record_id, "kind": program.kind, "transition": pending.transition}
    )

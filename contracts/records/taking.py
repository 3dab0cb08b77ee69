"""Taking a transition that was judged: the record is written, its deadline set, its effects done.

Owns the order: the record first, so that what its effects look at is the new state; then the effects, in the pack's
order; then, where they changed it, the record once more. Owns also the taking along of other records. Invariants: a
record is in one of its type's states and says which pack, article and acting role put it there; a chain of records that
take each other along is at most four deep and never comes back to a record that is on its way.
Source: docs/reference/records.md, "What is written".
"""

from contracts.errors import Refusal
from contracts.packs.effect import Advance, SetField
from contracts.records.approvals import is_expired
from contracts.records.deadlines import cancel_deadlines, with_deadline
from contracts.records.effects import perform, text_of
from contracts.records.events import CHANGED, CREATED
from contracts.records.field_values import check_present
from contracts.records.identity import is_record_id, new_id, record_subject
from contracts.records.judging import judge
from contracts.records.migration import find_record
from contracts.records.move import CHAIN_DEPTH_MAX, NOT_THERE, Move
from contracts.records.pack_record import PackRecord, Pending
from contracts.records.program import Program, find_program
from contracts.records.reasons import CHAIN_TOO_DEEP, EFFECT_FAILED, EXISTS, REVIEW_PENDING
from contracts.records.request import Request
from contracts.records.room import check_room
from contracts.records.rule_check import evaluate
from contracts.units.tree import active_unit
from ledger.encoding import Value


def take(move: Move) -> None:
    """Do what the judged transition does.

    Raises:
        Refusal: an effect cannot be done; nothing of the transaction is kept then.
    """
    context = move.context
    if move.before is not None and move.before.timers and move.state != move.transition.to:
        cancel_deadlines(context, move.before.timers)
    timers = _timers(move)
    context.link(record_subject(move.kind, move.record_id))
    context.link(f"unit/{move.unit}")
    person = move.subject_person()
    if person is not None:
        context.link(f"person/{person}")
    _tell(move)
    _write(move, timers)
    changes = False
    for number, effect in enumerate(move.transition.effects, 1):
        if effect.when is not None and not evaluate(move, effect.when):
            continue
        if isinstance(effect, Advance):
            if changes:
                _write(move, timers)
                changes = False
            _advance(move, number, effect)
        else:
            perform(move, number, effect)
            changes = changes or isinstance(effect, SetField)
    if changes:
        definition, transition = move.program.definition, move.transition
        check_present(definition, transition, move.program.needed(transition).taken, move.values)
        _write(move, timers)


def written(move: Move, timers: tuple[str, ...]) -> PackRecord:
    """The record as the transition leaves it."""
    before, context, transition, parts = move.before, move.context, move.transition, move.request.parts
    stays = before is not None and before.state == transition.to
    return PackRecord(
        move.unit,
        transition.to,
        move.values,
        before.since_ms if before is not None and stays else context.time_ms,
        move.creator,
        context.height,
        context.time_ms,
        move.program.pack,
        move.actor,
        transition.name,
        timers,
        None,
        move.number if before is None else before.number,
        move.approvals,
        transition.article or move.program.definition.article,
        parts.get("at"),  # type: ignore[arg-type]
        parts.get("note"),
        parts.get("provenance"),  # type: ignore[arg-type]
        move.vote,
    )


def needed_approvals(program: Program, pending: Pending) -> int:
    """How many approvals what waits needs; 0 where the pack in force knows nothing of it any more."""
    transition = program.definition.transitions.get(pending.transition)
    return 0 if transition is None or transition.review is None else transition.review.count


def _timers(move: Move) -> tuple[str, ...]:
    """The deadlines that run after the transition: those of a state that is not left, and the transition's own."""
    stays = move.before is not None and move.before.state == move.transition.to
    kept = move.before.timers if move.before is not None and stays else ()
    if move.transition.deadline is None:
        return kept
    return with_deadline(move, kept, move.transition.deadline)


def _write(move: Move, timers: tuple[str, ...]) -> None:
    check_room(move, move.context.put(move.kind, move.record_id, written(move, timers)))


def _tell(move: Move) -> None:
    transition = move.transition
    told: dict[str, Value] = {
        "actor": move.actor,
        "id": move.record_id,
        "kind": move.kind,
        "pack": move.program.pack,
        "to": transition.to,
        "transition": transition.name,
    }
    if transition.article:
        told["article"] = transition.article
    if move.state == NOT_THERE:
        move.context.emit(CREATED, told)
    else:
        told["from"] = move.state
        move.context.emit(CHANGED, told)


def _advance(move: Move, number: int, effect: Advance) -> None:
    """Take another record along, or open one."""
    chain = (*move.chain, (move.kind, move.record_id))
    if len(chain) > CHAIN_DEPTH_MAX:
        raise Refusal(
            *CHAIN_TOO_DEEP, kind=effect.kind, transition=effect.transition, depth=len(chain), limit=CHAIN_DEPTH_MAX
        )
    program = find_program(move.context, effect.kind)
    transition = program.transition(effect.transition)
    actor = f"{move.kind}/{move.transition.name}"
    fields = {name: evaluate(move, one) for name, one in effect.fields.items()}
    request = Request(transition.name, {"fields": {name: one for name, one in fields.items() if one is not None}})
    if effect.record is None:
        # Nothing begins in a unit that is over.
        active_unit(move.context, move.unit)
        other_id, count = new_id(move.context, program.definition, move.unit, request.fields, transition.name)
        if find_record(move.context, program, other_id) is not None:
            raise Refusal(*EXISTS, kind=effect.kind, id=other_id)
        other = Move(
            move.context,
            program,
            transition,
            other_id,
            move.unit,
            None,
            None,
            request,
            actor,
            origin=move.creator if move.asker is None else move.asker.id,
            decided=move.transition.decides,
            chain=chain,
            number=count,
        )
    else:
        other_id = text_of(move, number, effect.record, effect.kind)
        # A rule's text may be anything; of what is no id there is no record.
        found = find_record(move.context, program, other_id) if is_record_id(other_id) else None
        if found is not None and found.pending is not None and is_expired(move.context, found.pending):
            found = find_record(move.context, program, other_id, without_pending=True)
        if found is None or found.state == NOT_THERE:
            raise move.refusal(EFFECT_FAILED, effect=number, fault=f"no {effect.kind} {other_id}")
        if found.pending is not None:
            raise Refusal(
                *REVIEW_PENDING,
                kind=effect.kind,
                id=other_id,
                transition=found.pending.transition,
                approvals=len(found.pending.approvals),
                needed=needed_approvals(program, found.pending),
            )
        other = Move(
            move.context,
            program,
            transition,
            other_id,
            found.unit,
            found,
            None,
            request,
            actor,
            decided=move.transition.decides,
            chain=chain,
        )
    if (other.kind, other.record_id) in chain:
        raise move.refusal(EFFECT_FAILED, effect=number, fault=f"{other.kind} {other.record_id} is on its way itself")
    judge(other)
    take(other)

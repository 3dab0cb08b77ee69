"""Four eyes and more: a transition that needs approvals waits until enough different people have given theirs.

Owns the gathering of approvals and the field `pending` of a record. Invariants: one person counts once, whatever
account they sign with; who asked does not approve where the pack wants distinct people; everyone counted is entitled to
approve at the moment when it counts, not only when they signed. Source: docs/reference/records.md, "Approvals".
"""

from contracts.authority.approver import find_approver
from contracts.member import Member, member_subject
from contracts.packs.transition import Review
from contracts.records.acting import acting
from contracts.records.events import APPROVED, ASKED
from contracts.records.identity import record_subject
from contracts.records.move import NOT_THERE, Move
from contracts.records.pack_record import Approval, PackRecord, Pending
from contracts.records.reasons import APPROVED_ALREADY, NOT_APPROVER, SELF_APPROVAL
from contracts.records.room import check_room
from contracts.run_context import RunContext
from ledger.encoding import Value

# What nobody has approved in this time is asked for anew; as long as a proposal of governance waits.
PENDING_LIFETIME_MS = 35 * 86_400_000


def who_is(member: Member) -> str:
    """The person behind an account, or the account itself where there is none: what counts once.

    No person's name has a slash, so nobody is taken for an account whose id they are called by.
    """
    return member.person or member_subject(member.id)


def is_expired(context: RunContext, pending: Pending) -> bool:
    """Whether what waits has waited too long; it is as if it had been withdrawn."""
    return context.time_ms - pending.time_ms > PENDING_LIFETIME_MS


def asked_for(move: Move, review: Review) -> Pending:
    """What waits when the sender has asked for the move, the approvals of those who signed along counted."""
    context, asker = move.signed(), move.asker
    assert asker is not None, "what needs a review is asked for by a person"
    pending = Pending(
        transition=move.transition.name,
        asker=asker.id,
        who=who_is(asker),
        actor=move.actor,
        approvals=(),
        asked=move.request.parts,
        height=context.height,
        time_ms=context.time_ms,
    )
    for signer in context.signers:
        found = _approval(move, review, pending, signer)
        if found is not None:
            pending = pending.changed(approvals=(*pending.approvals, found))
    return pending


def approved(move: Move, review: Review, pending: Pending) -> Pending:
    """What waits with the approvals of those who signed this transaction added.

    Raises:
        Refusal: `records.self-approval`, `records.approved-already` or `records.not-approver`, for the sender.
    """
    sender = move.signed().sender
    if review.distinct and _is_asker(pending, sender):
        raise move.refusal(SELF_APPROVAL)
    if _has_approved(pending, sender):
        raise move.refusal(APPROVED_ALREADY)
    if acting(move, review.actors, sender) is None:
        raise move.refusal(NOT_APPROVER, actors=", ".join(review.actors))
    for signer in move.signed().signers:
        found = _approval(move, review, pending, signer)
        if found is not None:
            pending = pending.changed(approvals=(*pending.approvals, found))
    return pending


def still_entitled(move: Move, review: Review, pending: Pending) -> Pending:
    """What waits with those approvals alone whose givers may approve now: an office or account may have ended since."""
    kept = []
    for one in pending.approvals:
        member = find_approver(move.context, one.account)
        if member is not None and acting(move, review.actors, member) is not None:
            kept.append(one)
    return pending if len(kept) == len(pending.approvals) else pending.changed(approvals=tuple(kept))


def keep_waiting(move: Move, pending: Pending, needed: int, asked: bool) -> None:
    """Write the record with what waits, and tell."""
    context, before = move.context, move.before
    if before is None:
        before = PackRecord(
            unit=move.unit,
            state=NOT_THERE,
            values={},
            since_ms=context.time_ms,
            creator=pending.asker,
            height=context.height,
            time_ms=context.time_ms,
            pack=move.program.pack,
            actor=move.actor,
            transition=move.transition.name,
            number=move.number,
        )
    size = context.put(move.kind, move.record_id, before.changed(pending=pending))
    # What is asked for is judged now, and has to fit when enough have approved.
    check_room(move, size)
    context.link(record_subject(move.kind, move.record_id))
    context.link(f"unit/{move.unit}")
    tell_approvals(move, pending, needed, asked)


def tell_approvals(move: Move, pending: Pending, needed: int, asked: bool) -> None:
    """Report who has asked or approved, and how far it is."""
    told: dict[str, Value] = {
        "approvals": len(pending.approvals),
        "id": move.record_id,
        "kind": move.kind,
        "needed": needed,
        "transition": pending.transition,
    }
    move.context.emit(ASKED if asked else APPROVED, told)


def without_approval(pending: Pending, member: Member) -> Pending | None:
    """What waits when the member's approval is taken back; None where the member has given none."""
    kept = tuple(one for one in pending.approvals if one.account != member.id and one.who != who_is(member))
    return None if len(kept) == len(pending.approvals) else pending.changed(approvals=kept)


def _approval(move: Move, review: Review, pending: Pending, signer: Member) -> Approval | None:
    """The approval that a signer's signature is, or None where it adds nothing."""
    if (review.distinct and _is_asker(pending, signer)) or _has_approved(pending, signer):
        return None
    actor = acting(move, review.actors, signer)
    return None if actor is None else Approval(signer.id, who_is(signer), str(actor))


def _is_asker(pending: Pending, member: Member) -> bool:
    return member.id == pending.asker or who_is(member) == pending.who


def _has_approved(pending: Pending, member: Member) -> bool:
    who = who_is(member)
    return any(one.account == member.id or one.who == who for one in pending.approvals)

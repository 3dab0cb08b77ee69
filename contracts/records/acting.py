"""Who may act on a record: the pack's actors, and what the end of the record's unit changes about that.

Owns the one question in which role somebody acts. Never writes. Invariants: in a unit that is over nobody acts by
themselves, whoever they were to the record: what is open there is brought to an end by offices of other units that the
pack names, and by the administrators in the place of the unit's own. Source: docs/reference/records.md, "Units that are
over".
"""

from contracts.authority.actor import ADMINISTRATOR, ROLE, Actor
from contracts.authority.judgement import Subject, holds, may
from contracts.context import Context
from contracts.errors import Refusal
from contracts.member import Member
from contracts.records.move import Move
from contracts.records.reasons import NOT_ALLOWED, UNIT_OVER
from contracts.units.tree import is_active

_ADMINISTRATOR = Actor.parse(ADMINISTRATOR)


def acting(move: Move, texts: tuple[str, ...], who: Member) -> Actor | None:
    """The first of the pack's actors that somebody is with regard to the record, now; None if none.

    Cost: as `contracts.authority.judgement.may`; a read more where it is no office.
    """
    actors, subject = move.program.actors(texts), move.subject()
    actor = may(move.signed(), actors, subject, who)
    # An office of the unit itself is held in an active unit only.
    if (actor is not None and actor.kind == ROLE) or is_active(move.context, move.unit):
        return actor
    offices = tuple(one for one in actors if one.kind == ROLE)
    return may(move.signed(), (*offices, _ADMINISTRATOR), subject, who)


def ends_what_is_over(context: Context, unit: str) -> bool:
    """Whether the sender may take back what others wait for: an administrator, in a unit that is over.

    Who asked there may not be allowed to do it any more, so it would only stand in the way.
    """
    return not is_active(context, unit) and holds(context, _ADMINISTRATOR, Subject(unit))


def not_acting(move: Move) -> Refusal:
    """Why somebody may not take the transition of a move, who is none of its actors."""
    if not is_active(move.context, move.unit):
        return move.refusal(UNIT_OVER, unit=move.unit)
    return move.refusal(NOT_ALLOWED, actors=", ".join(move.transition.by) or "-", pack=move.program.pack_hex)

"""Whether somebody is one of the actors that an operation names, at this moment.

Owns the judgement. Never decides which actors an operation has, never writes. Invariants: it is the sender who acts,
with the rights of its own person alone; nothing that lies in another unit than the one in question counts, unless the
actor says so; an office counts exactly while it is held. Source: docs/reference/authority.md, "Judgement".
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from contracts.administrators import administrators_in
from contracts.authority.actor import (
    ADMINISTRATOR,
    ANYONE,
    CREATOR,
    GUARDIAN,
    REACH_OWN,
    REACH_PARENT,
    REACH_UNIT,
    ROLE,
    SELF,
    Actor,
)
from contracts.authority.permission import permitted_actors
from contracts.errors import Reason, Refusal
from contracts.members.person import guardians_of
from contracts.units.office import is_held
from contracts.units.tree import units_above
from ledger.hashing import Hash

if TYPE_CHECKING:
    from contracts.context import Context
    from contracts.member import Member

NOT_ALLOWED = Reason("operation.not-allowed", "the member {member} may not do {operation} here; who may: {actors}")


class Subject(NamedTuple):
    """What an operation is about: a unit, a person, the account that created the record; None where there is none."""

    unit: str | None = None
    person: str | None = None
    creator: Hash | None = None


def holds(context: "Context", actor: Actor, subject: Subject, who: "Member | None" = None) -> bool:
    """Whether somebody is this actor with regard to `subject`, now.

    Args:
        context: The transaction; its block's time is now.
        actor: Whom the operation names.
        subject: What it is about.
        who: One of those who signed; the sender if left out.

    Cost: at most one read for what somebody is by their own account; two for an office in one unit, three for one that
        is delegated; at most 26 for an office in any unit above.
    """
    who = context.sender if who is None else who
    kind = actor.kind
    if kind == ROLE:
        # First, as nearly every actor of a pack is one.
        return who.person is not None and _holds_office(context, actor, subject.unit, who.person)
    if kind == ADMINISTRATOR:
        return who.id in administrators_in(context).members
    if kind == ANYONE:
        return True
    if kind == CREATOR:
        return subject.creator == who.id
    person = who.person
    if person is None:
        return False
    if kind == SELF:
        return subject.person == person
    assert kind == GUARDIAN, "there is no other kind of actor"
    return subject.person is not None and person in guardians_of(context, subject.person)


def may(context: "Context", actors: Iterable[Actor], subject: Subject, who: "Member | None" = None) -> Actor | None:
    """The first of `actors` that somebody (the sender, if left out) is; None if none. It is the role acted in."""
    for actor in actors:
        if holds(context, actor, subject, who):
            return actor
    return None


def operation_actors(context: "Context") -> tuple[Actor, ...]:
    """All actors of the operation that is running: those of its declaration, then those of its permission."""
    declared = context.operation.actors
    return declared + tuple(one for one in permitted_actors(context, context.operation_name) if one not in declared)


def entitled(context: "Context", subject: Subject, who: "Member | None" = None) -> Actor | None:
    """The actor as which somebody (the sender, if left out) may do the operation that is running; None if as none.

    Cost: as `holds` for each declared actor; only where none holds, the permission is read.
    """
    actor = may(context, context.operation.actors, subject, who)
    return actor or may(context, permitted_actors(context, context.operation_name), subject, who)


def require(context: "Context", subject: Subject) -> Actor:
    """The actor as which the sender may do the operation that is running.

    Raises:
        Refusal: `operation.not-allowed`.

    Cost: as `holds` for each declared actor; only where none holds, the permission is read.
    """
    actor = entitled(context, subject)
    if actor is None:
        raise Refusal(
            *NOT_ALLOWED,
            member=context.sender.id.hex(),
            operation=context.operation_name,
            actors=", ".join(map(str, operation_actors(context))),
        )
    return actor


def _holds_office(context: "Context", actor: Actor, unit: str | None, person: str) -> bool:
    if actor.reach == REACH_OWN:
        return unit is not None and is_held(context, unit, actor.role, person)
    return any(is_held(context, one, actor.role, person) for one in _units(context, actor, unit))


def _units(context: "Context", actor: Actor, unit: str | None) -> Iterator[str]:
    """The other units in which the actor's office counts, nearest first."""
    if actor.reach == REACH_UNIT:
        yield actor.unit
    elif unit is not None:
        for above in units_above(context, unit):
            yield above
            if actor.reach == REACH_PARENT:
                return

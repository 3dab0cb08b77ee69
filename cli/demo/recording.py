"""How events of the source become transitions of the pack `open-source`, and what such a transition tells.

Owns the names of the pack's record type and transitions. Never builds a transaction. Whoever left goes as what they
were, which the event itself may not say: the events before it do.
"""

from typing import NamedTuple

from cli.demo.membership import ROLE_ADMIN, ROLE_MEMBER, MembershipEvent

PACK = "open-source"
KIND_CONTRIBUTOR = "contributor"
CREATE = "records.create"
ACT = "records.act"
STATE_LEFT = "left"

_FIRST_JOINED = {ROLE_MEMBER: "record-joined", ROLE_ADMIN: "record-joined-as-admin"}
_JOINED_AGAIN = {ROLE_MEMBER: "record-joined-again", ROLE_ADMIN: "record-joined-again-as-admin"}
_LEFT = {ROLE_MEMBER: "record-left", ROLE_ADMIN: "record-admin-left"}
_ROLE = {ROLE_MEMBER: "record-made-member", ROLE_ADMIN: "record-made-admin"}


class Told(NamedTuple):
    """What a transition tells: the kind of event, and the role from then on; none of who left."""

    kind: str
    role: str


_TOLD = {
    **{name: Told("joined", role) for some in (_FIRST_JOINED, _JOINED_AGAIN) for role, name in some.items()},
    **{name: Told("left", "") for name in _LEFT.values()},
    **{name: Told("role", role) for role, name in _ROLE.items()},
}


def transition_of(event: MembershipEvent, before: str | None) -> str:
    """The transition that records an event.

    Args:
        event: As the source has it.
        before: The person's role after their event before it, or `STATE_LEFT`; None where this is the first.
    """
    if event.kind == "joined":
        return (_FIRST_JOINED if before is None else _JOINED_AGAIN)[event.role]
    if event.kind == "left":
        return _LEFT[ROLE_ADMIN if before == ROLE_ADMIN else ROLE_MEMBER]
    return _ROLE[event.role]


def told_by(operation: str, transition: object) -> Told | None:
    """What a transaction tells of somebody's membership; None if it tells nothing of it."""
    return _TOLD.get(transition) if operation in (CREATE, ACT) and isinstance(transition, str) else None

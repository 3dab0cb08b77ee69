"""Who is let in by invitation until the registry names it. Pure.

Owns the invitations that were checked and have not expired; never checks one itself (`p2p.invitations`). Bounded: when
it is full, no further guest is taken.
"""

from typing import NamedTuple

from ledger.hashing import Hash
from p2p.contacts import Contact
from p2p.invitations import Invitation
from p2p.transport_errors import InvalidInvitationError

# More than anybody sets up at a time.
GUESTS_MAX = 64


class _Guest(NamedTuple):
    node: Hash
    until_ms: int


class Guests:
    """The guests of one node."""

    def __init__(self) -> None:
        self._guests: dict[bytes, _Guest] = {}

    def admit(self, invitation: Invitation, now_ms: int) -> None:
        """Let the holder of a checked invitation in until it expires; the later one counts.

        Raises:
            InvalidInvitationError: there are too many.
        """
        self.forget_expired(now_ms)
        key = invitation.guest.transport_key
        known = self._guests.get(key)
        if known is None and len(self._guests) >= GUESTS_MAX:
            raise InvalidInvitationError(
                "{limit} invitations are open already; wait until one is used or expires", limit=GUESTS_MAX
            )
        if known is None or known.until_ms < invitation.expiry_ms:
            self._guests[key] = _Guest(invitation.guest.node, invitation.expiry_ms)

    def node_of(self, transport_key: bytes, now_ms: int) -> Hash | None:
        """Which guest has this key."""
        guest = self._guests.get(transport_key)
        return guest.node if guest is not None and now_ms < guest.until_ms else None

    def forget(self, transport_key: bytes) -> None:
        """The guest is registered by now, or is not wanted any more."""
        self._guests.pop(transport_key, None)

    def forget_expired(self, now_ms: int) -> bool:
        """Forget whose time is over; whether there was anybody."""
        over = [key for key, guest in self._guests.items() if guest.until_ms <= now_ms]
        for key in over:
            del self._guests[key]
        return bool(over)

    def contacts(self) -> tuple[Contact, ...]:
        """The guests; nobody dials them."""
        return tuple(Contact(guest.node, key, None) for key, guest in self._guests.items())

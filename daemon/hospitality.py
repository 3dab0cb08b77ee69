"""Whom this node has invited: nodes that no registry names yet, and until when each may connect.

Owns the invitations that this node signed with its agreement key, and the file in which they outlive a restart; never
lets anybody in (the transport does). Only this node admits its guests: the others do not know of them.
Bound: those that the transport takes (`p2p.guests`); expired ones are forgotten.
"""

import threading
from pathlib import Path

from daemon.durable_file import replace_file
from ledger.hashing import Hash
from ledger.node_keys import NodeDescription, NodeKeys
from p2p.contacts import Contact
from p2p.guests import GUESTS_MAX
from p2p.invitations import INVITATION_SIZE_BYTES_MAX, Guest, Invitation
from p2p.transport_errors import InvalidInvitationError

HOUR_MS = 3_600_000
_FILE_SIZE_BYTES_MAX = 2 * GUESTS_MAX * INVITATION_SIZE_BYTES_MAX
_FILE_MODE = 0o600


class Hospitality:
    """One node's invitations; `keep` may run on a thread.

    Args:
        path: The file; made when somebody is invited.
        network: Digest of the genesis.
        keys: The node's.
        now_ms: Milliseconds since 1970 UTC, for forgetting what has expired.

    Raises:
        InvalidInvitationError: the file is damaged.
    """

    def __init__(self, path: Path, network: Hash, keys: NodeKeys, now_ms: int) -> None:
        self._path = path
        self._network = network
        self._keys = keys
        self._lock = threading.Lock()
        self.invitations: tuple[Invitation, ...] = tuple(one for one in _read(path) if one.expiry_ms > now_ms)

    def make(self, guest: NodeDescription, own: Contact, hours: int, now_ms: int) -> Invitation:
        """An invitation for the node that describes itself so; not kept yet.

        Raises:
            InvalidInvitationError: this node cannot be reached, or would invite itself.
        """
        if own.address is None:
            raise InvalidInvitationError("this node only dials out, so nobody can join through it; invite at another")
        made = Guest(guest.node_id, guest.transport)
        expiry_ms = now_ms + hours * HOUR_MS
        return Invitation.make(self._network, made, (own,), now_ms, expiry_ms, self._keys.agreement)

    def keep(self, invitation: Invitation, now_ms: int) -> None:
        """Remember it, durably, in place of an earlier one for the same node."""
        with self._lock:
            others = (one for one in self.invitations if one.expiry_ms > now_ms and one.guest != invitation.guest)
            kept = (*others, invitation)
            text = "".join(one.to_text() + "\n" for one in kept)
            replace_file(self._path, text.encode("ascii"), _FILE_MODE)
            self.invitations = kept


def _read(path: Path) -> list[Invitation]:
    try:
        with path.open("rb") as file:
            text = file.read(_FILE_SIZE_BYTES_MAX).decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    try:
        return [Invitation.from_text(line) for line in text.splitlines()]
    except InvalidInvitationError as error:
        raise InvalidInvitationError(
            "{path} is damaged ({reason}); take it away and invite again those who have not joined yet",
            path=str(path),
            reason=error,
        ) from error

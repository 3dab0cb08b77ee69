"""Invitations: how a node gets in that no registry names yet.

Owns the format, signing and checking; never reads a file or a clock. An invitation carries pins both ways: the key of
the node that joins, for those who let it in, and keys and addresses of its first neighbours, for the one that joins.
The network's id is the digest of its genesis, so that the genesis need not be trusted by itself.
Source: docs/reference/transport.md, "Invitations".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ledger.base64_text import decode_base64, encode_base64
from ledger.encoding import Value, decode, encode
from ledger.errors import DecodingError, InvalidGenesisError
from ledger.hashing import Hash, tagged_hash
from ledger.node_keys import check_address
from ledger.signing import (
    PUBLIC_KEY_SIZE_BYTES,
    SIGNATURE_SIZE_BYTES,
    SigningKey,
    is_usable_public_key,
    verify_ed25519,
)
from p2p.contacts import Contact
from p2p.fields import HASH, ListOf, Number, Octets, Row
from p2p.transport_errors import InvalidInvitationError

PREFIX = "BANYAN-INVITATION-1:"
# As many as a node keeps at most; one that answers is enough.
NEIGHBOURS_MAX = 12
ADDRESS_SIZE_BYTES_MAX = 270
INVITATION_SIZE_BYTES_MAX = 8192
# An invitation is for setting up one node; a longer one is a key left lying about.
LIFETIME_MS_MAX = 30 * 24 * 60 * 60_000
_KEY = Octets(PUBLIC_KEY_SIZE_BYTES, PUBLIC_KEY_SIZE_BYTES)
_ADDRESS = Octets(ADDRESS_SIZE_BYTES_MAX, 1)


def _row(*items: Any) -> tuple[Any, ...]:
    return items


_FIELDS = Row(
    (
        HASH,
        HASH,
        _KEY,
        ListOf(Row((HASH, _ADDRESS, _KEY), _row), NEIGHBOURS_MAX, 1),
        Number(),
        Number(),
        _KEY,
        Octets(SIGNATURE_SIZE_BYTES, SIGNATURE_SIZE_BYTES),
    ),
    _row,
)


class Guest(NamedTuple):
    """The node that joins: its id, and its key for TLS."""

    node: Hash
    transport_key: bytes


@dataclass(frozen=True, slots=True)
class Invitation:
    """Lets `guest` in from `issued_ms` until `expiry_ms`, both milliseconds since 1970 UTC.

    `inviter` is the public key that signed: of an administrator, or the agreement key of a node.
    """

    network: Hash
    guest: Guest
    neighbours: tuple[Contact, ...]
    issued_ms: int
    expiry_ms: int
    inviter: bytes
    signature: bytes

    @classmethod
    def make(
        cls,
        network: Hash,
        guest: Guest,
        neighbours: tuple[Contact, ...],
        issued_ms: int,
        expiry_ms: int,
        key: SigningKey,
    ) -> "Invitation":
        """The invitation signed with `key`.

        Raises:
            InvalidInvitationError: no neighbour with an address, a key that is none, or times that do not fit.
        """
        unsigned = cls(network, guest, neighbours, issued_ms, expiry_ms, key.public, bytes(SIGNATURE_SIZE_BYTES))
        _check_content(unsigned)
        return cls(network, guest, neighbours, issued_ms, expiry_ms, key.public, key.sign(unsigned._signed()))

    def to_text(self) -> str:
        """The text that is handed to whoever sets the node up."""
        return PREFIX + encode_base64(encode([*self._body(), self.signature]))

    @classmethod
    def from_text(cls, text: str) -> "Invitation":
        """The invitation in a text; white space around it does not matter.

        Raises:
            InvalidInvitationError: not what `to_text` makes.
        """
        stripped = text.strip()
        data = decode_base64(stripped[len(PREFIX) :]) if stripped.startswith(PREFIX) else None
        if data is None:
            raise InvalidInvitationError("the text is no invitation: it begins with {prefix} and base64", prefix=PREFIX)
        try:
            values = decode(data, INVITATION_SIZE_BYTES_MAX)
        except DecodingError as error:
            raise InvalidInvitationError("the invitation is damaged ({reason}); copy it again", reason=error) from error
        if not _FIELDS.fits(values):
            raise InvalidInvitationError("the invitation is damaged; copy it again")
        network, node, key, rows, issued_ms, expiry_ms, inviter, signature = _FIELDS.made(values)
        neighbours = tuple(Contact(one, pin, _address(address)) for one, address, pin in rows)
        made = cls(network, Guest(node, key), neighbours, issued_ms, expiry_ms, inviter, signature)
        _check_content(made)
        return made

    def _body(self) -> list[Value]:
        neighbours: list[Value] = [
            [one.node, (one.address or "").encode("ascii"), one.transport_key] for one in self.neighbours
        ]
        return [
            self.network,
            self.guest.node,
            self.guest.transport_key,
            neighbours,
            self.issued_ms,
            self.expiry_ms,
            self.inviter,
        ]

    def _signed(self) -> bytes:
        return tagged_hash("invitation", encode(self._body()))

    def check(self, network: Hash, now_ms: int, may_invite: Callable[[bytes], bool]) -> None:
        """Refuse an invitation that does not hold here and now.

        Args:
            network: The network that the checking node is in, or is about to join.
            now_ms: Milliseconds since 1970 UTC.
            may_invite: Whether a public key is that of an administrator or of a node.

        Raises:
            InvalidInvitationError: what is wrong, and what to do.
        """
        if self.network != network:
            raise InvalidInvitationError("the invitation is for another network; ask for one with this genesis")
        if now_ms >= self.expiry_ms:
            raise InvalidInvitationError("the invitation has expired; ask for another")
        if not may_invite(self.inviter):
            raise InvalidInvitationError("the invitation is signed by nobody who may invite; ask an administrator")
        if not verify_ed25519(self.inviter, self._signed(), self.signature):
            raise InvalidInvitationError("the signature of the invitation is wrong; copy it again")


def _address(data: bytes) -> str:
    """The address in an invitation; what is not ASCII is not checked any further."""
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise InvalidInvitationError("a neighbour of the invitation has no address of the form HOST:PORT") from None


def _check_content(invitation: Invitation) -> None:
    if not 1 <= len(invitation.neighbours) <= NEIGHBOURS_MAX:
        raise InvalidInvitationError("an invitation names 1 to {limit} neighbours", limit=NEIGHBOURS_MAX)
    if not 0 <= invitation.issued_ms < invitation.expiry_ms <= invitation.issued_ms + LIFETIME_MS_MAX:
        raise InvalidInvitationError("an invitation holds for at most {days} days", days=LIFETIME_MS_MAX // 86_400_000)
    if not all(map(is_usable_public_key, [invitation.guest.transport_key, invitation.inviter])):
        raise InvalidInvitationError("a key of the invitation is no Ed25519 key")
    for one in invitation.neighbours:
        try:
            check_address(one.address or "")
        except InvalidGenesisError:
            raise InvalidInvitationError("a neighbour of the invitation has no address of the form HOST:PORT") from None
        if not is_usable_public_key(one.transport_key) or one.node == invitation.guest.node:
            raise InvalidInvitationError("a neighbour of the invitation has no key of its own")

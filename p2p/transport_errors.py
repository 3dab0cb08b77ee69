"""The errors of the transport, drawn in their place in the tree.

BanyanError
└── RemoteProtocolError
    ├── PeerRefusedError           nobody to talk to: wrong key, network, version; carries the reason
    └── InvalidInvitationError     an invitation that cannot be used; whoever made it has to make another
"""

from ledger.errors import RemoteProtocolError
from p2p.close_reasons import CloseReason


class PeerRefusedError(RemoteProtocolError):
    """One side does not want to talk to the other.

    Args:
        template: As for every error; `{reason}` is the reason's name.
        reason: Why, as it is told, logged and listed.
        told: Whether the peer said so itself, and need not be told.
        params: Values for the other fields.
    """

    code = "peer-refused"

    def __init__(self, template: str, reason: CloseReason, told: bool = False, **params: object) -> None:
        super().__init__(template, reason=reason.text, **params)
        self.reason = reason
        self.told = told


class InvalidInvitationError(RemoteProtocolError):
    """The invitation is malformed, expired, of another network or signed by nobody who may invite."""

    code = "invitation-invalid"

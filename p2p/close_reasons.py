"""Why a connection is refused or ended: one number for the wire and one name for logs and `peers`. Pure data.

Numbers are given once and never again. A number that this program does not know reads as `OTHER`, so that later
programs may tell more. Source: docs/reference/transport.md.
"""

from enum import IntEnum

from p2p.effects import DropReason

REASON_MAX = 255


class CloseReason(IntEnum):
    """Why; told to the peer where it is still listening."""

    OTHER = 0
    # What the greeting brought to light.
    WRONG_VERSION = 1
    WRONG_NETWORK = 2
    NOT_REGISTERED = 3
    ITSELF = 4
    BANNED = 5
    WRONG_NODE = 6
    INVITATION_EXPIRED = 7
    DUPLICATE = 8
    LOOKED = 9
    # What the node wants.
    TOO_MANY_NEIGHBOURS = 16
    NOT_IN_THE_LIST = 17
    MISBEHAVED = 18
    SHUTTING_DOWN = 19
    # What went wrong on the way.
    INVALID_FRAME = 32
    TOO_SLOW = 33
    SILENT = 34
    OVERFULL = 35
    # Never sent: what one side sees by itself.
    WRONG_CERTIFICATE = 64
    UNREACHABLE = 65
    LOST = 66
    TOO_MANY_CONNECTIONS = 67
    TOO_MANY_FAILURES = 68
    NO_ADDRESS = 69
    SHUT_OUT = 70

    @classmethod
    def of_number(cls, number: int) -> "CloseReason":
        """The reason that a peer told."""
        return cls(number) if number in cls._value2member_map_ else cls.OTHER

    @property
    def text(self) -> str:
        """The name in logs and in `peers`."""
        return self.name.lower().replace("_", "-")


OF_DROP = {
    DropReason.TOO_MANY: CloseReason.TOO_MANY_NEIGHBOURS,
    DropReason.NOT_LISTED: CloseReason.NOT_IN_THE_LIST,
    DropReason.NOT_REGISTERED: CloseReason.NOT_REGISTERED,
    DropReason.MISBEHAVED: CloseReason.MISBEHAVED,
}

"""The file of an invitation: its one line of text, and below it the genesis, so that the guest needs no other file.

Owns that form. The genesis need not be trusted: the invitation names the network by the digest of its genesis.
"""

from pathlib import Path

from cli.errors import UsageError
from cli.named_file import read_text
from daemon.invited import TEXT_SIZE_BYTES_MAX
from ledger.errors import InvalidGenesisError
from ledger.genesis import Genesis, parse_genesis
from ledger.strict_json import JSON_SIZE_CHARACTERS_MAX
from p2p.invitations import Invitation
from p2p.transport_errors import InvalidInvitationError

# A character of JSON has up to four bytes.
_SIZE_BYTES_MAX = TEXT_SIZE_BYTES_MAX + 4 * JSON_SIZE_CHARACTERS_MAX


def invitation_file(invitation: str, genesis: Genesis) -> bytes:
    """What the file of an invitation, given as its text, holds."""
    return f"{invitation}\n{genesis.to_json()}".encode()


def read_invitation(path: Path) -> tuple[Invitation, Genesis | None]:
    """The invitation in the file at `path`, and the genesis if it is there; whether they hold is not looked at.

    Raises:
        UsageError: it cannot be read, or is no invitation.
    """
    line, _, below = read_text(path, _SIZE_BYTES_MAX).lstrip().partition("\n")
    try:
        invitation = Invitation.from_text(line)
        return invitation, parse_genesis(below) if below.strip() else None
    except (InvalidInvitationError, InvalidGenesisError) as error:
        raise UsageError("{path} is no invitation: {reason}", path=str(path), reason=error) from error

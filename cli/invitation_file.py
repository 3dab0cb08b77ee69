"""Reading an invitation from the file that `banyan invite` wrote."""

from pathlib import Path

from cli.errors import UsageError
from cli.named_file import read_text
from daemon.invited import TEXT_SIZE_BYTES_MAX
from p2p.invitations import Invitation
from p2p.transport_errors import InvalidInvitationError


def read_invitation(path: Path) -> Invitation:
    """The invitation in the file at `path`; whether it holds is not looked at.

    Raises:
        UsageError: it cannot be read, or is no invitation.
    """
    try:
        return Invitation.from_text(read_text(path, TEXT_SIZE_BYTES_MAX))
    except InvalidInvitationError as error:
        raise UsageError("{path} is no invitation: {reason}", path=str(path), reason=error) from error

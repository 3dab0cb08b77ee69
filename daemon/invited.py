"""The invitation by which a node joined that the genesis does not name: checked when it joins, read when it runs.

Owns what has to fit: network, node, inviter and time. It stays in the folder for good: it is what says that a node
without a place in the genesis may run on it, and where it is expected until the registry names it.
"""

from pathlib import Path

from daemon.errors import HomeError
from ledger.genesis import Genesis
from ledger.node_keys import NodeKeys, node_id_of
from p2p.invitations import INVITATION_SIZE_BYTES_MAX, Guest, Invitation
from p2p.transport_errors import InvalidInvitationError

# Base64 takes a third more, and the text has a prefix.
TEXT_SIZE_BYTES_MAX = 2 * INVITATION_SIZE_BYTES_MAX


def check_invitation(invitation: Invitation, genesis: Genesis, keys: NodeKeys, now_ms: int) -> None:
    """Refuse an invitation that does not let this node into this network now.

    Whoever invites is an administrator, or one of the nodes that the invitation names, whose id is made of its key: the
    registry, which may name it or not, is not here yet. What the node then learns is proven by the genesis alone.

    Raises:
        InvalidInvitationError: what is wrong, and what to do.
    """
    administrators = {one.public_key for one in genesis.administrators}
    hosts = {one.node for one in invitation.neighbours}
    invitation.check(genesis.network_id, now_ms, lambda key: key in administrators or node_id_of(key) in hosts)
    if invitation.guest != Guest(keys.node_id, keys.transport.public):
        raise InvalidInvitationError(
            "the invitation is for the node {node}; ask for one made with this node's node.public.json",
            node=invitation.guest.node.hex(),
        )


def read_invitation(path: Path, genesis: Genesis, keys: NodeKeys) -> Invitation | None:
    """The invitation that the node joined with; None if there is none. It may have expired meanwhile.

    Raises:
        HomeError: what lies there is not this node's.
    """
    try:
        with path.open("rb") as file:
            text = file.read(TEXT_SIZE_BYTES_MAX + 1).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    try:
        invitation = Invitation.from_text(text)
        check_invitation(invitation, genesis, keys, invitation.issued_ms)
    except InvalidInvitationError as error:
        raise HomeError(
            "{path} is no invitation of this node ({reason}); join again with the one that it got, or with a new one",
            path=str(path),
            reason=error,
        ) from error
    return invitation

"""Whose account a key signs for, as the node says.

Owns the question; never signs. The account of a first key follows from the key; that of a further one, added for
another device or by a recovery, stands on the ledger (docs/reference/members.md, "Keys").
"""

from cli.client import NodeClient, path_of
from cli.errors import RefusedError
from ledger.genesis import member_id
from ledger.hashing import Hash


def sender_account(client: NodeClient, network_id: Hash, public_key: bytes) -> Hash:
    """The account that signs with this key; where the ledger knows nothing of the key, the one it would be first of.

    Raises:
        UnreachableError, RefusedError: the node does not answer, or refuses to.
    """
    try:
        record = client.get(path_of("v1/records", "member-key", public_key.hex()))
    except RefusedError as error:
        if error.code != "record-unknown":
            raise
        return member_id(network_id, public_key)
    return bytes.fromhex(record["fields"]["account"]["$hex"])

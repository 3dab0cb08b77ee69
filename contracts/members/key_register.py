"""The keys that accounts ever had: whose a key is, and that a revoked one never comes back.

Owns the record `member-key/<public key>`; never removes one. The first keys of the accounts that the genesis makes have
none until they are revoked: an account's id is derived from its first key, so it is found without. Invariants: a key
belongs to one account for ever; a key that was revoked stays so; no key is a node's and a member's.
Source: docs/reference/members.md, "Keys".
"""

from typing import TYPE_CHECKING, NamedTuple

from contracts.errors import Reason, Refusal
from contracts.node_registry import KIND_NODE_KEY
from contracts.record import Record
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.genesis import member_id
from ledger.hashing import HASH_SIZE_BYTES, Hash

if TYPE_CHECKING:
    from contracts.context import Context

KIND_MEMBER = "member"
KIND_MEMBER_KEY = "member-key"
STATE_HELD = "held"
STATE_REVOKED = "revoked"

KEY_USED = Reason(
    "members.key-used", "the key {key} is, or was, another account's, a node's or this one's; make a new one"
)


class RegisteredKey(NamedTuple):
    """Whose a key is, and whether it may not sign any more."""

    account: Hash
    is_revoked: bool

    @classmethod
    def decode(cls, data: bytes) -> "RegisteredKey":
        """The entry in a record's bytes.

        Raises:
            DecodingError: not such a record.
        """
        fields = Record.decode(data).fields
        account, state = fields.get("account"), fields.get("state")
        if (
            not isinstance(account, bytes)
            or len(account) != HASH_SIZE_BYTES
            or state not in (STATE_HELD, STATE_REVOKED)
        ):
            raise DecodingError("the record of a member's key lacks its account or state")
        return cls(account, state == STATE_REVOKED)


def member_key_record_key(key: bytes) -> bytes:
    """The key of the record of a public key."""
    return b"member-key\0" + key.hex().encode("ascii")


def check_unused(context: "Context", key: bytes) -> None:
    """Refuse a key that ever was somebody's; three reads.

    Raises:
        Refusal: `members.key-used`.
    """
    first_of = member_id(context.network_id, key).hex()
    for kind, record_id in ((KIND_MEMBER_KEY, key.hex()), (KIND_MEMBER, first_of), (KIND_NODE_KEY, key.hex())):
        if context.content(kind, record_id) is not None:
            raise Refusal(*KEY_USED, key=key.hex())


def hold_key(context: "Context", key: bytes, account: Hash) -> None:
    """Write down whose the key is from now on."""
    _write(context, key, account, STATE_HELD)


def revoke_key(context: "Context", key: bytes, account: Hash) -> None:
    """Write down that the key signs no more, for ever."""
    _write(context, key, account, STATE_REVOKED)


def _write(context: "Context", key: bytes, account: Hash, state: str) -> None:
    fields: dict[str, Value] = {"account": account, "height": context.height, "state": state, "time": context.time_ms}
    context.put(KIND_MEMBER_KEY, key.hex(), fields)

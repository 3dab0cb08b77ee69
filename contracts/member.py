"""Members as the runtime sees them: who may sign for whom, in which roles.

Owns the form of a `member` record's fields that authorisation needs and the finding of a key's member. Never
creates or changes a member; more fields than these may stand in the record. A member's id is derived from the
network and its first key, so the member of a first key is found without an index.
Source: docs/reference/contracts.md, "Who signed".
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from contracts.record import Record
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import Hash

ROLE_ADMINISTRATOR = "administrator"
STATE_ACTIVE = "active"
STATE_SUSPENDED = "suspended"
STATE_CLOSED = "closed"
ACCOUNT_STATES = (STATE_ACTIVE, STATE_SUSPENDED, STATE_CLOSED)

# A kind of key (`ed25519`) and a public key; ways of signing with it (one by one, in batches) are no part of it.
MemberKey: TypeAlias = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Member:
    """A member at one moment: id of 32 bytes, name, the keys that sign for it, its roles.

    `person` is the person for whom the account acts, None for an account without one; `state` says whether it may.
    `subject` is the chain in which everything that it submits is linked.
    """

    id: Hash
    name: str
    keys: frozenset[MemberKey]
    roles: frozenset[str]
    person: str | None = None
    state: str = STATE_ACTIVE
    subject: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A member is decoded once and submits many times.
        object.__setattr__(self, "subject", member_subject(self.id))

    @classmethod
    def decode(cls, member_id: Hash, data: bytes) -> "Member":
        """The member whose record has these bytes.

        Raises:
            DecodingError: not the record of a member. The state never holds such bytes under a member's key.
        """
        fields = Record.decode(data).fields
        name, keys, roles = fields.get("name"), fields.get("keys"), fields.get("roles")
        if not isinstance(name, str) or not isinstance(keys, list) or not isinstance(roles, list):
            raise DecodingError("the record of member {member} lacks name, keys or roles", member=member_id.hex())
        role_names = [role for role in roles if isinstance(role, str)]
        if len(role_names) != len(roles):
            raise DecodingError("a role of member {member} is not a text", member=member_id.hex())
        person, state = fields.get("person"), fields.get("state", STATE_ACTIVE)
        if not isinstance(person, str | None) or not isinstance(state, str) or state not in ACCOUNT_STATES:
            raise DecodingError("the person or the state of member {member} is none", member=member_id.hex())
        return cls(member_id, name, frozenset(_key(item) for item in keys), frozenset(role_names), person, state)


# The members who submit in one hour on a busy node; a member that is not here costs 5 µs.
@lru_cache(maxsize=4096)
def decode_member(member_id: Hash, data: bytes) -> Member:
    """`Member.decode`, remembered: the same few members submit again and again."""
    return Member.decode(member_id, data)


def member_fields(name: str, keys: list[MemberKey], roles: list[str]) -> dict[str, Value]:
    """The fields of a new member's record."""
    return {"name": name, "keys": [[scheme, key] for scheme, key in keys], "roles": list(roles)}


def member_record_key(member_id: Hash) -> bytes:
    """The key of the record of the member with this id."""
    return b"member\0" + member_id.hex().encode("ascii")


def member_subject(member_id: Hash) -> str:
    """The subject in whose chain everything that this member submitted is linked."""
    return "member/" + member_id.hex()


def _key(item: Value) -> MemberKey:
    if isinstance(item, list) and len(item) == 2:
        scheme, key = item
        if isinstance(scheme, str) and isinstance(key, bytes):
            return scheme, key
    raise DecodingError("a member's key is not a list of scheme and key")

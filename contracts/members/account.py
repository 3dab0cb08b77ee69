"""Accounts: the record of a member as operations change it, with its keys, person and state.

Owns the changes of `member/<id>`; what a signature is checked against is read by `contracts.member`. Never judges who
asks. Invariants: an account has 1 to `KEYS_MAX` keys; its id never changes, whatever becomes of its first key; the
chain of its own subject is written by itself alone, so others' changes are linked to its person.
Source: docs/reference/members.md, "Accounts".
"""

from typing import TYPE_CHECKING

from contracts.errors import Reason, Refusal
from contracts.member import STATE_ACTIVE, Member, MemberKey, decode_member, member_fields
from contracts.members.key_register import KIND_MEMBER
from ledger.encoding import Value
from ledger.hashing import Hash
from ledger.signing import SCHEME_ED25519

if TYPE_CHECKING:
    from contracts.context import Context

# A person's devices and a spare one in a safe; a recovery revokes all of them in one transaction.
KEYS_MAX = 8

KEYS_TOO_MANY = Reason("members.keys-too-many", "the account has {count} keys, the most there can be; revoke one first")


def find_account(context: "Context", account: Hash) -> Member | None:
    """The account of this id; one read."""
    content = context.content(KIND_MEMBER, account.hex())
    return None if content is None else decode_member(account, content)


def create_account(context: "Context", account: Hash, person: str, key: bytes) -> None:
    """Write a new account that acts for a person, with one key; it goes by the person's pseudonym."""
    fields = member_fields(person, [(SCHEME_ED25519, key)], [])
    context.create(KIND_MEMBER, account.hex(), fields | {"person": person, "state": STATE_ACTIVE})


def set_person(context: "Context", account: Hash, person: str) -> None:
    """Let an account that acted for nobody act for a person."""
    _change(context, account, {"person": person})


def set_state(context: "Context", account: Hash, state: str) -> None:
    """Let an account act, or no more."""
    _change(context, account, {"state": state})


def set_keys(context: "Context", account: Hash, keys: list[MemberKey]) -> None:
    """Let an account sign with exactly these keys, in this order.

    Raises:
        Refusal: `members.keys-too-many`.
    """
    assert keys, "an account keeps a key"
    if len(keys) > KEYS_MAX:
        raise Refusal(*KEYS_TOO_MANY, count=KEYS_MAX)
    listed: list[Value] = [[scheme, key] for scheme, key in keys]
    _change(context, account, {"keys": listed})


def keys_of(context: "Context", account: Hash) -> list[MemberKey]:
    """An account's keys in the order in which it got them; one read."""
    record = context.read(KIND_MEMBER, account.hex())
    listed = None if record is None else record.fields["keys"]
    assert isinstance(listed, list), "an account that is there has keys"
    keys: list[MemberKey] = []
    for item in listed:
        assert isinstance(item, list)
        scheme, key = item
        assert isinstance(scheme, str) and isinstance(key, bytes)
        keys.append((scheme, key))
    return keys


def _change(context: "Context", account: Hash, changed: dict[str, Value]) -> None:
    record = context.read(KIND_MEMBER, account.hex())
    assert record is not None, "only what is there is changed"
    context.put(KIND_MEMBER, account.hex(), record.fields | changed)

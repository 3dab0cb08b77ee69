"""A member's own keys: adding one, revoking one, naming guardians.

Owns the operations `key-add`, `key-revoke` and `guardians`; they change nothing but the sender's own account and
person. Invariants: the last key is never revoked; a revoked key does not sign from the next transaction on, and never
comes back; nobody is their own guardian. Source: docs/reference/members.md, "Keys".
"""

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.members.account import keys_of, set_keys
from contracts.members.key_register import check_unused, hold_key, revoke_key
from contracts.members.person import known_account, known_person, write_person
from contracts.members.possession import check_possession, subject_of_keys
from contracts.units.office import person_subject
from ledger.signing import SCHEME_ED25519

# Enough that one or two can be out of reach; few enough to know them all.
GUARDIANS_MAX = 7

KEY_FOREIGN = Reason("members.key-foreign", "the key {key} is none of the sender's account")
LAST_KEY = Reason("members.last-key", "the key {key} is the account's last one; add another before")
OWN_GUARDIAN = Reason("members.own-guardian", "nobody is their own guardian; name somebody else than {person}")
PERSONLESS = Reason(
    "members.no-person", "the account {member} acts for no person; have one enrolled with its key first"
)

KEY_REASONS = (KEY_FOREIGN, LAST_KEY, OWN_GUARDIAN, PERSONLESS)
KEY_EVENTS = frozenset(("members.key-added", "members.key-revoked", "members.guardians-named"))


def key_add(context: Context, arguments: Arguments) -> None:
    """Let another key sign for the sender's account."""
    require(context, Subject(person=context.sender.person))
    key, account = arguments.octets("key"), context.sender.id
    check_possession(context, key, arguments.octets("proof"), subject_of_keys(context.sender))
    check_unused(context, key)
    set_keys(context, account, [*keys_of(context, account), (SCHEME_ED25519, key)])
    hold_key(context, key, account)
    _link(context)
    context.emit("members.key-added", {"account": account, "key": key})


def key_revoke(context: Context, arguments: Arguments) -> None:
    """Let a key of the sender's account sign no more, be it the one that signed this; not the last one."""
    require(context, Subject(person=context.sender.person))
    key, account = arguments.octets("key"), context.sender.id
    keys = keys_of(context, account)
    left = [one for one in keys if one != (SCHEME_ED25519, key)]
    if len(left) == len(keys):
        raise Refusal(*KEY_FOREIGN, key=key.hex())
    if not left:
        raise Refusal(*LAST_KEY, key=key.hex())
    set_keys(context, account, left)
    revoke_key(context, key, account)
    _link(context)
    context.emit("members.key-revoked", {"account": account, "key": key})


def name_guardians(context: Context, arguments: Arguments) -> None:
    """Name the persons who can help when all keys are lost, in place of those named before."""
    person = context.sender.person
    if person is None:
        raise Refusal(*PERSONLESS, member=context.sender.id.hex())
    require(context, Subject(person=person))
    guardians = arguments.texts("guardians")
    for guardian in guardians:
        if known_account(context, guardian) == context.sender.id:
            raise Refusal(*OWN_GUARDIAN, person=guardian)
    write_person(context, person, known_person(context, person).fields | {"guardians": list(guardians)})
    context.emit("members.guardians-named", {"count": len(guardians), "person": person})


def _link(context: Context) -> None:
    if context.sender.person is not None:
        context.link(person_subject(context.sender.person))

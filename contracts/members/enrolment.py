"""Enrolling a person, and binding the first key to one who was enrolled without.

Owns the operations `enrol` and `bind`. Never takes a key without a proof of possession. Invariants: as of
`contracts.members.person`; an account that the genesis made gets a person once, by its own key's proof.
Source: docs/reference/members.md, "Enrolling".
"""

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.member import Member
from contracts.members.account import create_account, find_account, set_person
from contracts.members.key_register import KEY_USED, check_unused, hold_key
from contracts.members.person import ENROLLED, find_person, known_person, write_person
from contracts.members.possession import check_possession
from contracts.units.office import person_subject
from ledger.encoding import Value
from ledger.genesis import member_id
from ledger.hashing import Hash
from ledger.signing import SCHEME_ED25519

BOUND = Reason(
    "members.bound", "the person {person} has keys already; they add another themselves, or recover what they lost"
)
PROOF_MISSING = Reason("members.proof-missing", "a key comes with a proof of possession, and a proof with its key")

ENROLMENT_REASONS = (BOUND, PROOF_MISSING)
ENROLMENT_EVENTS = frozenset(("members.enrolled", "members.bound"))


def enrol(context: Context, arguments: Arguments) -> None:
    """Write down a new person, with an account if a key is given."""
    person = arguments.text("person")
    require(context, Subject(person=person))
    if find_person(context, person) is not None:
        raise Refusal(*ENROLLED, person=person)
    if ("key" in arguments) != ("proof" in arguments):
        raise Refusal(*PROOF_MISSING)
    fields: dict[str, Value] = {"height": context.height, "time": context.time_ms}
    if "key" in arguments:
        fields["account"] = _first_key(context, arguments, person)
    write_person(context, person, fields)
    context.emit("members.enrolled", {"person": person})


def bind(context: Context, arguments: Arguments) -> None:
    """Give the first key to a person who was enrolled without."""
    person = arguments.text("person")
    fields = known_person(context, person).fields
    require(context, Subject(person=person))
    if "account" in fields:
        raise Refusal(*BOUND, person=person)
    account = _first_key(context, arguments, person)
    write_person(context, person, fields | {"account": account})
    context.emit("members.bound", {"account": account, "person": person})


def _first_key(context: Context, arguments: Arguments, person: str) -> Hash:
    """The account of the key that is given: a new one, or one that acts for nobody yet."""
    key = arguments.octets("key")
    check_possession(context, key, arguments.octets("proof"), person_subject(person))
    account = member_id(context.network_id, key)
    found = find_account(context, account)
    if found is None:
        check_unused(context, key)
        create_account(context, account, person, key)
    elif _is_free(found, key):
        set_person(context, account, person)
    else:
        raise Refusal(*KEY_USED, key=key.hex())
    hold_key(context, key, account)
    return account


def _is_free(member: Member, key: bytes) -> bool:
    """Whether an account that is there can become a person's by this key."""
    return member.person is None and (SCHEME_ED25519, key) in member.keys

"""Persons: an organisation's pseudonyms, and the account that acts for each.

Owns the record `person/<person>`; who a person is stands nowhere on the ledger. Never judges who asks. Invariants: a
person has at most one account, for ever, and an account at most one person; each names the other.
Source: docs/reference/members.md, "Persons".
"""

from typing import TYPE_CHECKING

from contracts.errors import Reason, Refusal
from contracts.record import Record
from contracts.units.office import person_subject
from ledger.encoding import Value
from ledger.hashing import Hash

if TYPE_CHECKING:
    from contracts.run_context import RunContext

KIND_PERSON = "person"

PERSON_UNKNOWN = Reason("members.person-unknown", "there is no person {person}; enrol them first")
ENROLLED = Reason("members.enrolled", "the person {person} is enrolled already")
NO_ACCOUNT = Reason("members.no-account", "the person {person} has no keys yet; bind one first")

PERSON_REASONS = (PERSON_UNKNOWN, ENROLLED, NO_ACCOUNT)


def find_person(context: "RunContext", person: str) -> Record | None:
    """The person's record; None if nobody of this name was enrolled. One read."""
    return context.read(KIND_PERSON, person)


def known_person(context: "RunContext", person: str) -> Record:
    """The person's record.

    Raises:
        Refusal: `members.person-unknown`.
    """
    record = find_person(context, person)
    if record is None:
        raise Refusal(*PERSON_UNKNOWN, person=person)
    return record


def enrol_person(context: "RunContext", person: str) -> None:
    """Write down that there is such a person, without an account; link the person.

    Raises:
        Refusal: `members.enrolled`.
    """
    if find_person(context, person) is not None:
        raise Refusal(*ENROLLED, person=person)
    write_person(context, person, {"height": context.height, "time": context.time_ms})


def account_of(context: "RunContext", person: str) -> Hash | None:
    """The account that acts for a person; None for who is not enrolled or has no keys yet. One read."""
    record = find_person(context, person)
    account = None if record is None else record.fields.get("account")
    assert account is None or isinstance(account, bytes)
    return account


def known_account(context: "RunContext", person: str) -> Hash:
    """The account that acts for a person.

    Raises:
        Refusal: `members.person-unknown` or `members.no-account`.
    """
    account = known_person(context, person).fields.get("account")
    if account is None:
        raise Refusal(*NO_ACCOUNT, person=person)
    assert isinstance(account, bytes)
    return account


def guardians_of(context: "RunContext", person: str) -> list[str]:
    """The persons whom a person named to help when all their keys are lost; one read."""
    record = find_person(context, person)
    listed = [] if record is None else record.fields.get("guardians", [])
    assert isinstance(listed, list)
    return [one for one in listed if isinstance(one, str)]


def write_person(context: "RunContext", person: str, fields: dict[str, Value]) -> None:
    """Write a person's record and link the person."""
    context.put(KIND_PERSON, person, fields | {"person": person})
    context.link(person_subject(person))

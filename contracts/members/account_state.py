"""Suspending, resuming and closing an account.

Owns the operations. Never changes keys, offices or the person. Invariants: an account that is not active submits and
signs nothing but an objection to its own recovery (`contracts.admission`); an administrator's account is left alone:
whoever could suspend one could suspend the majority. Source: docs/reference/members.md, "Accounts".
"""

from collections.abc import Callable

from contracts.administrators import administrators_in
from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.member import STATE_ACTIVE, STATE_CLOSED, STATE_SUSPENDED
from contracts.members.account import find_account, set_state
from contracts.members.person import known_account
from contracts.units.office import person_subject

WRONG_STATE = Reason("members.account-state", "the account of {person} is {state}")
IS_ADMINISTRATOR = Reason(
    "members.administrator",
    "{person} is an administrator of the network; the administrators take that away first"
    " (governance.administrator-remove)",
)

STATE_REASONS = (WRONG_STATE, IS_ADMINISTRATOR)
STATE_EVENTS = frozenset(("members.suspended", "members.resumed", "members.closed"))


def _change(after: str, *before: str, event: str) -> Callable[[Context, Arguments], None]:
    """The operation that brings an account from one of these states into another."""

    def run(context: Context, arguments: Arguments) -> None:
        person = arguments.text("person")
        account = known_account(context, person)
        require(context, Subject(person=person))
        if after != STATE_ACTIVE and account in administrators_in(context).members:
            raise Refusal(*IS_ADMINISTRATOR, person=person)
        member = find_account(context, account)
        assert member is not None, "a person's account is there"
        if member.state not in before:
            raise Refusal(*WRONG_STATE, person=person, state=member.state)
        set_state(context, account, after)
        context.link(person_subject(person))
        context.emit(event, {"person": person})

    return run


suspend = _change(STATE_SUSPENDED, STATE_ACTIVE, event="members.suspended")
resume = _change(STATE_ACTIVE, STATE_SUSPENDED, STATE_CLOSED, event="members.resumed")
close = _change(STATE_CLOSED, STATE_ACTIVE, STATE_SUSPENDED, event="members.closed")

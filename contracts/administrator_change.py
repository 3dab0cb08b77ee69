"""Who decides about the network, changed by those who decide: administrators come and go, the rule changes.

Owns the checks and the writing of `administrators/current`. Never asks who agreed (`contracts.governance` does).
Invariants: at least one administrator and at most 64; each is a member with a key; a rule is changed by those who are
enough by the old rule and by the new one, so that no rule comes that its own people could not have brought about.
Source: docs/reference/contracts.md, "governance".
"""

from dataclasses import replace
from functools import partial

from contracts.administrators import (
    ADMINISTRATORS_ID,
    ADMINISTRATORS_SUBJECT,
    KIND_ADMINISTRATORS,
    Administrators,
    administrators_in,
)
from contracts.arguments import Argument, Arguments, HashValue, Text
from contracts.context import Context
from contracts.decision_rule import RULES, approvals_needed
from contracts.errors import Reason, Refusal
from contracts.plan import Plan
from ledger.genesis import ADMINISTRATORS_MAX
from ledger.hashing import Hash

MEMBER_UNKNOWN = Reason("governance.member-unknown", "this ledger has no member {member}; enrol the member first")
ADMINISTRATOR_ALREADY = Reason("governance.administrator-already", "the member {member} is an administrator already")
NOT_LISTED = Reason("governance.not-listed", "the member {member} is no administrator anyway")
LAST_ADMINISTRATOR = Reason(
    "governance.last-administrator", "the member {member} is the only administrator; make another one first"
)
ADMINISTRATORS_FULL = Reason(
    "governance.administrators-full", "there are {count} administrators, the most there can be; remove one first"
)
RULE_UNKNOWN = Reason("governance.rule-unknown", "there is no rule {rule}; the rules are {known}")
RULE_SAME = Reason("governance.rule-same", "the administrators decide by the rule {rule} already")

ADMINISTRATOR_REASONS = (
    MEMBER_UNKNOWN,
    ADMINISTRATOR_ALREADY,
    NOT_LISTED,
    LAST_ADMINISTRATOR,
    ADMINISTRATORS_FULL,
    RULE_UNKNOWN,
    RULE_SAME,
)

ADMINISTRATORS_CHANGED = "governance.administrators-changed"
RULE_CHANGED = "governance.rule-changed"
ADMINISTRATOR_EVENTS = frozenset((ADMINISTRATORS_CHANGED, RULE_CHANGED))

ADMINISTRATOR_ARGUMENTS = (Argument("member", HashValue(), "public"),)
# The longest rule is `three-quarters`.
RULE_ARGUMENTS = (Argument("rule", Text(32, pattern="[a-z-]+"), "public"),)


def plan_admission(context: Context, arguments: Arguments) -> Plan:
    """Make an administrator of a member."""
    administrators, member = administrators_in(context), arguments.hash("member")
    if context.read("member", member.hex()) is None:
        raise Refusal(*MEMBER_UNKNOWN, member=member.hex())
    if member in administrators.members:
        raise Refusal(*ADMINISTRATOR_ALREADY, member=member.hex())
    if len(administrators.members) >= ADMINISTRATORS_MAX:
        raise Refusal(*ADMINISTRATORS_FULL, count=len(administrators.members))
    after = replace(administrators, members=tuple(sorted((*administrators.members, member))))
    return Plan(ADMINISTRATORS_SUBJECT, partial(_change, context, after, member))


def plan_dismissal(context: Context, arguments: Arguments) -> Plan:
    """Let a member be no administrator any more."""
    administrators, member = administrators_in(context), arguments.hash("member")
    if member not in administrators.members:
        raise Refusal(*NOT_LISTED, member=member.hex())
    if len(administrators.members) == 1:
        raise Refusal(*LAST_ADMINISTRATOR, member=member.hex())
    after = replace(administrators, members=tuple(one for one in administrators.members if one != member))
    return Plan(ADMINISTRATORS_SUBJECT, partial(_change, context, after, member))


def plan_rule(context: Context, arguments: Arguments) -> Plan:
    """Let the administrators decide by another rule."""
    administrators, rule = administrators_in(context), arguments.text("rule")
    if rule not in RULES:
        raise Refusal(*RULE_UNKNOWN, rule=rule, known=", ".join(RULES))
    if rule == administrators.rule:
        raise Refusal(*RULE_SAME, rule=rule)
    return Plan(
        ADMINISTRATORS_SUBJECT,
        partial(_change_rule, context, replace(administrators, rule=rule)),
        approvals_min=approvals_needed(rule, len(administrators.members)),
    )


def _change(context: Context, after: Administrators, member: Hash, decision: Hash) -> None:
    _write(context, after, decision)
    context.emit(ADMINISTRATORS_CHANGED, {"listed": member in after.members, "member": member})


def _change_rule(context: Context, after: Administrators, decision: Hash) -> None:
    _write(context, after, decision)
    context.emit(RULE_CHANGED, {"rule": after.rule})


def _write(context: Context, after: Administrators, decision: Hash) -> None:
    context.put(KIND_ADMINISTRATORS, ADMINISTRATORS_ID, replace(after, decision=decision).fields)

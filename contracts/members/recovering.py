"""The operations of a recovery: open, approve, object, withdraw, finish; and the rule that they follow.

Owns who counts as an approval. Never lets a member's own account approve: whoever can still sign adds a key with
`members.key-add`. Invariants: an approval counts while who gave it still may, which is judged again whenever approvals
are counted; nothing changes before the delay is over; one objection by any key of the account ends it.
Source: docs/reference/members.md, "Recovery"; docs/adr/0021-people-offices-actors.md.
"""

from collections.abc import Iterable
from dataclasses import replace

from contracts.administrators import administrators_in
from contracts.arguments import Arguments
from contracts.authority.actor import ROLE_MEMBER
from contracts.authority.judgement import Subject, may, operation_actors, require
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.member import STATE_ACTIVE, Member
from contracts.members.account import find_account, keys_of, set_keys
from contracts.members.key_register import check_unused, hold_key, revoke_key
from contracts.members.person import known_account
from contracts.members.possession import check_possession
from contracts.members.recovery import (
    RECOVERY_OPEN,
    RECOVERY_REASONS,
    STATE_DONE,
    STATE_GATHERING,
    STATE_OBJECTED,
    STATE_WITHDRAWN,
    Recovery,
    RecoveryRule,
    find_recovery,
    open_recovery,
    recovery_rule,
    set_recovery_rule,
    write_recovery,
)
from contracts.units.office import is_held, person_subject
from ledger.hashing import Hash
from ledger.signing import SCHEME_ED25519

OWN_RECOVERY = Reason(
    "members.own-recovery", "{person} can still sign, so nothing is lost: add another key with members.key-add"
)
NOT_IN_UNIT = Reason("members.not-in-unit", "{person} is no member of the unit {unit}, so its officers cannot help")
OTHER_KEY = Reason("members.other-key", "the recovery of {person} is for the key {found}; look at it again")
NOT_GATHERING = Reason(
    "members.approved-enough", "the recovery of {person} has its approvals and waits until {ready} ms"
)
APPROVED_ALREADY = Reason("members.approved-already", "all who signed have approved the recovery of {person} before")
TOO_EARLY = Reason(
    "members.recovery-early", "the recovery of {person} can be finished from {ready} ms on, it is {now} ms"
)
NOT_APPROVED = Reason("members.not-approved", "the recovery of {person} has {approvals} of {needed} approvals")
NOT_AGREED = Reason(
    "members.not-agreed", "{signed} administrators signed, {needed} have to; gather their signatures on one envelope"
)

RECOVERING_REASONS = (
    *RECOVERY_REASONS,
    OWN_RECOVERY,
    NOT_IN_UNIT,
    OTHER_KEY,
    NOT_GATHERING,
    APPROVED_ALREADY,
    TOO_EARLY,
    NOT_APPROVED,
    NOT_AGREED,
)
RECOVERING_EVENTS = frozenset(
    (
        "members.recovery-opened",
        "members.recovery-approved",
        "members.recovery-waiting",
        "members.recovery-objected",
        "members.recovery-withdrawn",
        "members.recovered",
        "members.recovery-rule-set",
    )
)


def recover(context: Context, arguments: Arguments) -> None:
    """Open the recovery of a person's account with a new key; all who signed and may, approve it."""
    person, key = arguments.text("person"), arguments.octets("key")
    unit = arguments.text("unit") if "unit" in arguments else None
    account = known_account(context, person)
    _check_not_own(context, account, person)
    require(context, Subject(unit=unit, person=person))
    if unit is not None and not is_held(context, unit, ROLE_MEMBER, person):
        raise Refusal(*NOT_IN_UNIT, person=person, unit=unit)
    before = find_recovery(context, person)
    if before is not None and before.is_open(context.time_ms):
        raise Refusal(*RECOVERY_OPEN, person=person)
    check_possession(context, key, arguments.octets("proof"), person_subject(person))
    check_unused(context, key)
    rule = recovery_rule(context)
    recovery = Recovery(
        person=person,
        account=account,
        key=key,
        unit=unit,
        opener=context.sender.id,
        opened_ms=context.time_ms,
        needed=max(rule.needed, _needed_for(context, account)),
        delay_days=rule.delay_days,
        approvals=(),
        state=STATE_GATHERING,
        ready_ms=None,
    )
    context.emit("members.recovery-opened", {"key": key, "person": person})
    _approve(context, recovery, _approving(context, recovery, context.signers))


def approve_recovery(context: Context, arguments: Arguments) -> None:
    """Approve a recovery that is gathering approvals, for exactly the key that was seen."""
    person = arguments.text("person")
    recovery = open_recovery(context, person)
    _check_not_own(context, recovery.account, person)
    require(context, Subject(unit=recovery.unit, person=person))
    if recovery.key != arguments.octets("key"):
        raise Refusal(*OTHER_KEY, person=person, found=recovery.key.hex())
    if recovery.ready_ms is not None:
        raise Refusal(*NOT_GATHERING, person=person, ready=recovery.ready_ms)
    more = [signer for signer in context.signers if signer.id not in recovery.approvals]
    approving = _approving(context, recovery, more)
    if not approving:
        raise Refusal(*APPROVED_ALREADY, person=person)
    earlier = [find_account(context, account) for account in recovery.approvals]
    _approve(context, recovery, (*_approving(context, recovery, earlier), *approving))


def object_to_recovery(context: Context, arguments: Arguments) -> None:
    """End a recovery of one's own account, with any key of it, until it is finished."""
    person = arguments.text("person")
    recovery = open_recovery(context, person)
    require(context, Subject(person=person))
    write_recovery(context, replace(recovery, state=STATE_OBJECTED))
    context.emit("members.recovery-objected", {"person": person})


def withdraw_recovery(context: Context, arguments: Arguments) -> None:
    """End a recovery: who opened it, or those who may end any."""
    person = arguments.text("person")
    recovery = open_recovery(context, person)
    require(context, Subject(unit=recovery.unit, person=person, creator=recovery.opener))
    write_recovery(context, replace(recovery, state=STATE_WITHDRAWN))
    context.emit("members.recovery-withdrawn", {"person": person})


def finish_recovery(context: Context, arguments: Arguments) -> None:
    """Put the new key in the place of all keys that the account has, once the delay is over."""
    person = arguments.text("person")
    recovery = open_recovery(context, person)
    require(context, Subject(unit=recovery.unit, person=person))
    # The account may have become an administrator's since, whose keys take more to replace.
    needed, approvals = max(recovery.needed, _needed_for(context, recovery.account)), len(recovery.approvals)
    if recovery.ready_ms is None or approvals < needed:
        raise Refusal(*NOT_APPROVED, person=person, approvals=approvals, needed=needed)
    if context.time_ms < recovery.ready_ms:
        raise Refusal(*TOO_EARLY, person=person, ready=recovery.ready_ms, now=context.time_ms)
    # It may have become somebody's in the meantime.
    check_unused(context, recovery.key)
    for _, key in keys_of(context, recovery.account):
        revoke_key(context, key, recovery.account)
    set_keys(context, recovery.account, [(SCHEME_ED25519, recovery.key)])
    hold_key(context, recovery.key, recovery.account)
    write_recovery(context, replace(recovery, state=STATE_DONE))
    context.emit("members.recovered", {"key": recovery.key, "person": person})


def set_rule(context: Context, arguments: Arguments) -> None:
    """Change what recoveries that are opened later take; the administrators who have to agree sign one envelope."""
    require(context, Subject())
    administrators = administrators_in(context)
    signed = administrators.count(signer.id for signer in context.signers)
    if signed < administrators.needed:
        raise Refusal(*NOT_AGREED, signed=signed, needed=administrators.needed)
    rule = RecoveryRule(arguments.integer("needed"), arguments.integer("delay_days"))
    set_recovery_rule(context, rule)
    context.emit("members.recovery-rule-set", {"delay_days": rule.delay_days, "needed": rule.needed})


def _approve(context: Context, recovery: Recovery, approvals: tuple[Hash, ...]) -> None:
    person = recovery.person
    approved = recovery.with_approvals(approvals, context.time_ms)
    write_recovery(context, approved)
    context.emit(
        "members.recovery-approved", {"approvals": len(approvals), "needed": recovery.needed, "person": person}
    )
    if approved.ready_ms is not None:
        context.emit("members.recovery-waiting", {"person": person, "ready": approved.ready_ms})


def _approving(context: Context, recovery: Recovery, candidates: Iterable[Member | None]) -> tuple[Hash, ...]:
    """Those who may approve the recovery now, as the operation that is running names them; never the account itself."""
    actors = operation_actors(context)
    subject = Subject(unit=recovery.unit, person=recovery.person)
    return tuple(
        one.id
        for one in candidates
        if one is not None
        and one.id != recovery.account
        and one.state == STATE_ACTIVE
        and may(context, actors, subject, one) is not None
    )


def _check_not_own(context: Context, account: Hash, person: str) -> None:
    if context.sender.id == account:
        raise Refusal(*OWN_RECOVERY, person=person)


def _needed_for(context: Context, account: Hash) -> int:
    """For an administrator's account, as many as decide about the network itself."""
    administrators = administrators_in(context)
    return administrators.needed if account in administrators.members else 0

"""A recovery: what stands on the ledger while a person who lost all keys gets a new one.

Owns the record `recovery/<person>`, its states, and the rule `recovery-rule/current`. Never judges who asks.
Invariants: a person has at most one open recovery; what is over stays until the next one takes its place; times are
compared with the block's alone. Source: docs/reference/members.md, "Recovery".

    gathering ──enough approvals──► waiting ──delay over──► done
        └── objected, withdrawn ◄──────┘
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contracts.errors import Reason, Refusal
from contracts.units.office import person_subject
from ledger.encoding import Value
from ledger.hashing import Hash

if TYPE_CHECKING:
    from contracts.context import Context

KIND_RECOVERY = "recovery"
KIND_RECOVERY_RULE = "recovery-rule"
RULE_ID = "current"

STATE_GATHERING = "gathering"
STATE_WAITING = "waiting"
STATE_DONE = "done"
STATE_OBJECTED = "objected"
STATE_WITHDRAWN = "withdrawn"
OPEN_STATES = (STATE_GATHERING, STATE_WAITING)

DAY_MS = 86_400_000
# Time to find those who approve, and to finish after the delay; then it lapses, so that none is finished years later.
RECOVERY_LIFETIME_DAYS = 35
# One person alone never gives away another one's account; all of one envelope's signers can approve.
NEEDED_MIN = 2
NEEDED_MAX = 16
NEEDED_DEFAULT = 2
# A member who looks at the ledger once a week, or is told, can object.
DELAY_DAYS_MIN = 1
DELAY_DAYS_MAX = 90
DELAY_DAYS_DEFAULT = 7

NO_RECOVERY = Reason("members.no-recovery", "there is no open recovery of {person}; it lapsed, is over, or never was")
RECOVERY_OPEN = Reason(
    "members.recovery-open", "there is an open recovery of {person} already; approve it, or have it withdrawn first"
)

RECOVERY_REASONS = (NO_RECOVERY, RECOVERY_OPEN)


@dataclass(frozen=True, slots=True)
class RecoveryRule:
    """How many have to approve a recovery, and for how many days it can be objected to then."""

    needed: int = NEEDED_DEFAULT
    delay_days: int = DELAY_DAYS_DEFAULT


@dataclass(frozen=True, slots=True)
class Recovery:
    """One recovery of a person's account; `approvals` are accounts in the order of signing.

    `unit` is the person's unit whose officers may approve, if one was named. `needed` and `delay_days` are as the rule
    was when it was opened. `ready_ms` is the end of the delay, None before it began.
    """

    person: str
    account: Hash
    key: bytes
    unit: str | None
    opener: Hash
    opened_ms: int
    needed: int
    delay_days: int
    approvals: tuple[Hash, ...]
    state: str
    ready_ms: int | None

    def is_open(self, time_ms: int) -> bool:
        """Whether it can still come to something at this time."""
        since = self.opened_ms if self.ready_ms is None else self.ready_ms
        return self.state in OPEN_STATES and time_ms < since + RECOVERY_LIFETIME_DAYS * DAY_MS

    def with_approvals(self, approvals: tuple[Hash, ...], time_ms: int) -> "Recovery":
        """The recovery with exactly these approvals; with enough of them the delay begins at this time."""
        if len(approvals) < self.needed:
            return replace(self, approvals=approvals)
        ready = time_ms + self.delay_days * DAY_MS
        return replace(self, approvals=approvals, state=STATE_WAITING, ready_ms=ready)


def recovery_rule(context: "Context") -> RecoveryRule:
    """The rule in force; one read."""
    record = context.read(KIND_RECOVERY_RULE, RULE_ID)
    if record is None:
        return RecoveryRule()
    needed, delay_days = record.fields["needed"], record.fields["delay_days"]
    assert isinstance(needed, int) and isinstance(delay_days, int)
    return RecoveryRule(needed, delay_days)


def set_recovery_rule(context: "Context", rule: RecoveryRule) -> None:
    """Let recoveries that are opened from now on follow this rule."""
    fields: dict[str, Value] = {"delay_days": rule.delay_days, "height": context.height, "needed": rule.needed}
    context.put(KIND_RECOVERY_RULE, RULE_ID, fields)


def find_recovery(context: "Context", person: str) -> Recovery | None:
    """The last recovery of a person, open or not; one read."""
    record = context.read(KIND_RECOVERY, person)
    return None if record is None else _of_fields(record.fields)


def open_recovery(context: "Context", person: str) -> Recovery:
    """The recovery of a person that is under way.

    Raises:
        Refusal: `members.no-recovery`.
    """
    recovery = find_recovery(context, person)
    if recovery is None or not recovery.is_open(context.time_ms):
        raise Refusal(*NO_RECOVERY, person=person)
    return recovery


def write_recovery(context: "Context", recovery: Recovery) -> None:
    """Write a recovery as it is from now on, and link its person."""
    fields: dict[str, Value] = {
        "account": recovery.account,
        "approvals": list(recovery.approvals),
        "delay_days": recovery.delay_days,
        "height": context.height,
        "key": recovery.key,
        "needed": recovery.needed,
        "opened": recovery.opened_ms,
        "opener": recovery.opener,
        "person": recovery.person,
    }
    if recovery.ready_ms is not None:
        fields["ready"] = recovery.ready_ms
    fields["state"] = recovery.state
    fields["time"] = context.time_ms
    if recovery.unit is not None:
        # Not `unit`: the id of such a record would have to begin with it.
        fields["within"] = recovery.unit
    context.put(KIND_RECOVERY, recovery.person, fields)
    context.link(person_subject(recovery.person))


def _of_fields(fields: dict[str, Value]) -> Recovery:
    person, account, key, opener, state = (fields[name] for name in ("person", "account", "key", "opener", "state"))
    opened, needed, delay_days = (fields[name] for name in ("opened", "needed", "delay_days"))
    listed, unit, ready = fields["approvals"], fields.get("within"), fields.get("ready")
    assert isinstance(person, str) and isinstance(account, bytes) and isinstance(key, bytes)
    assert isinstance(opener, bytes) and isinstance(state, str) and isinstance(listed, list)
    assert isinstance(opened, int) and isinstance(needed, int) and isinstance(delay_days, int)
    assert isinstance(unit, str | None) and isinstance(ready, int | None)
    approvals = tuple(one for one in listed if isinstance(one, bytes))
    return Recovery(person, account, key, unit, opener, opened, needed, delay_days, approvals, state, ready)

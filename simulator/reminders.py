"""What simulated networks run where a scenario wants timers: the usual contracts, and a reminder for every notice.

Owns the reminders: a posted notice sets a timer, some of them repeat themselves, some are cancelled by the next notice,
some refuse. Never part of a real network. What clients see of notices stays as it is.
"""

from copy import copy
from dataclasses import replace

from contracts.arguments import Arguments
from contracts.builtin import builtin_registry
from contracts.context import Context
from contracts.contract import Contract, Operation, TimerHandler
from contracts.errors import Reason, Refusal
from contracts.notice import NOTICE, post
from contracts.protocols import Protocol, Protocols
from contracts.registry import Registry
from contracts.timer_context import TimerContext
from contracts.timers import cancel_timer, set_timer
from ledger.encoding import Value

KIND_REMINDER = "reminder"
PURPOSE = f"{NOTICE.name}.remind"
REMINDED = f"{NOTICE.name}.reminded"
NOT_TODAY = Reason(f"{NOTICE.name}.not-reminded", "the reminder is not for {due}")

# From a second ago, which is due at once, to some ten seconds ahead.
_STEP_MS = 45
_BEHIND_MS = 1_000
_PERIOD_MS = 1_300
_REPEATS_MAX = 3
_CANCELLED_SHARE = 64
_REFUSED_SHARE = 7


def protocols_with_reminders() -> Protocols:
    """The one version of simulated networks: the built-in contracts, in which notices are reminded of."""
    return Protocols([Protocol(1, Registry(_adapted(one) for one in builtin_registry().contracts))])


def _adapted(contract: Contract) -> Contract:
    if contract.name == NOTICE.name:
        return _reminding(contract)
    if contract.pack_kinds_except is not None:
        # Packs keep their hands off this kind too.
        return replace(contract, pack_kinds_except=contract.pack_kinds_except | {KIND_REMINDER})
    return contract


def _reminding(contract: Contract) -> Contract:
    return replace(
        contract,
        kinds=contract.kinds | {KIND_REMINDER},
        events=contract.events | {REMINDED},
        reasons=(*contract.reasons, NOT_TODAY),
        operations=tuple(_with_reminder(one) if one.method == "post" else one for one in contract.operations),
        timers=(TimerHandler("remind", _remind),),
    )


def _with_reminder(operation: Operation) -> Operation:
    changed = copy(operation)
    changed.function = _post
    return changed


def _post(context: Context, arguments: Arguments) -> None:
    """Post a notice; what is drawn comes from the transaction's id, which is the same on every node."""
    post(context, arguments)
    unit, drawn = arguments.text("unit"), context.transaction_id
    record = context.read(KIND_REMINDER, unit)
    if record is not None and drawn[0] < _CANCELLED_SHARE:
        newest = record.fields["timer"]
        assert isinstance(newest, str)
        cancel_timer(context, newest)
    due_ms = context.time_ms - _BEHIND_MS + drawn[1] * _STEP_MS
    timer = set_timer(context, due_ms, PURPOSE, {"left": drawn[2] % (_REPEATS_MAX + 1), "unit": unit})
    count = 0 if record is None else record.fields["count"]
    context.put(KIND_REMINDER, unit, {"count": count, "timer": timer})


def _remind(context: TimerContext, payload: dict[str, Value]) -> None:
    unit, left = payload["unit"], payload["left"]
    assert isinstance(unit, str) and isinstance(left, int)
    if context.due_ms % _REFUSED_SHARE == 0:
        raise Refusal(*NOT_TODAY, due=context.due_ms)
    record = context.read(KIND_REMINDER, unit)
    assert record is not None, "who set the timer wrote the record"
    count = record.fields["count"]
    assert isinstance(count, int)
    fields: dict[str, Value] = {**record.fields, "count": count + 1}
    if left:
        fields["timer"] = set_timer(context, context.due_ms + _PERIOD_MS, PURPOSE, {"left": left - 1, "unit": unit})
    context.put(KIND_REMINDER, unit, fields)
    context.link(f"unit/{unit}")
    context.emit(REMINDED, {"unit": unit})

"""The network's parameters, changed by governance: those that execution alone depends on.

Owns the checks and the writing of `parameters/network`; today that is the daily quota of a member. The bounds of
blocks, the window and the lifetime of transactions are the genesis' for good: they say which blocks are valid, and a
node has to know that of a block before it has executed the ones below. Source: docs/reference/contracts.md,
"governance".
"""

from functools import partial

from contracts.arguments import Argument, Arguments, Integer
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.genesis_state import KIND_PARAMETERS, PARAMETERS_ID
from contracts.plan import Plan
from ledger.encoding import Value
from ledger.hashing import Hash

PARAMETERS_SUBJECT = "parameters/network"
# Fewer would keep administrators from undoing what they did; the genesis, which nobody has to undo, may say less.
QUOTA_LEAST = 100
QUOTA_MOST = 2**40

UNCHANGED = Reason("governance.parameters-unchanged", "the parameters are so already; give one a new value")
PARAMETER_REASONS = (UNCHANGED,)
PARAMETERS_CHANGED = "governance.parameters-changed"

PARAMETER_ARGUMENTS = (
    Argument("transactions_per_sender_per_day_max", Integer(QUOTA_LEAST, QUOTA_MOST), "public", optional=True),
)


def plan_parameters(context: Context, arguments: Arguments) -> Plan:
    """Give some of the parameters new values."""
    given = {one.name: arguments.value(one.name) for one in PARAMETER_ARGUMENTS if one.name in arguments}
    record = context.read(KIND_PARAMETERS, PARAMETERS_ID)
    assert record is not None, "the genesis states the parameters"
    after = record.fields | given
    if after == record.fields:
        raise Refusal(*UNCHANGED)
    return Plan(PARAMETERS_SUBJECT, partial(_change, context, after, sorted(given)))


def _change(context: Context, after: dict[str, Value], names: list[str], decision: Hash) -> None:
    context.put(KIND_PARAMETERS, PARAMETERS_ID, after | {"decision": decision})
    context.emit(PARAMETERS_CHANGED, {"names": list(names)})

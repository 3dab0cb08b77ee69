"""The network's parameters, changed by governance: those that execution alone depends on.

Owns the checks and the writing of `parameters/network`; today that is the daily quota of a member, and for how long the
keys of nodes are meant to serve. The bounds of blocks, the window and the lifetime of transactions are the genesis' for
good: they say which blocks are valid, and a node has to know that of a block before it has executed the ones below.
Source: docs/reference/contracts.md, "governance".
"""

from functools import partial

from contracts.arguments import Argument, Arguments, Integer
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.genesis_state import KIND_PARAMETERS, PARAMETERS_ID, PARAMETERS_KEY
from contracts.plan import Plan
from contracts.record import Record
from contracts.state import StateReader
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import Hash

PARAMETERS_SUBJECT = "parameters/network"
# Fewer would keep administrators from undoing what they did; the genesis, which nobody has to undo, may say less.
QUOTA_LEAST = 100
QUOTA_MOST = 2**40
# For how many days a node's keys are meant to serve; 0: for ever. Only warnings depend on it, never what is valid.
NODE_KEY_LIFETIME = "node_key_lifetime_days"
# A hundred years: more is for ever.
NODE_KEY_LIFETIME_DAYS_MOST = 36_525
# What holds while administrators have said nothing else, which no genesis can.
NODE_KEY_LIFETIME_DAYS_DEFAULT = 730

UNCHANGED = Reason("governance.parameters-unchanged", "the parameters are so already; give one a new value")
PARAMETER_REASONS = (UNCHANGED,)
PARAMETERS_CHANGED = "governance.parameters-changed"

PARAMETER_ARGUMENTS = (
    Argument(NODE_KEY_LIFETIME, Integer(0, NODE_KEY_LIFETIME_DAYS_MOST), "public", optional=True),
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


def node_key_lifetime_days(state: StateReader) -> int:
    """For how many days a node's keys are meant to serve in this state; 0: for ever.

    Raises:
        DecodingError: the state lacks the parameters that the genesis states.
    """
    data = state.get(PARAMETERS_KEY)
    if data is None:
        raise DecodingError("the state has no parameters")
    days = Record.decode(data).fields.get(NODE_KEY_LIFETIME, NODE_KEY_LIFETIME_DAYS_DEFAULT)
    assert isinstance(days, int), "governance writes a number"
    return days


def _change(context: Context, after: dict[str, Value], names: list[str], decision: Hash) -> None:
    context.put(KIND_PARAMETERS, PARAMETERS_ID, after | {"decision": decision})
    context.emit(PARAMETERS_CHANGED, {"names": list(names)})

"""Decisions on the protocol: from which block on the network follows a newer version, and taking that back.

Owns the checks and the writing of `protocol/current` and `protocol/<number>`; never asks who agreed
(`contracts.governance` does). The vote decides; what the voters' programs announced on the ledger is looked at before,
so that no vote leaves the network without a quorum that can go on. Source: docs/reference/contracts.md, "governance";
docs/adr/0033-upgrades.md.
"""

from functools import partial

from contracts.arguments import Argument, Arguments, Boolean, Integer
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.genesis_state import KIND_PARAMETERS, PARAMETERS_ID
from contracts.plan import Plan
from contracts.protocol_record import (
    KIND_PROTOCOL,
    PROTOCOL_ID,
    PROTOCOL_SUBJECT,
    UNDECIDED,
    VERSION_FIRST,
    ProtocolDecision,
    numbered_id,
)
from contracts.protocol_support import supports
from contracts.voter_record import KIND_VOTERS, VOTERS_ID, VoterRecord
from ledger.encoding import INTEGER_MAX
from ledger.hashing import Hash
from ledger.support_statement import VERSION_MAX

# In windows of blocks: whoever judges a block of the new version has executed the decision by then, unless terms fail
# one after the other; and nobody is surprised by a decision that comes into force in the block after it.
LEAD_WINDOWS = 2

VERSION_NOT_NEWER = Reason(
    "governance.protocol-not-newer", "version {current} of the protocol is in force already; name a higher one"
)
HEIGHT_TOO_SOON = Reason(
    "governance.protocol-too-soon", "the height {height} is too near; the first that can be named now is {least}"
)
SUPPORT_LACKING = Reason(
    "governance.protocol-unsupported",
    "{count} of {voters} voters have announced that they can follow version {version}, {needed} are needed; upgrade the"
    " others and let them announce it (`banyan protocol announce`)",
)
TOO_LATE = Reason(
    "governance.protocol-too-late", "version {version} comes into force at block {height}, which is too near to change"
)
NOTHING_SCHEDULED = Reason("governance.protocol-nothing-scheduled", "no other version of the protocol is scheduled")
PROTOCOL_REASONS = (VERSION_NOT_NEWER, HEIGHT_TOO_SOON, SUPPORT_LACKING, TOO_LATE, NOTHING_SCHEDULED)
PROTOCOL_DECIDED = "governance.protocol-decided"

# With `force` a quorum of the voters is enough; else all of them have to support the version.
PROTOCOL_ARGUMENTS = (
    Argument("version", Integer(VERSION_FIRST + 1, VERSION_MAX), "public"),
    Argument("height", Integer(1, INTEGER_MAX), "public"),
    Argument("force", Boolean(), "ledger", optional=True),
)


def lead_blocks(window_blocks_max: int) -> int:
    """How many blocks lie at least between a decision and the first block of the new version."""
    return LEAD_WINDOWS * window_blocks_max


def newest_protocol(context: Context) -> ProtocolDecision:
    """The newest decision, as this transaction finds it."""
    record = context.read(KIND_PROTOCOL, PROTOCOL_ID)
    return UNDECIDED if record is None else ProtocolDecision.from_fields(record.fields)


def plan_version(context: Context, arguments: Arguments) -> Plan:
    """Let blocks follow a newer version from a height on."""
    newest = newest_protocol(context)
    version, height = arguments.integer("version"), arguments.integer("height")
    in_force = newest.in_force_at(context.chain_height)
    if version <= in_force:
        raise Refusal(*VERSION_NOT_NEWER, current=in_force)
    _check_replaceable(context, newest)
    least = context.chain_height + _lead_blocks(context) + 1
    if height < least:
        raise Refusal(*HEIGHT_TOO_SOON, height=height, least=least)
    _check_support(context, version, "force" in arguments and arguments.boolean("force"))
    after = ProtocolDecision(newest.number + 1, context.chain_height, version, height, in_force)
    return Plan(PROTOCOL_SUBJECT, partial(_decide, context, after))


def plan_cancellation(context: Context, _arguments: Arguments) -> Plan:
    """Take the version back that is scheduled and not in force yet."""
    newest = newest_protocol(context)
    if newest.height <= context.chain_height:
        raise Refusal(*NOTHING_SCHEDULED)
    _check_replaceable(context, newest)
    in_force = newest.version_before
    after = ProtocolDecision(newest.number + 1, context.chain_height, in_force, context.chain_height, in_force)
    return Plan(PROTOCOL_SUBJECT, partial(_decide, context, after))


def _check_replaceable(context: Context, newest: ProtocolDecision) -> None:
    """What comes into force so soon may have been built on already."""
    if context.chain_height < newest.height <= context.chain_height + _lead_blocks(context):
        raise Refusal(*TOO_LATE, version=newest.version, height=newest.height)


def _check_support(context: Context, version: int, is_forced: bool) -> None:
    record = context.read(KIND_VOTERS, VOTERS_ID)
    assert record is not None, "the genesis makes the first voter set"
    voters = VoterRecord.from_fields(record.fields)
    count = sum(supports(context, one.node_id, version) for one in voters.voters)
    needed = voters.voter_set.quorum_size if is_forced else len(voters.voters)
    if count < needed:
        raise Refusal(*SUPPORT_LACKING, count=count, voters=len(voters.voters), version=version, needed=needed)


def _lead_blocks(context: Context) -> int:
    record = context.read(KIND_PARAMETERS, PARAMETERS_ID)
    assert record is not None, "the genesis states the parameters"
    window = record.fields["window_blocks_max"]
    assert isinstance(window, int)
    return lead_blocks(window)


def _decide(context: Context, after: ProtocolDecision, decision: Hash) -> None:
    fields = ProtocolDecision.from_fields(after.fields | {"decision": decision}).fields
    context.put(KIND_PROTOCOL, PROTOCOL_ID, fields)
    context.create(KIND_PROTOCOL, numbered_id(after.number), fields)
    context.emit(PROTOCOL_DECIDED, {"height": after.height, "version": after.version})

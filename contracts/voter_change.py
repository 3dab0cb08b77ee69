"""Changes of the voters, one at a time: which transactions can be one, and what it does.

Owns the rule that tells such a transaction by its bytes, the arithmetic of voter sets, and the writing of their
records. Never asks who agreed (`contracts.governance` does), nor whether a change is wise now: that the newcomer has
caught up, and that those who stay can be reached, is for the leader to see. Invariants: a block changes the voters at
most once; every set that is written is a valid `VoterSet` and differs from the one before by one node; a node's
state is `voter` exactly if the newest set has it. Source: docs/protocol.md, section 6, "Changing voters".
"""

from dataclasses import replace
from functools import partial

from consensus.voters import VOTERS_MAX, voters_min
from contracts.administrators import administrators_of
from contracts.arguments import Argument, Arguments, Boolean
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.node_registry import KIND_NODE, STATE_OBSERVER, STATE_VOTER, RegisteredNode, node_subject
from contracts.node_replacement import check_no_other_votes_twice, decision_on_demoting, decision_on_promoting
from contracts.plan import Plan
from contracts.registry_change import NODE_ARGUMENT, NODE_VOTES, find_node
from contracts.state import StateReader
from contracts.voter_record import KIND_VOTERS, VOTERS_ID, VOTERS_SUBJECT, RecordedVoter, VoterRecord, numbered_id
from ledger.hashing import Hash
from ledger.transaction import Transaction

# Part of the protocol: the block of a transaction whose operation begins so is a barrier. Whatever is added later that
# can change voters has to begin so too, or an older node would not see a barrier where a newer one does.
VOTER_CHANGE_PREFIX = "governance.voter-"

NODE_OBSERVES = Reason("governance.node-observes", "the node {node} is no voter")
VOTERS_FULL = Reason("governance.voters-full", "there are {count} voters, the most there can be; remove one first")
VOTERS_TOO_FEW = Reason(
    "governance.voters-too-few", "there have to be at least {least} voters with this quorum rule; add another first"
)
CHANGED_IN_BLOCK = Reason(
    "governance.voters-just-changed", "this block changed the voters already, and each can do so once; send it again"
)

VOTER_REASONS = (NODE_OBSERVES, VOTERS_FULL, VOTERS_TOO_FEW, CHANGED_IN_BLOCK)

VOTERS_CHANGED = "governance.voters-changed"

# Asks the leader not to wait until the change is safe. Execution does not look at it: what is wise is not its to say.
FORCE_ARGUMENT = Argument("force", Boolean(), "ledger", optional=True)
VOTER_ARGUMENTS = (NODE_ARGUMENT, FORCE_ARGUMENT)


def is_voter_change(transaction: Transaction) -> bool:
    """Whether the transaction's block is a barrier: by its bytes alone, whether or not execution accepts it."""
    return transaction.operation.startswith(VOTER_CHANGE_PREFIX)


def is_forced(transaction: Transaction) -> bool:
    """Whether administrators want the change although it may leave no quorum within reach."""
    return transaction.arguments.get(FORCE_ARGUMENT.name) is True


def check_voter_change(state: StateReader, transaction: Transaction) -> None:
    """Refuse a change of voters from somebody who may not ask for one, before it makes a barrier of a block.

    Raises:
        Refusal: `governance.not-an-administrator`.
    """
    if is_voter_change(transaction):
        administrators_of(state).check(transaction.sender)


def plan_addition(context: Context, arguments: Arguments) -> Plan:
    """Make a voter of an observer."""
    node = find_node(context, arguments.hash("node"))
    if node.state == STATE_VOTER:
        raise Refusal(*NODE_VOTES, node=node.id.hex())
    before = _newest(context)
    if len(before.voters) >= VOTERS_MAX:
        raise Refusal(*VOTERS_FULL, count=len(before.voters))
    check_no_other_votes_twice(context, node, [voter.node_id for voter in before.voters])
    voters = (*before.voters, RecordedVoter.of(node))
    enact = partial(_change, context, before, voters, replace(node, state=STATE_VOTER))
    return Plan(node_subject(node.id), enact, decided_by=decision_on_promoting(context, node))


def plan_subtraction(context: Context, arguments: Arguments) -> Plan:
    """Make an observer of a voter."""
    node = find_node(context, arguments.hash("node"))
    if node.state != STATE_VOTER:
        raise Refusal(*NODE_OBSERVES, node=node.id.hex())
    before = _newest(context)
    least = voters_min(before.quorum)
    if len(before.voters) <= least:
        raise Refusal(*VOTERS_TOO_FEW, least=least)
    voters = tuple(voter for voter in before.voters if voter.node_id != node.id)
    enact = partial(_change, context, before, voters, replace(node, state=STATE_OBSERVER))
    return Plan(node_subject(node.id), enact, decided_by=decision_on_demoting(context, node))


def _newest(context: Context) -> VoterRecord:
    record = context.read(KIND_VOTERS, VOTERS_ID)
    assert record is not None, "the genesis makes the first voter set"
    return VoterRecord.from_fields(record.fields)


def _change(
    context: Context, before: VoterRecord, voters: tuple[RecordedVoter, ...], node: RegisteredNode, decision: Hash
) -> None:
    if before.barrier_height == context.chain_height:
        raise Refusal(*CHANGED_IN_BLOCK)
    after = before.followed_by(voters, context.chain_height, decision)
    assert abs(len(after.voters) - len(before.voters)) == 1, "one at a time"
    context.put(KIND_VOTERS, VOTERS_ID, after.fields)
    context.create(KIND_VOTERS, numbered_id(after.number), after.fields)
    context.put(KIND_NODE, node.id.hex(), replace(node, decision=decision).fields)
    context.link(VOTERS_SUBJECT)
    context.emit(VOTERS_CHANGED, {"node": node.id, "number": after.number, "state": node.state})

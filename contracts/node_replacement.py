"""A node in the place of another: the same machine under new keys, or a new machine for one that is lost.

Owns what `replaces` may name, and which steps the decision to register such a node covers: that it gets the vote of the
one it replaces, and that this one loses its vote and leaves. Never writes a record (`contracts.registry_change` and
`contracts.voter_change` do). Invariants: a node and the one that replaces it have one name, and at most these two that
have not left share it; of one such pair at most do both vote; what is covered is covered by the decision that
registered the newcomer alone, so a later decision about it ends that.
Source: docs/reference/contracts.md, "governance"; docs/adr/0032-keys-of-nodes.md.
"""

from collections.abc import Iterable

from contracts.arguments import Argument, Arguments, HashValue
from contracts.context import Context
from contracts.decision import KIND_DECISION
from contracts.errors import Reason, Refusal
from contracts.node_registry import (
    KIND_NODE,
    KIND_NODE_NAME,
    NODE_REGISTER,
    STATE_OBSERVER,
    STATE_VOTER,
    RegisteredNode,
)
from ledger.hashing import Hash

REPLACES_ARGUMENT = Argument("replaces", HashValue(), "public", optional=True)

OTHER_NAME = Reason(
    "governance.replaced-name",
    "a node that takes the place of another has its name, which is {name}; make its keys with `banyan keys next`, or"
    " with `banyan init --name {name}`",
)
REPLACED_ALREADY = Reason(
    "governance.replaced-already",
    "the node {successor} takes the place of {node} already; go on with it, or let it leave first",
)
REPLACEMENT_UNFINISHED = Reason(
    "governance.replacement-unfinished",
    "the node {node} takes the place of {predecessor}, which has not left yet; let that one leave first",
)
OTHER_UNDER_WAY = Reason(
    "governance.other-replacement",
    "the node {node} and the one in its place both vote, while one machine can only be one of them; finish that first"
    " with `banyan keys rotate`, or let one of the two have no vote",
)
REPLACEMENT_REASONS = (OTHER_NAME, REPLACED_ALREADY, REPLACEMENT_UNFINISHED, OTHER_UNDER_WAY)


def check_replaced(context: Context, replaced: RegisteredNode, name: str) -> None:
    """Refuse a newcomer of this name in the place of `replaced`, which has not left.

    Raises:
        Refusal: the name is another one, or the place is taken, or the last replacement is not through.
    """
    if replaced.name != name:
        raise Refusal(*OTHER_NAME, name=replaced.name)
    holder = holder_of_name(context, name)
    if holder is not None and holder != replaced.id:
        raise Refusal(*REPLACED_ALREADY, node=replaced.id.hex(), successor=holder.hex())
    predecessor = predecessor_of(context, replaced)
    if predecessor is not None:
        raise Refusal(*REPLACEMENT_UNFINISHED, node=replaced.id.hex(), predecessor=predecessor.id.hex())


def check_no_other_votes_twice(context: Context, node: RegisteredNode, voters: Iterable[Hash]) -> None:
    """Refuse a second machine that votes under old and new keys.

    One of the two votes of such a machine is silent. With one machine at a time, those that work are a quorum; with
    several, none may be left, and nothing could be changed any more. A leader that lets a change wait goes by who
    answered of late, which the old keys of a machine did until just now.

    Args:
        node: Who is to be a voter.
        voters: Those who are.
    """
    replaced = {voter: _replaced_by(context, voter) for voter in voters}
    if node.replaces not in replaced and node.id not in replaced.values():
        return
    for one in replaced.values():
        if one in replaced:
            assert one is not None, "voters have ids"
            raise Refusal(*OTHER_UNDER_WAY, node=one.hex())


def holder_of_name(context: Context, name: str) -> Hash | None:
    """The node that has this name, of two the newer one; None if nobody has it."""
    record = context.read(KIND_NODE_NAME, name)
    if record is None:
        return None
    holder = record.fields["node"]
    assert isinstance(holder, bytes), "a name is written with its node"
    return holder


def predecessor_of(context: Context, node: RegisteredNode) -> RegisteredNode | None:
    """The node in whose place this one came, while that one has not left."""
    found = None if node.replaces is None else _node(context, node.replaces)
    return found if found is not None and found.is_member else None


def decision_on_promoting(context: Context, node: RegisteredNode) -> Hash | None:
    """The decision that covers making a voter of an observer: it replaces a node that votes; None if it does not."""
    predecessor = predecessor_of(context, node)
    if predecessor is None or predecessor.state != STATE_VOTER:
        return None
    return _registering_decision(context, node)


def decision_on_demoting(context: Context, node: RegisteredNode) -> Hash | None:
    """The decision that covers taking a voter's vote: the node in its place has one."""
    return _decision_by_successor(context, node, (STATE_VOTER,))


def decision_on_leaving(context: Context, node: RegisteredNode) -> Hash | None:
    """The decision that covers letting an observer leave: a node is in its place."""
    return _decision_by_successor(context, node, (STATE_VOTER, STATE_OBSERVER))


def _decision_by_successor(context: Context, node: RegisteredNode, states: tuple[str, ...]) -> Hash | None:
    holder = holder_of_name(context, node.name)
    successor = None if holder is None or holder == node.id else _node(context, holder)
    if successor is None or successor.replaces != node.id or successor.state not in states:
        return None
    return _registering_decision(context, successor)


def _registering_decision(context: Context, node: RegisteredNode) -> Hash | None:
    """The decision that the node's record names, if it is still the one that registered it."""
    if node.decision is None:
        return None
    record = context.read(KIND_DECISION, node.decision.hex())
    return node.decision if record is not None and record.fields["method"] == NODE_REGISTER else None


def _replaced_by(context: Context, node_id: Hash) -> Hash | None:
    found = _node(context, node_id)
    return None if found is None else found.replaces


def _node(context: Context, node_id: Hash) -> RegisteredNode | None:
    record = context.read(KIND_NODE, node_id.hex())
    return None if record is None else RegisteredNode.from_fields(node_id, record.fields)


def replaced_in(arguments: Arguments) -> Hash | None:
    """The node that the arguments of a registration say is replaced."""
    return arguments.hash("replaces") if "replaces" in arguments else None

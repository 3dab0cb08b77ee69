"""Which versions of the protocol a node's program can follow, as the node itself announced it.

Owns the records `node-protocol/<node id>` and the operation that writes them; never decides which version comes into
force. What a node says of itself is signed by its agreement key, so the sender does not matter. A node that never said
anything follows version 1, with which every program began. Source: docs/reference/contracts.md, "governance".
"""

from contracts.admission import DAY_MS
from contracts.arguments import Argument, Arguments, Integer, ListOf, Octets
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.node_registry import node_subject
from contracts.protocol_record import VERSION_FIRST
from contracts.registry_change import NODE_ARGUMENT, find_node
from contracts.run_context import RunContext
from ledger.hashing import Hash
from ledger.signing import SIGNATURE_SIZE_BYTES
from ledger.support_statement import VERSION_MAX, VERSIONS_MAX, SupportStatement

KIND_NODE_PROTOCOL = "node-protocol"
# A clock that is ahead would make a node's next statements count as older than the one that is recorded.
AHEAD_MS_MAX = DAY_MS

SUPPORT_UNSIGNED = Reason(
    "governance.support-unsigned",
    "the statement is not signed by the node {node}; take it from that node as it runs, `banyan protocol statement`",
)
SUPPORT_OLD = Reason(
    "governance.support-old", "the node {node} has said the same or more since; take its newest statement"
)
SUPPORT_AHEAD = Reason(
    "governance.support-ahead", "the clock of the node {node} is more than a day ahead; set it right and start it again"
)
SUPPORT_REASONS = (SUPPORT_UNSIGNED, SUPPORT_OLD, SUPPORT_AHEAD)
SUPPORT_ANNOUNCED = "governance.support-announced"

SUPPORT_ARGUMENTS = (
    NODE_ARGUMENT,
    Argument("versions", ListOf(Integer(VERSION_FIRST, VERSION_MAX), VERSIONS_MAX, distinct=True), "public"),
    Argument("time_ms", Integer(0), "public"),
    Argument("signature", Octets(SIGNATURE_SIZE_BYTES), "public"),
)


def announce_support(context: Context, arguments: Arguments) -> None:
    """Record what a node says of its program."""
    node = find_node(context, arguments.hash("node"))
    versions = tuple(arguments.integers("versions"))
    statement = SupportStatement(context.network_id, node.id, arguments.integer("time_ms"), versions)
    if not statement.is_signed(node.agreement, arguments.octets("signature")):
        raise Refusal(*SUPPORT_UNSIGNED, node=node.id.hex())
    if statement.time_ms > context.time_ms + AHEAD_MS_MAX:
        raise Refusal(*SUPPORT_AHEAD, node=node.id.hex())
    record = context.read(KIND_NODE_PROTOCOL, node.id.hex())
    if record is not None:
        before_ms = record.fields["time_ms"]
        assert isinstance(before_ms, int)
        if statement.time_ms <= before_ms:
            raise Refusal(*SUPPORT_OLD, node=node.id.hex())
    context.put(KIND_NODE_PROTOCOL, node.id.hex(), {"time_ms": statement.time_ms, "versions": list(statement.versions)})
    context.link(node_subject(node.id))
    context.emit(SUPPORT_ANNOUNCED, {"node": node.id, "versions": list(statement.versions)})


def supports(context: RunContext, node_id: Hash, version: int) -> bool:
    """Whether the node announced that its program can follow this version."""
    record = context.read(KIND_NODE_PROTOCOL, node_id.hex())
    versions = [VERSION_FIRST] if record is None else record.fields["versions"]
    assert isinstance(versions, list)
    return version in versions

"""Changes of the node registry: a node joins it, gets another address, leaves.

Owns the checks of a newcomer's description and the writing of the registry's records; never asks who agreed
(`contracts.governance` does). Invariants are those of `contracts.node_registry`. Source:
docs/reference/contracts.md, "governance".
"""

from dataclasses import replace
from functools import partial

from contracts.arguments import Argument, Arguments, HashValue, Text
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.node_registry import (
    KIND_NODE,
    KIND_NODE_KEY,
    KIND_NODE_NAME,
    STATE_LEFT,
    STATE_OBSERVER,
    STATE_VOTER,
    RegisteredNode,
    key_holder,
    node_subject,
    registration_records,
)
from contracts.node_replacement import (
    REPLACEMENT_REASONS,
    REPLACES_ARGUMENT,
    check_replaced,
    decision_on_leaving,
    holder_of_name,
    predecessor_of,
    replaced_in,
)
from contracts.plan import Plan
from ledger.errors import InvalidGenesisError, InvalidKeyError
from ledger.hashing import Hash
from ledger.node_keys import (
    NODE_FORMAT,
    NODE_KEY_TYPES,
    NODE_NAME_LENGTH_MAX,
    NODE_NAME_PATTERN,
    check_address,
    node_id_of,
)
from ledger.signing import is_usable_public_key
from ledger.verifier_key import VerifierKey

# A host of 253 characters, a colon, a port.
ADDRESS_SIZE_BYTES_MAX = 259
# A name, a key id and the longest type with its key in base64, with the two signs between them: 141.
KEY_TEXT_SIZE_BYTES_MAX = 160

KEY_INVALID = Reason(
    "governance.key-invalid",
    "the {purpose} key is no usable {purpose} key of a node named {name}; take it from the node's node.public.json",
)
KEY_TWICE = Reason(
    "governance.key-twice", "the node {name} uses one key for two purposes; take its keys from its node.public.json"
)
KEY_USED = Reason(
    "governance.key-used",
    "the {purpose} key is or was one of the node {node} already; a node needs keys that none had before: make new"
    " ones with `banyan init`",
)
NAME_USED = Reason("governance.name-used", "the node {node} has the name {name} already; take another name")
ADDRESS_INVALID = Reason(
    "governance.address-invalid", "{address} is not an address of the form HOST:PORT with a port from 1 to 65535"
)
NODE_UNKNOWN = Reason("governance.node-unknown", "there is no node {node} in the registry; see `list node`")
NODE_LEFT = Reason(
    "governance.node-left", "the node {node} has left, which is for ever; register it anew with a new seed"
)
NODE_VOTES = Reason("governance.node-votes", "the node {node} is a voter")

REGISTRY_REASONS = (
    KEY_INVALID,
    KEY_TWICE,
    KEY_USED,
    NAME_USED,
    ADDRESS_INVALID,
    NODE_UNKNOWN,
    NODE_LEFT,
    NODE_VOTES,
    *REPLACEMENT_REASONS,
)

NODE_REGISTERED = "governance.node-registered"
NODE_UPDATED = "governance.node-updated"
NODE_REMOVED = "governance.node-removed"
REGISTRY_EVENTS = frozenset((NODE_REGISTERED, NODE_UPDATED, NODE_REMOVED))

NODE_ARGUMENT = Argument("node", HashValue(), "public")
_ADDRESS_ARGUMENT = Argument("address", Text(ADDRESS_SIZE_BYTES_MAX), "ledger", optional=True)
# As in `node.public.json`, so that the file can be submitted as it is.
REGISTER_ARGUMENTS = (
    Argument("name", Text(NODE_NAME_LENGTH_MAX, pattern=NODE_NAME_PATTERN), "public"),
    _ADDRESS_ARGUMENT,
    *(Argument(purpose, Text(KEY_TEXT_SIZE_BYTES_MAX), "public") for purpose in NODE_KEY_TYPES),
    REPLACES_ARGUMENT,
    Argument("format", Text(len(NODE_FORMAT), pattern=NODE_FORMAT), "public", optional=True),
)
UPDATE_ARGUMENTS = (NODE_ARGUMENT, _ADDRESS_ARGUMENT)
REMOVE_ARGUMENTS = (NODE_ARGUMENT,)


def plan_registration(context: Context, arguments: Arguments) -> Plan:
    """Take a node into the registry as an observer."""
    name = arguments.text("name")
    keys = {purpose: _key(arguments.text(purpose), purpose, name) for purpose in NODE_KEY_TYPES}
    if len(set(keys.values())) != len(keys):
        raise Refusal(*KEY_TWICE, name=name)
    node = RegisteredNode(
        id=node_id_of(keys["agreement"]),
        name=name,
        address=_address(arguments),
        state=STATE_OBSERVER,
        height=context.chain_height,
        replaces=replaced_in(arguments),
        **keys,
    )
    _check_name(context, node)
    for purpose, key in keys.items():
        used = context.read(KIND_NODE_KEY, key.hex())
        if used is not None:
            raise Refusal(*KEY_USED, purpose=purpose, node=key_holder(used.fields).node_id.hex())
    return Plan(node_subject(node.id), partial(_register, context, node))


def plan_update(context: Context, arguments: Arguments) -> Plan:
    """Give a node another address, or none."""
    node = replace(find_node(context, arguments.hash("node")), address=_address(arguments))
    return Plan(node_subject(node.id), partial(_update, context, node))


def plan_removal(context: Context, arguments: Arguments) -> Plan:
    """Let a node leave that is no voter; its id and keys stay used up, its name is free again."""
    node = find_node(context, arguments.hash("node"))
    if node.state == STATE_VOTER:
        raise Refusal(*NODE_VOTES, node=node.id.hex())
    left = replace(node, state=STATE_LEFT, address=None)
    return Plan(node_subject(node.id), partial(_remove, context, left), decided_by=decision_on_leaving(context, node))


def find_node(context: Context, node_id: Hash) -> RegisteredNode:
    """The node of this id, which has not left.

    Raises:
        Refusal: `governance.node-unknown` or `governance.node-left`.
    """
    record = context.read(KIND_NODE, node_id.hex())
    if record is None:
        raise Refusal(*NODE_UNKNOWN, node=node_id.hex())
    node = RegisteredNode.from_fields(node_id, record.fields)
    if not node.is_member:
        raise Refusal(*NODE_LEFT, node=node_id.hex())
    return node


def _key(text: str, purpose: str, name: str) -> bytes:
    try:
        key = VerifierKey.parse(text)
    except InvalidKeyError as error:
        raise Refusal(*KEY_INVALID, purpose=purpose, name=name) from error
    if key.type_bytes != NODE_KEY_TYPES[purpose] or key.name != name or not is_usable_public_key(key.public_key):
        raise Refusal(*KEY_INVALID, purpose=purpose, name=name)
    return key.public_key


def _address(arguments: Arguments) -> str | None:
    if "address" not in arguments:
        return None
    address = arguments.text("address")
    try:
        check_address(address)
    except InvalidGenesisError as error:
        raise Refusal(*ADDRESS_INVALID, address=address) from error
    return address


def _check_name(context: Context, node: RegisteredNode) -> None:
    if node.replaces is not None:
        check_replaced(context, find_node(context, node.replaces), node.name)
        return
    holder = holder_of_name(context, node.name)
    if holder is not None:
        raise Refusal(*NAME_USED, name=node.name, node=holder.hex())


def _register(context: Context, node: RegisteredNode, decision: Hash) -> None:
    for kind, record_id, fields in registration_records(replace(node, decision=decision)):
        # The name of the node that it replaces is its own from now on.
        write = context.put if kind == KIND_NODE_NAME else context.create
        write(kind, record_id, fields)
    context.emit(NODE_REGISTERED, {"name": node.name, "node": node.id})


def _update(context: Context, node: RegisteredNode, _decision: Hash) -> None:
    context.put(KIND_NODE, node.id.hex(), node.fields)
    context.emit(NODE_UPDATED, {"node": node.id})


def _remove(context: Context, node: RegisteredNode, decision: Hash) -> None:
    context.put(KIND_NODE, node.id.hex(), replace(node, decision=decision).fields)
    if holder_of_name(context, node.name) == node.id:
        _give_name_back(context, node)
    context.emit(NODE_REMOVED, {"name": node.name, "node": node.id})


def _give_name_back(context: Context, node: RegisteredNode) -> None:
    """The name is free again, or that of the node whose place this one did not keep."""
    predecessor = predecessor_of(context, node)
    if predecessor is None:
        context.delete(KIND_NODE_NAME, node.name)
    else:
        context.put(KIND_NODE_NAME, node.name, {"node": predecessor.id})

"""The registry of nodes: who may connect, under which keys, at which address, and as what.

Owns the records `node/<id>`, `node-key/<key>` and `node-name/<name>` and their forms; never decides who gets in
(`contracts.registry_change` does). Invariants: a node id and a key are given once and never again, also after the node
has left, since `node` and `node-key` are never removed; no two nodes that have not left share a name, but for a node
and the one that takes its place (`contracts.node_replacement`).
Source: docs/reference/contracts.md, "governance"; docs/adr/0014-governance.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts.decision import decision_in
from contracts.record import Record, parse_record_key, record_key
from contracts.state import StateReader
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import HASH_SIZE_BYTES, Hash
from ledger.node_keys import NODE_KEY_TYPES, NodeDescription
from ledger.signing import PUBLIC_KEY_SIZE_BYTES

KIND_NODE = "node"
KIND_NODE_KEY = "node-key"
KIND_NODE_NAME = "node-name"
# What the keys of all nodes' records begin with: for a scan of the store.
NODE_PREFIX = b"node\0"

STATE_OBSERVER = "observer"
STATE_VOTER = "voter"
STATE_LEFT = "left"
NODE_STATES = (STATE_OBSERVER, STATE_VOTER, STATE_LEFT)
# The method that registers a node, as decisions name it.
NODE_REGISTER = "node-register"


@dataclass(frozen=True, slots=True)
class RegisteredNode:
    """A node as the registry has it; `height` is the block that registered it, 0 for one of the genesis.

    `address` is `HOST:PORT`, or None where nobody can dial it. The keys are raw public keys of 32 bytes. `replaces` is
    the node in whose place it came, None for a node of its own.
    """

    id: Hash
    name: str
    address: str | None
    agreement: bytes
    log: bytes
    cosigner: bytes
    transport: bytes
    state: str
    height: int
    replaces: Hash | None = None
    # The decision that made the record as it is, None for the genesis; a node is the same whoever decided on it.
    decision: Hash | None = field(default=None, compare=False)

    @classmethod
    def of(cls, description: NodeDescription, state: str, height: int) -> "RegisteredNode":
        """The node that describes itself so."""
        return cls(
            description.node_id,
            description.name,
            description.address,
            description.agreement,
            description.log,
            description.cosigner,
            description.transport,
            state,
            height,
        )

    @classmethod
    def from_fields(cls, node_id: Hash, fields: dict[str, Value]) -> "RegisteredNode":
        """The node in the fields of its record.

        Raises:
            DecodingError: not such fields.
        """
        name, address, state, height = (fields.get(one) for one in ("name", "address", "state", "height"))
        if (
            not isinstance(name, str)
            or not (address is None or isinstance(address, str))
            or not isinstance(state, str)
            or state not in NODE_STATES
            or type(height) is not int
            or height < 0
        ):
            raise DecodingError("the record of node {node} lacks its name, state or height", node=node_id.hex())
        keys = {purpose: _public_key(fields.get(purpose), node_id) for purpose in NODE_KEY_TYPES}
        return cls(
            id=node_id,
            name=name,
            address=address,
            state=state,
            height=height,
            replaces=_replaced(fields, node_id),
            decision=decision_in(fields),
            **keys,
        )

    @property
    def fields(self) -> dict[str, Value]:
        """The fields of the record; without `address` where there is none."""
        fields: dict[str, Value] = {} if self.address is None else {"address": self.address}
        if self.decision is not None:
            fields["decision"] = self.decision
        if self.replaces is not None:
            fields["replaces"] = self.replaces
        return {**fields, **self.keys, "height": self.height, "name": self.name, "state": self.state}

    @property
    def keys(self) -> dict[str, bytes]:
        """The public keys by purpose."""
        return {purpose: getattr(self, purpose) for purpose in NODE_KEY_TYPES}

    @property
    def is_member(self) -> bool:
        """Whether the node belongs to the network: it has not left."""
        return self.state != STATE_LEFT


class RecordToWrite(NamedTuple):
    """Kind, id and fields of a record."""

    kind: str
    id: str
    fields: dict[str, Value]


class KeyHolder(NamedTuple):
    """The node that a key was given to, and what for."""

    node_id: Hash
    purpose: str


def registration_records(node: RegisteredNode) -> tuple[RecordToWrite, ...]:
    """Everything that the registration of a node writes: the node, its name, its four keys."""
    holders = [
        RecordToWrite(KIND_NODE_KEY, key.hex(), {"node": node.id, "purpose": purpose})
        for purpose, key in node.keys.items()
    ]
    return (
        RecordToWrite(KIND_NODE, node.id.hex(), node.fields),
        RecordToWrite(KIND_NODE_NAME, node.name, {"node": node.id}),
        *holders,
    )


def node_of(state: StateReader, node_id: Hash) -> RegisteredNode | None:
    """The node of this id, also one that has left; None if there never was one.

    Raises:
        DecodingError: its record is damaged.
    """
    data = state.get(record_key(KIND_NODE, node_id.hex()))
    return None if data is None else RegisteredNode.from_fields(node_id, Record.decode(data).fields)


def holder_of_key(state: StateReader, key: bytes) -> KeyHolder | None:
    """Whose key this is, or was; None if no node ever had it.

    Raises:
        DecodingError: the record of the key is damaged.
    """
    if len(key) != PUBLIC_KEY_SIZE_BYTES:
        return None
    data = state.get(record_key(KIND_NODE_KEY, key.hex()))
    return None if data is None else key_holder(Record.decode(data).fields)


def node_of_transport_key(state: StateReader, key: bytes) -> RegisteredNode | None:
    """The node that may connect with this key; None for every other key and for a node that has left.

    This is the pin of a connection: the peer's key after the handshake, and nothing else, says who it is.
    """
    holder = holder_of_key(state, key)
    node = None if holder is None else node_of(state, holder.node_id)
    return node if node is not None and node.is_member and node.transport == key else None


def registered_nodes(records: Iterable[tuple[bytes, bytes]]) -> Iterator[RegisteredNode]:
    """The nodes in these records of the kind `node`, in their order, without those that have left.

    Args:
        records: Keys and values, as `StoreReader.scan_state(NODE_PREFIX)` gives them; read as far as is asked.

    Raises:
        DecodingError: one is no record of a node.
    """
    for key, data in records:
        node = RegisteredNode.from_fields(_node_id(key), Record.decode(data).fields)
        if node.is_member:
            yield node


def key_holder(fields: dict[str, Value]) -> KeyHolder:
    """Whose key a record `node-key` is about.

    Raises:
        DecodingError: not such fields.
    """
    node_id, purpose = fields.get("node"), fields.get("purpose")
    if not isinstance(node_id, bytes) or not isinstance(purpose, str):
        raise DecodingError("the record of a node's key lacks the node or the purpose")
    return KeyHolder(node_id, purpose)


def node_subject(node_id: Hash) -> str:
    """The subject in whose chain everything that concerns this node is linked."""
    return "node/" + node_id.hex()


def _node_id(key: bytes) -> Hash:
    kind, record_id = parse_record_key(key)
    try:
        node_id = bytes.fromhex(record_id)
    except ValueError:
        node_id = b""
    if kind != KIND_NODE or len(node_id) != HASH_SIZE_BYTES:
        raise DecodingError("{key} is not the key of a node's record", key=key.hex())
    return node_id


def _replaced(fields: dict[str, Value], node_id: Hash) -> Hash | None:
    replaces = fields.get("replaces")
    if replaces is not None and (not isinstance(replaces, bytes) or len(replaces) != HASH_SIZE_BYTES):
        raise DecodingError("the record of node {node} replaces what cannot be a node", node=node_id.hex())
    return replaces


def _public_key(value: Value, node_id: Hash) -> bytes:
    if not isinstance(value, bytes) or len(value) != PUBLIC_KEY_SIZE_BYTES:
        raise DecodingError("the record of node {node} lacks one of its four keys", node=node_id.hex())
    return value

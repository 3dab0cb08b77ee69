"""The records of the registry, and who is found in it."""

import pytest

from contracts.administrators import Administrators, administrators_of
from contracts.genesis_state import genesis_records
from contracts.node_registry import (
    RegisteredNode,
    holder_of_key,
    node_of,
    node_of_transport_key,
    registered_nodes,
    registration_records,
)
from contracts.record import Record, record_key
from ledger.encoding import Value
from ledger.errors import DecodingError
from tests.contracts.governed_ledger import description, governed_genesis, node_id

NODE = RegisteredNode.of(description(7), "observer", 5)
STATE = genesis_records(governed_genesis())


def test_a_record_holds_the_whole_node() -> None:
    assert RegisteredNode.from_fields(NODE.id, NODE.fields) == NODE
    assert NODE.id == node_id(7)
    assert list(NODE.keys) == ["agreement", "log", "cosigner", "transport"]


def test_a_registration_writes_the_node_its_name_and_its_keys() -> None:
    assert [(one.kind, one.id) for one in registration_records(NODE)] == [
        ("node", NODE.id.hex()),
        ("node-name", "node-7"),
        *(("node-key", key.hex()) for key in NODE.keys.values()),
    ]


def test_the_nodes_of_the_genesis_are_found() -> None:
    voter = description(0)
    assert node_of(STATE, node_id(0)) == RegisteredNode.of(voter, "voter", 0)
    assert node_of(STATE, node_id(7)) is None
    assert node_of_transport_key(STATE, voter.transport) == node_of(STATE, node_id(0))
    assert holder_of_key(STATE, voter.log) == (node_id(0), "log")
    assert holder_of_key(STATE, description(7).log) is None
    records = [(key, STATE[key]) for key in STATE if key.startswith(b"node\0")]
    assert {node.id for node in registered_nodes(records)} == {node_id(0), node_id(1), node_id(2)}


def test_a_key_that_the_node_has_no_more_opens_nothing() -> None:
    """A node that was given new keys is pinned to them: the record of an old key only keeps it from being reused."""
    state = dict(STATE)
    old = description(7).transport
    state[record_key("node-key", old.hex())] = Record(1, {"node": node_id(0), "purpose": "transport"}).encode()
    assert node_of_transport_key(state, old) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"name": None},
        {"address": 1},
        {"state": "leader"},
        {"state": 1},
        {"height": -1},
        {"height": True},
        {"agreement": None},
        {"transport": b"short"},
    ],
)
def test_a_damaged_record_is_told(changes: dict[str, Value]) -> None:
    with pytest.raises(DecodingError):
        RegisteredNode.from_fields(NODE.id, NODE.fields | changes)


@pytest.mark.parametrize("key", [b"node\0xyz", b"node\0" + b"00" * 31, b"nodes\0" + b"00" * 32, b"node"])
def test_what_is_no_record_of_a_node_is_told(key: bytes) -> None:
    with pytest.raises(DecodingError):
        list(registered_nodes([(key, Record(1, NODE.fields).encode())]))


@pytest.mark.parametrize("fields", [{}, {"node": bytes(32)}, {"purpose": "log"}, {"node": "x", "purpose": "log"}])
def test_a_damaged_record_of_a_key_is_told(fields: dict[str, Value]) -> None:
    key = description(7).log
    with pytest.raises(DecodingError):
        holder_of_key({record_key("node-key", key.hex()): Record(1, fields).encode()}, key)


@pytest.mark.parametrize("members", [None, [], [b"short"], ["x"], [bytes(32), 1]])
def test_a_damaged_record_of_the_administrators_is_told(members: Value) -> None:
    with pytest.raises(DecodingError):
        Administrators.from_fields({"members": members})
    with pytest.raises(DecodingError):
        administrators_of({})


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (63, 32), (64, 33)])
def test_more_than_half_of_the_administrators_agree(count: int, needed: int) -> None:
    administrators = Administrators(tuple(bytes([number]) * 32 for number in range(count)))
    assert administrators.needed == needed
    assert administrators.count(administrators.members[:needed]) == administrators.needed
    assert administrators.count(administrators.members[: needed - 1]) == needed - 1
    others = [bytes([200 + number]) * 32 for number in range(50)]
    assert administrators.count([*administrators.members[: needed - 1], *others]) == needed - 1
    assert administrators.count(list(administrators.members[: needed - 1]) * 9) == needed - 1

"""The state at height 0: the records that a genesis implies.

Owns the records of parameters, nodes, voters and first administrators; never anything that comes later. The
records are a pure function of the genesis, so every node starts with the same digest.
Source: docs/reference/contracts.md, "The state at height 0".
"""

from dataclasses import asdict

from contracts.member import ROLE_ADMINISTRATOR, member_fields, member_record_key
from contracts.record import Record, record_key
from ledger.encoding import Value
from ledger.genesis import Genesis, member_id
from ledger.node_keys import NodeDescription
from ledger.signing import SCHEME_ED25519

PARAMETERS_KEY = record_key("parameters", "network")
VOTERS_KEY = record_key("voters", "current")
NODE_STATUS_VOTER = "voter"
# The kinds of all records below.
GENESIS_KINDS = frozenset(("member", "node", "parameters", "voters"))


def genesis_records(genesis: Genesis) -> dict[bytes, bytes]:
    """The state at height 0: encoded records by key, every one of version 1, in ascending order of the keys."""
    records: dict[bytes, dict[str, Value]] = {
        PARAMETERS_KEY: dict(asdict(genesis.parameters)),
        VOTERS_KEY: _voters(genesis),
    }
    for voter in genesis.voters:
        records[record_key("node", voter.node_id.hex())] = _node(voter)
    for administrator in genesis.administrators:
        member = member_id(genesis.network_id, administrator.public_key)
        records[member_record_key(member)] = member_fields(
            administrator.name, [(SCHEME_ED25519, administrator.public_key)], [ROLE_ADMINISTRATOR]
        )
    return {key: Record(1, fields).encode() for key, fields in sorted(records.items())}


def _node(description: NodeDescription) -> dict[str, Value]:
    return {
        "name": description.name,
        "address": description.address,
        "agreement": description.agreement,
        "log": description.log,
        "cosigner": description.cosigner,
        "transport": description.transport,
        "status": NODE_STATUS_VOTER,
    }


def _voters(genesis: Genesis) -> dict[str, Value]:
    """`from_height` and `from_size`: from which block and log size on this set certifies."""
    return {
        "number": 1,
        "quorum": genesis.quorum,
        "voters": [node_id for node_id in sorted(voter.node_id for voter in genesis.voters)],
        "from_height": 1,
        "from_size": 0,
    }

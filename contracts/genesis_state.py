"""The state at height 0: the records that a genesis implies.

Owns which records these are; their forms belong to those who keep them later. The records are a pure function of the
genesis, so every node starts with the same digest. Source: docs/reference/contracts.md, "The state at height 0".
"""

from dataclasses import asdict

from contracts.administrators import ADMINISTRATORS_KEY, KIND_ADMINISTRATORS, Administrators
from contracts.authority.permission import KIND_PERMISSION
from contracts.member import ROLE_ADMINISTRATOR, member_fields, member_record_key
from contracts.node_registry import (
    KIND_NODE,
    KIND_NODE_KEY,
    KIND_NODE_NAME,
    STATE_VOTER,
    RegisteredNode,
    registration_records,
)
from contracts.packs.active import PACK_KINDS
from contracts.packs.beginning import pack_records
from contracts.record import Record, record_key
from contracts.timers import KIND_TIMER
from contracts.voter_record import KIND_VOTERS, VOTERS_KEY, RecordedVoter, VoterRecord, numbered_id
from ledger.encoding import Value
from ledger.genesis import Genesis, member_id
from ledger.signing import SCHEME_ED25519

KIND_PARAMETERS = "parameters"
PARAMETERS_ID = "network"
PARAMETERS_KEY = record_key(KIND_PARAMETERS, PARAMETERS_ID)
# The kinds of all records below.
GENESIS_KINDS = frozenset(
    (
        KIND_ADMINISTRATORS,
        "member",
        KIND_NODE,
        KIND_NODE_KEY,
        KIND_NODE_NAME,
        KIND_PARAMETERS,
        KIND_PERMISSION,
        KIND_TIMER,
        KIND_VOTERS,
        *PACK_KINDS,
    )
)

# Only a successor network begins with records of this kind (`contracts.inheritance`): the policies by which receipts of
# the ledgers before it are verified.
KIND_FORMER_POLICY = "former-policy"


def genesis_records(genesis: Genesis) -> dict[bytes, bytes]:
    """The state at height 0: encoded records by key, every one of version 1, in ascending order of the keys.

    That of a successor holds the inherited records besides (`contracts.inheritance`), of which none has these keys.
    """
    nodes = [RegisteredNode.of(voter, STATE_VOTER, 0) for voter in genesis.voters]
    voters = VoterRecord(0, genesis.quorum, 0, tuple(map(RecordedVoter.of, nodes))).fields
    records: dict[bytes, dict[str, Value]] = {
        PARAMETERS_KEY: dict(asdict(genesis.parameters)),
        VOTERS_KEY: voters,
        record_key(KIND_VOTERS, numbered_id(0)): voters,
    }
    for node in nodes:
        for kind, record_id, fields in registration_records(node):
            records[record_key(kind, record_id)] = fields
    members = []
    for administrator in genesis.administrators:
        member = member_id(genesis.network_id, administrator.public_key)
        records[member_record_key(member)] = member_fields(
            administrator.name, [(SCHEME_ED25519, administrator.public_key)], [ROLE_ADMINISTRATOR]
        )
        members.append(member)
    records |= pack_records(genesis.packs)
    if genesis.predecessor is None:
        records[ADMINISTRATORS_KEY] = Administrators(tuple(sorted(members))).fields
    return {key: Record(1, fields).encode() for key, fields in sorted(records.items())}

"""The state at height 0."""

from dataclasses import asdict, replace
from hashlib import sha256

import pytest

from consensus.voters import Voter, VoterSet
from contracts.administrators import administrators_of
from contracts.authority.permission import KIND_PERMISSION
from contracts.genesis_state import GENESIS_KINDS, PARAMETERS_KEY, genesis_records
from contracts.member import Member, member_record_key
from contracts.packs.active import PACK_KINDS
from contracts.record import Record, parse_record_key
from contracts.timers import KIND_TIMER
from contracts.voter_record import VOTERS_KEY, voter_set_of
from ledger.encoding import encode
from ledger.genesis import member_id
from ledger.signing import SigningKey
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey
from tests.contracts.trial_ledger import ADMINISTRATOR, trial_genesis

GENESIS = trial_genesis(window_blocks_max=5)
RECORDS = genesis_records(GENESIS)


def test_it_holds_parameters_voters_nodes_and_administrators_and_nothing_else() -> None:
    kinds = [parse_record_key(key)[0] for key in RECORDS]
    assert kinds == [
        "administrators",
        "member",
        "node",
        *["node-key"] * 4,
        "node-name",
        "parameters",
        *["voters"] * 2,
    ]
    assert set(kinds) == GENESIS_KINDS - PACK_KINDS - {KIND_PERMISSION, KIND_TIMER}
    assert list(RECORDS) == sorted(RECORDS)


def test_the_parameters_are_the_genesis_own() -> None:
    assert Record.decode(RECORDS[PARAMETERS_KEY]) == Record(1, asdict(GENESIS.parameters))


def test_the_first_voters_certify_from_the_first_block() -> None:
    voter = GENESIS.voters[0]
    assert Record.decode(RECORDS[VOTERS_KEY]).fields == {
        "number": 0,
        "quorum": "majority",
        "barrier_height": 0,
        "voters": [
            {
                "node": voter.node_id,
                "name": "alpha",
                "agreement": voter.agreement,
                "log": voter.log,
                "cosigner": voter.cosigner,
            }
        ],
    }
    assert RECORDS[b"voters\x00000000000"] == RECORDS[VOTERS_KEY]
    assert voter_set_of(RECORDS).hash == VoterSet((Voter(voter.node_id, voter.agreement),), "majority").hash


def test_a_node_has_its_address_and_four_keys() -> None:
    voter = GENESIS.voters[0]
    assert Record.decode(RECORDS[b"node\0" + voter.node_id.hex().encode()]).fields == {
        "name": "alpha",
        "address": "127.0.0.1:7001",
        "agreement": voter.agreement,
        "log": voter.log,
        "cosigner": voter.cosigner,
        "transport": voter.transport,
        "state": "voter",
        "height": 0,
    }


@pytest.mark.parametrize("purpose", ["agreement", "log", "cosigner", "transport"])
def test_names_and_keys_of_nodes_are_used_up(purpose: str) -> None:
    voter = GENESIS.voters[0]
    key = b"node-key\0" + getattr(voter, purpose).hex().encode()
    assert Record.decode(RECORDS[key]).fields == {"node": voter.node_id, "purpose": purpose}
    assert Record.decode(RECORDS[b"node-name\0alpha"]).fields == {"node": voter.node_id}


def test_the_administrators_are_listed() -> None:
    keys = [SigningKey.from_seed(bytes([number]) * 32) for number in (9, 8, 7)]
    genesis = replace(
        GENESIS, administrators=tuple(VerifierKey(f"a{key.public[0]}", KEY_TYPE_MEMBER, key.public) for key in keys)
    )
    members = sorted(member_id(genesis.network_id, key.public) for key in keys)
    assert Record.decode(genesis_records(genesis)[b"administrators\0current"]).fields == {"members": members}
    assert administrators_of(genesis_records(genesis)).needed == 2


def test_pinned_bytes() -> None:
    """What every network begins with is part of the ledger: its digest stands in the first header."""
    everything = encode([[key, value] for key, value in RECORDS.items()])
    assert sha256(everything).hexdigest() == "ecf86b10a8376428fcbf9afac8fd4c7aa0c5fdf4367db3afc8f434fb0ccd1d93"


def test_an_administrator_is_a_member_with_its_key() -> None:
    member = member_id(GENESIS.network_id, ADMINISTRATOR.public)
    found = Member.decode(member, RECORDS[member_record_key(member)])
    assert found == Member(member, "wang", frozenset({("ed25519", ADMINISTRATOR.public)}), frozenset({"administrator"}))


def test_it_depends_on_the_genesis_alone() -> None:
    assert genesis_records(trial_genesis(window_blocks_max=5)) == RECORDS
    assert genesis_records(trial_genesis(window_blocks_max=6)) != RECORDS

"""The state at height 0."""

from dataclasses import asdict

from contracts.genesis_state import GENESIS_KINDS, PARAMETERS_KEY, VOTERS_KEY, genesis_records
from contracts.member import Member, member_record_key
from contracts.record import Record, parse_record_key
from ledger.genesis import member_id
from tests.contracts.trial_ledger import ADMINISTRATOR, trial_genesis

GENESIS = trial_genesis(window_blocks_max=5)
RECORDS = genesis_records(GENESIS)


def test_it_holds_parameters_voters_nodes_and_administrators_and_nothing_else() -> None:
    kinds = [parse_record_key(key)[0] for key in RECORDS]
    assert kinds == ["member", "node", "parameters", "voters"]
    assert set(kinds) == GENESIS_KINDS
    assert list(RECORDS) == sorted(RECORDS)


def test_the_parameters_are_the_genesis_own() -> None:
    assert Record.decode(RECORDS[PARAMETERS_KEY]) == Record(1, asdict(GENESIS.parameters))


def test_the_first_voters_certify_from_the_first_block() -> None:
    assert Record.decode(RECORDS[VOTERS_KEY]).fields == {
        "number": 1,
        "quorum": "majority",
        "voters": [GENESIS.voters[0].node_id],
        "from_height": 1,
        "from_size": 0,
    }


def test_a_node_has_its_address_and_four_keys() -> None:
    voter = GENESIS.voters[0]
    assert Record.decode(RECORDS[b"node\0" + voter.node_id.hex().encode()]).fields == {
        "name": "alpha",
        "address": "127.0.0.1:7001",
        "agreement": voter.agreement,
        "log": voter.log,
        "cosigner": voter.cosigner,
        "transport": voter.transport,
        "status": "voter",
    }


def test_an_administrator_is_a_member_with_its_key() -> None:
    member = member_id(GENESIS.network_id, ADMINISTRATOR.public)
    found = Member.decode(member, RECORDS[member_record_key(member)])
    assert found == Member(member, "wang", frozenset({("ed25519", ADMINISTRATOR.public)}), frozenset({"administrator"}))
    assert found.is_administrator


def test_it_depends_on_the_genesis_alone() -> None:
    assert genesis_records(trial_genesis(window_blocks_max=5)) == RECORDS
    assert genesis_records(trial_genesis(window_blocks_max=6)) != RECORDS

"""The genesis. Source: docs/protocol.md, section 3."""

import hashlib
import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding import decode, encode
from ledger.errors import InvalidGenesisError
from ledger.genesis import Genesis, Parameters, member_id, parse_genesis
from ledger.verifier_key import KEY_TYPE_LOG, KEY_TYPE_MEMBER, VerifierKey
from tests.ledger.samples import CREATED_MS, genesis, member_key, node_description, node_keys

GENESIS = genesis()
TEXT = GENESIS.to_json()


def member(number: int, name: str = "member") -> VerifierKey:
    """An administrator's key."""
    return VerifierKey(name, KEY_TYPE_MEMBER, member_key(number).public)


def _text(**changes: object) -> str:
    document = json.loads(TEXT)
    return json.dumps({name: value for name, value in {**document, **changes}.items() if value is not ...})


def _parameters(**changes: object) -> dict[str, object]:
    document = json.loads(TEXT)["parameters"]
    return {name: value for name, value in {**document, **changes}.items() if value is not ...}


@pytest.mark.parametrize("voter_count", [1, 4, 21])
def test_a_genesis_is_read_back(voter_count: int) -> None:
    one = genesis(voter_count)
    again = parse_genesis(one.to_json())
    assert again == one
    assert again.network_id == one.network_id
    assert again.to_json() == one.to_json()


def test_the_mapping_to_the_canonical_encoding() -> None:
    """Same names, texts to texts, whole numbers to integers."""
    assert decode(GENESIS.canonical) == json.loads(TEXT)
    assert GENESIS.canonical == encode(json.loads(TEXT))
    assert GENESIS.network_id == hashlib.sha256(b"banyan/genesis/v1\x00" + GENESIS.canonical).digest()


def test_the_document_is_text_for_people() -> None:
    document = json.loads(TEXT)
    assert list(document) == [
        "format",
        "name",
        "created_ms",
        "visibility",
        "quorum",
        "parameters",
        "voters",
        "administrators",
        "packs",
    ]
    assert list(document["parameters"]) == [one.name for one in fields(Parameters)]
    assert TEXT.startswith('{\n  "format": "banyan-genesis/v1",\n') and TEXT.endswith("}\n")


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_document_does_not_matter(random: Any) -> None:
    document = json.loads(replace(GENESIS, administrators=(member(1), member(2), member(3, "zhang"))).to_json())
    shuffled: dict[str, Any] = {}
    for name in random.sample(sorted(document), len(document)):
        value = document[name]
        shuffled[name] = random.sample(value, len(value)) if isinstance(value, list) else value
    assert parse_genesis(json.dumps(shuffled)).network_id == parse_genesis(json.dumps(document)).network_id


@pytest.mark.parametrize(
    "changed",
    [
        replace(GENESIS, name="other.example/ledger"),
        replace(GENESIS, created_ms=CREATED_MS + 1),
        replace(GENESIS, visibility="members"),
        replace(GENESIS, quorum="two-thirds"),
        replace(GENESIS, parameters=Parameters(window_blocks_max=7)),
        replace(GENESIS, voters=GENESIS.voters[1:]),
        replace(GENESIS, administrators=(member(2),)),
        replace(GENESIS, administrators=(member(1, "name"),)),
    ],
)
def test_every_field_makes_another_network(changed: Genesis) -> None:
    assert changed.network_id != GENESIS.network_id


def test_a_member_has_another_id_in_every_network() -> None:
    key = member_key(1).public
    one, other = GENESIS.network_id, genesis(1).network_id
    assert member_id(one, key) == hashlib.sha256(b"banyan/member/v1\x00" + one + key).digest()
    assert member_id(one, key) != member_id(other, key)


VOTERS = json.loads(TEXT)["voters"]
ADMINISTRATOR = str(member(1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("[]", "JSON object"),
        (_text(packs=..., quorum=...), "lacks packs, quorum"),
        (_text(colour="red"), "unknown fields, take them out: 'colour'"),
        (TEXT.replace('"packs": []', '"packs": [], "packs": []'), "'packs' stands in one object twice"),
        (_text(format="banyan-genesis/v2"), "'banyan-genesis/v2', known is banyan-genesis/v1"),
        (_text(name=7), "`name`"),
        (_text(name=""), "the network name ''"),
        (_text(name="https://huaxin.example"), "the network name 'https://huaxin.example'"),
        (_text(name="Huaxin"), "the network name"),
        (_text(name="a" * 201), "the network name"),
        (_text(created_ms="1"), "`created_ms`"),
        (_text(created_ms=True), "`created_ms`"),
        (_text(created_ms=1.5), "1.5 is not a whole number"),
        (_text(created_ms=CREATED_MS // 1000), "`created_ms` is 1790000000, no time in milliseconds"),
        (_text(created_ms=CREATED_MS * 1000), "no time in milliseconds"),
        (_text(visibility="secret"), "`visibility` is one of public, members"),
        (_text(visibility=None), "`visibility`"),
        (_text(quorum="half"), "`quorum` is one of majority, two-thirds"),
        (_text(quorum="two-thirds", voters=VOTERS[:3]), "needs at least 4 voters"),
        (_text(parameters=[]), "`parameters`"),
        (_text(parameters={}), "`parameters` lacks block_size_bytes_max, block_transactions_max, clock"),
        (_text(parameters=_parameters(colour=1)), "`parameters` has unknown fields, take them out: 'colour'"),
        (_text(parameters=_parameters(window_blocks_max="8")), "`window_blocks_max`"),
        (_text(parameters=_parameters(window_blocks_max=False)), "`window_blocks_max`"),
        (_text(parameters=_parameters(window_blocks_max=0)), "`window_blocks_max` is 0, it must lie between 1 and 64"),
        (_text(parameters=_parameters(transaction_lifetime_ms_max=86_400_001)), "`transaction_lifetime_ms_max` is"),
        (_text(parameters=_parameters(block_size_bytes_max=65_534)), "`block_size_bytes_max` is 65534"),
        (_text(parameters=_parameters(block_transactions_max=0)), "`block_transactions_max` is 0"),
        (_text(parameters=_parameters(clock_skew_ms_max=-1)), "`clock_skew_ms_max` is -1"),
        (
            _text(parameters=_parameters(transactions_per_sender_per_day_max=-1)),
            "`transactions_per_sender_per_day_max`",
        ),
        (_text(voters={}), "`voters`"),
        (_text(voters=[]), "names 0"),
        (_text(voters=["x"]), "JSON object"),
        (_text(voters=[VOTERS[0], VOTERS[0]]), "same name"),
        (_text(voters=[{**VOTERS[0], "port": 1}]), "the node description has unknown fields, take them out: 'port'"),
        (_text(administrators=[]), "names 0"),
        (_text(administrators=ADMINISTRATOR), "`administrators`"),
        (_text(administrators=[7]), "banyan keygen"),
        (_text(administrators=["x"]), "no verifier key"),
        (_text(administrators=[ADMINISTRATOR, ADMINISTRATOR]), "have the same key"),
        (_text(administrators=[ADMINISTRATOR, str(member(1, "second"))]), "have the same key"),
        (_text(administrators=[str(VerifierKey("member", KEY_TYPE_LOG, member_key(1).public))]), "not a member's"),
        (_text(administrators=[str(VerifierKey("member", KEY_TYPE_MEMBER, bytes(32)))]), "no Ed25519 key"),
        (_text(packs={}), "`packs`"),
        (_text(packs=[1]), "`packs`"),
        (_text(packs=["\ud800"]), "surrogate"),
        (_text(packs=[{"name": "x", "manifest": "AA==", "parts": [], "more": 1}]), "more"),
        (_text(packs=[{"name": "X", "manifest": "AA==", "parts": []}]), "no name of a pack"),
        (_text(packs=[{"name": "x", "manifest": "AA=", "parts": []}]), "base64"),
        (_text(packs=[{"name": "x", "manifest": "", "parts": []}]), "base64"),
        (_text(packs=[{"name": "x", "manifest": "AA==", "parts": ["AQ==", "AA=="]}]), "do not ascend"),
        (_text(packs=[{"name": "x", "manifest": "AA==", "parts": ["AA=="] * 41}]), "at most 40 parts"),
        (_text(packs=[{"name": "x", "manifest": "AA==", "parts": []}] * 2), "the same name"),
        (_text(packs=[{"name": "x", "manifest": "AA==", "parts": []}] * 9), "at most 8 packs"),
    ],
    ids=range(55),
)
def test_each_broken_document_is_named(text: str, said: str) -> None:
    with pytest.raises(InvalidGenesisError) as refused:
        parse_genesis(text)
    assert said in str(refused.value)


def test_too_many() -> None:
    assert len(genesis(21).voters) == 21
    with pytest.raises(InvalidGenesisError, match="1 to 21 voters, this genesis names 22"):
        genesis(22)
    replace(GENESIS, administrators=tuple(map(member, range(64))))
    with pytest.raises(InvalidGenesisError, match="1 to 64 administrators, this genesis names 65"):
        replace(GENESIS, administrators=tuple(map(member, range(65))))


def test_no_key_has_two_holders() -> None:
    shared = replace(node_description(2), agreement=node_keys(1).agreement.public)
    with pytest.raises(InvalidGenesisError, match="node-1 and node-2 have the same key"):
        replace(GENESIS, voters=(node_description(1), shared))
    crossed = replace(node_description(2), log=node_keys(1).transport.public)
    with pytest.raises(InvalidGenesisError, match="node-1 and node-2 have the same key"):
        replace(GENESIS, voters=(node_description(1), crossed))
    person = VerifierKey("member", KEY_TYPE_MEMBER, node_keys(1).log.public)
    with pytest.raises(InvalidGenesisError, match="have the same key"):
        replace(GENESIS, administrators=(person,))


@given(st.data())
def test_any_change_of_the_text_is_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEXT)))
    end = data.draw(st.integers(start, min(len(TEXT), start + 30)))
    text = TEXT[:start] + data.draw(st.text(max_size=5)) + TEXT[end:]
    try:
        again = parse_genesis(text)
    except InvalidGenesisError as error:
        assert str(error)
    else:
        assert parse_genesis(again.to_json()) == again

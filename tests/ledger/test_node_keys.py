"""Node keys and descriptions. Source: docs/protocol.md, section 3."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidGenesisError, LocalError
from ledger.node_keys import NodeDescription, NodeKeys, check_address, check_node_name, node_id_of
from ledger.signing import SigningKey
from ledger.verifier_key import KEY_TYPE_LOG, KEY_TYPE_TRANSPORT, VerifierKey
from tests.ledger.samples import member_key, node_description, node_keys

PURPOSES = ("agreement", "log", "cosigner", "transport")
DESCRIPTION = node_description(1, "alpha")


@given(st.binary(min_size=32, max_size=32))
def test_each_key_is_derived_for_its_purpose(seed: bytes) -> None:
    keys = NodeKeys.from_seed(seed)
    for purpose in PURPOSES:
        key_seed = hashlib.blake2b(b"", digest_size=32, key=seed, person=f"banyan/{purpose}".encode()).digest()
        assert getattr(keys, purpose) == SigningKey.from_seed(key_seed)
    assert len({getattr(keys, purpose).public for purpose in PURPOSES}) == 4
    assert keys.node_id == hashlib.sha256(b"banyan/node/v1\x00" + keys.agreement.public).digest()


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_seed_has_32_bytes(size: int) -> None:
    with pytest.raises(LocalError):
        NodeKeys.from_seed(bytes(size))


def test_secrets_do_not_show() -> None:
    assert "_secret" not in repr(node_keys(1))


def test_a_description_is_read_back() -> None:
    again = NodeDescription.from_json(DESCRIPTION.to_json())
    assert again == DESCRIPTION
    assert again.node_id == node_keys(1).node_id == node_id_of(again.agreement)
    assert again.to_json() == DESCRIPTION.to_json()


def test_a_description_is_text_for_people() -> None:
    document = json.loads(DESCRIPTION.to_json())
    assert list(document) == ["format", "name", "address", *PURPOSES]
    assert document["format"] == "banyan-node/v1"
    for purpose in PURPOSES:
        key = VerifierKey.parse(document[purpose])
        assert (key.name, key.public_key) == ("alpha", getattr(node_keys(1), purpose).public)


def _text(**changes: object) -> str:
    document = json.loads(DESCRIPTION.to_json())
    merged = {name: value for name, value in {**document, **changes}.items() if value is not ...}
    return json.dumps(merged)


DAMAGED = str(VerifierKey("alpha", KEY_TYPE_LOG, member_key(1).public))[:-8] + "AAAAAAA="


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "JSON object"),
        (_text(name=...), "lacks name"),
        (_text(seed="x"), "unknown fields, take them out: 'seed'"),
        (_text(format="banyan-node/v2"), "'banyan-node/v2', known is banyan-node/v1"),
        (_text(format=1), "format 1"),
        (_text(name=1), "texts"),
        (_text(name="Alpha"), "'Alpha' is not usable"),
        (_text(name="beta"), "under another name"),
        (_text(address="127.0.0.1"), "HOST:PORT"),
        (_text(address=None), "texts"),
        (_text(log=7), "`log` of node alpha is not a text"),
        (_text(log="alpha+x"), "`log` of node alpha is no verifier key"),
        (_text(log=DAMAGED), "`log` of node alpha is no verifier key"),
        (_text(log=str(VerifierKey("alpha", KEY_TYPE_TRANSPORT, node_keys(1).log.public))), "of another kind"),
        (_text(log=str(VerifierKey("alpha", KEY_TYPE_LOG, node_keys(1).transport.public))), "one key for two purposes"),
        (_text(log=str(VerifierKey("alpha", KEY_TYPE_LOG, bytes(32)))), "no Ed25519 key"),
    ],
    ids=range(16),
)
def test_each_broken_description_is_named(text: str, said: str) -> None:
    with pytest.raises(InvalidGenesisError) as refused:
        NodeDescription.from_json(text)
    assert said in str(refused.value)


def test_keys_of_another_size() -> None:
    with pytest.raises(InvalidGenesisError, match="no Ed25519 key"):
        replace(DESCRIPTION, log=DESCRIPTION.log[:31])


@pytest.mark.parametrize("name", ["a", "alpha", "a-1", "huaxin.example/node-1", "a" * 63, "0"])
def test_names_that_may_be(name: str) -> None:
    check_node_name(name)


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a-", ".", "a/", "a" * 64, "a\n", "节点", "a+b", "a_b"])
def test_names_that_may_not_be(name: str) -> None:
    with pytest.raises(InvalidGenesisError, match="node name"):
        check_node_name(name)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "node.example:65535", "[::1]:7000", "[2001:db8::1]:443", "a:7"])
def test_addresses_that_may_be(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        ":",
        "a",
        "a:",
        ":7",
        "a:0",
        "a:65536",
        "a:999999",
        "a b:7",
        "::1:7",
        "[::1]",
        "a:7\n",
        "a:-1",
        "a:7:8",
        "é:7",
        "a:٧",
    ],
)
def test_addresses_that_may_not_be(address: str) -> None:
    with pytest.raises(InvalidGenesisError, match="HOST:PORT"):
        check_address(address)

"""Headers, outcome leaves and what a header owes its parent. Source: docs/protocol.md, sections 4 and 5."""

import hashlib
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.block import (
    Header,
    Outcome,
    check_first_header,
    check_header_follows,
    is_outcome,
    sign_header,
    verify_proposal,
)
from ledger.encoding import Value, decode, encode
from ledger.errors import DecodingError, InvalidBlockError
from ledger.hashing import ZERO_HASH, sha256
from tests.ledger.byte_forms import assert_one_form, changed
from tests.ledger.samples import CREATED_MS, NETWORK_ID, header, node_keys, outcome, transaction
from tests.ledger.values import counts, hashes, values

FIRST = header()
SECOND = replace(
    FIRST,
    height=2,
    previous_hash=FIRST.hash,
    time_ms=FIRST.time_ms + 1,
    leaf_count=3,
    tree_size=5,
    election_certificate_hash=ZERO_HASH,
    executed_height=1,
    state_digest=sha256(b"after block 1"),
)
OUTCOME = outcome()

headers = st.builds(
    Header,
    network_id=hashes,
    height=counts,
    term=counts,
    previous_hash=hashes,
    time_ms=counts,
    proposer=hashes,
    leaf_count=counts,
    tree_size=counts,
    tree_root=hashes,
    voter_set_hash=hashes,
    election_certificate_hash=hashes,
    executed_height=counts,
    state_digest=hashes,
    checkpoint=st.booleans(),
)
outcomes = st.builds(Outcome, hashes, counts, counts, counts, hashes, hashes, counts)


@given(headers)
def test_a_header_is_read_back(one: Header) -> None:
    again = Header.decode(one.encode())
    assert again == one
    assert again.hash == one.hash == hashlib.sha256(b"banyan/header/v1\x00" + one.encode()).digest()


@given(outcomes)
def test_an_outcome_is_read_back(one: Outcome) -> None:
    assert Outcome.decode(one.encode()) == one
    assert is_outcome(one.encode())


@given(st.one_of(st.binary(max_size=600), changed((FIRST.encode(), SECOND.encode(), OUTCOME.encode()))))
def test_any_bytes_are_a_header_or_outcome_or_refused(data: bytes) -> None:
    assert_one_form(Header.decode, lambda one: one.encode(), data)
    assert_one_form(Outcome.decode, lambda one: one.encode(), data)


@given(values, st.integers(0, 15))
def test_any_value_in_the_place_of_a_field(value: Value, place: int) -> None:
    in_header, in_outcome = decode(FIRST.encode()), decode(OUTCOME.encode())
    assert isinstance(in_header, list) and isinstance(in_outcome, list)
    in_header[place] = in_outcome[place % 9] = value
    assert_one_form(Header.decode, lambda one: one.encode(), encode(in_header))
    assert_one_form(Outcome.decode, lambda one: one.encode(), encode(in_outcome))


@pytest.mark.parametrize("place", range(16))
def test_the_broken_field_of_a_header_is_named(place: int) -> None:
    items = decode(FIRST.encode())
    assert isinstance(items, list)
    items[place] = "x"
    with pytest.raises(InvalidBlockError) as refused:
        Header.decode(encode(items))
    assert ("version" if place == 0 else fields(Header)[place - 1].name) in str(refused.value)


@pytest.mark.parametrize("place", range(2, 9))
def test_the_broken_field_of_an_outcome_is_named(place: int) -> None:
    items = decode(OUTCOME.encode())
    assert isinstance(items, list)
    items[place] = True
    with pytest.raises(InvalidBlockError) as refused:
        Outcome.decode(encode(items))
    assert fields(Outcome)[place - 2].name in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        encode([]),
        encode({}),
        encode([*(decode(FIRST.encode()) or []), 1]),  # type: ignore[misc]
        FIRST.encode() + b"\x00",
        encode([2, *[0] * 15]),
        encode([True, *[0] * 15]),
        encode(["outcome", 2, *[0] * 7]),
        encode(["outcome", True, *[0] * 7]),
        encode(["Outcome", 1, *[0] * 7]),
        bytes(2000),
    ],
    ids=range(10),
)
def test_what_is_neither(data: bytes) -> None:
    for kind in (Header, Outcome):
        with pytest.raises((InvalidBlockError, DecodingError)):
            kind.decode(data)


def test_a_header_may_name_a_later_version_but_none_that_cannot_be() -> None:
    later = replace(FIRST, protocol_version=2)
    assert Header.decode(later.encode()).protocol_version == 2
    for version in (0, 65_536):
        with pytest.raises(InvalidBlockError, match=f"version {version} of the protocol, which no block can follow"):
            Header.decode(replace(FIRST, protocol_version=version).encode())


def test_the_version_never_goes_down_and_begins_at_one() -> None:
    with pytest.raises(InvalidBlockError, match="protocol_version"):
        check_first_header(replace(FIRST, protocol_version=2), NETWORK_ID, CREATED_MS)
    second = replace(SECOND, protocol_version=3)
    check_header_follows(FIRST, second)
    third = replace(SECOND, height=3, previous_hash=second.hash, time_ms=second.time_ms + 1)
    third = replace(third, tree_size=second.tree_size + third.leaf_count, protocol_version=3)
    check_header_follows(second, third)
    with pytest.raises(InvalidBlockError, match="protocol_version"):
        check_header_follows(second, replace(third, protocol_version=2))


def test_envelopes_are_no_outcomes() -> None:
    assert not is_outcome(transaction().envelope)
    assert not is_outcome(b"")
    assert not is_outcome(b"\x99\xa7outcom")
    assert not is_outcome(encode([b"outcome", *[0] * 8]))


def test_the_proposal_is_signed_under_its_own_domain() -> None:
    key = node_keys(1).agreement
    signature = sign_header(FIRST, key)
    assert signature == key.sign(b"banyan/proposal/v1\x00" + FIRST.hash)
    assert verify_proposal(FIRST, key.public, signature)
    assert not verify_proposal(SECOND, key.public, signature)
    assert not verify_proposal(FIRST, node_keys(2).agreement.public, signature)


def test_headers_that_follow() -> None:
    check_first_header(FIRST, NETWORK_ID, CREATED_MS)
    check_header_follows(FIRST, SECOND)
    check_header_follows(FIRST, replace(SECOND, term=5, election_certificate_hash=sha256(b"election")))
    check_header_follows(FIRST, replace(SECOND, executed_height=0, state_digest=FIRST.state_digest))
    check_header_follows(FIRST, replace(SECOND, time_ms=FIRST.time_ms + 10**9))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("network_id", bytes(32)),
        ("height", 2),
        ("height", 0),
        ("term", 0),
        ("previous_hash", bytes(32)),
        ("time_ms", CREATED_MS),
        ("tree_size", 3),
        ("leaf_count", 0),
        ("executed_height", 1),
        ("election_certificate_hash", ZERO_HASH),
    ],
)
def test_the_first_header_keeps_the_rules(field: str, value: object) -> None:
    with pytest.raises(InvalidBlockError) as refused:
        check_first_header(replace(FIRST, **{field: value}), NETWORK_ID, CREATED_MS)  # type: ignore[arg-type]
    # A wrong count shows in the size that it should add up to.
    assert refused.value.params["field"] == ("tree_size" if field == "leaf_count" else field)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"network_id": bytes(32)}, "network_id"),
        ({"height": 3}, "height"),
        ({"height": 1}, "height"),
        ({"previous_hash": NETWORK_ID}, "previous_hash"),
        ({"term": 0}, "term"),
        ({"time_ms": FIRST.time_ms}, "time_ms"),
        ({"time_ms": FIRST.time_ms - 1}, "time_ms"),
        ({"leaf_count": 0, "tree_size": 2}, "leaf_count"),
        ({"tree_size": 4}, "tree_size"),
        ({"tree_size": 6}, "tree_size"),
        ({"executed_height": 2}, "executed_height"),
        ({"executed_height": 0}, "state_digest"),
        ({"term": 2}, "election_certificate_hash"),
        ({"election_certificate_hash": sha256(b"election")}, "election_certificate_hash"),
    ],
)
def test_a_header_keeps_the_rules_towards_its_parent(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidBlockError) as refused:
        check_header_follows(FIRST, replace(SECOND, **changes))  # type: ignore[arg-type]
    assert refused.value.params["field"] == field


def test_the_executed_height_never_decreases() -> None:
    third = replace(SECOND, height=3, previous_hash=SECOND.hash, time_ms=SECOND.time_ms + 1, tree_size=8)
    check_header_follows(SECOND, third)
    with pytest.raises(InvalidBlockError, match="executed_height"):
        check_header_follows(SECOND, replace(third, executed_height=0))

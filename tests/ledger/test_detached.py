"""Detached values. Source: docs/protocol.md, section 4."""

import hashlib

import pytest
from hypothesis import given

from ledger.detached import (
    DETACHED_COUNT_MAX,
    DETACHED_SIZE_BYTES_MAX,
    DetachedValue,
    check_detached,
    commitment_map,
    commitments_in,
    detach,
    is_commitment,
)
from ledger.encoding import Value, encode
from ledger.errors import DecodingError, InvalidTransactionError
from tests.ledger.samples import DETACHED
from tests.ledger.values import hashes, values


@given(values, hashes)
def test_the_commitment_covers_salt_and_value(value: Value, salt: bytes) -> None:
    detached = detach(value, salt)
    expected = hashlib.sha256(b"banyan/detached/v1\x00" + salt + encode(value)).digest()
    assert detached.commitment == expected
    assert detached.value == value
    assert commitment_map(detached) == {"#": expected}
    assert is_commitment(commitment_map(detached))
    check_detached((detached,))


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        [],
        b"\x00" * 32,
        {"#": "x" * 32},
        {"#": bytes(31)},
        {"#": bytes(33)},
        {"#": bytes(32), "a": 1},
        {"$": bytes(32)},
    ],
)
def test_what_is_no_commitment(value: Value) -> None:
    assert not is_commitment(value)
    assert commitments_in({"x": value}) == []


def test_whole_arguments_and_entries_of_maps_are_detached() -> None:
    other, first, second = detach(1, bytes(32)), detach(3, bytes(32)), detach(4, bytes(32))
    arguments: dict[str, Value] = {
        "b": commitment_map(DETACHED),
        "a": commitment_map(other),
        "inside": [commitment_map(detach(2, bytes(32)))],
        "fields": {"y": commitment_map(second), "x": commitment_map(first), "z": 1},
        "deeper": {"x": {"y": commitment_map(detach(5, bytes(32)))}, "z": [commitment_map(detach(6, bytes(32)))]},
        "plain": 1,
    }
    found = [other.commitment, DETACHED.commitment, first.commitment, second.commitment]
    assert commitments_in(arguments) == found


def test_bounds() -> None:
    check_detached(())
    check_detached((DETACHED,) * DETACHED_COUNT_MAX)
    largest = detach(b"x" * (DETACHED_SIZE_BYTES_MAX - 5), bytes(32))
    assert len(largest.value_bytes) == DETACHED_SIZE_BYTES_MAX
    check_detached((largest,))
    for values_over, said in [
        ((DETACHED,) * (DETACHED_COUNT_MAX + 1), "65 detached values"),
        ((largest, detach(None, bytes(32))), "put the hash of a file"),
        ((DetachedValue(bytes(31), b"\x01"),), "31 bytes, not 32"),
    ]:
        with pytest.raises(InvalidTransactionError, match=said):
            check_detached(values_over)


def test_values_are_canonical() -> None:
    with pytest.raises(DecodingError):
        check_detached((DETACHED, DetachedValue(bytes(32), b"\xcc\x01")))

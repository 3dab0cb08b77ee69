"""Bulk signatures: vectors, every member of any batch, nothing else. Source: docs/protocol.md, section 4; ADR 38."""

import json
from collections.abc import Iterator
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.batch_signature import (
    BATCH_SIGNATURE_SIZE_BYTES_MAX,
    BATCH_SIZE_MAX,
    PATH_START,
    has_batch_form,
    sign_members,
)
from ledger.errors import LocalError
from ledger.signing import SigningKey
from ledger.valid_batches import ValidBatches
from tests.examples import examples
from tests.ledger import batch_reference as reference
from tests.ledger.byte_forms import changed, every_flipped_bit

CASES = json.loads(reference.VECTORS.read_text(encoding="utf-8"))
KEY = SigningKey.from_seed(reference.SEED)
BODIES = reference.bodies_of(BATCH_SIZE_MAX)


# The sizes that one property draws.
@lru_cache(maxsize=64)
def batch(size: int) -> tuple[bytes, ...]:
    return tuple(sign_members(BODIES[:size], KEY))


def is_valid(body: bytes, signature: bytes, key: bytes = KEY.public, batches: ValidBatches | None = None) -> bool:
    """As a node tells: the form when it decodes, the rest when it verifies."""
    if not has_batch_form(signature):
        return False
    return (ValidBatches() if batches is None else batches).verify(key, body, signature)


def test_the_vectors_are_those_of_the_reference() -> None:
    assert reference.vectors() == CASES


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_vectors(case: dict[str, object]) -> None:
    key, body, signature = (bytes.fromhex(str(case[name])) for name in ("key", "body", "signature"))
    assert is_valid(body, signature, key) is case["valid"]
    assert reference.verify(key, body, signature) is case["valid"]


@given(st.integers(1, BATCH_SIZE_MAX), st.data())
@settings(max_examples=examples(15))
def test_every_member_of_any_batch(size: int, data: st.DataObject) -> None:
    signatures = batch(size)
    assert len(signatures) == size
    # A step that meets all places and all lengths of paths without hashing 1,024 of them each time.
    for position in {0, size - 1, *range(data.draw(st.integers(0, 40)), size, 41)}:
        assert is_valid(BODIES[position], signatures[position])
        assert len(signatures[position]) <= BATCH_SIGNATURE_SIZE_BYTES_MAX
    position = data.draw(st.integers(0, size - 1))
    assert reference.verify(KEY.public, BODIES[position], signatures[position])


def test_all_members_of_the_largest_batch_with_one_memory() -> None:
    known = ValidBatches()
    signatures = batch(BATCH_SIZE_MAX)
    assert all(map(known.verify, [KEY.public] * BATCH_SIZE_MAX, BODIES, signatures))
    # The root, a branch for four members, and the last two come along the right edge.
    assert len(known) == 1 + BATCH_SIZE_MAX // 4 + 2
    assert {len(one) for one in signatures} == {BATCH_SIGNATURE_SIZE_BYTES_MAX}


@pytest.mark.parametrize(("size", "position"), [(1, 0), (2, 1), (6, 2), (7, 6), (16, 5)])
def test_any_bit_that_is_changed(size: int, position: int) -> None:
    """Of the signature, the body and the key; by a node that knows the whole batch, too."""
    known, body, signature = ValidBatches(), BODIES[position], batch(size)[position]
    for one, signed in zip(BODIES, batch(size), strict=False):
        assert is_valid(one, signed, batches=known)
    remembered = len(known)
    assert not any(is_valid(body, one, batches=known) for one in every_flipped_bit(signature))
    assert not any(is_valid(one, signature, batches=known) for one in every_flipped_bit(body))
    assert not any(is_valid(body, signature, one, known) for one in every_flipped_bit(KEY.public))
    assert len(known) == remembered


@given(st.integers(1, 40), st.integers(1, 40), st.data())
@settings(max_examples=examples(60))
def test_paths_positions_sizes_and_bodies_of_others(size: int, other_size: int, data: st.DataObject) -> None:
    """Put together from two batches of the same key: it is valid where the reference says so, whatever is known."""
    known = ValidBatches()
    for count in (size, other_size):
        assert all(is_valid(BODIES[at], batch(count)[at], batches=known) for at in range(count))
    ours = batch(size)[data.draw(st.integers(0, size - 1))]
    theirs = batch(other_size)[data.draw(st.integers(0, other_size - 1))]
    parts = [
        data.draw(st.sampled_from((ours, theirs)))[start:end] for start, end in ((0, 2), (2, 4), (4, 68), (68, None))
    ]
    body = BODIES[data.draw(st.integers(0, 40))]
    mixed = b"".join(parts)
    assert is_valid(body, mixed, batches=known) is reference.verify(KEY.public, body, mixed)


@given(changed(tuple(batch(size)[position] for size, position in ((1, 0), (3, 2), (9, 4), (1000, 999)))))
@settings(max_examples=examples(100))
def test_bytes_that_are_nearly_right(signature: bytes) -> None:
    for body in BODIES[0], BODIES[4]:
        assert is_valid(body, signature) is reference.verify(KEY.public, body, signature)


def _forms() -> Iterator[tuple[int, int, int]]:
    for size in (0, 1, 2, 3, 4, 7, 64, 1000, 1023, 1024, 1025, 65_535):
        for position in {0, 1, 2, 3, size // 2, max(size - 2, 0), max(size - 1, 0), size}:
            for hashes in range(13):
                yield position, size, hashes


def test_one_length_for_each_place() -> None:
    """Form alone: the reference finds a root exactly there, in batches that exist."""
    found = 0
    for position, size, hashes in _forms():
        signature = position.to_bytes(2, "big") + size.to_bytes(2, "big") + bytes(PATH_START - 4 + 32 * hashes)
        is_place = position < size <= BATCH_SIZE_MAX
        expected = is_place and reference.root_above(b"", position, size, [bytes(32)] * hashes) is not None
        assert has_batch_form(signature) is expected
        assert not has_batch_form(signature + b"\x00") and not has_batch_form(signature[:-1])
        found += expected
    assert found > 40


@pytest.mark.parametrize("count", [0, BATCH_SIZE_MAX + 1])
def test_sizes_that_no_batch_has(count: int) -> None:
    with pytest.raises(LocalError, match="1 to 1024 members"):
        sign_members([b""] * count, KEY)

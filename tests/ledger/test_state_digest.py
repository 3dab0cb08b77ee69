"""The state digest against an oracle in big integers. Source: docs/protocol.md, section 5."""

import hashlib
from dataclasses import dataclass, field
from random import Random

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LocalError
from ledger.hashing import tagged_hash
from ledger.state_digest import LANE_COUNT, LANES_SIZE_BYTES, StateDigest

keys = st.binary(min_size=1, max_size=40)
contents = st.binary(max_size=60)
states = st.dictionaries(keys, contents, max_size=8)


@dataclass
class Oracle:
    """The same sum, lane by lane, without numpy and without a shared hasher."""

    lanes: list[int] = field(default_factory=lambda: [0] * LANE_COUNT)

    def add(self, key: bytes, value: bytes, sign: int = 1) -> None:
        element = len(key).to_bytes(4, "big") + key + len(value).to_bytes(4, "big") + value
        expanded = blake3(element, derive_key_context="banyan/state-element/v1").digest(length=2048)
        for lane in range(LANE_COUNT):
            added = int.from_bytes(expanded[2 * lane : 2 * lane + 2], "little")
            self.lanes[lane] = (self.lanes[lane] + sign * added) % 2**16

    def lanes_bytes(self) -> bytes:
        return b"".join(lane.to_bytes(2, "little") for lane in self.lanes)

    def digest(self) -> bytes:
        return hashlib.sha256(b"banyan/state-digest/v1\x00" + self.lanes_bytes()).digest()


def _digest_of(state: dict[bytes, bytes]) -> StateDigest:
    digest = StateDigest.empty()
    for key, value in state.items():
        digest.add(key, value)
    return digest


def test_the_empty_state() -> None:
    assert StateDigest.empty().lanes_bytes() == bytes(LANES_SIZE_BYTES)
    assert StateDigest.empty().digest() == tagged_hash("state-digest", bytes(2048)) == Oracle().digest()


@given(states)
def test_it_is_the_oracles_sum(state: dict[bytes, bytes]) -> None:
    oracle = Oracle()
    for key, value in state.items():
        oracle.add(key, value)
    digest = _digest_of(state)
    assert digest.lanes_bytes() == oracle.lanes_bytes()
    assert digest.digest() == oracle.digest()


@given(states, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(state: dict[bytes, bytes], random: Random) -> None:
    shuffled = list(state.items())
    random.shuffle(shuffled)
    assert _digest_of(dict(shuffled)).digest() == _digest_of(state).digest()


@given(states, keys, contents)
def test_taking_away_undoes_putting_in(state: dict[bytes, bytes], key: bytes, value: bytes) -> None:
    digest = _digest_of(state)
    before = digest.lanes_bytes()
    digest.add(key, value)
    assert digest.lanes_bytes() != before
    digest.remove(key, value)
    assert digest.lanes_bytes() == before


@given(states, states)
def test_changes_lead_to_the_digest_of_the_new_state(old: dict[bytes, bytes], new: dict[bytes, bytes]) -> None:
    digest = _digest_of(old)
    digest.apply((key, old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys()))
    assert digest.lanes_bytes() == _digest_of(new).lanes_bytes()


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 200])
def test_many_changes_are_one_after_the_other(count: int) -> None:
    old = {bytes([number]): b"old" for number in range(count)}
    new = {bytes([number]): b"new" for number in range(count // 2, 250)}
    digest = _digest_of(old)
    digest.apply((bytes([number]), old.get(bytes([number])), new.get(bytes([number]))) for number in range(250))
    assert digest.lanes_bytes() == _digest_of(new).lanes_bytes()


@given(states, states)
def test_different_states_differ(one: dict[bytes, bytes], other: dict[bytes, bytes]) -> None:
    assert (_digest_of(one).digest() == _digest_of(other).digest()) == (one == other)


def test_lengths_keep_key_and_value_apart() -> None:
    assert _digest_of({b"ab": b"c"}).digest() != _digest_of({b"a": b"bc"}).digest()


@given(states, keys, contents)
def test_copies_are_independent(state: dict[bytes, bytes], key: bytes, value: bytes) -> None:
    digest = _digest_of(state)
    lanes = digest.lanes_bytes()
    copies = (digest.copy(), StateDigest.from_lanes(lanes))
    for copy in copies:
        assert copy.lanes_bytes() == lanes
        copy.add(key, value)
        assert copy.lanes_bytes() != lanes
    assert digest.lanes_bytes() == lanes


@pytest.mark.parametrize("size", [0, 2047, 2049, 4096])
def test_lanes_have_2048_bytes(size: int) -> None:
    with pytest.raises(LocalError, match="2048"):
        StateDigest.from_lanes(bytes(size))

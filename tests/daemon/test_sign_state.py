"""The sign-state's record: what it refuses to forget, and when it asks for a flush."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sign_state import RESERVED_HEIGHTS, SIGN_STATE_SIZE_BYTES_MAX, SignState
from ledger.encoding import encode
from ledger.errors import DecodingError

counts = st.integers(min_value=0, max_value=2**63 - 1)
hashes = st.binary(min_size=32, max_size=32)
states = st.builds(SignState, counts, hashes, counts, counts, hashes, counts, counts, hashes, counts, counts, hashes)


@given(states)
def test_round_trip_and_size(state: SignState) -> None:
    data = state.encode()
    assert SignState.decode(data) == state
    assert len(data) <= SIGN_STATE_SIZE_BYTES_MAX


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DecodingError):
        SignState.decode(data)


@pytest.mark.parametrize("position", range(12))
def test_each_field_is_checked(position: int) -> None:
    fields: list[object] = ["sign-state/v1", *[1] * 7, *[b"h" * 32] * 4]
    assert SignState.decode(encode(fields))  # type: ignore[arg-type]
    fields[position] = -1 if position else "sign-state/v2"
    with pytest.raises(DecodingError):
        SignState.decode(encode(fields))  # type: ignore[arg-type]


def test_a_vote_is_given_once_a_term() -> None:
    state = SignState().with_term(3, b"c" * 32)
    assert (state.term, state.voted_for) == (3, b"c" * 32)
    for term in (2, 3):
        with pytest.raises(AssertionError):
            state.with_term(term, b"d" * 32)


def test_a_term_may_be_adopted_before_its_vote_is_given_once() -> None:
    adopted = SignState().with_term(3, None)
    voted = adopted.with_vote(3, b"c" * 32)
    assert voted.needs_flush_after(adopted)
    with pytest.raises(AssertionError):
        voted.with_vote(3, b"d" * 32)
    with pytest.raises(AssertionError):
        adopted.with_vote(4, b"d" * 32)


def test_one_hash_is_acknowledged_per_term_and_height() -> None:
    state = SignState().with_term(1, b"c" * 32).with_acknowledgement(1, 5, b"a" * 32)
    for height in (4, 5):
        with pytest.raises(AssertionError):
            state.with_acknowledgement(1, height, b"b" * 32)
    with pytest.raises(AssertionError):
        state.with_acknowledgement(2, 6, b"b" * 32)
    assert state.with_acknowledgement(1, 6, b"b" * 32).acknowledged_hash == b"b" * 32


def test_one_hash_is_proposed_per_term_and_height() -> None:
    state = SignState().with_term(1, b"c" * 32).with_proposal(1, 5, b"a" * 32)
    with pytest.raises(AssertionError):
        state.with_proposal(1, 5, b"b" * 32)


def test_a_smaller_checkpoint_is_never_cosigned() -> None:
    state = SignState().with_cosignature(10, b"r" * 32)
    with pytest.raises(AssertionError):
        state.with_cosignature(9, b"r" * 32)


def test_one_flush_covers_the_next_heights_and_a_new_term_needs_its_own() -> None:
    state = SignState().with_term(1, b"c" * 32)
    flushes = 0
    for height in range(1, 3 * RESERVED_HEIGHTS + 1):
        following = state.with_acknowledgement(1, height, b"a" * 32)
        flushes += following.needs_flush_after(state)
        assert following.reserved_height >= height
        state = following
    assert flushes == 3
    voted = state.with_term(2, b"c" * 32)
    assert voted.needs_flush_after(state)
    assert voted.with_acknowledgement(2, 1000, b"a" * 32).needs_flush_after(voted)

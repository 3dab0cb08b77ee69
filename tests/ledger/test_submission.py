"""Submissions: envelopes with what lies beside them. Source: docs/protocol.md, section 4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.detached import DetachedValue, detach
from ledger.encoding import Value, encode
from ledger.errors import DecodingError, InvalidTransactionError, RemoteProtocolError
from ledger.submission import SUBMISSION_SIZE_BYTES_MAX, decode_submission, encode_submission
from tests.ledger.byte_forms import assert_one_form, changed
from tests.ledger.samples import DETACHED, transaction
from tests.ledger.values import hashes, values

ENVELOPE = transaction().envelope
SUBMISSION = encode_submission(ENVELOPE, (DETACHED,))


def test_an_envelope_is_its_own_submission() -> None:
    assert encode_submission(ENVELOPE) == ENVELOPE
    assert decode_submission(ENVELOPE) == (ENVELOPE, ())


@given(st.lists(st.builds(detach, values, hashes), min_size=1, max_size=5))
def test_round_trip(detached: list[DetachedValue]) -> None:
    data = encode_submission(ENVELOPE, tuple(detached))
    assert decode_submission(data) == (ENVELOPE, tuple(detached))


@given(st.one_of(st.binary(max_size=300), changed((SUBMISSION,))))
def test_any_bytes_are_a_submission_or_refused(data: bytes) -> None:
    assert_one_form(decode_submission, lambda parsed: encode_submission(*parsed), data)


@given(values, values)
def test_any_value_in_the_place_of_a_field(envelope: Value, detached: Value) -> None:
    data = encode({"envelope": envelope, "detached": detached})
    assert_one_form(decode_submission, lambda parsed: encode_submission(*parsed), data)


PAIR: list[Value] = [DETACHED.salt, DETACHED.value_bytes]


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({}, InvalidTransactionError),
        ([], InvalidTransactionError),
        ([ENVELOPE, [PAIR], 1], InvalidTransactionError),
        (ENVELOPE, InvalidTransactionError),
        ({"envelope": ENVELOPE}, InvalidTransactionError),
        ({"envelope": ENVELOPE, "detached": []}, InvalidTransactionError),
        ({"envelope": ENVELOPE, "detached": [PAIR], "more": 1}, InvalidTransactionError),
        ({"envelope": "x", "detached": [PAIR]}, InvalidTransactionError),
        ({"envelope": ENVELOPE, "detached": PAIR}, InvalidTransactionError),
        ({"envelope": ENVELOPE, "detached": [[*PAIR, 1]]}, InvalidTransactionError),
        ({"envelope": ENVELOPE, "detached": [[DETACHED.salt, 7]]}, InvalidTransactionError),
        ({"envelope": ENVELOPE, "detached": [[bytes(5), DETACHED.value_bytes]]}, InvalidTransactionError),
        ({"envelope": ENVELOPE, "detached": [PAIR] * 65}, InvalidTransactionError),
        ({"envelope": ENVELOPE, "detached": [[DETACHED.salt, b"\xcc\x01"]]}, DecodingError),
    ],
    ids=range(14),
)
def test_what_is_no_submission(value: Value, error: type[RemoteProtocolError]) -> None:
    with pytest.raises(error) as refused:
        decode_submission(encode(value))
    assert str(refused.value)


def test_the_largest_submission_fits() -> None:
    """64 values of a megabyte in sum beside an envelope of the largest size."""
    detached = tuple(detach(b"x" * (16_384 - 3), bytes([number]) * 32) for number in range(64))
    assert sum(len(one.value_bytes) for one in detached) == 1024 * 1024
    data = encode_submission(b"\x92" + bytes(65_534), detached)
    assert len(data) <= SUBMISSION_SIZE_BYTES_MAX
    assert decode_submission(data) == (b"\x92" + bytes(65_534), detached)
    with pytest.raises(DecodingError, match="more than"):
        decode_submission(b"\x82" + bytes(SUBMISSION_SIZE_BYTES_MAX))

"""Keys and bytes of records."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.record import InvalidRecordKeyError, Record, parse_record_key, record_key
from ledger.encoding import encode
from ledger.errors import DecodingError

kinds = st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True)
ids = st.from_regex(r"[!-~]{1,100}", fullmatch=True)


@settings(deadline=None)
@given(kinds, ids)
def test_a_key_says_its_kind_and_id(kind: str, record_id: str) -> None:
    assert parse_record_key(record_key(kind, record_id)) == (kind, record_id)


@pytest.mark.parametrize(
    ("kind", "record_id"),
    [
        ("", "a"),
        ("Notice", "a"),
        ("1st", "a"),
        ("a\0b", "a"),
        ("notice", ""),
        ("notice", "with space"),
        ("notice", "支部"),
        ("notice", "line\n"),
        ("notice", "a\0b"),
        ("notice", "x" * 401),
        ("k" * 200, "x" * 400),
    ],
)
def test_what_is_no_key(kind: str, record_id: str) -> None:
    with pytest.raises(InvalidRecordKeyError):
        record_key(kind, record_id)


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_parsing_any_bytes_ends_in_a_key_or_a_decoding_error(data: bytes) -> None:
    try:
        kind, record_id = parse_record_key(data)
    except DecodingError:
        return
    assert record_key(kind, record_id) == data


def test_a_record_round_trips() -> None:
    record = Record(3, {"b": [1, "x"], "a": b"\0"})
    assert Record.decode(record.encode()) == record


@pytest.mark.parametrize(
    "value", [None, [], [1], [0, {}], [True, {}], [1, []], [1, {}, 2], {"version": 1}, [-1, {}], ["1", {}]]
)
def test_what_is_no_record(value: object) -> None:
    with pytest.raises(DecodingError):
        Record.decode(encode(value))  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_decoding_any_bytes_ends_in_a_record_or_a_decoding_error(data: bytes) -> None:
    try:
        record = Record.decode(data)
    except DecodingError:
        return
    assert record.encode() == data


def test_a_record_above_the_bound_is_not_read() -> None:
    with pytest.raises(DecodingError):
        Record.decode(Record(1, {"text": "x" * 16_384}).encode())

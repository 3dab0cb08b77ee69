"""The record of a chain: read without the general codec where it is short, with the same outcome."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.chain import ChainHead
from contracts.record import Record
from ledger.errors import DecodingError

HASHES = st.binary(min_size=32, max_size=32)
SEQUENCES = st.one_of(st.integers(1, 130), st.sampled_from((127, 128, 255, 256, 65_535, 65_536)), st.integers(1, 2**40))


def read(data: bytes) -> tuple[int, bytes] | None:
    try:
        head = ChainHead.decode(data)
    except DecodingError:
        return None
    return head.sequence, head.link


def read_slowly(data: bytes) -> tuple[int, bytes] | None:
    try:
        fields = Record.decode_own(data).fields
    except DecodingError:
        return None
    sequence, link = fields.get("sequence"), fields.get("link")
    if type(sequence) is int and sequence >= 1 and isinstance(link, bytes) and len(link) == 32:
        return sequence, link
    return None


@given(SEQUENCES, HASHES)
def test_a_head_is_a_record_and_read_as_it_was_written(sequence: int, link: bytes) -> None:
    data = ChainHead(sequence, link).encode()
    assert data == Record(sequence, {"sequence": sequence, "link": link}).encode()
    assert read(data) == (sequence, link)


@given(st.integers(0, 130), HASHES, st.integers(0, 51), st.integers(0, 255))
def test_a_damaged_head_is_judged_as_the_general_codec_does(sequence: int, link: bytes, place: int, octet: int) -> None:
    data = bytearray(ChainHead(sequence, link).encode())
    data[place] = octet
    assert read(bytes(data)) == read_slowly(bytes(data))


def test_a_link_may_hold_any_byte() -> None:
    for octet in range(256):
        assert read(ChainHead(7, bytes([octet]) * 32).encode()) == (7, bytes([octet]) * 32)


def test_what_is_no_head_is_refused() -> None:
    with pytest.raises(DecodingError, match="sequence or link"):
        ChainHead.decode(Record(1, {"sequence": 0, "link": bytes(32)}).encode())

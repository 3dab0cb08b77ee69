"""The written form: what goes in comes out, and what was never written is refused."""

from collections.abc import Callable

import hypothesis.strategies as st
import pytest
from hypothesis import given

from contracts.changes import SubjectLink
from storage.chunks import CHUNK_SIZE_BYTES_MAX, pack_chunks, row_count, unpack_rows
from storage.interface import StoredHeader, StoredPayload
from storage.layout import (
    FORMAT_VERSION,
    MalformedRecordError,
    Standing,
    key_number,
    number_key,
    pack_format,
    pack_header,
    pack_payload,
    pack_standing,
    pack_unstated,
    seal,
    unpack_format,
    unpack_header,
    unpack_payload,
    unpack_standing,
    unpack_unstated,
    unseal,
)
from storage.links import ROW_LINK_COUNT_MAX, chain_rows, keyed, row_key, row_sequence, subject_key, unpack_row

NUMBERS = st.integers(0, 2**64 - 1)
HASHES = st.binary(min_size=32, max_size=32)
STANDINGS = st.builds(Standing, NUMBERS, NUMBERS, HASHES, NUMBERS, NUMBERS, NUMBERS, HASHES)
HEADERS = st.builds(
    StoredHeader,
    height=NUMBERS,
    term=NUMBERS,
    header=st.binary(max_size=400),
    header_hash=HASHES,
    signature=st.binary(max_size=64),
    election_certificate=st.binary(max_size=300),
    first_index=NUMBERS,
    leaf_count=st.integers(0, 2**32 - 1),
)


@given(NUMBERS, NUMBERS)
def test_number_keys_sort_by_number(one: int, other: int) -> None:
    assert key_number(number_key(one)) == one
    assert (number_key(one) < number_key(other)) == (one < other)


@given(STANDINGS)
def test_a_standing_comes_back(standing: Standing) -> None:
    assert unpack_standing(pack_standing(standing)) == standing


@given(HEADERS)
def test_a_header_comes_back(header: StoredHeader) -> None:
    assert unpack_header(header.height, pack_header(header)) == header


@given(HASHES, HASHES, st.binary())
def test_a_payload_comes_back(commitment: bytes, salt: bytes, value: bytes) -> None:
    payload = StoredPayload(commitment, salt, value)
    assert unpack_payload(commitment, pack_payload(payload)) == payload


@given(HASHES, st.integers(0, 2**16 - 1))
def test_a_format_comes_back(network_id: bytes, version: int) -> None:
    assert unpack_format(pack_format(network_id, version)) == (version, network_id)


@given(HASHES, st.binary(max_size=20))
def test_the_format_of_later_versions_is_read(network_id: bytes, more: bytes) -> None:
    """Later formats may add fields behind the ones that are known, under the same seal."""
    record = seal(unseal(pack_format(network_id, FORMAT_VERSION + 1)) + more)
    assert unpack_format(record) == (FORMAT_VERSION + 1, network_id)


@given(st.lists(HASHES, max_size=70), st.integers(0, 2**40))
def test_unstated_digests_come_back(digests: list[bytes], first: int) -> None:
    height = first + len(digests)
    assert unpack_unstated(pack_unstated(height, digests)) == dict(enumerate(digests, first))


READERS: list[Callable[[bytes], object]] = [
    unseal,
    unpack_format,
    unpack_standing,
    unpack_unstated,
    lambda data: unpack_header(1, data),
    lambda data: unpack_payload(bytes(32), data),
    lambda data: unpack_rows(data, 0, 10),
    lambda data: unpack_rows(data, 3, 10),
    lambda data: list(unpack_row("unit/root", 1, data)),
    key_number,
    row_sequence,
]


@given(st.sampled_from(READERS), st.one_of(st.binary(max_size=200), st.binary(max_size=150).map(seal)))
def test_no_bytes_make_a_reader_fail_otherwise(reader: Callable[[bytes], object], data: bytes) -> None:
    try:
        answer = reader(data)
    except MalformedRecordError:
        answer = None
    assert answer is None or data


ROWS = st.lists(st.one_of(st.binary(max_size=50), st.integers(0, 65_535).map(bytes)), min_size=1, max_size=60)


@given(st.integers(0, 2**40), ROWS)
def test_rows_come_back_out_of_chunks(first: int, rows: list[bytes]) -> None:
    chunks = list(pack_chunks(enumerate(rows, first)))
    expected = first
    found = []
    for index, chunk in chunks:
        assert index == expected
        assert len(chunk) <= CHUNK_SIZE_BYTES_MAX or row_count(chunk) == 1
        found += unpack_rows(chunk, 0, 10**6)
        expected += row_count(chunk)
    assert found == rows


@given(ROWS, st.data())
def test_any_part_of_a_chunk_is_read(rows: list[bytes], data: st.DataObject) -> None:
    _, chunk = next(pack_chunks(enumerate(rows)))
    kept = rows[: row_count(chunk)]
    start, count = data.draw(st.integers(0, len(kept) + 2)), data.draw(st.integers(0, len(kept) + 2))
    assert unpack_rows(memoryview(chunk), start, count) == kept[start : start + count]


def test_a_gap_between_indexes_begins_a_chunk() -> None:
    chunks = dict(pack_chunks([(5, b"a"), (6, b"b"), (9, b"c"), (10, b"d")]))
    assert {first: unpack_rows(chunk, 0, 9) for first, chunk in chunks.items()} == {5: [b"a", b"b"], 9: [b"c", b"d"]}


def test_no_rows_make_no_chunk() -> None:
    assert list(pack_chunks([])) == []


@pytest.mark.parametrize("count", [1, ROW_LINK_COUNT_MAX, ROW_LINK_COUNT_MAX + 1, 5 * ROW_LINK_COUNT_MAX])
def test_links_come_back_out_of_rows(count: int) -> None:
    links = [SubjectLink("unit/root", 7 + number, 100 + number, bytes([number % 256]) * 32) for number in range(count)]
    rows = chain_rows(keyed(links))
    assert [key for key, _ in rows] == [
        row_key(subject_key("unit/root"), 7 + start) for start in range(0, count, ROW_LINK_COUNT_MAX)
    ]
    assert [link for key, row in rows for link in unpack_row("unit/root", row_sequence(key), row)] == links
    # A row stays inside a page: LMDB moves values of 2,038 bytes and more, key and node header counted, out of it.
    assert all(len(key) + len(row) + 8 <= 2_038 for key, row in rows)

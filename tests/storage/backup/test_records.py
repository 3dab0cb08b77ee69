"""The written form of a part: one form, read in pieces of any size, and nothing damaged passes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.detached import DetachedValue
from ledger.errors import DecodingError
from storage.backup.checking import PartCheck
from storage.backup.errors import BackupDamagedError, BackupError
from storage.backup.parsing import PartBuilder, PartParser
from storage.backup.records import (
    LENGTH_SIZE_BYTES,
    PartBlock,
    PartCheckpoint,
    PartEnd,
    PartInherited,
    PartRecord,
    PartStart,
    PartValues,
    decode_record,
    encode_record,
)
from tests.examples import examples
from tests.storage.backup.ledgers import make_part, opened, small_ledger

_HASHES = st.binary(min_size=32, max_size=32)
_COUNTS = st.integers(0, 2**63 - 1)
_BYTES = st.binary(max_size=40)
_RECORDS: st.SearchStrategy[PartRecord] = st.one_of(
    st.builds(
        PartStart,
        network_id=_HASHES,
        genesis=st.text(max_size=20),
        first_height=st.integers(1, 2**63 - 1),
        previous_header=_BYTES,
        peaks=st.lists(_HASHES, max_size=4).map(tuple),
        made_ms=_COUNTS,
        version=st.text(max_size=8),
    ),
    st.builds(PartInherited, st.lists(st.tuples(st.binary(min_size=1, max_size=40), _BYTES), max_size=3).map(tuple)),
    st.builds(PartBlock, _BYTES, _BYTES, _BYTES, _BYTES, st.lists(_BYTES, max_size=4).map(tuple)),
    st.builds(PartValues, st.lists(st.builds(DetachedValue, _HASHES, _BYTES), max_size=3).map(tuple)),
    st.builds(PartCheckpoint, _BYTES),
    st.builds(
        PartEnd,
        last_height=st.integers(1, 2**63 - 1),
        header_hash=_HASHES,
        tree_size=_COUNTS,
        tree_root=_HASHES,
        state_digest=_HASHES,
        block_count=_COUNTS,
        entry_count=_COUNTS,
        value_count=_COUNTS,
        missing_count=_COUNTS,
        content_hash=_HASHES,
    ),
)


@settings(max_examples=examples(60))
@given(_RECORDS)
def test_a_record_is_read_as_it_was_written(record: PartRecord) -> None:
    assert decode_record(encode_record(record)[LENGTH_SIZE_BYTES:]) == record


@settings(max_examples=examples(60))
@given(_RECORDS, st.data())
def test_a_damaged_record_is_another_one_or_none(record: PartRecord, data: st.DataObject) -> None:
    content = bytearray(encode_record(record)[LENGTH_SIZE_BYTES:])
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        assert decode_record(bytes(content)) != record
    except DecodingError as error:
        assert str(error)


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a part of a small ledger."""
    folder = tmp_path_factory.mktemp("part")
    store = opened(small_ledger(folder / "home"))
    try:
        return make_part(store, folder / "all.backup").path.read_bytes()
    finally:
        store.close()


def _parsed(pieces: list[bytes]) -> list[PartRecord]:
    parser, check = PartParser("part"), PartCheck("part")
    found = [record for piece in pieces for record in parser.feed(piece)]
    for record in found:
        check.check(record)
    parser.finish()
    return found


@settings(max_examples=examples(20))
@given(st.lists(st.integers(1, 5000), min_size=1, max_size=20))
def test_pieces_of_any_size_give_the_same_records(part: bytes, sizes: list[int]) -> None:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(part[at : at + size])
        at += size
    assert _parsed([*pieces, part[at:]]) == _parsed([part])


@settings(max_examples=examples(100))
@given(st.data())
def test_no_changed_or_missing_byte_passes(part: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(part) - 1))
    changed = bytearray(part)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    for damaged in (bytes(changed), part[:at], part + part[at : at + 1]):
        with pytest.raises(BackupError):
            _parsed([damaged])


def test_records_out_of_order_are_refused(part: bytes) -> None:
    records = _parsed([part])
    builder = PartBuilder()
    start, block = records[0], records[1]
    assert isinstance(start, PartStart)
    assert isinstance(block, PartBlock)
    parser = PartParser("part")
    with pytest.raises(BackupDamagedError, match="not in order"):
        list(parser.feed(builder.begin(start) + builder.add(PartValues(()))))
    unbegun = PartParser("part")
    with pytest.raises(BackupDamagedError, match="does not begin"):
        list(unbegun.feed(b"another kind of file, and not a short one"))
    check = PartCheck("part")
    check.check(start)
    with pytest.raises(BackupDamagedError, match="gap"):
        check.check(next(one for one in records[2:] if isinstance(one, PartBlock)))
    begun = PartCheck("part")
    begun.check(start)
    begun.check(block)
    with pytest.raises(BackupDamagedError, match="at its beginning only"):
        begun.check(PartInherited(((b"notice\0x", b"value"),)))


@pytest.mark.parametrize("pair", [(b"", b"x"), (b"k" * 501, b"x"), (b"k", bytes(64 * 1024 + 1))])
def test_an_inherited_record_has_the_bounds_of_records(pair: tuple[bytes, bytes]) -> None:
    with pytest.raises(DecodingError, match="larger than any"):
        decode_record(encode_record(PartInherited((pair,)))[LENGTH_SIZE_BYTES:])


def test_a_part_of_whatever_name_says_where_it_is_damaged(part: bytes, tmp_path: Path) -> None:
    parser = PartParser(str(tmp_path / "x.backup"))
    with pytest.raises(BackupDamagedError, match=r"x\.backup is damaged at byte 17"):
        list(parser.feed(part[:17] + b"\xff" * 4))

"""Tile paths and entry bundles, against the examples of C2SP tlog-tiles."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import DecodingError, LocalError
from ledger.tiles import (
    TilePath,
    decode_entry_bundle,
    encode_entry_bundle,
    parse_tile_path,
    tile_path,
    tile_width,
)
from tests.ledger.byte_forms import assert_one_form, changed

levels = st.one_of(st.none(), st.integers(0, 63))


def test_the_documents_examples() -> None:
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(None, 5, 112) == "tile/entries/005.p/112"
    assert parse_tile_path("tile/63/000.p/1") == TilePath(63, 0, 1)


def test_a_tree_of_70000_is_tiled_as_the_document_says() -> None:
    size = 70_000
    assert [tile_width(size, 0, index) for index in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [tile_width(size, 1, index) for index in (0, 1, 2)] == [256, 17, 0]
    assert [tile_width(size, 2, index) for index in (0, 1)] == [1, 0]
    assert tile_width(size, 3, 0) == 0
    assert tile_width(size, None, 273) == 112
    assert [tile_width(256, level, 0) for level in (0, 1, 2)] == [256, 1, 0]


@given(levels, st.integers(0, 2**63 - 1), st.integers(1, 256))
def test_paths_round_trip(level: int | None, index: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, index, width)) == TilePath(level, index, width)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/00",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000/",
        "/tile/0/000",
        "tile/entry/000",
        "tile/0/٠٠٠",
        "tile/0/000\n",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(DecodingError):
        parse_tile_path(path)


@given(st.one_of(st.text(max_size=40), st.from_regex(r"tile/(entries|[0-9]{1,2})/(x[0-9]{3}/)*[0-9]{3}(\.p/[0-9]+)?")))
def test_a_path_has_one_form(path: str) -> None:
    try:
        parsed = parse_tile_path(path)
    except DecodingError as error:
        assert str(error)
    else:
        assert tile_path(parsed.level, parsed.index, parsed.width) == path


@pytest.mark.parametrize(
    ("level", "index", "width"), [(64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 2**63, 1), (0, 0, 0), (0, 0, 257)]
)
def test_there_are_no_other_tiles(level: int, index: int, width: int) -> None:
    with pytest.raises(LocalError):
        tile_path(level, index, width)


def test_a_bundle_is_entries_after_their_lengths() -> None:
    assert encode_entry_bundle([b"ab", b"", b"c"]) == b"\x00\x02ab\x00\x00\x00\x01c"


@given(st.lists(st.binary(max_size=70), min_size=1, max_size=256))
@settings(deadline=None)
def test_bundles_round_trip(entries: list[bytes]) -> None:
    assert decode_entry_bundle(encode_entry_bundle(entries)) == tuple(entries)


def test_the_largest_bundle() -> None:
    entries = (bytes(65535),) * 256
    assert decode_entry_bundle(encode_entry_bundle(entries)) == entries


def test_a_bundle_has_bounds() -> None:
    for entries in ([], [b""] * 257, [bytes(65536)]):
        with pytest.raises(LocalError):
            encode_entry_bundle(entries)
    for data in (b"", b"\x00", b"\x00\x02a", b"\x00\x00" * 257):
        with pytest.raises(DecodingError):
            decode_entry_bundle(data)


@given(st.one_of(st.binary(max_size=40), changed((encode_entry_bundle([b"one", b"", b"three" * 20]),))))
def test_a_bundle_has_one_form(data: bytes) -> None:
    assert_one_form(decode_entry_bundle, encode_entry_bundle, data)

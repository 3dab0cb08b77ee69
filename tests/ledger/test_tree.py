"""RFC 6962 trees: published vectors, agreement of all ways to compute the same, hostile proofs."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InvalidProofError, LocalError
from ledger.hashing import ZERO_HASH, Hash
from ledger.tree import (
    EMPTY_ROOT,
    CompactRange,
    MissingTileError,
    SmallTree,
    TileHashes,
    consistency_path,
    inclusion_path,
    inclusion_path_of,
    leaf_hash,
    node_hash,
    root_of,
    root_of_inclusion,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parent / "vectors"
INCLUSION_CASES = json.loads((VECTORS / "merkle_inclusion.json").read_text())
CONSISTENCY_CASES = json.loads((VECTORS / "merkle_consistency.json").read_text())
# Two full tiles, some more, and level 1 begun: every kind of edge occurs.
LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(600)]


class Tiles:
    """Tiles in memory, filled from what `extend` returns; counts how often it is read."""

    def __init__(self, leaves: list[Hash], batch: int = 97) -> None:
        self.levels: dict[int, list[Hash]] = {}
        self.reads = 0
        self.edge = CompactRange()
        for start in range(0, len(leaves), batch):
            self.take(self.edge.extend(leaves[start : start + batch]))

    def take(self, added: tuple[TileHashes, ...]) -> None:
        for level, start, hashes in added:
            stored = self.levels.setdefault(level, [])
            assert len(stored) == start
            stored.extend(hashes)

    def tile(self, level: int, index: int) -> bytes:
        self.reads += 1
        hashes = self.levels.get(level, [])[index * 256 : index * 256 + 256]
        if not hashes:
            raise MissingTileError("tile {index} of level {level} is missing", index=index, level=level)
        return b"".join(hashes)


def tree_head(leaves: list[Hash]) -> Hash:
    """MTH as RFC 6962, section 2.1 defines it, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(tree_head(leaves[:split]), tree_head(leaves[split:]))


def decoded(texts: list[str] | None) -> list[bytes]:
    return [b64decode(text) for text in texts or []]


@pytest.mark.parametrize("case", INCLUSION_CASES, ids=lambda case: case["case"])
def test_published_inclusion_proofs(case: dict[str, Any]) -> None:
    arguments = (
        b64decode(case["leafHash"] or ""),
        case["leafIdx"],
        case["treeSize"],
        decoded(case["proof"]),
        b64decode(case["root"] or ""),
    )
    if case["wantErr"]:
        with pytest.raises(InvalidProofError):
            verify_inclusion(*arguments)
    else:
        verify_inclusion(*arguments)


@pytest.mark.parametrize("case", CONSISTENCY_CASES, ids=lambda case: case["case"])
def test_published_consistency_proofs(case: dict[str, Any]) -> None:
    arguments = (
        case["size1"],
        case["size2"],
        b64decode(case["root1"] or ""),
        b64decode(case["root2"] or ""),
        decoded(case["proof"]),
    )
    if case["wantErr"]:
        with pytest.raises(InvalidProofError):
            verify_consistency(*arguments)
    else:
        verify_consistency(*arguments)


def test_the_vectors_hold_both_kinds() -> None:
    for cases in (INCLUSION_CASES, CONSISTENCY_CASES):
        assert len(cases) == 98
        assert {case["wantErr"] for case in cases} == {True, False}


def test_known_hashes() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def test_all_ways_to_a_root_agree() -> None:
    tiles = Tiles(LEAVES)
    edge = CompactRange()
    for size in range(len(LEAVES) + 1):
        expected = tree_head(LEAVES[:size]) if size < 70 or size % 37 == 0 else edge.root()
        assert root_of(LEAVES[:size]) == expected == edge.root()
        assert CompactRange.from_tiles(tiles, size).root() == expected
        assert edge.size == size
        edge.extend(LEAVES[size : size + 1])


@given(st.lists(st.integers(0, 300), max_size=6))
@settings(deadline=None)
def test_batches_of_any_size_give_the_same_tree(batches: list[int]) -> None:
    edge, size = CompactRange(), 0
    levels: dict[int, list[Hash]] = {}
    for batch in batches:
        batch = min(batch, len(LEAVES) - size)
        copy = edge.copy()
        for level, start, hashes in edge.extend(LEAVES[size : size + batch]):
            assert len(levels.setdefault(level, [])) == start
            assert hashes
            levels[level].extend(hashes)
        assert copy.size == size
        assert copy.root() == root_of(LEAVES[:size])
        size += batch
    assert edge.root() == root_of(LEAVES[:size])
    assert levels.get(0, []) == LEAVES[:size]
    assert levels.get(1, []) == [root_of(LEAVES[at : at + 256]) for at in range(0, size // 256 * 256, 256)]


def test_a_large_tree_completes_higher_tile_levels() -> None:
    leaves = [leaf_hash(number.to_bytes(4, "big")) for number in range(65536)]
    edge = CompactRange()
    edge.extend(leaves[:1])
    added = {tile.level: tile for tile in edge.extend(leaves[1:])}
    assert [(level, tile.start, len(tile.hashes)) for level, tile in added.items()] == [
        (0, 1, 65535),
        (1, 0, 256),
        (2, 0, 1),
    ]
    assert added[2].hashes[0] == edge.root() == root_of(added[1].hashes)


def test_proofs_from_tiles_verify_for_every_leaf_and_size() -> None:
    tiles = Tiles(LEAVES)
    for size in [*range(1, 40), 255, 256, 257, 300, 511, 512, 513, 600]:
        root = root_of(LEAVES[:size])
        for index in range(0, size, 1 if size < 40 else 17):
            path = inclusion_path(tiles, index, size)
            assert path == inclusion_path_of(LEAVES[:size], index)
            assert len(path) <= (size - 1).bit_length()
            verify_inclusion(LEAVES[index], index, size, path, root)
        for old_size in range(1, size + 1, 1 if size < 40 else 13):
            consistency = consistency_path(tiles, old_size, size)
            verify_consistency(old_size, size, root_of(LEAVES[:old_size]), root, consistency)


def test_a_proof_reads_few_tiles() -> None:
    leaves = [leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]
    tiles = Tiles(leaves, batch=1000)
    for index in (0, 1, 255, 256, 34_567, 65_535, 65_536, 69_999):
        tiles.reads = 0
        inclusion_path(tiles, index, 70_000)
        assert tiles.reads <= 5  # three levels, the highest tile shared by leaf and right edge
        tiles.reads = 0
        consistency_path(tiles, index + 1, 70_000)
        assert tiles.reads <= 6


def test_a_proof_needs_its_tiles() -> None:
    tiles = Tiles(LEAVES[:300])
    with pytest.raises(MissingTileError):
        inclusion_path(tiles, 0, 301)
    with pytest.raises(MissingTileError):
        CompactRange.from_tiles(tiles, 600)
    assert issubclass(MissingTileError, LocalError)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (6, 5)])
def test_a_leaf_outside_the_tree_has_no_path(index: int, size: int) -> None:
    with pytest.raises(LocalError):
        inclusion_path(Tiles(LEAVES[:5]), index, size)
    with pytest.raises(LocalError):
        inclusion_path_of(LEAVES[:size], index)


def test_consistency_needs_two_ordered_sizes() -> None:
    tiles = Tiles(LEAVES[:5])
    for old_size, new_size in [(-1, 5), (5, 4)]:
        with pytest.raises(LocalError):
            consistency_path(tiles, old_size, new_size)
    assert consistency_path(tiles, 0, 5) == consistency_path(tiles, 5, 5) == []
    verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])


def test_only_hashes_are_appended() -> None:
    with pytest.raises(LocalError):
        CompactRange().extend([LEAVES[0], b"short"])


sizes = st.one_of(st.integers(-2, 40), st.integers(2**63 - 2, 2**64 + 2))
hashes = st.one_of(st.sampled_from(LEAVES[:4]), st.binary(min_size=32, max_size=32), st.binary(max_size=40))


@given(hashes, sizes, sizes, st.lists(hashes, max_size=70), hashes)
@settings(deadline=None)
def test_hostile_inclusion_proofs_only_raise_the_one_error(
    leaf: bytes, index: int, size: int, path: list[bytes], root: bytes
) -> None:
    try:
        verify_inclusion(leaf, index, size, path, root)
    except InvalidProofError as error:
        assert str(error)
    else:
        assert size == 1
        assert leaf == root


@given(sizes, sizes, hashes, hashes, st.lists(hashes, max_size=70))
@settings(deadline=None)
def test_hostile_consistency_proofs_only_raise_the_one_error(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: list[bytes]
) -> None:
    try:
        verify_consistency(old_size, new_size, old_root, new_root, path)
    except InvalidProofError as error:
        assert str(error)
    else:
        assert old_root == new_root
        assert old_size == new_size


@given(st.integers(1, 80), st.data())
@settings(deadline=None)
def test_a_changed_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path_of(LEAVES[:size], index)
    root = root_of(LEAVES[:size])
    with pytest.raises(InvalidProofError):
        verify_inclusion(LEAVES[index + 1], index, size, path, root)
    with pytest.raises(InvalidProofError):
        verify_inclusion(LEAVES[index], index, size, [*path, LEAVES[0]], root)
    other = data.draw(st.integers(0, size + 1).filter(lambda one: one != index))
    with pytest.raises(InvalidProofError):
        verify_inclusion(LEAVES[index], other, size, path, root)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        with pytest.raises(InvalidProofError):
            verify_inclusion(LEAVES[index], index, size, path[:at] + path[at + 1 :], root)
        assert root_of_inclusion(LEAVES[index], index, size, path) == root


def test_a_kept_tree_finds_its_leaves() -> None:
    tree = SmallTree(LEAVES[:5])
    assert tree.size == 5
    assert [tree.index(leaf) for leaf in LEAVES[:5]] == [0, 1, 2, 3, 4]
    assert tree.index(LEAVES[5]) is None
    assert SmallTree(()).size == 0


@settings(max_examples=30)
@given(st.integers(0, 600), st.integers(0, 40))
def test_an_edge_goes_on_from_its_peaks(size: int, more: int) -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(size + more)]
    whole = CompactRange()
    whole.extend(leaves[:size])
    again = CompactRange.from_peaks(size, whole.peaks)
    assert (again.size, again.root()) == (size, root_of(leaves[:size]))
    assert again.extend(leaves[size:]) == whole.extend(leaves[size:])
    assert again.root() == root_of(leaves)
    with pytest.raises(LocalError):
        CompactRange.from_peaks(size + more, (*whole.peaks, ZERO_HASH))

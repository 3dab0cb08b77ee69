"""RFC 6962 Merkle trees: appending, roots, proofs out of tiles, and the checking of proofs.

Owns the hash of a leaf and of a node, the right edge of a growing tree (`CompactRange`) and the two kinds
of proof. Never keeps leaves or tiles, never reads a disk: tiles come through a `TileReader`. Invariants:

- a `CompactRange` holds exactly one hash per set bit of its size, the largest subtree first;
- what makes proofs and what checks them share nothing but the two hash functions, so that one mistake
  cannot hide in both;
- the checking functions are total: whatever they are given, they return or raise `InvalidProofError`.

Source: RFC 6962 section 2.1; RFC 9162 sections 2.1.3.2 and 2.1.4.2 (the checks); C2SP tlog-tiles.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256 as _sha256
from typing import NamedTuple, Protocol

from ledger.errors import InvalidProofError, LocalError
from ledger.hashing import HASH_SIZE_BYTES, Hash

# The height of a tile, in levels of the tree: 256 hashes a tile.
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT

EMPTY_ROOT: Hash = _sha256(b"").digest()

# Sizes travel as unsigned 64-bit integers in other implementations; no tree can be larger.
_SIZE_LIMIT = 1 << 64


class MissingTileError(LocalError):
    """A tile that the asked size needs is not there, or holds too few hashes."""

    code = "tile-missing"


class TileHashes(NamedTuple):
    """New hashes of one tile level: positions `start`, `start` + 1, ... of that level.

    Level 0 holds leaf hashes; level k the roots of complete subtrees of 256**k leaves.
    """

    level: int
    start: int
    hashes: tuple[Hash, ...]


class TileReader(Protocol):
    """Whatever has tiles."""

    def tile(self, level: int, index: int) -> bytes:
        """1 to 256 hashes, concatenated; may hold more than an older size implies.

        Raises `MissingTileError` where there is none.
        """


def leaf_hash(entry: bytes) -> Hash:
    """The hash of an entry as a leaf: SHA-256 over a zero byte and the entry."""
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """The hash of an inner node: SHA-256 over a one byte and both children."""
    return _sha256(b"\x01" + left + right).digest()


def _pair_up(nodes: Iterable[Hash]) -> list[Hash]:
    """The parents of consecutive pairs; an odd last node has none yet and is left out."""
    iterator = iter(nodes)
    # The body of node_hash, written out: this line is the whole cost of appending.
    return [_sha256(b"\x01" + left + right).digest() for left, right in zip(iterator, iterator, strict=False)]


def _levels(leaf_hashes: Sequence[Hash]) -> Iterator[list[Hash]]:
    """All levels from the leaves to the root; an odd last node rises unchanged, as RFC 6962 has it."""
    level = list(leaf_hashes)
    yield level
    while len(level) > 1:
        rising = level[-1:] if len(level) & 1 else []
        level = _pair_up(level) + rising
        yield level


def root_of(leaf_hashes: Sequence[Hash]) -> Hash:
    """The root over `leaf_hashes`, which may be none; about one hash per leaf."""
    if not leaf_hashes:
        return EMPTY_ROOT
    *_, top = _levels(leaf_hashes)
    return top[0]


class SmallTree:
    """All hashes of a small tree, kept for the paths of many of its leaves; twice the leaves' hashes in memory."""

    __slots__ = ("_indexes", "_levels")

    def __init__(self, leaf_hashes: Sequence[Hash]) -> None:
        """The tree over all `leaf_hashes`, which may be none; about one hash per leaf."""
        self._levels = tuple(_levels(leaf_hashes))
        self._indexes = {leaf: index for index, leaf in enumerate(self._levels[0])}

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self._levels[0])

    @property
    def root(self) -> Hash:
        """The root over all leaves."""
        return self._levels[-1][0] if self._levels[0] else EMPTY_ROOT

    def index(self, leaf: Hash) -> int | None:
        """Where the leaf with this hash stands (the last one of several); None where there is none."""
        return self._indexes.get(leaf)

    def path(self, index: int) -> list[Hash]:
        """The path of leaf `index`, from the leaf's sibling upwards.

        Raises LocalError unless 0 <= `index` < `size`.
        """
        if not 0 <= index < self.size:
            raise LocalError("there is no leaf {index} among {count}", index=index, count=self.size)
        path: list[Hash] = []
        for level in self._levels:
            sibling = index ^ 1
            if sibling < len(level):
                path.append(level[sibling])
            index >>= 1
        return path


def inclusion_path_of(leaf_hashes: Sequence[Hash], index: int) -> list[Hash]:
    """The path of leaf `index` in the small tree over all `leaf_hashes`, from the leaf's sibling upwards.

    Raises LocalError unless 0 <= `index` < number of leaves. Cost: one hash per leaf.
    """
    return SmallTree(leaf_hashes).path(index)


class CompactRange:
    """The right edge of a tree: enough to append and to tell the root, in O(log size) memory."""

    __slots__ = ("_peaks", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._peaks: list[Hash] = []  # roots of the complete subtrees, the largest first

    @property
    def size(self) -> int:
        """Number of leaves appended so far."""
        return self._size

    @classmethod
    def from_tiles(cls, reader: TileReader, size: int) -> "CompactRange":
        """The edge of the first `size` leaves, read back from tiles.

        Raises MissingTileError if the tiles hold fewer leaves. Cost: O(log size) hashes and tile reads.
        """
        edge = cls()
        nodes = _TileNodes(reader)
        edge._peaks = [nodes.subtree(level, (size >> level) - 1) for level in _set_bits(size)]
        edge._size = size
        return edge

    @classmethod
    def from_peaks(cls, size: int, peaks: Sequence[Hash]) -> "CompactRange":
        """The edge of `size` leaves from the roots of its complete subtrees, the largest first.

        Raises:
            LocalError: another number of roots than a tree of this size has, or one that is no hash.
        """
        if size < 0 or len(peaks) != size.bit_count() or any(len(one) != HASH_SIZE_BYTES for one in peaks):
            raise LocalError("{count} roots are not the edge of a tree of {size} leaves", count=len(peaks), size=size)
        edge = cls()
        edge._peaks = list(peaks)
        edge._size = size
        return edge

    @property
    def peaks(self) -> tuple[Hash, ...]:
        """The roots of the complete subtrees, the largest first: one for each one bit of the size."""
        return tuple(self._peaks)

    def copy(self) -> "CompactRange":
        """An independent edge in the same place; at most 64 references are copied."""
        twin = CompactRange()
        twin._size = self._size
        twin._peaks = self._peaks.copy()
        return twin

    def extend(self, leaf_hashes: Sequence[Hash]) -> tuple[TileHashes, ...]:
        """Append leaves; return what they add to each tile level, the lowest level first.

        Args:
            leaf_hashes: Any number of 32-byte leaf hashes, in order.

        Returns:
            The leaf hashes themselves as level 0, and one item for each level k whose subtrees of 256**k
            leaves became complete. Empty for no leaves.

        Cost: about one hash per leaf, level by level over the whole batch; O(log size) more per call.
        """
        if not set(map(len, leaf_hashes)) <= {HASH_SIZE_BYTES}:
            raise LocalError("a leaf hash is not {size_bytes} bytes long", size_bytes=HASH_SIZE_BYTES)
        added: list[TileHashes] = []
        edge: list[Hash] = []  # new peaks, the smallest first
        nodes = list(leaf_hashes)
        level = 0
        while nodes:
            before = self._size >> level
            if level % TILE_HEIGHT == 0:
                added.append(TileHashes(level // TILE_HEIGHT, before, tuple(nodes)))
            if before & 1:
                nodes.insert(0, self._peaks.pop())
            if len(nodes) & 1:
                edge.append(nodes[-1])
            nodes = _pair_up(nodes)
            level += 1
        self._peaks.extend(reversed(edge))
        self._size += len(leaf_hashes)
        return tuple(added)

    def root(self) -> Hash:
        """The root over all leaves so far; at most 63 hashes."""
        return _fold_right(self._peaks)


def _set_bits(size: int) -> list[int]:
    """Positions of the one bits, the highest first: the levels of the complete subtrees of a tree."""
    return [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]


def _fold_right(peaks: Sequence[Hash]) -> Hash:
    """The root over adjoining complete subtrees, given from the largest (left) to the smallest."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


# The right edge and the tiles that are asked for together: at 25 kB each, and their own 8, about 1 MB.
@lru_cache(maxsize=32)
def _tile_levels(tile: bytes) -> tuple[list[Hash], ...]:
    """All complete subtrees within a tile, by height from 0 to 8; kept, since proofs of one time ask for the same."""
    end = min(len(tile), TILE_WIDTH * HASH_SIZE_BYTES)
    nodes = [tile[at : at + HASH_SIZE_BYTES] for at in range(0, end, HASH_SIZE_BYTES)]
    levels = [nodes]
    while len(nodes) > 1:
        nodes = _pair_up(nodes)
        levels.append(nodes)
    return tuple(levels)


class _TileNodes:
    """Any node of the tree out of tiles, for the time of one proof.

    Holds the tiles it has read: at most two per tile level (the leaf's and the right edge's).
    """

    __slots__ = ("_reader", "_tiles")

    def __init__(self, reader: TileReader) -> None:
        self._reader = reader
        self._tiles: dict[tuple[int, int], bytes] = {}

    def subtree(self, level: int, position: int) -> Hash:
        """Root of the complete subtree number `position` of 2**`level` leaves; < 256 hashes, none for the same tile."""
        tile_level, height = divmod(level, TILE_HEIGHT)
        index, offset = divmod(position << height, TILE_WIDTH)
        key = (tile_level, index)
        tile = self._tiles.get(key)
        if tile is None:
            tile = self._tiles[key] = self._reader.tile(tile_level, index)
        end = offset * HASH_SIZE_BYTES + (HASH_SIZE_BYTES << height)
        if len(tile) < end:
            raise MissingTileError(
                "tile {index} of level {level} holds {held} hashes, {needed} are needed; ask for a smaller tree",
                index=index,
                level=tile_level,
                held=len(tile) // HASH_SIZE_BYTES,
                needed=end // HASH_SIZE_BYTES,
            )
        return _tile_levels(tile)[height][offset >> height]

    def span(self, start: int, end: int) -> Hash:
        """Root over leaves `start` to `end`, where `start` is a multiple of a power of two >= `end` - `start`."""
        peaks: list[Hash] = []
        for level in _set_bits(end - start):
            peaks.append(self.subtree(level, start >> level))
            start += 1 << level
        return _fold_right(peaks)


def _split(count: int) -> int:
    """The largest power of two smaller than `count` (>= 2): where RFC 6962 divides a tree."""
    return 1 << (count - 1).bit_length() - 1


def inclusion_path(tiles: TileReader, index: int, size: int) -> list[Hash]:
    """Hashes that connect leaf `index` to the root of the first `size` leaves.

    Args:
        tiles: Complete at least up to `size`.
        index: 0 <= index < size (leaves, not blocks).
        size: Number of leaves, >= 1.

    Returns:
        Siblings from the leaf's to the root's child; length <= ceil(log2(size)).

    Raises:
        LocalError: `index` is outside the tree.
        MissingTileError: the tiles hold fewer than `size` leaves.

    Cost: at most 2 tile reads per 8 levels (the leaf's tile and the one at the right edge) and 255 hashes per tile; no
        hashes for the tiles of the last proofs.
    Source: RFC 6962, section 2.1.1.
    """
    if not 0 <= index < size:
        raise LocalError("there is no leaf {index} in a tree of {size}", index=index, size=size)
    nodes = _TileNodes(tiles)
    path: list[Hash] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(nodes.span(middle, end))
            end = middle
        else:
            path.append(nodes.span(start, middle))
            start = middle
    path.reverse()
    return path


def consistency_path(tiles: TileReader, old_size: int, new_size: int) -> list[Hash]:
    """Hashes that prove the first `old_size` leaves to be a prefix of the first `new_size`.

    Empty when `old_size` is 0 or equals `new_size`: there is nothing to prove (and from 0 nothing to verify).

    Raises:
        LocalError: not 0 <= `old_size` <= `new_size`.
        MissingTileError: the tiles hold fewer than `new_size` leaves.

    Cost: as `inclusion_path`. Source: RFC 6962, section 2.1.2.
    """
    if not 0 <= old_size <= new_size:
        raise LocalError("a tree of {new} leaves has no prefix of {old}", new=new_size, old=old_size)
    if old_size in (0, new_size):
        return []
    nodes = _TileNodes(tiles)
    path: list[Hash] = []
    start, end = 0, new_size
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(nodes.span(middle, end))
            end = middle
        else:
            path.append(nodes.span(start, middle))
            start = middle
    if start > 0:  # otherwise the verifier has this node: it is the old root
        path.append(nodes.span(start, end))
    path.reverse()
    return path


def _check_sizes(what: str, hashes: Iterable[Hash]) -> None:
    for value in hashes:
        if len(value) != HASH_SIZE_BYTES:
            raise InvalidProofError(
                "a hash in the {what} proof has {size} bytes, not 32; get the proof again from another node",
                what=what,
                size=len(value),
            )


def root_of_inclusion(leaf: Hash, index: int, size: int, path: Sequence[Hash]) -> Hash:
    """The root that a tree of `size` leaves must have if `path` connects leaf hash `leaf` at `index` to it.

    Raises InvalidProofError if no such tree exists (index, size, length of the path or of a hash).
    Cost: one hash per item of the path. Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size < _SIZE_LIMIT:
        raise InvalidProofError("there is no leaf {index} in a tree of {size}", index=index, size=size)
    _check_sizes("inclusion", (leaf, *path))
    position, last = index, size - 1
    root = leaf
    for sibling in path:
        if last == 0:
            raise InvalidProofError("the inclusion proof is longer than a tree of {size} leaves is high", size=size)
        if position & 1 or position == last:
            root = node_hash(sibling, root)
            while position and not position & 1:
                position >>= 1
                last >>= 1
        else:
            root = node_hash(root, sibling)
        position >>= 1
        last >>= 1
    if last:
        raise InvalidProofError("the inclusion proof is too short for a tree of {size} leaves", size=size)
    return root


def verify_inclusion(leaf: Hash, index: int, size: int, path: Sequence[Hash], root: Hash) -> None:
    """Return if the leaf with hash `leaf` is number `index` of the `size` leaves under `root`.

    Raises InvalidProofError otherwise, and nothing else, for any integers and any bytes.
    """
    if root_of_inclusion(leaf, index, size, path) != root:
        raise InvalidProofError(
            "leaf {index} is not under this root: it or its proof was changed; get both again", index=index
        )


def verify_consistency(old_size: int, new_size: int, old_root: Hash, new_root: Hash, path: Sequence[Hash]) -> None:
    """Return if the tree (`new_size`, `new_root`) begins with the tree (`old_size`, `old_root`).

    Raises InvalidProofError otherwise, and nothing else, for any integers and any bytes. Also for an
    `old_size` of 0 below a larger `new_size`: nothing can be proven there, so nothing is accepted.
    Source: RFC 9162, section 2.1.4.2.
    """
    if not 0 <= old_size <= new_size < _SIZE_LIMIT:
        raise InvalidProofError("a tree of {new} leaves has no prefix of {old}", new=new_size, old=old_size)
    if old_size == new_size:
        if path or old_root != new_root or (old_size == 0 and old_root != EMPTY_ROOT):
            raise InvalidProofError("two trees of {size} leaves differ, or come with a needless proof", size=old_size)
        return
    if old_size == 0:
        raise InvalidProofError("a tree of no leaves precedes every other: there is nothing to verify")
    _check_sizes("consistency", (old_root, new_root, *path))
    roots = _roots_of_consistency(old_size, new_size, old_root, path)
    if roots != (old_root, new_root):
        raise InvalidProofError("the consistency proof from {old} to {new} does not hold", old=old_size, new=new_size)


def _roots_of_consistency(old_size: int, new_size: int, old_root: Hash, path: Sequence[Hash]) -> tuple[Hash, Hash]:
    """Old and new root as the proof has them; 0 < `old_size` < `new_size`."""
    if not path:
        raise InvalidProofError("the consistency proof is empty")
    # A complete old tree is a node of the new one, which the prover leaves out.
    nodes = (old_root, *path) if old_size & (old_size - 1) == 0 else tuple(path)
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            raise InvalidProofError("the consistency proof is too long for a tree of {size} leaves", size=new_size)
        if position & 1 or position == last:
            old = node_hash(node, old)
            new = node_hash(node, new)
            while position and not position & 1:
                position >>= 1
                last >>= 1
        else:
            new = node_hash(new, node)
        position >>= 1
        last >>= 1
    if last:
        raise InvalidProofError("the consistency proof is too short for a tree of {size} leaves", size=new_size)
    return old, new

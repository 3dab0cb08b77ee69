"""Holding a snapshot against headers: what they prove, and nothing else, is taken. Pure.

Owns the order of the checks and the one pass over the chunks, which hands on what it checked; whoever takes it must
throw it away if the pass ends in an error, since the tree and the digest are known at its end only. Never trusts the
manifest: the state digest, the tree's root and the outcome leaves come from headers, which the caller trusts.
Bounds: one chunk and its rows in memory. Source: docs/reference/storage.md, "Snapshots".
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from struct import Struct
from typing import Protocol

from contracts.result import Result
from contracts.timer_effect import TimerEffect
from ledger.block import Header, Outcome
from ledger.errors import DecodingError, InvalidBlockError, InvalidProofError
from ledger.hashing import Hash
from ledger.state_digest import StateDigest
from ledger.tree import CompactRange, TileHashes, leaf_hash, root_of, verify_inclusion
from storage.snapshot_chunks import (
    LEAVES_IN_CHUNK,
    checked_chunk,
    leaf_chunk_count,
    unpack_leaf_chunk,
    unpack_row_chunk,
)
from storage.snapshot_errors import InvalidSnapshotError
from storage.snapshot_manifest import SnapshotManifest

# The key of a row of results: height, number among the leaves that the height added to the tree of results.
RESULT_KEY = Struct(">QI")

HeaderAt = Callable[[int], Header | None]
ReadChunk = Callable[[Hash], bytes]


class SnapshotSink(Protocol):
    """What takes the parts of a snapshot as they are checked."""

    def take_tiles(self, added: Sequence[TileHashes]) -> None:
        """Hashes of tiles, in the order in which the log grew."""

    def take_records(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Records by ascending key."""

    def take_results(self, height: int, effects: Sequence[bytes], results: Sequence[bytes]) -> None:
        """All effect leaves and all result leaves of a height."""


class NoSink:
    """Takes nothing: for who only wants to know whether a snapshot holds."""

    def take_tiles(self, added: Sequence[TileHashes]) -> None:
        """Nothing."""

    def take_records(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Nothing."""

    def take_results(self, height: int, effects: Sequence[bytes], results: Sequence[bytes]) -> None:
        """Nothing."""


def take_snapshot(manifest: SnapshotManifest, header_at: HeaderAt, read_chunk: ReadChunk, sink: SnapshotSink) -> bytes:
    """Check a whole snapshot, and hand its parts to `sink` on the way.

    Args:
        manifest: Any.
        header_at: Trusted headers, from those that the snapshot's results are of up to the one that states its height.
        read_chunk: The bytes of a chunk, whatever they are.
        sink: Must forget what it took if this raises.

    Returns:
        The 2,048 bytes of the state digest's lanes.

    Raises:
        WrongChunkError: one chunk is not what its hash names.
        InvalidSnapshotError: the snapshot is not what the headers prove.

    Cost: about 10 µs a record, 1 µs a leaf.
    """
    above = check_manifest(manifest, header_at)
    base = above[0]
    sizes = [0]

    def read(name: Hash) -> bytes:
        chunk = checked_chunk(name, read_chunk(name))
        sizes[0] += len(chunk)
        return chunk

    _take_leaves(manifest, base, read, sink)
    lanes = _take_records(manifest, read, sink)
    _take_results(manifest, above, header_at, read, sink)
    if sizes[0] != manifest.size_bytes:
        raise _unproven("its size")
    return lanes


def check_manifest(manifest: SnapshotManifest, header_at: HeaderAt) -> list[Header]:
    """The headers from the snapshot's height up to the one that states it, if the manifest fits them.

    Raises:
        InvalidSnapshotError: it does not, or no header of those that are there states exactly that height.
    """
    base = header_at(manifest.height)
    if base is None or base.network_id != manifest.network_id or base.hash != manifest.header_hash:
        raise _unproven("its height")
    if base.tree_size != manifest.tree_size or len(manifest.leaf_chunks) != leaf_chunk_count(base.tree_size):
        raise _unproven("the size of the log")
    above = [base]
    for proof in manifest.outcomes:
        header = header_at(above[-1].height + 1)
        if header is None or above[-1].executed_height >= base.height:
            raise _unproven("the blocks above it")
        above.append(header)
        if not proof.leaf:
            raise _unproven("an outcome leaf")
    covering = above[-1]
    if covering.executed_height != base.height or covering.state_digest != manifest.state_digest:
        raise _unproven("its state")
    for header, proof in zip(above[1:], manifest.outcomes, strict=True):
        try:
            verify_inclusion(
                leaf_hash(proof.leaf),
                header.tree_size - header.leaf_count,
                covering.tree_size,
                proof.path,
                covering.tree_root,
            )
        except InvalidProofError as error:
            raise _unproven("an outcome leaf") from error
    return above


def _take_leaves(manifest: SnapshotManifest, base: Header, read: ReadChunk, sink: SnapshotSink) -> None:
    edge = CompactRange()
    for name in manifest.leaf_chunks:
        leaves = unpack_leaf_chunk(read(name))
        if len(leaves) != min(LEAVES_IN_CHUNK, base.tree_size - edge.size):
            raise _unproven("the size of a chunk")
        sink.take_tiles(edge.extend(leaves))
    if edge.size != base.tree_size or edge.root() != base.tree_root:
        raise _unproven("the log")


def _take_records(manifest: SnapshotManifest, read: ReadChunk, sink: SnapshotSink) -> bytes:
    digest = StateDigest.empty()
    count, newest = 0, b""
    for name in manifest.record_chunks:
        records = unpack_row_chunk(read(name))
        if records[0][0] <= newest or any(later <= earlier for (earlier, _), (later, _) in pairwise(records)):
            raise _unproven("the order of its records")
        newest = records[-1][0]
        count += len(records)
        digest.apply((key, None, value) for key, value in records)
        sink.take_records(records)
    if count != manifest.record_count or digest.digest() != manifest.state_digest:
        raise _unproven("its records")
    return digest.lanes_bytes()


def _take_results(
    manifest: SnapshotManifest, above: Sequence[Header], header_at: HeaderAt, read: ReadChunk, sink: SnapshotSink
) -> None:
    rows = (row for name in manifest.result_chunks for row in unpack_row_chunk(read(name)))
    waiting = next(rows, None)
    for (before, header), proof in zip(pairwise(above), manifest.outcomes, strict=True):
        stated: list[bytes] = []
        for height in range(before.executed_height + 1, header.executed_height + 1):
            leaves: list[bytes] = []
            while waiting is not None and waiting[0] == RESULT_KEY.pack(height, len(leaves)):
                leaves.append(waiting[1])
                waiting = next(rows, None)
            stated += leaves
            sink.take_results(height, *_split(header_at(height), leaves))
        _check_outcome(before, header, proof.leaf, stated)
    if waiting is not None:
        raise _unproven("its results")


def _split(header: Header | None, leaves: Sequence[bytes]) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """The effects and the results among what a height added to the tree of results."""
    count = header.leaf_count - 1 if header is not None else 0
    if header is None or len(leaves) < count:
        raise _unproven("its results")
    effects, results = leaves[: len(leaves) - count], leaves[len(leaves) - count :]
    first_index = header.tree_size - header.leaf_count + 1
    try:
        for number, leaf in enumerate(effects, 1):
            effect = TimerEffect.decode(leaf)
            if (effect.height, effect.number) != (header.height, number):
                raise _unproven("its results")
        for index, leaf in enumerate(results, first_index):
            result = Result.decode(leaf)
            if (result.height, result.leaf_index) != (header.height, index):
                raise _unproven("its results")
    except DecodingError as error:
        raise _unproven("its results") from error
    return effects, results


def _check_outcome(before: Header, header: Header, leaf: bytes, stated: Sequence[bytes]) -> None:
    try:
        outcome = Outcome.decode(leaf)
    except (DecodingError, InvalidBlockError) as error:
        raise _unproven("an outcome leaf") from error
    root = root_of([leaf_hash(one) for one in stated])
    says = (outcome.height, outcome.parent_hash, outcome.executed_height, outcome.results_count, outcome.results_root)
    if says != (header.height, before.hash, header.executed_height, len(stated), root):
        raise _unproven("its results")


def headers_of(stored: Callable[[int], bytes | None]) -> HeaderAt:
    """Headers by height out of their canonical bytes."""

    def header_at(height: int) -> Header | None:
        data = stored(height) if height >= 1 else None
        return None if data is None else Header.decode(data)

    return header_at


def headers_above(height: int, header_at: HeaderAt) -> list[Header]:
    """The headers above `height` up to the first that states it or more; fewer where that one is not there yet."""
    above: list[Header] = []
    while not above or above[-1].executed_height < height:
        header = header_at(height + 1 + len(above))
        if header is None:
            break
        above.append(header)
    return above


def _unproven(what: str) -> InvalidSnapshotError:
    return InvalidSnapshotError(
        "the snapshot is not what the headers prove ({what}); get one from another node", what=what
    )

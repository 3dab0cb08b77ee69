"""Making a snapshot out of a store: the chunks of one executed height, and the manifest once a header states it.

Owns the order in which a store is read, and what makes the outcome the same on every node. Never keeps more than one
chunk in memory; writes through the function that it is handed. The records must be those of one moment, the rest of
the store does not change any more. Source: docs/reference/storage.md, "Snapshots"; docs/adr/0028-snapshots.md.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ledger.block import Header
from ledger.hashing import HASH_SIZE_BYTES, Hash
from ledger.tree import TILE_WIDTH, inclusion_path
from storage.interface import StoredHeader, StoreHead, StoreReader
from storage.snapshot_check import RESULT_KEY, headers_above, headers_of
from storage.snapshot_chunks import LEAVES_IN_CHUNK, pack_row_chunks
from storage.snapshot_manifest import OutcomeProof, SnapshotManifest

# Keeps a chunk; returns its name.
KeepChunk = Callable[[bytes], Hash]


@dataclass(frozen=True, slots=True)
class SnapshotDraft:
    """The chunks of a height that no header has stated yet."""

    height: int
    state_digest: Hash
    record_count: int
    size_bytes: int
    leaf_chunks: tuple[Hash, ...]
    record_chunks: tuple[Hash, ...]
    result_chunks: tuple[Hash, ...]


def stated_height(reader: StoreReader, head: StoreHead) -> int | None:
    """A height of which the store's records as of `head` are known to be the state, because its newest header says so.

    None where the newest executed block states another state: blocks that changed something were executed since.
    """
    header = headers_of(_encoded(reader))(head.executed_height)
    if header is None or header.executed_height == 0 or header.state_digest != head.state_digest:
        return None
    return header.executed_height


def draft_snapshot(
    reader: StoreReader,
    height: int,
    state_digest: Hash,
    records: Iterable[tuple[bytes, bytes]],
    keep_chunk: KeepChunk,
) -> SnapshotDraft:
    """Write the chunks of an executed height.

    Args:
        reader: A store that has executed `height`, and may have gone on.
        height: At least 1.
        state_digest: Of the records.
        records: The whole state after `height`, by ascending key, of one moment.
        keep_chunk: Called for each chunk, records first.

    Raises: what reading and keeping raise.

    Cost: one pass over the records and the hashes of leaves; about 2 s for a million records.
    """
    sizes = [0]

    def keep(chunk: bytes) -> Hash:
        sizes[0] += len(chunk)
        return keep_chunk(chunk)

    header = headers_of(_encoded(reader))(height)
    assert header is not None, "an executed block has a header"
    # First what keeps pages of their moment from being used again.
    record_chunks, record_count = [], 0
    for count, chunk in pack_row_chunks(records):
        record_chunks.append(keep(chunk))
        record_count += count
    leaf_chunks = tuple(keep(chunk) for chunk in _leaf_chunks(reader, header.tree_size))
    result_chunks = tuple(keep(chunk) for _, chunk in pack_row_chunks(_results(reader, header)))
    return SnapshotDraft(height, state_digest, record_count, sizes[0], leaf_chunks, tuple(record_chunks), result_chunks)


def complete_snapshot(reader: StoreReader, draft: SnapshotDraft) -> SnapshotManifest | None:
    """The manifest, once the header that states the height is executed; None where a later height was stated instead.

    Args:
        reader: The store that the draft was made of; `is_covered` for the draft's height.
        draft: What `draft_snapshot` made.
    """
    header_at = headers_of(_encoded(reader))
    base = header_at(draft.height)
    above = headers_above(draft.height, header_at)
    assert base is not None, "an executed block has a header"
    covering = above[-1]
    if covering.executed_height != draft.height or covering.state_digest != draft.state_digest:
        return None
    return SnapshotManifest(
        network_id=base.network_id,
        height=draft.height,
        header_hash=base.hash,
        tree_size=base.tree_size,
        state_digest=draft.state_digest,
        record_count=draft.record_count,
        size_bytes=draft.size_bytes,
        leaf_chunks=draft.leaf_chunks,
        record_chunks=draft.record_chunks,
        result_chunks=draft.result_chunks,
        outcomes=tuple(_outcome(reader, header, covering) for header in above),
    )


def is_covered(reader: StoreReader, height: int) -> bool:
    """Whether a header that states `height`, or a later one, is executed here."""
    head = reader.head()
    above = headers_above(height, headers_of(_encoded(reader)))
    return bool(above) and above[-1].executed_height >= height and above[-1].height <= head.executed_height


def _outcome(reader: StoreReader, header: Header, covering: Header) -> OutcomeProof:
    index = header.tree_size - header.leaf_count
    leaf = bytes(reader.entries(index, 1)[0])
    return OutcomeProof(leaf, tuple(inclusion_path(reader, index, covering.tree_size)))


def _leaf_chunks(reader: StoreReader, tree_size: int) -> Iterator[bytes]:
    for start in range(0, tree_size, LEAVES_IN_CHUNK):
        stop = min(start + LEAVES_IN_CHUNK, tree_size)
        # A tile at the right edge may have grown since; full ones never change.
        tiles = [reader.tile(0, index) for index in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH))]
        yield b"".join(tiles)[: (stop - start) * HASH_SIZE_BYTES]


def _results(reader: StoreReader, header: Header) -> Iterator[tuple[bytes, bytes]]:
    """What the next outcome leaves state: the results of the heights that the header does not."""
    for height in range(header.executed_height + 1, header.height + 1):
        stored = reader.header(height)
        assert stored is not None, "an executed block has a header"
        leaves = [*reader.timer_effects(height), *_block_results(reader, stored)]
        for number, leaf in enumerate(leaves):
            yield RESULT_KEY.pack(height, number), bytes(leaf)


def _block_results(reader: StoreReader, stored: StoredHeader) -> Sequence[bytes]:
    leaves = reader.results(stored.first_index + 1, stored.leaf_count - 1)
    assert len(leaves) == stored.leaf_count - 1, "results are written with the execution"
    return leaves


def _encoded(reader: StoreReader) -> Callable[[int], bytes | None]:
    def encoded(height: int) -> bytes | None:
        stored = reader.header(height)
        return None if stored is None else bytes(stored.header)

    return encoded

"""The chunks that a snapshot is cut into: how large, of what form, under which names. Pure.

Owns the two forms. A *leaf chunk* is 32,768 leaf hashes of the log one after the other, the last one fewer; a *row
chunk* is rows by ascending key, as many as fit. Where a chunk ends follows from its content alone, so that every node
cuts the same state into the same chunks; and leaf chunks that are full are the same in all later snapshots. Never
trusts a chunk: its hash, size, form and order are checked. Source: docs/reference/storage.md, "Snapshots".

A row: length of the key (2 bytes), length of the value (4), key, value.
"""

from collections.abc import Iterable, Iterator
from struct import Struct

from ledger.errors import LocalError
from ledger.hashing import HASH_SIZE_BYTES, Hash, tagged_hash
from storage.snapshot_errors import InvalidSnapshotError, WrongChunkError

# What a neighbour's answer may hold (`p2p.answers`), and what is lost when one chunk is wrong or does not arrive.
CHUNK_SIZE_BYTES_MAX = 1 << 20
LEAVES_IN_CHUNK = CHUNK_SIZE_BYTES_MAX // HASH_SIZE_BYTES
_ROW = Struct(">HI")
# What LMDB takes as a key; records have keys of at most 500 bytes.
_KEY_SIZE_BYTES_MAX = 511


def chunk_hash(chunk: bytes) -> Hash:
    """The name of a chunk."""
    return tagged_hash("snapshot-chunk", chunk)


def checked_chunk(name: Hash, chunk: bytes) -> bytes:
    """The chunk itself.

    Raises:
        WrongChunkError: it is not the one of this name, or larger than any.
    """
    if len(chunk) > CHUNK_SIZE_BYTES_MAX or chunk_hash(chunk) != name:
        raise WrongChunkError(
            "chunk {chunk} of the snapshot is not what its name says; get it again, from another node", chunk=name.hex()
        )
    return chunk


def pack_row_chunks(rows: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[int, bytes]]:
    """The number of rows and the bytes of each chunk, in order; holds one chunk at a time.

    Args:
        rows: By strictly ascending key.

    Raises:
        LocalError: a row is larger than a chunk; records and results are far below it.
    """
    gathered: list[bytes] = []
    size = count = 0
    for key, value in rows:
        needed = _ROW.size + len(key) + len(value)
        if needed > CHUNK_SIZE_BYTES_MAX or len(key) > _KEY_SIZE_BYTES_MAX:
            raise LocalError("A row of {size} bytes does not fit into a chunk of a snapshot.", size=needed)
        if size + needed > CHUNK_SIZE_BYTES_MAX:
            yield count, b"".join(gathered)
            gathered, size, count = [], 0, 0
        gathered += (_ROW.pack(len(key), len(value)), key, value)
        size += needed
        count += 1
    if gathered:
        yield count, b"".join(gathered)


def unpack_row_chunk(chunk: bytes) -> list[tuple[bytes, bytes]]:
    """The rows of a chunk.

    Raises:
        InvalidSnapshotError: not a row chunk.
    """
    rows = []
    at, end = 0, len(chunk)
    while at < end:
        if end - at < _ROW.size:
            raise _malformed()
        key_size, value_size = _ROW.unpack_from(chunk, at)
        value_at = at + _ROW.size + key_size
        at = value_at + value_size
        if not 1 <= key_size <= _KEY_SIZE_BYTES_MAX or at > end:
            raise _malformed()
        rows.append((chunk[value_at - key_size : value_at], chunk[value_at:at]))
    if not rows:
        raise _malformed()
    return rows


def unpack_leaf_chunk(chunk: bytes) -> list[Hash]:
    """The leaf hashes of a chunk.

    Raises:
        InvalidSnapshotError: not a leaf chunk.
    """
    if not chunk or len(chunk) % HASH_SIZE_BYTES or len(chunk) > CHUNK_SIZE_BYTES_MAX:
        raise _malformed()
    return [chunk[at : at + HASH_SIZE_BYTES] for at in range(0, len(chunk), HASH_SIZE_BYTES)]


def leaf_chunk_count(tree_size: int) -> int:
    """How many leaf chunks a log of this size has."""
    return -(-tree_size // LEAVES_IN_CHUNK)


def _malformed() -> InvalidSnapshotError:
    return InvalidSnapshotError("a chunk of the snapshot is malformed; get a snapshot from another node")

"""The manifest of a snapshot: of which state it is, and which chunks it consists of. Pure.

Owns its written form, which is the same on every node that makes a snapshot of that height. Never proves anything by
itself: `storage.snapshot_check` holds it against headers. Bounds: `CHUNKS_MAX` chunks, `OUTCOMES_MAX` outcome leaves.
Source: docs/reference/storage.md, "Snapshots".

    ["snapshot", 1, network id, height, header hash, tree size, state digest, record count, size in bytes,
     leaf chunks, record chunks, result chunks, [[outcome leaf, inclusion path], …]]

Hashes of chunks, and those of a path, are one byte string each, one hash after the other.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ledger.block import OUTCOME_SIZE_BYTES_MAX
from ledger.encoding import Value, decode, encode
from ledger.errors import DecodingError
from ledger.hashing import HASH_SIZE_BYTES, Hash, tagged_hash
from storage.snapshot_chunks import CHUNK_SIZE_BYTES_MAX
from storage.snapshot_errors import InvalidSnapshotError

MANIFEST_MARK = "snapshot"
MANIFEST_VERSION = 1
# 16 GiB of state and leaf hashes: half a billion entries. The manifest then has half a megabyte.
CHUNKS_MAX = 16_384
# Blocks between a height and the header that states it: a window of 16 blocks each of which may wait for another.
OUTCOMES_MAX = 64
# A tree of 2**64 leaves is no higher.
_PATH_LENGTH_MAX = 64
MANIFEST_SIZE_BYTES_MAX = 1 << 20
_FIELD_COUNT = 13


class OutcomeProof(NamedTuple):
    """The outcome leaf of a block above the snapshot, and its path in the tree of the covering header."""

    leaf: bytes
    path: tuple[Hash, ...]


@dataclass(frozen=True)
class SnapshotManifest:
    """What a snapshot is of, and its chunks in the order in which they are loaded.

    `height` is executed, and a header above it states `state_digest` for it; `outcomes` are the outcome leaves of the
    blocks above `height` up to that one, by which the results in `result_chunks` are proven.
    """

    network_id: Hash
    height: int
    header_hash: Hash
    tree_size: int
    state_digest: Hash
    record_count: int
    size_bytes: int
    leaf_chunks: tuple[Hash, ...]
    record_chunks: tuple[Hash, ...]
    result_chunks: tuple[Hash, ...]
    outcomes: tuple[OutcomeProof, ...]

    @property
    def chunks(self) -> tuple[Hash, ...]:
        """All chunks, in the order in which they are loaded."""
        return self.leaf_chunks + self.record_chunks + self.result_chunks

    @cached_property
    def hash(self) -> Hash:
        """What the snapshot is called among nodes."""
        return tagged_hash("snapshot", self.encoded)

    @cached_property
    def encoded(self) -> bytes:
        """The canonical bytes."""
        return encode(
            [
                MANIFEST_MARK,
                MANIFEST_VERSION,
                self.network_id,
                self.height,
                self.header_hash,
                self.tree_size,
                self.state_digest,
                self.record_count,
                self.size_bytes,
                b"".join(self.leaf_chunks),
                b"".join(self.record_chunks),
                b"".join(self.result_chunks),
                [[one.leaf, b"".join(one.path)] for one in self.outcomes],
            ]
        )

    def encode(self) -> bytes:
        """The canonical bytes."""
        return self.encoded

    @classmethod
    def decode(cls, data: bytes) -> "SnapshotManifest":
        """The manifest of which `data` are the canonical bytes.

        Raises:
            InvalidSnapshotError: anything else, and nothing else is ever raised.
        """
        try:
            value = decode(data, MANIFEST_SIZE_BYTES_MAX)
        except DecodingError as error:
            raise _malformed() from error
        if not isinstance(value, list) or len(value) != _FIELD_COUNT or value[:2] != [MANIFEST_MARK, MANIFEST_VERSION]:
            raise _malformed()
        manifest = cls(
            _hash(value[2]),
            _number(value[3], 1),
            _hash(value[4]),
            _number(value[5], 1),
            _hash(value[6]),
            _number(value[7], 1),
            _number(value[8], 1),
            _hashes(value[9], CHUNKS_MAX),
            _hashes(value[10], CHUNKS_MAX),
            _hashes(value[11], CHUNKS_MAX),
            _outcomes(value[12]),
        )
        count = len(manifest.chunks)
        if not 1 <= count <= CHUNKS_MAX or manifest.size_bytes > count * CHUNK_SIZE_BYTES_MAX:
            raise _malformed()
        return manifest


def _hash(value: Value) -> Hash:
    if not isinstance(value, bytes) or len(value) != HASH_SIZE_BYTES:
        raise _malformed()
    return value


def _number(value: Value, least: int) -> int:
    if type(value) is not int or value < least:
        raise _malformed()
    return value


def _hashes(value: Value, count_max: int) -> tuple[Hash, ...]:
    if not isinstance(value, bytes) or len(value) % HASH_SIZE_BYTES or len(value) > count_max * HASH_SIZE_BYTES:
        raise _malformed()
    return tuple(value[at : at + HASH_SIZE_BYTES] for at in range(0, len(value), HASH_SIZE_BYTES))


def _outcomes(value: Value) -> tuple[OutcomeProof, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= OUTCOMES_MAX:
        raise _malformed()
    proofs = []
    for one in value:
        if not isinstance(one, list) or len(one) != 2:
            raise _malformed()
        leaf, path = one
        if not isinstance(leaf, bytes) or len(leaf) > OUTCOME_SIZE_BYTES_MAX:
            raise _malformed()
        proofs.append(OutcomeProof(leaf, _hashes(path, _PATH_LENGTH_MAX)))
    return tuple(proofs)


def _malformed() -> InvalidSnapshotError:
    return InvalidSnapshotError("the manifest of the snapshot is malformed; get one from another node")

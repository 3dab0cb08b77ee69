"""The written form of the store: its tables, their keys, and the records in `meta`.

Owns every byte layout except those of chunks (`storage.chunks`), links (`storage.links`), the journals and the
id index (`storage.id_segment`, `storage.id_manifest`). Pure: bytes in, values out. Integers are big-endian unless said
otherwise, so that keys sort by number. A layout that changes needs a new `FORMAT_VERSION`.
Source: docs/reference/storage.md.
"""

from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from ledger.hashing import HASH_SIZE_BYTES, Hash, sha256
from storage.interface import StoredHeader, StoredPayload
from storage.kept import Kept

# Of format 1 are stores that are whole, of format 2 some that are not; both without a journal of links, which came with
# format 3, and all three without one of records. With its first write a store becomes one of this format.
FORMAT_VERSION = 4

TABLE_NAMES = (
    "meta",
    "headers",
    "starts",
    "entries",
    "certificates",
    "results",
    "tiles",
    "state",
    "links",
    "payloads",
    "id_runs",
    "id_journal",
)

META_FORMAT = b"format"
META_HEAD = b"head"
META_LANES = b"lanes"
META_CHECKPOINT = b"checkpoint"
META_IDS = b"ids"
# Only where a store is being made out of a snapshot: the network that it is to be of.
META_LOADING = b"loading"
# Only where something is missing, from format 2 on.
META_KEPT = b"kept"
# Only where a header was late in stating what was executed.
META_UNSTATED = b"unstated"

# A tree of 2**64 leaves has tiles up to this level.
TILE_LEVEL_MAX = 7

_MAGIC = b"banyan-store\0"
_CHECKSUM_SIZE_BYTES = 8
_NUMBER = Struct(">Q")
_TILE_KEY = Struct(">BQ")
_FORMAT = Struct(">13sH32s")
_STANDING = Struct(">QQ32sQQQ32s")
# term, first index, leaf count, lengths of signature and certificate, header hash
_HEADER = Struct(">QQIHI32s")
_KEPT = Struct(">QQQQ")


class MalformedRecordError(ValueError):
    """Bytes that this layout never writes; the boundary turns it into `StoreDamagedError`."""


class Standing(NamedTuple):
    """Where a store stands, without the parts that are large: the content of the `head` record.

    `next_index` is the log index after the last stored entry, `tree_size` the one after the last executed entry.
    """

    tip_height: int
    tip_term: int
    tip_hash: Hash
    next_index: int
    executed_height: int
    tree_size: int
    state_digest: Hash


def number_key(number: int) -> bytes:
    """The key of a height or a log index: 8 bytes that sort by number."""
    return _NUMBER.pack(number)


def key_number(key: bytes | memoryview) -> int:
    """The height or log index in a key.

    Raises:
        MalformedRecordError: not 8 bytes.
    """
    if len(key) != _NUMBER.size:
        raise MalformedRecordError("a numbered key has 8 bytes")
    return int.from_bytes(key)


def tile_key(level: int, index: int) -> bytes:
    """The key of a tile: 1 byte of level, 8 bytes of index."""
    return _TILE_KEY.pack(level, index)


def seal(content: bytes) -> bytes:
    """`content` and 8 bytes of checksum behind it."""
    return content + sha256(content)[:_CHECKSUM_SIZE_BYTES]


def unseal(record: bytes) -> bytes:
    """The content of a sealed record.

    Raises:
        MalformedRecordError: the checksum does not fit.
    """
    content, checksum = record[:-_CHECKSUM_SIZE_BYTES], record[-_CHECKSUM_SIZE_BYTES:]
    if sha256(content)[:_CHECKSUM_SIZE_BYTES] != checksum:
        raise MalformedRecordError("the checksum does not fit")
    return content


def pack_format(network_id: Hash, version: int = FORMAT_VERSION) -> bytes:
    """The `format` record: magic, version, network id, checksum."""
    return seal(_FORMAT.pack(_MAGIC, version, network_id))


def unpack_format(record: bytes) -> tuple[int, Hash]:
    """Version and network id; the same in every version of the format, also where later ones add fields behind.

    Raises:
        MalformedRecordError: not a `format` record.
    """
    content = unseal(record)
    if len(content) < _FORMAT.size or not content.startswith(_MAGIC):
        raise MalformedRecordError("the format record is not ours")
    _, version, network_id = _FORMAT.unpack_from(content)
    return version, network_id


def pack_standing(standing: Standing) -> bytes:
    """The `head` record."""
    return seal(_STANDING.pack(*standing))


def unpack_standing(record: bytes) -> Standing:
    """The standing in a `head` record.

    Raises:
        MalformedRecordError: not a `head` record.
    """
    content = unseal(record)
    if len(content) != _STANDING.size:
        raise MalformedRecordError("the head record has another size")
    return Standing(*_STANDING.unpack(content))


def pack_kept(kept: Kept) -> bytes:
    """The `kept` record."""
    return seal(_KEPT.pack(*kept))


def unpack_kept(record: bytes) -> Kept:
    """What is kept, from a `kept` record.

    Raises:
        MalformedRecordError: not a `kept` record.
    """
    content = unseal(record)
    if len(content) != _KEPT.size:
        raise MalformedRecordError("the record of what is kept has another size")
    return Kept(*_KEPT.unpack(content))


def pack_unstated(height: int, digests: Sequence[Hash]) -> bytes:
    """The `unstated` record: state digests after consecutive heights, the last of them just below `height`."""
    return seal(number_key(height - len(digests)) + b"".join(digests))


def unpack_unstated(record: bytes) -> dict[int, Hash]:
    """State digests by height, from an `unstated` record.

    Raises:
        MalformedRecordError: not an `unstated` record.
    """
    content = unseal(record)
    digests = content[_NUMBER.size :]
    if len(content) < _NUMBER.size or len(digests) % HASH_SIZE_BYTES:
        raise MalformedRecordError("the record of unstated digests has another size")
    first = key_number(content[: _NUMBER.size])
    return {
        first + number: digests[start : start + HASH_SIZE_BYTES]
        for number, start in enumerate(range(0, len(digests), HASH_SIZE_BYTES))
    }


def pack_header(header: StoredHeader) -> bytes:
    """A row of `headers`; the height is its key."""
    fixed = _HEADER.pack(
        header.term,
        header.first_index,
        header.leaf_count,
        len(header.signature),
        len(header.election_certificate),
        header.header_hash,
    )
    return fixed + header.signature + header.election_certificate + header.header


def unpack_header(height: int, row: bytes) -> StoredHeader:
    """The header part of a block.

    Raises:
        MalformedRecordError: not a row of `headers`.
    """
    if len(row) < _HEADER.size:
        raise MalformedRecordError("a header row is too short")
    term, first_index, leaf_count, signature_size, certificate_size, header_hash = _HEADER.unpack_from(row)
    certificate_start = _HEADER.size + signature_size
    header_start = certificate_start + certificate_size
    if header_start > len(row):
        raise MalformedRecordError("a header row is too short")
    return StoredHeader(
        height=height,
        term=term,
        header=row[header_start:],
        header_hash=header_hash,
        signature=row[_HEADER.size : certificate_start],
        election_certificate=row[certificate_start:header_start],
        first_index=first_index,
        leaf_count=leaf_count,
    )


def pack_payload(payload: StoredPayload) -> bytes:
    """A row of `payloads`; the commitment is its key."""
    return payload.salt + payload.value


def unpack_payload(commitment: Hash, row: bytes) -> StoredPayload:
    """The detached value under `commitment`.

    Raises:
        MalformedRecordError: not a row of `payloads`.
    """
    if len(row) < HASH_SIZE_BYTES:
        raise MalformedRecordError("a payload row is too short")
    return StoredPayload(commitment, row[:HASH_SIZE_BYTES], row[HASH_SIZE_BYTES:])

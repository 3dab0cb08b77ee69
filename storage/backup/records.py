"""The written form of a part of a backup: a line that names the format, then records. Pure.

Owns every byte of it; never reads a store or a file. A record is its length (4 bytes, big-endian) and its canonical
encoding, an array that begins with its kind. A part is: one `start`; where it begins a successor network's ledger, any
number of `inherited`; for each height one `block`, after it any number of `values`; at most one `checkpoint`; an `end`;
then the length of the record `end` (4 bytes) and `BNYB`, so that the end is found without reading the rest.

Bounds: a record has at most `RECORD_SIZE_BYTES_MAX`; the largest block with its certificates stays below that.
Source: docs/reference/backups.md; docs/adr/0030-backup-and-restore.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ledger.detached import DETACHED_SIZE_BYTES_MAX, DetachedValue
from ledger.encoding import DECODED_SIZE_BYTES_MAX, Value, decode, encode
from ledger.errors import DecodingError
from ledger.hashing import HASH_SIZE_BYTES, Hash

MAGIC = b"banyan-backup/v1\n"
TAIL_MAGIC = b"BNYB"
LENGTH_SIZE_BYTES = 4
TAIL_SIZE_BYTES = LENGTH_SIZE_BYTES + len(TAIL_MAGIC)
RECORD_SIZE_BYTES_MAX = DECODED_SIZE_BYTES_MAX
# Values of several transactions go together up to this; one transaction's have at most 1 MiB.
VALUES_SIZE_BYTES_MAX = DETACHED_SIZE_BYTES_MAX
# A tree of 2**64 leaves has so many peaks at most.
_PEAKS_MAX = 64

# The longest key of a record, and what a record may have; in the file of inherited records anything longer is damage.
INHERITED_KEY_SIZE_BYTES_MAX = 500
INHERITED_VALUE_SIZE_BYTES_MAX = 64 * 1024

Field = TypeVar("Field")


@dataclass(frozen=True, slots=True)
class PartStart:
    """Of which ledger a part is, and what it follows.

    `previous_header` is the header of height `first_height` - 1 and `peaks` the complete subtrees of the log up to
    there, largest first; both empty in a part that begins at height 1. `genesis` is the text of `genesis.json`.
    `made_ms` is when the part was made, by the maker's clock; `version` is the program's.
    """

    network_id: Hash
    genesis: str
    first_height: int
    previous_header: bytes
    peaks: tuple[Hash, ...]
    made_ms: int
    version: str


@dataclass(frozen=True, slots=True)
class PartInherited:
    """Records that a successor network began with: key and value, ascending by key over all of these of a part."""

    records: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class PartBlock:
    """A committed block; `entries` are its outcome leaf and its envelopes, `certificate` is what committed it."""

    header: bytes
    signature: bytes
    election_certificate: bytes
    certificate: bytes
    entries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class PartValues:
    """Detached values of transactions in the block before."""

    values: tuple[DetachedValue, ...]


@dataclass(frozen=True, slots=True)
class PartCheckpoint:
    """The newest signed checkpoint that the node had, of at most as many entries as the part leads to."""

    note: bytes


@dataclass(frozen=True, slots=True)
class PartEnd:
    """What the part leads to: the newest height, and what is true after it.

    `missing_count` counts commitments whose values the node did not hold; `content_hash` is SHA-256 of all bytes of the
    part before this record.
    """

    last_height: int
    header_hash: Hash
    tree_size: int
    tree_root: Hash
    state_digest: Hash
    block_count: int
    entry_count: int
    value_count: int
    missing_count: int
    content_hash: Hash


PartRecord = PartStart | PartInherited | PartBlock | PartValues | PartCheckpoint | PartEnd


def encode_record(record: PartRecord) -> bytes:
    """The record with its length before it."""
    content = encode(_fields(record))
    assert len(content) <= RECORD_SIZE_BYTES_MAX, "blocks and values have bounds of their own"
    return len(content).to_bytes(LENGTH_SIZE_BYTES, "big") + content


def encode_tail(end: bytes) -> bytes:
    """What stands behind the record `end`, given as `encode_record` wrote it."""
    return (len(end) - LENGTH_SIZE_BYTES).to_bytes(LENGTH_SIZE_BYTES, "big") + TAIL_MAGIC


def decode_record(content: bytes) -> PartRecord:
    """The record whose canonical encoding this is, without its length.

    Raises:
        DecodingError: anything else.
    """
    value = decode(content, RECORD_SIZE_BYTES_MAX)
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        raise DecodingError("a record of a backup is an array that begins with its kind")
    reader = _READERS.get(value[0])
    if reader is None:
        raise DecodingError("a backup has no records of the kind {kind!r}", kind=value[0][:32])
    kind, count = reader
    if len(value) != 1 + count:
        raise DecodingError("the record `{kind}` of a backup has {count} fields", kind=value[0], count=count)
    return kind(value[1:])


def _fields(record: PartRecord) -> list[Value]:
    if isinstance(record, PartStart):
        return [
            "start",
            record.network_id,
            record.genesis,
            record.first_height,
            record.previous_header,
            list(record.peaks),
            record.made_ms,
            record.version,
        ]
    if isinstance(record, PartInherited):
        return ["inherited", [[key, value] for key, value in record.records]]
    if isinstance(record, PartBlock):
        return [
            "block",
            record.header,
            record.signature,
            record.election_certificate,
            record.certificate,
            list(record.entries),
        ]
    if isinstance(record, PartValues):
        return ["values", [[one.salt, one.value_bytes] for one in record.values]]
    if isinstance(record, PartCheckpoint):
        return ["checkpoint", record.note]
    return [
        "end",
        record.last_height,
        record.header_hash,
        record.tree_size,
        record.tree_root,
        record.state_digest,
        record.block_count,
        record.entry_count,
        record.value_count,
        record.missing_count,
        record.content_hash,
    ]


def _start(fields: Sequence[Value]) -> PartStart:
    network_id, genesis, first, header, peaks, made_ms, version = fields
    hashes = tuple(_hash(one) for one in _list(peaks, _PEAKS_MAX))
    return PartStart(
        _hash(network_id),
        _of(genesis, str),
        _count(first, 1),
        _of(header, bytes),
        hashes,
        _count(made_ms),
        _of(version, str),
    )


def _inherited(fields: Sequence[Value]) -> PartInherited:
    found = []
    for one in _list(fields[0], RECORD_SIZE_BYTES_MAX):
        key, value = (_of(item, bytes) for item in _list(one, 2, 2))
        if not 0 < len(key) <= INHERITED_KEY_SIZE_BYTES_MAX or len(value) > INHERITED_VALUE_SIZE_BYTES_MAX:
            raise DecodingError("an inherited record in a backup is larger than any")
        found.append((key, value))
    return PartInherited(tuple(found))


def _block(fields: Sequence[Value]) -> PartBlock:
    header, signature, election, certificate, entries = fields
    return PartBlock(
        _of(header, bytes),
        _of(signature, bytes),
        _of(election, bytes),
        _of(certificate, bytes),
        tuple(_of(one, bytes) for one in _list(entries, RECORD_SIZE_BYTES_MAX)),
    )


def _values(fields: Sequence[Value]) -> PartValues:
    found = []
    for one in _list(fields[0], RECORD_SIZE_BYTES_MAX):
        salt, value = _list(one, 2, 2)
        found.append(DetachedValue(_hash(salt), _of(value, bytes)))
    return PartValues(tuple(found))


def _checkpoint(fields: Sequence[Value]) -> PartCheckpoint:
    return PartCheckpoint(_of(fields[0], bytes))


def _end(fields: Sequence[Value]) -> PartEnd:
    height, header_hash, size, root, digest, blocks, entries, values, missing, content = fields
    return PartEnd(
        _count(height, 1),
        _hash(header_hash),
        _count(size),
        _hash(root),
        _hash(digest),
        _count(blocks),
        _count(entries),
        _count(values),
        _count(missing),
        _hash(content),
    )


_READERS: dict[str, tuple[Callable[[Sequence[Value]], PartRecord], int]] = {
    "start": (_start, 7),
    "inherited": (_inherited, 1),
    "block": (_block, 5),
    "values": (_values, 1),
    "checkpoint": (_checkpoint, 1),
    "end": (_end, 10),
}


def _of(value: Value, kind: type[Field]) -> Field:
    if type(value) is not kind:
        raise DecodingError("a field of a backup's record has a wrong type")
    return value


def _hash(value: Value) -> Hash:
    if not isinstance(value, bytes) or len(value) != HASH_SIZE_BYTES:
        raise DecodingError("a field of a backup's record is not {size} bytes", size=HASH_SIZE_BYTES)
    return value


def _count(value: Value, lowest: int = 0) -> int:
    if type(value) is not int or value < lowest:
        raise DecodingError("a field of a backup's record is not a count")
    return value


def _list(value: Value, most: int, least: int = 0) -> list[Value]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise DecodingError("a field of a backup's record is not a list of the right length")
    return value

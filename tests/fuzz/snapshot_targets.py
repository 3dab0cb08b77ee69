"""Snapshots as neighbours hand them out: manifests, chunks, and whole ones held against headers that are trusted."""

from dataclasses import replace
from functools import cache

from ledger.encoding import decode, encode
from ledger.errors import RemoteProtocolError
from storage.snapshot_check import NoSink, headers_of, take_snapshot
from storage.snapshot_chunks import chunk_hash, pack_row_chunks, unpack_row_chunk
from storage.snapshot_errors import InvalidSnapshotError
from storage.snapshot_manifest import SnapshotManifest
from tests.fuzz.target import Target
from tests.ledger.byte_forms import assert_one_form
from tests.storage.ledger_growth import Ledger
from tests.storage.snapshots import Chunks, snapshot_of

_HEIGHT = 5


@cache
def _ledger() -> Ledger:
    return Ledger(lag=2).grow(8, entries=2, size_bytes=0)


@cache
def _snapshot() -> tuple[SnapshotManifest, Chunks]:
    return snapshot_of(_ledger(), _HEIGHT)


def _whole() -> tuple[bytes, ...]:
    manifest, chunks = _snapshot()
    return (encode([manifest.encode(), [chunks[name] for name in manifest.chunks]]),)


def _rows() -> tuple[bytes, ...]:
    manifest, chunks = _snapshot()
    return tuple(chunks[name] for name in (*manifest.record_chunks, *manifest.result_chunks))


def _packed(rows: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(chunk for _, chunk in pack_row_chunks(rows))


def _check_whole(data: bytes) -> None:
    """A liar names the chunks as their content asks; what passes all the same is what the headers prove."""
    try:
        value = decode(data)
        if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], list):
            return
        chunks = [one for one in value[1] if isinstance(one, bytes)]
        manifest = SnapshotManifest.decode(value[0] if isinstance(value[0], bytes) else b"")
    except RemoteProtocolError:
        return
    leaves, records = len(manifest.leaf_chunks), len(manifest.leaf_chunks) + len(manifest.record_chunks)
    names = [chunk_hash(one) for one in chunks]
    forged = replace(
        manifest,
        leaf_chunks=tuple(names[:leaves]),
        record_chunks=tuple(names[leaves:records]),
        result_chunks=tuple(names[records:]),
        size_bytes=sum(map(len, chunks)),
    )
    headers = [one.encode() for one in _ledger().headers]
    header_at = headers_of(lambda height: headers[height - 1] if height <= len(headers) else None)
    try:
        take_snapshot(forged, header_at, dict(zip(names, chunks, strict=True)).__getitem__, NoSink())
    except InvalidSnapshotError as error:
        assert str(error)
        return
    assert forged == _snapshot()[0], "only one snapshot of a height is proven"


SNAPSHOT_TARGETS: tuple[Target, ...] = (
    Target(
        "snapshot-manifest",
        lambda: (_snapshot()[0].encode(),),
        lambda data: assert_one_form(SnapshotManifest.decode, SnapshotManifest.encode, data),
    ),
    Target("snapshot-rows", _rows, lambda data: assert_one_form(unpack_row_chunk, _packed, data)),
    Target("snapshot", _whole, _check_whole),
)

"""Snapshots of a test ledger, and loading them."""

from collections.abc import Iterable

from ledger.hashing import Hash
from storage.interface import CertifiedHeader, StoreReader
from storage.loading import Loading
from storage.memory_loading import MemoryLoading
from storage.snapshot_chunks import chunk_hash
from storage.snapshot_making import complete_snapshot, draft_snapshot
from storage.snapshot_manifest import SnapshotManifest
from tests.storage.ledger_growth import Ledger


class Chunks(dict[Hash, bytes]):
    """Chunks in memory."""

    def keep(self, chunk: bytes) -> Hash:
        name = chunk_hash(chunk)
        self[name] = chunk
        return name


def snapshot_of(ledger: Ledger, height: int, reader: StoreReader | None = None) -> tuple[SnapshotManifest, Chunks]:
    """The snapshot of a height that a later header states; the records are those as of that height."""
    chunks = Chunks()
    at = Ledger(lag=ledger.lag, every=ledger.every, timers_every=ledger.timers_every)
    at.batches = ledger.batches[:height]
    then = at.store()
    draft = draft_snapshot(
        reader or ledger.store(), height, then.head().state_digest, then.scan_state(b""), chunks.keep
    )
    manifest = complete_snapshot(reader or ledger.store(), draft)
    assert manifest is not None
    return manifest, chunks


def certified_headers(ledger: Ledger, stop: int | None = None) -> list[CertifiedHeader]:
    """The headers of a ledger with their certificates."""
    store = ledger.store()
    headers = []
    for height in range(1, (stop or len(ledger.headers)) + 1):
        header, certificate = store.header(height), store.certificate(height)
        assert header is not None and certificate is not None
        headers.append(CertifiedHeader(header, certificate))
    return headers


def take(loading: Loading, ledger: Ledger, height: int) -> None:
    """Load the snapshot of a height."""
    manifest, chunks = snapshot_of(ledger, height)
    loading.add_headers(certified_headers(ledger))
    loading.take(manifest, chunks.__getitem__)


def drop_all(loading: Loading, heights: Iterable[int]) -> None:
    """Forget headers, the highest first."""
    for height in sorted(heights, reverse=True):
        loading.drop_headers_from(height)


__all__ = ["Chunks", "MemoryLoading", "certified_headers", "drop_all", "snapshot_of", "take"]

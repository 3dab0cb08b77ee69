"""Making a store in memory out of headers and a snapshot: the twin of `storage.lmdb_loading`.

Owns lists and dictionaries; held to the same contract as the one on disk. Source: `storage.loading`.
"""

from collections.abc import Sequence

from ledger.errors import LocalError
from ledger.hashing import Hash
from ledger.tree import TileHashes
from storage.interface import CertifiedHeader, StoredHeader, StoredPast
from storage.kept import Kept
from storage.loading import check_filled, check_follows, needed_from
from storage.memory import LoadedParts, MemoryStore
from storage.snapshot_check import ReadChunk, headers_of, take_snapshot
from storage.snapshot_manifest import SnapshotManifest


class MemoryLoading:
    """A `storage.loading.Loading` that forgets everything when it goes."""

    def __init__(self, network_id: Hash) -> None:
        self._network_id = network_id
        self._headers: list[CertifiedHeader] = []
        self._store: MemoryStore | None = None

    @property
    def headers_height(self) -> int:
        """Headers 1 to this height are here."""
        return len(self._headers)

    def header(self, height: int) -> StoredHeader | None:
        """The header of a height."""
        return self._headers[height - 1].header if 1 <= height <= len(self._headers) else None

    def certificate(self, height: int) -> bytes | None:
        """What committed the block of that height."""
        return self._headers[height - 1].certificate if 1 <= height <= len(self._headers) else None

    def add_headers(self, headers: Sequence[CertifiedHeader]) -> None:
        """Add headers that follow; if one of them does not, none."""
        self._check_open()
        newest = self.header(len(self._headers))
        for one in headers:
            check_follows(newest, self._network_id, one.header)
            newest = one.header
        self._headers += headers

    def drop_headers_from(self, height: int) -> None:
        """Forget headers from `height` on."""
        self._check_open()
        if height >= 1:
            del self._headers[height - 1 :]

    def take(self, manifest: SnapshotManifest, read_chunk: ReadChunk) -> None:
        """Check a whole snapshot and keep it."""
        self._check_open()
        sink = _Sink()
        lanes = take_snapshot(manifest, headers_of(self._encoded), read_chunk, sink)
        del self._headers[manifest.height :]
        end = manifest.tree_size
        kept = Kept(
            manifest.height + 1, end, sink.results_height, self._headers[sink.results_height - 1].header.first_index
        )
        parts = LoadedParts(self._headers, sink.tiles, sink.records, sink.results, sink.effects, kept)
        self._store = MemoryStore.loaded(self._network_id, parts, lanes)

    @property
    def is_taken(self) -> bool:
        """Whether a snapshot is here, checked."""
        return self._store is not None

    @property
    def reader(self) -> MemoryStore:
        """The store as it is so far; once a snapshot is taken."""
        if self._store is None:
            raise LocalError("Nothing can be read of a store before its snapshot is loaded.")
        return self._store

    def fill(self, past: Sequence[StoredPast]) -> None:
        """As `MemoryStore.fill`."""
        self.reader.fill(past)

    def needed_from(self, lifetime_ms: int) -> int:
        """The height down to which it must be filled before a node runs on it."""
        return needed_from(self.reader.head().executed_height, self.reader.header, lifetime_ms)

    def finish(self, lifetime_ms: int) -> MemoryStore:
        """The store.

        Raises:
            LocalError: it is not filled down to `needed_from`.
        """
        check_filled(self.reader.head().kept_from, self.needed_from(lifetime_ms))
        return self.reader

    def close(self) -> None:
        """Nothing to close."""

    def _check_open(self) -> None:
        if self._store is not None:
            raise LocalError("The snapshot is loaded: its headers cannot be changed any more.")

    def _encoded(self, height: int) -> bytes | None:
        stored = self.header(height)
        return None if stored is None else stored.header


class _Sink:
    """Gathers what was checked."""

    def __init__(self) -> None:
        self.tiles: list[TileHashes] = []
        self.records: dict[bytes, bytes] = {}
        self.results: dict[int, Sequence[bytes]] = {}
        self.effects: dict[int, Sequence[bytes]] = {}
        self.results_height = 0

    def take_tiles(self, added: Sequence[TileHashes]) -> None:
        """Hashes of tiles."""
        self.tiles += added

    def take_records(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Records by ascending key."""
        self.records.update(records)

    def take_results(self, height: int, effects: Sequence[bytes], results: Sequence[bytes]) -> None:
        """All effect leaves and all result leaves of a height."""
        self.results[height] = results
        if effects:
            self.effects[height] = effects
        self.results_height = self.results_height or height

"""What a node offers to others of its snapshots, and the shelf in memory that tests and the simulator use. Pure.

Owns the interface; the one on disk is `storage.snapshot_folder`. Source: docs/reference/storage.md, "Snapshots".
"""

from collections.abc import Sequence
from typing import Protocol

from ledger.hashing import Hash
from storage.interface import StoreReader
from storage.snapshot_chunks import chunk_hash
from storage.snapshot_making import SnapshotDraft, complete_snapshot, draft_snapshot, is_covered
from storage.snapshot_manifest import SnapshotManifest

_KEPT_MAX = 2


class SnapshotShelf(Protocol):
    """Snapshots to be handed out, by the name of their manifest."""

    def offers(self) -> Sequence[tuple[int, Hash]]:
        """Height and name of each, the newest first."""

    def manifest(self, name: Hash) -> bytes | None:
        """The manifest of the snapshot of this name."""

    def chunk(self, name: Hash, number: int) -> bytes | None:
        """A chunk of the snapshot of this name, by its number from 0; at most 1 MiB."""


class MemorySnapshots:
    """A `SnapshotShelf` that makes its snapshots at once; keeps the newest two."""

    def __init__(self) -> None:
        self._manifests: list[SnapshotManifest] = []
        self._chunks: dict[Hash, bytes] = {}
        self._drafts: list[SnapshotDraft] = []

    def offers(self) -> Sequence[tuple[int, Hash]]:
        """Height and name of each, the newest first."""
        return [(one.height, one.hash) for one in self._manifests]

    def manifest(self, name: Hash) -> bytes | None:
        """The manifest of the snapshot of this name."""
        found = self._named(name)
        return None if found is None else found.encode()

    def chunk(self, name: Hash, number: int) -> bytes | None:
        """A chunk of the snapshot of this name."""
        found = self._named(name)
        return None if found is None or not 0 <= number < len(found.chunks) else self._chunks[found.chunks[number]]

    def reached(self, reader: StoreReader) -> None:
        """Draft the height at which `reader` stands."""
        head = reader.head()
        records = reader.scan_state(b"")
        self._drafts.append(draft_snapshot(reader, head.executed_height, head.state_digest, records, self._keep))

    def complete(self, reader: StoreReader) -> None:
        """Offer those drafts whose heights are stated by now; to be called after writes."""
        for draft in [one for one in self._drafts if is_covered(reader, one.height)]:
            self._drafts.remove(draft)
            manifest = complete_snapshot(reader, draft)
            if manifest is not None:
                self._manifests = [manifest, *self._manifests][:_KEPT_MAX]

    def _keep(self, chunk: bytes) -> Hash:
        name = chunk_hash(chunk)
        self._chunks[name] = chunk
        return name

    def _named(self, name: Hash) -> SnapshotManifest | None:
        return next((one for one in self._manifests if one.hash == name), None)

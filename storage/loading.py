"""Making a store out of headers and a snapshot: what every such loading promises. Pure.

Owns the interface, the rules for headers that come before the snapshot, and how far a store must be filled before a
node may run on it. Never trusts a snapshot; of headers it checks how they hang together, whether a quorum certified
them is for the caller to know. Invariant: what is loaded is a store only at the end; until then nobody opens it as a
ledger.
Source: docs/reference/storage.md, "Loading"; docs/adr/0028-snapshots.md.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from ledger.block import Header
from ledger.errors import LocalError
from ledger.hashing import Hash
from storage.interface import CertifiedHeader, Store, StoredHeader, StoredPast
from storage.snapshot_check import ReadChunk
from storage.snapshot_manifest import SnapshotManifest


class Loading(Protocol):
    """A store in the making: headers from the first on, then a snapshot, then the newest of what is below it."""

    @property
    def headers_height(self) -> int:
        """Headers 1 to this height are here, durably; 0 for none."""

    def header(self, height: int) -> StoredHeader | None:
        """The header of a height, where it is here."""

    def certificate(self, height: int) -> bytes | None:
        """What committed the block of that height, where it is here."""

    def add_headers(self, headers: Sequence[CertifiedHeader]) -> None:
        """Add headers that follow, durably when this returns.

        Raises:
            LocalError: they do not follow, or a snapshot is taken already.
        """

    def drop_headers_from(self, height: int) -> None:
        """Forget headers from `height` on; not once a snapshot is taken."""

    def take(self, manifest: SnapshotManifest, read_chunk: ReadChunk) -> None:
        """Check a whole snapshot against the headers, which are trusted now, and keep it.

        The headers above it are forgotten. If it fails or is interrupted, the headers stay and it can be called again.

        Raises:
            WrongChunkError, InvalidSnapshotError: as of `storage.snapshot_check.take_snapshot`.
            StoreFullError: there is no room.
        """

    @property
    def is_taken(self) -> bool:
        """Whether a snapshot is here, checked."""

    @property
    def reader(self) -> Store:
        """The store as it is so far; once a snapshot is taken."""

    def fill(self, past: Sequence[StoredPast]) -> None:
        """As `storage.interface.Store.fill`; once a snapshot is taken."""

    def needed_from(self, lifetime_ms: int) -> int:
        """The height down to which it must be filled before a node runs on it, see `needed_from`."""

    def close(self) -> None:
        """Let go of it; what is durable is found again."""


def certified(header: Header, signature: bytes, election_certificate: bytes, certificate: bytes) -> CertifiedHeader:
    """A header with what belongs to it, as stores keep it."""
    stored = StoredHeader(
        height=header.height,
        term=header.term,
        header=header.encode(),
        header_hash=header.hash,
        signature=signature,
        election_certificate=election_certificate,
        first_index=header.tree_size - header.leaf_count,
        leaf_count=header.leaf_count,
    )
    return CertifiedHeader(stored, certificate)


def check_follows(newest: StoredHeader | None, network_id: Hash, header: StoredHeader) -> None:
    """Refuse a header that does not follow the newest one.

    Raises:
        LocalError: it does not; whoever fetched it should have seen that.
    """
    decoded = Header.decode(header.header)
    height, previous, size = (0, network_id, 0) if newest is None else _standing(newest)
    follows = (
        decoded.network_id == network_id
        and (header.height, decoded.height) == (height + 1, height + 1)
        and decoded.previous_hash == previous
        and header.header_hash == decoded.hash
        and (header.first_index, header.leaf_count, header.term) == (size, decoded.leaf_count, decoded.term)
        and decoded.tree_size == size + decoded.leaf_count
    )
    if not follows:
        raise LocalError("The header of block {height} does not follow the one before it.", height=header.height)


def _standing(header: StoredHeader) -> tuple[int, Hash, int]:
    return header.height, header.header_hash, header.first_index + header.leaf_count


def needed_from(base_height: int, header: Callable[[int], StoredHeader | None], lifetime_ms: int) -> int:
    """The height down to which everything must be here before a node judges what comes next.

    A transaction that is used up is refused as long as it has not expired, and it may be valid for `lifetime_ms` after
    the block that it stands in: the ids of the blocks of that time are needed.

    Args:
        base_height: Of the snapshot, or executed since.
        header: Finds stored headers up to there.
        lifetime_ms: `transaction_lifetime_ms_max` of the network.

    Cost: O(log n) headers.
    """
    newest = header(base_height)
    assert newest is not None, "a snapshot has a header"
    oldest_ms = Header.decode(newest.header).time_ms - lifetime_ms
    low, high = 1, base_height
    while low < high:
        middle = (low + high) // 2
        found = header(middle)
        assert found is not None, "headers have no gaps"
        if Header.decode(found.header).time_ms < oldest_ms:
            low = middle + 1
        else:
            high = middle
    return low


def check_filled(kept_from: int, needed: int) -> None:
    """Refuse to hand out a store that would take a transaction twice.

    Raises:
        LocalError: it is not filled far enough.
    """
    if kept_from > needed:
        raise LocalError(
            "The loaded store has what was entered from block {kept} on; a node needs it from block {needed} on.",
            kept=kept_from,
            needed=needed,
        )

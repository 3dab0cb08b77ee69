"""What syncing by snapshot wants done beside the node, one after the other on a thread, and what comes of it. Pure.

Owns the shapes only. A work is done whole or has failed; the next one begins when it is reported
(`daemon.events.SyncDone`). Each leaves on disk what an interruption must not lose.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from daemon.past_judge import WholePast
from ledger.errors import BanyanError
from ledger.hashing import Hash
from p2p.snapshot_frames import WantPart, WantSnapshots
from storage.interface import CertifiedHeader, StoredHeader, StoreReader
from storage.snapshot_manifest import SnapshotManifest


@dataclass(frozen=True, slots=True)
class BeginIncoming:
    """Open what an interrupted sync left, or begin; the headers up to the node's own executed height are copied.

    A snapshot that was taken already is thrown away if it is below `height_min`.
    """

    height_min: int


@dataclass(frozen=True, slots=True)
class CheckRoom:
    """Fail unless the disk has room for chunks that still come, and for the store that is made of all of them."""

    chunks_bytes: int
    store_bytes: int


@dataclass(frozen=True, slots=True)
class DiscardIncoming:
    """Throw away what came: nobody needs it any more, or the ledger needs its room."""


@dataclass(frozen=True, slots=True)
class KeepHeaders:
    """Keep settled headers, which follow those that are kept."""

    headers: tuple[CertifiedHeader, ...]


@dataclass(frozen=True, slots=True)
class KeepChunk:
    """Keep a chunk, which is what its hash names."""

    chunk_hash: Hash
    data: bytes


@dataclass(frozen=True, slots=True)
class TakeSnapshot:
    """Check everything of a snapshot whose chunks are all kept, and make a store of it."""

    manifest: SnapshotManifest


@dataclass(frozen=True, slots=True)
class FillPast:
    """Judge these blocks, downwards in whole groups, and add them to the snapshot's store, or to the node's own."""

    blocks: tuple[WholePast, ...]
    is_own: bool


@dataclass(frozen=True, slots=True)
class AdoptSnapshot:
    """The snapshot's store takes the place of the node's own; the node ends and begins again on top of it."""


Work: TypeAlias = (
    BeginIncoming | CheckRoom | DiscardIncoming | KeepHeaders | KeepChunk | TakeSnapshot | FillPast | AdoptSnapshot
)


@dataclass(frozen=True, slots=True)
class SyncWork:
    """Do `work` after those before it; then report `daemon.events.SyncDone(ticket)`."""

    ticket: int
    work: Work


@dataclass(frozen=True, slots=True)
class AnswerSnapshots:
    """A neighbour asks which snapshots there are, or for a part of one: read it and send the answer."""

    peer: Hash
    asked: WantSnapshots | WantPart


@dataclass(frozen=True, slots=True)
class WorkFailed:
    """A work could not be done; `chunk` names the chunk that is not what it should be, where that is why."""

    error: BanyanError
    chunk: Hash | None = None


class Incoming(Protocol):
    """What an unfinished sync has; read by the node between works."""

    @property
    def headers_height(self) -> int:
        """Headers from 1 to this height are kept; 0 before `BeginIncoming` was done."""

    def header(self, height: int) -> StoredHeader | None:
        """One of them."""

    @property
    def taken_height(self) -> int:
        """The height of the snapshot that was taken already; 0 for none."""

    def has_chunk(self, chunk_hash: Hash) -> bool:
        """Whether a chunk is kept."""

    @property
    def reader(self) -> StoreReader:
        """The snapshot's store, once `TakeSnapshot` was done."""

    def needed_from(self, lifetime_ms: int) -> int:
        """Down to which height blocks have to be filled before the store is of use."""


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """Whether and how a node syncs by snapshot.

    `behind_blocks_min` is from how many blocks behind on it does, 0 for never; `keeps_all` is whether it fills in all
    older blocks; `incoming` is there unless it never does.
    """

    behind_blocks_min: int = 0
    keeps_all: bool = True
    incoming: Incoming | None = None

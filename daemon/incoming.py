"""The works of syncing by snapshot, carried out: headers, chunks and blocks into a store in the making, and into use.

Owns the loading under way and its chunks; decides nothing (`daemon.state_sync` does). Every work is done whole or says
why not; the node's own store is only read, and past blocks are filled into it. For one thread at a time
(the node asks between works); both stores, on disk and in memory, are used in the same way.

Bounds: those of the works; a copy of headers takes `_COPIED_MAX` at a time. Source: docs/protocol.md, section 10.
"""

from collections.abc import Callable, Collection
from typing import Protocol

from daemon.past_judge import judged_past
from daemon.sync_work import (
    AdoptSnapshot,
    BeginIncoming,
    CheckRoom,
    DiscardIncoming,
    FillPast,
    KeepChunk,
    KeepHeaders,
    TakeSnapshot,
    Work,
    WorkFailed,
)
from ledger.errors import BanyanError
from ledger.hashing import Hash
from storage.interface import CertifiedHeader, Store, StoredHeader, StoreReader
from storage.loading import Loading
from storage.snapshot_errors import WrongChunkError

# 400 kB with the certificates of five voters, in one transaction.
_COPIED_MAX = 512


class SyncInterruptedError(BanyanError):
    """A work was given up because the node ends."""

    code = "sync-interrupted"


class Chunks(Protocol):
    """Where chunks are kept until all are there."""

    def has(self, name: Hash) -> bool:
        """Whether the chunk of this hash is kept."""

    def add(self, name: Hash, chunk: bytes) -> None:
        """Keep it, durably."""

    def read(self, name: Hash) -> bytes:
        """Its bytes; raises `WrongChunkError` where they are not what they were."""

    def keep_only(self, names: Collection[Hash]) -> None:
        """Forget all others."""

    def clear(self) -> None:
        """Forget all."""


class Place(Protocol):
    """Where a loading lies, and how it comes into use."""

    def begin(self) -> Loading:
        """Go on with the loading that is there, or begin one."""

    def discard(self) -> None:
        """Throw away what is there; it is closed."""

    def adopt(self, loading: Loading) -> None:
        """Put the store that was made where the node finds it at its next start."""


class IncomingSnapshot:
    """A `daemon.sync_work.Incoming`.

    Args:
        own: The node's store.
        place, chunks: Where what comes is kept.
        lacks: Why the disk cannot take chunks and a store of so many bytes; None where it can.
    """

    def __init__(
        self,
        own: Store,
        place: Place,
        chunks: Chunks,
        lacks: Callable[[int, int], BanyanError | None] = lambda _chunks, _store: None,
    ) -> None:
        self._own = own
        self._place = place
        self._chunks = chunks
        self._lacks = lacks
        self._loading: Loading | None = None
        self._is_stopping = False

    # -- what the node asks -------------------------------------------------------------------------------------

    @property
    def headers_height(self) -> int:
        """Headers from 1 to this height are kept."""
        return self._loading.headers_height if self._loading is not None else 0

    @property
    def taken_height(self) -> int:
        """The height of the snapshot that was taken already; 0 for none."""
        is_taken = self._loading is not None and self._loading.is_taken
        return self.reader.head().executed_height if is_taken else 0

    @property
    def reader(self) -> StoreReader:
        """The snapshot's store, once it is taken."""
        return self._open.reader

    def header(self, height: int) -> StoredHeader | None:
        """A kept header."""
        return self._open.header(height)

    def has_chunk(self, chunk_hash: Hash) -> bool:
        """Whether a chunk is kept."""
        return self._chunks.has(chunk_hash)

    def needed_from(self, lifetime_ms: int) -> int:
        """Down to which height blocks have to be filled."""
        return self._open.needed_from(lifetime_ms)

    # -- what is done -------------------------------------------------------------------------------------------

    def do(self, work: Work) -> WorkFailed | None:
        """Carry out one work; None when it is done."""
        try:
            self._do(work)
        except WrongChunkError as error:
            return WorkFailed(error, error.chunk)
        except BanyanError as error:
            error.forget_origin()
            return WorkFailed(error)
        return None

    def stop(self) -> None:
        """Let what is being done fail soon, from any thread: the node ends."""
        self._is_stopping = True

    def close(self) -> None:
        """Let go of what is under way; it is found again."""
        if self._loading is not None:
            self._loading.close()
            self._loading = None

    @property
    def _open(self) -> Loading:
        assert self._loading is not None, "what comes is kept after it was begun"
        return self._loading

    def _do(self, work: Work) -> None:
        match work:
            case BeginIncoming(height_min):
                self._begin(height_min)
            case CheckRoom(chunks_bytes, store_bytes):
                if (error := self._lacks(chunks_bytes, store_bytes)) is not None:
                    raise error
            case DiscardIncoming():
                self.close()
                self._place.discard()
                self._chunks.clear()
            case KeepHeaders(headers):
                self._open.add_headers(headers)
            case KeepChunk(chunk, data):
                self._chunks.add(chunk, data)
            case TakeSnapshot(manifest):
                self._chunks.keep_only(manifest.chunks)
                self._open.take(manifest, self._read)
                self._chunks.clear()
            case FillPast(blocks, is_own):
                if is_own:
                    self._own.fill(judged_past(self._own, blocks))
                else:
                    self._open.fill(judged_past(self._open.reader, blocks))
            case AdoptSnapshot():
                self._place.adopt(self._open)
                self._loading = None

    def _read(self, chunk: Hash) -> bytes:
        self._check_goes_on()
        return self._chunks.read(chunk)

    def _check_goes_on(self) -> None:
        if self._is_stopping:
            raise SyncInterruptedError("the node ends; what came of the snapshot is kept")

    def _begin(self, height_min: int) -> None:
        if self._loading is None:
            self._loading = self._place.begin()
        if self._loading.is_taken and self._loading.reader.head().executed_height < height_min:
            self._loading.close()
            self._place.discard()
            self._loading = self._place.begin()
        if not self._loading.is_taken:
            self._copy_headers(self._loading)

    def _copy_headers(self, loading: Loading) -> None:
        """What the node executed itself needs no neighbour."""
        executed = self._own.head().executed_height
        for first in range(loading.headers_height + 1, executed + 1, _COPIED_MAX):
            self._check_goes_on()
            headers = range(first, min(first + _COPIED_MAX, executed + 1))
            loading.add_headers([self._own_header(height) for height in headers])

    def _own_header(self, height: int) -> CertifiedHeader:
        stored = self._own.header(height)
        assert stored is not None, "every executed block has a header"
        return CertifiedHeader(stored, bytes(self._own.certificate(height) or b""))

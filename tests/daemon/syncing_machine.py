"""The part of a machine that syncing by snapshot needs, in memory: the snapshots it hands out, and what comes in."""

from collections.abc import Collection

from daemon.incoming import IncomingSnapshot
from daemon.snapshot_answers import answer_snapshots
from daemon.sync_work import SyncSettings, Work, WorkFailed
from ledger.errors import BanyanError
from ledger.genesis import Genesis
from ledger.hashing import Hash
from p2p.snapshot_frames import Part, Snapshots, WantPart, WantSnapshots
from storage.errors import StoreFullError
from storage.loading import Loading
from storage.memory import MemoryStore
from storage.memory_loading import MemoryLoading
from storage.snapshot_chunks import checked_chunk, chunk_hash
from storage.snapshot_making import complete_snapshot, draft_snapshot, stated_height
from storage.snapshot_manifest import SnapshotManifest


class MemoryChunks:
    """Chunks in a dictionary."""

    def __init__(self) -> None:
        self.chunks: dict[Hash, bytes] = {}

    def has(self, name: Hash) -> bool:
        return name in self.chunks

    def add(self, name: Hash, chunk: bytes) -> None:
        self.chunks[name] = checked_chunk(name, chunk)

    def read(self, name: Hash) -> bytes:
        return self.chunks[name]

    def keep_only(self, names: Collection[Hash]) -> None:
        self.chunks = {one: data for one, data in self.chunks.items() if one in set(names)}

    def clear(self) -> None:
        self.chunks.clear()


class Shelf:
    """Snapshots to be handed out, true or not."""

    def __init__(self) -> None:
        self.chunks: dict[Hash, bytes] = {}
        self.manifests: list[SnapshotManifest] = []

    def keep(self, chunk: bytes) -> Hash:
        self.chunks[chunk_hash(chunk)] = chunk
        return chunk_hash(chunk)

    def offers(self) -> list[tuple[int, Hash]]:
        return [(one.height, one.hash) for one in self.manifests]

    def manifest(self, name: Hash) -> bytes | None:
        found = self._named(name)
        return None if found is None else found.encode()

    def chunk(self, name: Hash, number: int) -> bytes | None:
        found = self._named(name)
        return None if found is None else self.chunks.get(found.chunks[number])

    def _named(self, name: Hash) -> SnapshotManifest | None:
        return next((one for one in self.manifests if one.hash == name), None)


class SyncingMachine:
    """What outlives the process; `ready` is the store of a finished sync, which the next start takes.

    Args:
        genesis: The network.
        behind: From how many blocks on the node syncs by snapshot; 0 for never.
        keeps_all: Whether it fills in all older blocks.
    """

    def __init__(self, genesis: Genesis, behind: int = 0, keeps_all: bool = True) -> None:
        self.genesis = genesis
        self.behind = behind
        self.keeps_all = keeps_all
        self.snapshots = Shelf()
        self.chunks = MemoryChunks()
        self.loading: MemoryLoading | None = None
        self.ready: MemoryStore | None = None
        self.incoming: IncomingSnapshot | None = None
        self.works: list[Work] = []
        # Works that find no room, and why there is none for what is to come.
        self.full_for: tuple[type[Work], ...] = ()
        self.lacking: BanyanError | None = None

    def settings(self, store: MemoryStore) -> SyncSettings:
        """For a node that starts on this store."""
        self.incoming = IncomingSnapshot(store, self, self.chunks, lambda _chunks, _store: self.lacking)
        return SyncSettings(self.behind, self.keeps_all, self.incoming)

    def begin(self) -> Loading:
        self.loading = self.loading or MemoryLoading(self.genesis.network_id)
        return self.loading

    def discard(self) -> None:
        self.loading = None

    def adopt(self, loading: Loading) -> None:
        assert isinstance(loading, MemoryLoading)
        self.ready = loading.finish(self.genesis.parameters.transaction_lifetime_ms_max)
        self.loading = None

    def do(self, work: Work) -> WorkFailed | None:
        assert self.incoming is not None, "a node runs"
        self.works.append(work)
        if isinstance(work, self.full_for):
            return WorkFailed(StoreFullError("no room"))
        return self.incoming.do(work)

    def answer(self, asked: WantSnapshots | WantPart) -> Snapshots | Part:
        return answer_snapshots(asked, self.snapshots)

    def make(self, store: MemoryStore) -> SnapshotManifest:
        """A snapshot of the newest state, which the newest header has to state (as a closing block does)."""
        height = stated_height(store, store.head())
        assert height is not None, "let the network come to rest first"
        records = list(store.scan_state(b""))
        draft = draft_snapshot(store, height, store.head().state_digest, records, self.snapshots.keep)
        manifest = complete_snapshot(store, draft)
        assert manifest is not None, "a header states it"
        self.snapshots.manifests = [manifest, *self.snapshots.manifests][:2]
        return manifest

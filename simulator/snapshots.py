"""What a simulated machine has of snapshots: those it made for others, and what came of one that it fetches.

Owns both, in memory; carries out the node's works as the shell's thread does (`daemon.incoming`), when the world lets
them be done. Outlives the process, as files do. A snapshot is made at once when a write reaches its
height; a write that steps over the height makes none.
"""

from collections.abc import Collection

from daemon.incoming import IncomingSnapshot
from daemon.snapshot_answers import answer_snapshots
from ledger.genesis import Genesis
from ledger.hashing import Hash
from p2p.snapshot_frames import Part, Snapshots, WantPart, WantSnapshots
from simulator.adapter import SyncSettings, Work, WorkFailed
from storage.loading import Loading
from storage.memory import MemoryStore
from storage.memory_loading import MemoryLoading
from storage.snapshot_chunks import checked_chunk
from storage.snapshot_shelf import MemorySnapshots


class SnapshotFiles:
    """One machine's.

    Args:
        genesis: The network.
        interval_blocks: A snapshot is made at heights that this divides, one is taken from so many behind on; 0: never.
    """

    def __init__(self, genesis: Genesis, interval_blocks: int) -> None:
        self._genesis = genesis
        self._interval_blocks = interval_blocks
        self._shelf = MemorySnapshots()
        self._chunks = _Chunks()
        self._loading: MemoryLoading | None = None
        self._incoming: IncomingSnapshot | None = None
        # The store of a finished sync, which takes the place of the database.
        self.ready: MemoryStore | None = None

    def settings(self, store: MemoryStore) -> SyncSettings:
        """For a process that starts on this store; what was under way is found again."""
        self._incoming = IncomingSnapshot(store, self, self._chunks)
        # Whoever went on from the newest snapshot is up to an interval behind, and has the rest by blocks.
        return SyncSettings(2 * self._interval_blocks, True, self._incoming)

    def written(self, store: MemoryStore) -> None:
        """The store was written: make a snapshot, or complete one, if it is time."""
        if not self._interval_blocks:
            return
        height = store.head().executed_height
        if height and height % self._interval_blocks == 0 and height not in self._heights:
            self._shelf.reached(store)
        self._shelf.complete(store)

    @property
    def _heights(self) -> set[int]:
        return {height for height, _ in self._shelf.offers()}

    def do(self, work: Work) -> WorkFailed | None:
        """Carry out one work of the node."""
        assert self._incoming is not None, "a process runs"
        return self._incoming.do(work)

    def answer(self, asked: WantSnapshots | WantPart) -> Snapshots | Part:
        """What a neighbour is answered."""
        return answer_snapshots(asked, self._shelf)

    def begin(self) -> Loading:
        """Go on with the loading that is there, or begin one."""
        self._loading = self._loading or MemoryLoading(self._genesis.network_id)
        return self._loading

    def discard(self) -> None:
        """Throw away what is there."""
        self._loading = None

    def adopt(self, loading: Loading) -> None:
        """Put the finished store where the next start takes it."""
        assert isinstance(loading, MemoryLoading), "begun above"
        self.ready = loading.finish(self._genesis.parameters.transaction_lifetime_ms_max)
        self._loading = None


class _Chunks:
    """Chunks in a dictionary."""

    def __init__(self) -> None:
        self._chunks: dict[Hash, bytes] = {}

    def has(self, name: Hash) -> bool:
        return name in self._chunks

    def add(self, name: Hash, chunk: bytes) -> None:
        self._chunks[name] = checked_chunk(name, chunk)

    def read(self, name: Hash) -> bytes:
        return checked_chunk(name, self._chunks.get(name, b""))

    def keep_only(self, names: Collection[Hash]) -> None:
        self._chunks = {name: self._chunks[name] for name in self._chunks if name in set(names)}

    def clear(self) -> None:
        self._chunks.clear()

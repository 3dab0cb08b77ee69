"""Where a node's sync by snapshot lies on disk, and how its store takes the place of the node's own.

Owns `snapshots/incoming` in the node's home and the swap of databases, which happens at a start, under the home's lock,
before anything is opened. A crash at any moment leaves either the old database in use or the new one: what is half done
is finished at the next start. The old database stays beside the new one for a while where it held a ledger
(`daemon.former_database`).

    snapshots/incoming/db        headers and state as they come (`storage.lmdb_loading`)
    snapshots/incoming/chunks    chunks until all are there (`storage.incoming_chunks`)
    snapshots/incoming/ready     a store that is finished, to be taken at the next start
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.former_database import FormerDatabase
from ledger.genesis import Genesis
from ledger.hashing import Hash

if TYPE_CHECKING:
    from storage.loading import Loading


@dataclass(frozen=True, slots=True)
class SyncPlace:
    """A `daemon.incoming.Place` in the folder `snapshots` of a home, for its `database`."""

    snapshots: Path
    database: Path
    genesis: Genesis

    @property
    def chunks(self) -> Path:
        """Where chunks are kept."""
        return self._incoming / "chunks"

    @property
    def former(self) -> FormerDatabase:
        """The database that a snapshot took the place of."""
        return FormerDatabase(self.database, self.genesis.network_id)

    @property
    def _incoming(self) -> Path:
        return self.snapshots / "incoming"

    @property
    def _ready(self) -> Path:
        return self._incoming / "ready"

    def begin(self) -> "Loading":
        """Go on with the loading that is there, or begin one.

        Raises:
            StoreError: the disk or its rights forbid it.
        """
        from storage.lmdb_loading import LmdbLoading

        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LmdbLoading.begin(self._incoming / "db", self.genesis.network_id)

    def discard(self) -> None:
        """Throw away what is there."""
        shutil.rmtree(self._incoming, ignore_errors=True)

    def adopt(self, loading: "Loading") -> None:
        """Put the finished store where `take_over` finds it.

        Raises:
            StoreError, LocalError: it cannot be finished.
        """
        from storage.lmdb_loading import LmdbLoading

        assert isinstance(loading, LmdbLoading), "begun above"
        loading.finish(self._ready, self.genesis.parameters.transaction_lifetime_ms_max)

    def take_over(self) -> bool:
        """Let a finished store take the place of the database; whether there was one. While nothing is open.

        Raises:
            OSError: the disk or its rights forbid it.
        """
        from storage.durable_folder import make_durable

        if not self._ready.exists():
            return False
        if self.database.exists():
            self.former.put_aside(self._ready)
        self._ready.rename(self.database)
        make_durable(self.database.parent)
        self.discard()
        former = self.former
        if former.path.exists() and not _holds_ledger(former.path, self.genesis.network_id):
            former.remove()
        return True


def _holds_ledger(folder: Path, network_id: Hash) -> bool:
    """Whether there are blocks in a database; where it cannot be told, there are."""
    from storage.errors import StoreError
    from storage.lmdb_store import LmdbStore

    try:
        store = LmdbStore.open(folder, network_id)
    except StoreError:
        return True
    try:
        return store.head().tip_height > 0
    finally:
        store.close()

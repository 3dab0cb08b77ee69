"""The database that a snapshot took the place of: what is taken over from it, and how long it stays.

Owns the folder `db.before-snapshot` beside the database. It stays until the new one is proven good: the node executed
blocks on top of it, whose headers stated the same state, and everything older is there again, unless the node keeps
only what is new. Values that lie beside transactions may be nowhere else, so they are carried over before the swap;
where that failed, the folder stays until an operator takes it away. Never touches the database in use.

    db.before-snapshot/values-carried    the height of the snapshot, once all values were carried over
"""

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.hashing import Hash

if TYPE_CHECKING:
    from storage.interface import StoreHead

# Leaders state every sixteenth height: in these blocks others stated the state at least eight times, and this node,
# which ends where it finds another one, found the same.
PROVEN_BLOCKS = 128
LOOK_SECONDS = 60.0
_SUFFIX = ".before-snapshot"
_MARK = "values-carried"


@dataclass(frozen=True, slots=True)
class FormerDatabase:
    """That of the node whose database is in the folder `database`."""

    database: Path
    network_id: Hash

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.database.with_name(self.database.name + _SUFFIX)

    @property
    def height(self) -> int | None:
        """The height of the snapshot; None where not all values are known to be carried over."""
        try:
            return int((self.path / _MARK).read_text("ascii"))
        except (OSError, ValueError):
            return None

    def put_aside(self, ready: Path) -> None:
        """Carry the values of the database, and of one before it, over into `ready`; then move the database here.

        May be done again after an interruption. While nothing is open.

        Raises:
            OSError: the disk or its rights forbid moving it.
        """
        mark = self.database / _MARK
        mark.unlink(missing_ok=True)
        height = self._carried(ready)
        if height is not None:
            # Without the mark it stays, which a full disk must not turn into a node that does not start.
            with suppress(OSError):
                mark.write_text(str(height), "ascii")
        # Of an earlier snapshot: what it could be of use for is in the one that takes its place.
        shutil.rmtree(self.path, ignore_errors=True)
        self.database.rename(self.path)

    def remove(self) -> None:
        """Take it away."""
        shutil.rmtree(self.path, ignore_errors=True)

    async def watch(self, head: Callable[[], "StoreHead"], keeps_all: bool, to_log: Callable[..., None]) -> None:
        """Tell of it, and take it away once it is of no use any more; returns then, or where there is none.

        Args:
            head: Of the node's store.
            keeps_all: Whether the node fills in what is older than the snapshot.
            to_log: As `log` of `daemon.service`.
        """
        # What runs nodes, only where one runs: commands look into the folders of nodes, too.
        import trio

        if not self.path.exists():
            return
        height, told = self.height, {"path": str(self.path), "size_bytes": await trio.to_thread.run_sync(self._size)}
        if height is None:
            remedy = "not all detached values of it could be carried over; remove it when none is missed"
            to_log("former-database", level="warning", remedy=remedy, **told)
            return
        to_log("former-database", level="info", remedy="it is removed once the new one has proven good", **told)
        while True:
            if _is_proven(head(), height, keeps_all):
                break
            await trio.sleep(LOOK_SECONDS)
        await trio.to_thread.run_sync(self.remove)
        to_log("former-database-removed", level="info", **told)

    def _carried(self, ready: Path) -> int | None:
        """The height of the store in `ready`, once it has all values; None where one of the stores cannot be used."""
        from storage.carrying import carry_values
        from storage.errors import StoreError
        from storage.lmdb_store import LmdbStore

        try:
            for source in (self.path, self.database):
                if source.exists():
                    carry_values(source, ready, self.network_id)
            store = LmdbStore.open(ready, self.network_id, readonly=True)
            try:
                return store.head().executed_height
            finally:
                store.close()
        except StoreError:
            return None

    def _size(self) -> int:
        from daemon.disk import measure_folder

        figures = measure_folder(self.path)
        return figures.used_bytes if figures is not None else 0


def _is_proven(head: "StoreHead", height: int, keeps_all: bool) -> bool:
    return head.executed_height >= height + PROVEN_BLOCKS and (head.kept_from == 1 or not keeps_all)

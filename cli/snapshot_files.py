"""The snapshots in a node's folder, looked at and made without the node.

Owns the reading of the folder and its database, which may be in use by the node for everything but making. Never
changes the database. Source: docs/reference/storage.md, "Snapshots".
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.errors import CommandError, UsageError, VerificationError
from cli.genesis_file import read_home_genesis
from daemon.home_files import Home
from daemon.lock import HomeLock
from ledger.hashing import Hash
from storage.lmdb_store import LmdbStore
from storage.snapshot_check import NoSink, headers_of, take_snapshot
from storage.snapshot_errors import InvalidSnapshotError
from storage.snapshot_folder import SnapshotFolder
from storage.snapshot_making import complete_snapshot, draft_snapshot, is_covered, stated_height
from storage.snapshot_manifest import SnapshotManifest

# Tells how many chunks are done now, and of how many.
Told = Callable[[int, int | None], None]


def snapshot_folder(home: Path) -> SnapshotFolder:
    """The snapshots of the node in `home`, which has to be one.

    Raises:
        CommandError: it is none.
    """
    read_home_genesis(home)
    return SnapshotFolder(Home(home).snapshots)


def make_snapshot(home: Path, told: Told) -> SnapshotManifest:
    """Make a snapshot of where the stopped node in `home` stands.

    Raises:
        HomeLockedError: the node runs.
        StoreError: the database cannot be read, or there is no room.
        CommandError: no header states that state yet.
    """
    folder = snapshot_folder(home)
    with HomeLock(Home(home).lock), _store(home) as store:
        folder.discard_unfinished()
        head = store.head()
        height = stated_height(store, head)
        if height is None or not is_covered(store, height):
            raise CommandError(
                "the state after block {height} is not stated by a later block yet, so nobody could check a snapshot of"
                " it; start the node, wait until it has nothing to do, and make it then",
                height=head.executed_height,
            )
        writer = folder.begin(height)
        count = 0

        def keep(chunk: bytes) -> Hash:
            nonlocal count
            count += 1
            told(count, None)
            return writer.keep(chunk)

        try:
            draft = draft_snapshot(store, height, head.state_digest, store.scan_state(b""), keep)
            manifest = complete_snapshot(store, draft)
            assert manifest is not None, "the newest header states it"
            writer.finish(manifest)
        finally:
            writer.discard()
        return manifest


def verify_snapshot(home: Path, manifest: SnapshotManifest, told: Told) -> None:
    """Hold a snapshot in the folder against the headers of the node's own database, whole.

    Raises:
        VerificationError: it is not what they prove.
        StoreError: the database cannot be read.
    """
    folder = snapshot_folder(home)
    count = 0

    def read(chunk: Hash) -> bytes:
        nonlocal count
        count += 1
        told(count, len(manifest.chunks))
        return folder.read_chunk(manifest.height, chunk) or b""

    with _store(home) as store:

        def encoded(height: int) -> bytes | None:
            stored = store.header(height)
            return None if stored is None else stored.header

        try:
            take_snapshot(manifest, headers_of(encoded), read, NoSink())
        except InvalidSnapshotError as error:
            raise VerificationError(
                "the snapshot of height {height} does not hold: {reason}", height=manifest.height, reason=error
            ) from error


def snapshot_at(folder: SnapshotFolder, height: int) -> SnapshotManifest:
    """The snapshot of a height.

    Raises:
        UsageError: there is none.
    """
    for manifest in folder.manifests():
        if manifest.height == height:
            return manifest
    raise UsageError(
        "there is no snapshot of height {height}; `banyan snapshot list` shows which there are", height=height
    )


@contextmanager
def _store(home: Path) -> Iterator[LmdbStore]:
    store = LmdbStore.open(Home(home).database, read_home_genesis(home).network_id, readonly=True, reads_all=True)
    try:
        yield store
    finally:
        store.close()

"""The snapshots of a node, in the folder `snapshots` of its home: the newest two, made one at a time.

Owns the layout, what makes a snapshot appear whole or not at all, and which ones are kept: beside the newest two, one
that somebody still fetches. Never judges what is in them. A chunk that the snapshot before has too, such as full chunks
of leaf hashes, is the same file under two names.

    snapshots/8192/manifest          snapshots/8192/<name of a chunk in hex>
    snapshots/16384.part/…           one that is being made, thrown away at a start
    snapshots/incoming/…             what is fetched from others, see `storage.incoming_chunks`

Source: docs/reference/storage.md, "Snapshots".
"""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ledger.hashing import Hash
from storage.durable_folder import make_durable
from storage.environment import translate
from storage.snapshot_chunks import CHUNK_SIZE_BYTES_MAX, chunk_hash
from storage.snapshot_errors import InvalidSnapshotError
from storage.snapshot_manifest import MANIFEST_SIZE_BYTES_MAX, SnapshotManifest

# Whoever fetches the older one when a newer is made is not cut off.
KEPT_MAX = 2
# Who fetches one asks for its next parts within seconds; a minute outlasts a line that broke.
FETCHED_SECONDS = 60.0
_MANIFEST = "manifest"
_PART = ".part"
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


class SnapshotFolder:
    """A `storage.snapshot_shelf.SnapshotShelf` on disk; questions from any thread, `begin` from one at a time."""

    def __init__(self, path: str | os.PathLike[str], now_seconds: Callable[[], float] = time.monotonic) -> None:
        """Look at what is there; `path` need not be."""
        self.path = Path(path)
        self._now_seconds = now_seconds
        # When somebody fetched a part of a snapshot last; only of those that are here.
        self._fetched: dict[Hash, float] = {}
        self._manifests = self._read()

    def discard_unfinished(self) -> None:
        """Throw away what an interrupted making left; at a start, while nobody makes one."""
        for part in self.path.glob(f"*{_PART}"):
            shutil.rmtree(part, ignore_errors=True)

    def manifests(self) -> Sequence[SnapshotManifest]:
        """Those that are here, the newest first; at most `KEPT_MAX` and one that is fetched, or what is put there."""
        return self._manifests

    def offers(self) -> Sequence[tuple[int, Hash]]:
        """Height and name of each, the newest first."""
        return [(one.height, one.hash) for one in self._manifests]

    def manifest(self, name: Hash) -> bytes | None:
        """The manifest of the snapshot of this name, for somebody who fetches it."""
        found = self._fetched_now(name)
        return None if found is None else found.encode()

    def chunk(self, name: Hash, number: int) -> bytes | None:
        """A chunk of the snapshot of this name, by its number from 0; one read of at most 1 MiB, not checked."""
        found = self._fetched_now(name)
        if found is None or not 0 <= number < len(found.chunks):
            return None
        return self.read_chunk(found.height, found.chunks[number])

    def read_chunk(self, height: int, chunk: Hash) -> bytes | None:
        """A chunk of the snapshot of a height by its name; None where it is not there or cannot be read."""
        return _read_file(self.path / str(height) / chunk.hex(), CHUNK_SIZE_BYTES_MAX)

    def begin(self, height: int) -> "SnapshotWriter":
        """Begin to write the snapshot of a height.

        Raises:
            StoreError: there is no room, or no right to write there.
        """
        part = self.path / f"{height}{_PART}"
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(mode=_FOLDER_MODE, parents=True)
        except OSError as error:
            raise translate(error, part) from error
        return self.begun(height)

    def begun(self, height: int) -> "SnapshotWriter":
        """The snapshot of a height that somebody began, perhaps another process, to go on writing it."""
        earlier = [self.path / str(one.height) for one in self._manifests if one.height != height]
        return SnapshotWriter(self, self.path / f"{height}{_PART}", earlier)

    def _take(self, part: Path, manifest: SnapshotManifest) -> None:
        """Let a snapshot that was written appear, and let the oldest go."""
        target = self.path / str(manifest.height)
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
        make_durable(self.path)
        found = self._read()
        kept = [*found[:KEPT_MAX], *self._still_fetched(found[KEPT_MAX:])]
        self._manifests = kept
        for one in found:
            if one not in kept:
                self._fetched.pop(one.hash, None)
                shutil.rmtree(self.path / str(one.height), ignore_errors=True)

    def _still_fetched(self, older: Sequence[SnapshotManifest]) -> list[SnapshotManifest]:
        """Of several, the one that somebody fetched from last, if that was lately."""
        oldest = self._now_seconds() - FETCHED_SECONDS
        lately = [one for one in older if self._fetched.get(one.hash, oldest) > oldest]
        return sorted(lately, key=lambda one: self._fetched[one.hash])[-1:]

    def _fetched_now(self, name: Hash) -> SnapshotManifest | None:
        found = self._named(name)
        if found is not None:
            self._fetched[name] = self._now_seconds()
        return found

    def _named(self, name: Hash) -> SnapshotManifest | None:
        return next((one for one in self._manifests if one.hash == name), None)

    def _read(self) -> list[SnapshotManifest]:
        """What is there and can be read; a manifest in the folder of another height is none."""
        found = []
        for folder in self.path.glob("[1-9]*"):
            data = _read_file(folder / _MANIFEST, MANIFEST_SIZE_BYTES_MAX) if folder.name.isdigit() else None
            try:
                manifest = SnapshotManifest.decode(data) if data is not None else None
            except InvalidSnapshotError:
                continue
            if manifest is not None and str(manifest.height) == folder.name:
                found.append(manifest)
        return sorted(found, key=lambda one: one.height, reverse=True)


class SnapshotWriter:
    """A snapshot that is being written; `finish` or `discard` ends it."""

    def __init__(self, folder: SnapshotFolder, part: Path, earlier: Sequence[Path]) -> None:
        self._folder = folder
        self._part = part
        self._earlier = earlier

    def keep(self, chunk: bytes) -> Hash:
        """Write a chunk durably; its name.

        Raises:
            StoreFullError: there is no room.
            StoreError: the disk or its rights forbid it.
        """
        name = chunk_hash(chunk)
        file = self._part / name.hex()
        try:
            if not self._link(file, chunk):
                write_durably(file, chunk)
        except OSError as error:
            raise translate(error, self._part) from error
        return name

    def finish(self, manifest: SnapshotManifest) -> None:
        """Let the snapshot appear whole, and let the oldest go.

        Raises: as `keep`.
        """
        try:
            write_durably(self._part / _MANIFEST, manifest.encode())
            make_durable(self._part)
            self._folder._take(self._part, manifest)
        except OSError as error:
            raise translate(error, self._part) from error

    def discard(self) -> None:
        """Throw away what was written."""
        shutil.rmtree(self._part, ignore_errors=True)

    def _link(self, file: Path, chunk: bytes) -> bool:
        """Whether an earlier snapshot has the very same chunk, which then gets a second name."""
        for folder in self._earlier:
            if _read_file(folder / file.name, CHUNK_SIZE_BYTES_MAX) == chunk:
                os.link(folder / file.name, file)
                return True
        return False


def write_durably(file: Path, content: bytes) -> None:
    """Write a new file that is on disk when this returns; its name is not yet.

    Raises:
        OSError: it cannot be written.
    """
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(descriptor)


def _read_file(file: Path, size_bytes_max: int) -> bytes | None:
    try:
        with file.open("rb") as opened:
            return opened.read(size_bytes_max + 1)
    except OSError:
        return None

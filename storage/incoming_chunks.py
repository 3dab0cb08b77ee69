"""Chunks that are fetched from others, in the folder `snapshots/incoming/chunks`: kept as they come, found again later.

Owns files that are named as their content hashes; a chunk that is not what its name says never gets in, and one that a
disk damaged is found when it is read. Source: docs/reference/storage.md, "Loading".
"""

import os
import shutil
from collections.abc import Collection
from pathlib import Path

from ledger.hashing import Hash
from storage.environment import translate
from storage.snapshot_chunks import checked_chunk
from storage.snapshot_errors import WrongChunkError
from storage.snapshot_folder import write_durably

_NEW = ".new"


class IncomingChunks:
    """Chunks by name; for one thread at a time."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """`path` is made when the first chunk comes."""
        self._path = Path(path)

    def names(self) -> set[Hash]:
        """The chunks that are here."""
        try:
            found = [one.name for one in self._path.iterdir()]
        except FileNotFoundError:
            return set()
        return {bytes.fromhex(name) for name in found if len(name) == 64 and not name.endswith(_NEW)}

    def has(self, name: Hash) -> bool:
        """Whether a chunk is here."""
        return (self._path / name.hex()).exists()

    def add(self, name: Hash, chunk: bytes) -> None:
        """Keep a chunk, durably, under the name that was asked for.

        Raises:
            WrongChunkError: it is another one.
            StoreFullError: there is no room.
            StoreError: the disk or its rights forbid it.
        """
        checked_chunk(name, chunk)
        file = self._path / name.hex()
        draft = file.with_suffix(_NEW)
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.unlink(missing_ok=True)
            write_durably(draft, chunk)
            draft.rename(file)
        except OSError as error:
            raise translate(error, self._path) from error

    def read(self, name: Hash) -> bytes:
        """A chunk that is here.

        Raises:
            WrongChunkError: it is not here, or the disk damaged it; it is gone then, to be fetched again.
        """
        file = self._path / name.hex()
        try:
            return checked_chunk(name, file.read_bytes())
        except FileNotFoundError:
            return checked_chunk(name, b"")
        except WrongChunkError:
            file.unlink(missing_ok=True)
            raise
        except OSError as error:
            raise translate(error, self._path) from error

    def keep_only(self, names: Collection[Hash]) -> None:
        """Let go of chunks that nothing needs any more."""
        for name in self.names() - set(names):
            (self._path / name.hex()).unlink(missing_ok=True)

    def clear(self) -> None:
        """Let go of all."""
        shutil.rmtree(self._path, ignore_errors=True)

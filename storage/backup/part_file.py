"""A part as a file: written under another name, read back from the disk, and only then put in its place.

Owns the draft, its lock and the order write, flush, read back, rename, flush of the folder. Whatever interrupts it, the
file at the target is the earlier one or the new one, whole. A draft that a killed process left is taken away by the
next. Never overwrites a file that is no backup, and never writes into a file that it did not make: others may be able
to put links into the folder, and a backup is often made by root.
"""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from errno import EDQUOT, EFBIG, ELOOP, ENOSPC
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from storage.backup.encryption import AGE_MAGIC, Identity, Recipient, decrypt, encrypt
from storage.backup.errors import BackupDiskError, BackupLockedError, BackupMismatchError
from storage.backup.records import MAGIC

_MODE = 0o600
_PIECE_SIZE_BYTES = 1 << 20
_NO_ROOM = frozenset((ENOSPC, EDQUOT, EFBIG))


class PartDraft:
    """A part in the making; a context manager, which takes away what was not published.

    Args:
        target: Where the part is to be. Its folder must exist.
        draft_name: Of the file beside it that is written first; one process at a time has it.
    """

    def __init__(self, target: Path, draft_name: str) -> None:
        self._target = target
        self._path = target.parent / draft_name
        self._file: BinaryIO | None = None
        self._reading_back: tuple[Identity, ...] = ()

    def __enter__(self) -> Self:
        with translated(self._target):
            self._take_leftover_away()
            try:
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
            except FileExistsError as error:
                raise self._busy() from error
            if not self._has_lock(descriptor):
                os.close(descriptor)
                raise self._busy()
        self._file = os.fdopen(descriptor, "w+b")
        return self

    def _take_leftover_away(self) -> None:
        """Remove what has the draft's name and is nobody's: of a process that was killed, or a link to elsewhere."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != ELOOP:
                raise
            self._path.unlink(missing_ok=True)
            return
        try:
            if not self._has_lock(descriptor):
                raise self._busy()
            self._path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def _busy(self) -> BackupDiskError:
        return BackupDiskError(
            "another backup is being written to {path}; wait until it is done", path=str(self._target)
        )

    def _has_lock(self, descriptor: int) -> bool:
        """Whether the draft is ours. One that its writer published meanwhile is a backup, and nobody's draft."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))
        except (BlockingIOError, FileNotFoundError):
            return False

    def write(self, pieces: Iterator[bytes], recipients: Sequence[Recipient]) -> None:
        """Write all pieces, encrypted where there are recipients, and make them durable.

        Raises:
            BackupDiskError: the system refused; the target is untouched.
        """
        file = self._opened()
        with translated(self._target):
            if recipients:
                self._reading_back = (Identity.throwaway(),)
                encrypt(pieces, file, recipients, self._reading_back[0])
            else:
                for piece in pieces:
                    file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            # What is read back is to come from the disk: the pages that were written are let go of.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def read_back(self, consume: Callable[[bytes], object]) -> int:
        """Hand what lies on the disk now to `consume`, in pieces; how many bytes the file has."""
        file = self._opened()
        file.seek(0)
        with translated(self._target):
            _read(file, str(self._target), self._reading_back, consume)
        return os.fstat(file.fileno()).st_size

    def publish(self) -> None:
        """Put the part in its place, durably; what was there before is gone.

        Raises:
            BackupDiskError
        """
        with translated(self._target):
            os.rename(self._path, self._target)
            folder = os.open(self._target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        self._close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self._close()

    def _opened(self) -> BinaryIO:
        assert self._file is not None, "a draft is used as a context manager"
        return self._file

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            # What could not be written is told already; to write it again while closing would hide that.
            try:
                file.close()
            except OSError:
                return


def is_encrypted(path: Path) -> bool:
    """Whether the file at `path` is one of `age`'s.

    Raises:
        BackupDiskError: it cannot be read.
        BackupMismatchError: it is no backup at all.
    """
    with opened_part(path) as file:
        begin = file.read(max(len(MAGIC), len(AGE_MAGIC)))
    if begin.startswith(AGE_MAGIC):
        return True
    if begin.startswith(MAGIC):
        return False
    raise _no_backup(path)


@contextmanager
def opened_part(path: Path) -> Iterator[BinaryIO]:
    """The file at `path` for reading; what stands in a folder that others may write into may be anything.

    Raises:
        BackupDiskError: it cannot be read.
        BackupMismatchError: it is no file: a pipe would be waited for without end.
    """
    with translated(path), open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise _no_backup(path)
        yield file


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _no_backup(path: Path) -> BackupMismatchError:
    return BackupMismatchError("{path} is no backup; give a file that `banyan backup` wrote", path=str(path))


def read_part(path: Path, identities: Sequence[Identity], consume: Callable[[bytes], object]) -> None:
    """Hand the plain bytes of the part at `path` to `consume`, in pieces.

    Raises:
        BackupDiskError, BackupMismatchError: it cannot be read, or is no backup.
        BackupLockedError: it is encrypted to somebody else, or was changed.
        Whatever `consume` raises.
    """
    is_encrypted(path)
    with opened_part(path) as file:
        _read(file, str(path), identities, consume)


def _read(file: BinaryIO, name: str, identities: Sequence[Identity], consume: Callable[[bytes], object]) -> None:
    begin = file.read(len(AGE_MAGIC))
    file.seek(0)
    if begin == AGE_MAGIC:
        if not identities:
            raise BackupLockedError(
                "the backup {path} is encrypted; give the private key that it was encrypted to with --identity",
                path=name,
            )
        decrypt(file, identities, consume, name)
        return
    while piece := file.read(_PIECE_SIZE_BYTES):
        consume(piece)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what the system refuses for the file at `path` into one sentence.

    Raises:
        BackupDiskError
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise BackupDiskError(
                "there is no room for the backup {path}; free some space, or give another place: what was backed up"
                " before is untouched",
                path=str(path),
            ) from error
        raise BackupDiskError(
            "the backup {path} cannot be used ({reason}); check path and permissions, or give another place",
            path=str(path),
            reason=error.strerror or str(error),
        ) from error

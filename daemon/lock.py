"""One daemon per folder: an advisory lock that the system releases whatever way the process ends.

Owns the file `lock`: flock on it is the lock, its text (the process id) is only for the message. Never deletes the
file: two processes could then hold locks on two files of one name.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from daemon.errors import HomeLockedError, HomeNotWritableError


class HomeLock:
    """Holds the lock from construction to `close`; a context manager.

    Raises:
        HomeLockedError: another process holds it; names the process.
        HomeNotWritableError: the file cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise HomeNotWritableError(
                "the folder {path} cannot be written ({reason}); make it writable for this user or mount it read-write",
                path=str(path.parent),
                reason=error.strerror,
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise HomeLockedError(
                "the folder {path} is in use by the daemon with process id {pid}; stop that one first, or give"
                " another folder with --home",
                path=str(path.parent),
                pid=holder,
            ) from error
        self._write_process_id()

    def _write_process_id(self) -> None:
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode("ascii"), 0)
        except OSError:
            # A full disk: the lock itself holds; only a later message will not name the process.
            return

    def close(self) -> None:
        """Release the lock; harmless the second time."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> "HomeLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""A file that one run at a time works on, such as a journal.

Owns the opening and the lock, which ends with the file's closing or the process; never the file's content.
"""

import fcntl
import os
from pathlib import Path
from typing import IO


class FileBusyError(Exception):
    """Another process works on the file."""


def open_locked(path: Path, mode: int) -> IO[bytes]:
    """Open the file at `path` for reading and writing, and for this process alone.

    Args:
        path: Made with the permissions `mode` where it is not there.
        mode: Permission bits, such as 0o600.

    Raises:
        FileBusyError: another process has it open so.
        OSError: the system refuses to open it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise FileBusyError from error
    return os.fdopen(descriptor, "r+b")

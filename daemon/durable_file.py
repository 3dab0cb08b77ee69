"""Writing a small file so that it is there whole or not at all, and stays there after a power loss.

Owns the order write, fsync, rename, fsync of the folder. Never overwrites where it was told to make a new file.
"""

import os
import shutil
from pathlib import Path

_COPY_PIECE_SIZE_BYTES = 1 << 20


def write_new_file(path: Path, content: bytes, mode: int) -> None:
    """Make the file at `path`; whole and durable when this returns.

    Args:
        path: In a folder that exists and that no other process writes (the caller holds the folder's lock, or made it).
        content: All of it.
        mode: Permissions, such as 0o600; the process' umask does not loosen or tighten them.

    Raises:
        FileExistsError: there is one; it is left alone.
        OSError: no room, no permission; nothing is at `path`.
    """
    if path.exists() or path.is_symlink():
        raise FileExistsError(f"{path} exists")
    try:
        _write(path, content, mode)
    except OSError:
        # Where the folder could not be made durable, the name is there and may be gone after a power loss.
        path.unlink(missing_ok=True)
        raise


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Put `content` in the place of whatever is at `path`; readers see the old or the new file, never a part."""
    _write(path, content, mode)


def copy_file(source: Path, target: Path, mode: int) -> None:
    """Make `target` a copy of a file of any size; whole and durable when this returns.

    Raises:
        OSError: no room, no permission; nothing is at `target` that was not there before.
    """
    temporary = target.with_name(f".{target.name}.new")
    temporary.unlink(missing_ok=True)
    try:
        with source.open("rb") as read, open(temporary, "xb", opener=_open_private) as written:
            shutil.copyfileobj(read, written, _COPY_PIECE_SIZE_BYTES)
            written.flush()
            os.fchmod(written.fileno(), mode)
            os.fsync(written.fileno())
        os.rename(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(target.parent)


def _open_private(path: str, flags: int) -> int:
    """For nobody else to read, until the file has the permissions that were asked for."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def sync_directory(path: Path) -> None:
    """Make the names in a folder durable: a new file is only found after a power loss when its folder was synced."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _write(path: Path, content: bytes, mode: int) -> None:
    # A leftover of a process that was killed here is of no use to anybody.
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        written = 0
        while written < len(content):
            written += os.write(file, content[written:])
        os.fchmod(file, mode)
        os.fsync(file)
        os.rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(file)
    sync_directory(path.parent)

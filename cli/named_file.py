"""Files that the command line names: read whole within a bound, written whole or not at all.

Owns the sentences for a file that is missing, unreadable, too large or already there. `-` stands for standard input
where a file is read. Never interprets a content.
"""

import sys
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path

from cli.errors import CommandError, UsageError
from daemon.durable_file import replace_file, write_new_file

STANDARD_INPUT = Path("-")
_MODE = 0o644
# A disk, a quota, a limit on the size of files.
_NO_ROOM = frozenset((ENOSPC, EDQUOT, EFBIG))


def read_bytes(path: Path, size_bytes_max: int) -> bytes:
    """The content of the file at `path`.

    Raises:
        UsageError: it cannot be read, or has more than `size_bytes_max` bytes.
    """
    try:
        if path == STANDARD_INPUT:
            content = sys.stdin.buffer.read(size_bytes_max + 1)
        else:
            with path.open("rb") as file:
                content = file.read(size_bytes_max + 1)
    except OSError as error:
        raise UsageError(
            "{path} cannot be read: {reason}; check the path and its permissions",
            path=str(path),
            reason=error.strerror or str(error),
        ) from error
    if len(content) > size_bytes_max:
        raise UsageError(
            "{path} has more than {limit} bytes; this is not the kind of file that is wanted here",
            path=str(path),
            limit=size_bytes_max,
        )
    return content


def read_text(path: Path, size_bytes_max: int) -> str:
    """The text of the UTF-8 file at `path`, without a byte order mark.

    Raises:
        UsageError: it cannot be read, is too large, or is not UTF-8.
    """
    try:
        return read_bytes(path, size_bytes_max).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError("{path} is not a text in UTF-8; save it in that encoding", path=str(path)) from error


def write_new(path: Path, content: bytes, mode: int = _MODE) -> None:
    """Make the file at `path`; never overwrites one.

    Raises:
        UsageError: there is one, or the system refuses; nothing is at `path` then.
        CommandError: there is no room; nothing is at `path`.
    """
    try:
        write_new_file(path, content, mode)
    except FileExistsError as error:
        raise UsageError("{path} is there already and is not overwritten; give another name", path=str(path)) from error
    except OSError as error:
        raise _not_writable(path, error) from error


def check_new(path: Path) -> None:
    """Make sure that nothing is at `path`, before something is asked for that is to be written there.

    Raises:
        UsageError: there is a file.
    """
    if path.exists() or path.is_symlink():
        raise UsageError("{path} is there already and is not overwritten; give another name", path=str(path))


def write_over(path: Path, content: bytes) -> None:
    """Put `content` into the file at `path`, whatever was there.

    Raises:
        UsageError: the system refuses.
        CommandError: there is no room; what was at `path` is still there.
    """
    try:
        replace_file(path, content, _MODE)
    except OSError as error:
        raise _not_writable(path, error) from error


def _not_writable(path: Path, error: OSError) -> CommandError:
    if error.errno in _NO_ROOM:
        return CommandError(
            "there is no room left for {path}; free some space on its disk and try again", path=str(path)
        )
    return UsageError(
        "{path} cannot be written: {reason}; give a path in a folder that you may write",
        path=str(path),
        reason=error.strerror or str(error),
    )

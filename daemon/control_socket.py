"""The operator's door: where the control socket lies, and opening it.

Owns path, permissions (0600: whoever can open it has the operator's rights) and the decision whether a socket that is
there already is a leftover. Never removes a socket on which somebody answers.
"""

import hashlib
import os
import socket
from pathlib import Path

from daemon.backlog import BACKLOG
from daemon.errors import AddressError

# The system's `sun_path` has 108 bytes with the final zero.
PATH_SIZE_BYTES_MAX = 107


def control_socket_path(home: Path) -> Path:
    """Where the control socket of the node in folder `home` lies; clients and daemon compute the same.

    `control.sock` in the folder, or, if that path is too long for the system, a name derived from it in
    `$XDG_RUNTIME_DIR`.

    Raises:
        AddressError: the path is too long and there is no `$XDG_RUNTIME_DIR` to fall back to.
    """
    absolute = home.absolute()
    path = absolute / "control.sock"
    if len(os.fsencode(path)) <= PATH_SIZE_BYTES_MAX:
        return path
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    name = hashlib.sha256(os.fsencode(absolute)).hexdigest()[:16]
    fallback = Path(runtime) / f"banyan-{name}.sock"
    if not runtime or len(os.fsencode(fallback)) > PATH_SIZE_BYTES_MAX:
        raise AddressError(
            "the path {path} is too long for a socket ({limit} bytes at most); move the node's folder, or set"
            " XDG_RUNTIME_DIR to a short path",
            path=str(path),
            limit=PATH_SIZE_BYTES_MAX,
        )
    return fallback


def open_control_socket(path: Path) -> socket.socket:
    """A listening socket at `path` that only this user can open; a leftover of a dead process is replaced.

    Raises:
        AddressError: somebody answers there, or the system refuses.
    """
    if _answers(path):
        raise AddressError(
            "another process answers on {path}; stop it, or give another folder with --home", path=str(path)
        )
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        # The socket is born with the right permissions: between bind and a later chmod anybody could connect.
        mask = os.umask(0o177)
        try:
            listener.bind(os.fspath(path))
        finally:
            os.umask(mask)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressError(
            "the control socket {path} cannot be made ({reason}); make its folder writable for this user",
            path=str(path),
            reason=error.strerror or str(error),
        ) from error
    return listener


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(os.fspath(path))
        except (TimeoutError, BlockingIOError):
            # Somebody holds it and is too busy to accept, or has as many outside as can wait: alive, at any rate.
            return True
        except OSError:
            return False
        return True

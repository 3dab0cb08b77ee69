"""The file `seed`: the 32 secret bytes from which all keys of a node are derived.

Owns its permissions: 0600, and it is refused if anybody else could read it. Never overwrites a seed, never shows
one. Source: docs/protocol.md, section 3.
"""

import os
import secrets
import stat
from pathlib import Path

from daemon.durable_file import write_new_file
from daemon.errors import SeedError
from ledger.node_keys import NodeKeys
from ledger.signing import SEED_SIZE_BYTES

_SEED_MODE = 0o600


def create_seed(path: Path) -> None:
    """Draw a seed and keep it at `path`, durable when this returns.

    Raises:
        FileExistsError: there is one; it is left alone.
    """
    write_new_file(path, secrets.token_bytes(SEED_SIZE_BYTES), _SEED_MODE)


def read_keys(path: Path) -> NodeKeys:
    """The keys derived from the seed at `path`.

    Raises:
        SeedError: missing, not a plain file, readable by others, or not 32 bytes; the message has the remedy.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise SeedError(
            "the seed {path} cannot be read ({reason}); put this node's seed back, or make a new node with"
            " `banyan init` in another folder",
            path=str(path),
            reason=error.strerror,
        ) from error
    try:
        _check_permissions(path, os.fstat(file))
        seed = os.read(file, SEED_SIZE_BYTES + 1)
    finally:
        os.close(file)
    if len(seed) != SEED_SIZE_BYTES:
        raise SeedError(
            "the seed {path} has not {size} bytes; put this node's seed back, or make a new node with `banyan init` in"
            " another folder",
            path=str(path),
            size=SEED_SIZE_BYTES,
        )
    return NodeKeys.from_seed(seed)


def _check_permissions(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise SeedError("the seed {path} is not a plain file; put this node's seed there", path=str(path))
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SeedError(
            "the seed {path} can be read by others (mode {mode}); run `chmod 600 {path}`, and if anybody may have read"
            " it, replace this node",
            path=str(path),
            mode=f"{stat.S_IMODE(found.st_mode):04o}",
        )

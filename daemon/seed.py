"""The file `seed`: the 32 secret bytes from which all keys of a node are derived, in the clear or under a passphrase.

Owns its permissions (0600, and it is refused if anybody else could read it) and its two forms: the bytes alone, or JSON
of the format `banyan-seed/v1` with the bytes sealed (`daemon.sealed_secret`). Never overwrites a seed with another one,
never shows one. Source: docs/protocol.md, section 3; docs/adr/0032-keys-of-nodes.md.
"""

import json
import os
import secrets
import stat
from pathlib import Path

from daemon.durable_file import replace_file, write_new_file
from daemon.errors import SeedError
from daemon.sealed_secret import MalformedSealError, WrongPassphraseError, open_secret, seal_secret
from daemon.seed_passphrase import SeedPassphrase, unattended_passphrase
from ledger.node_keys import NodeKeys
from ledger.signing import SEED_SIZE_BYTES

SEED_FORMAT = "banyan-seed/v1"
_SEED_MODE = 0o600
# A sealed seed has about 250 bytes.
_FILE_SIZE_BYTES_MAX = 16 * 1024


def create_seed(path: Path, passphrase: str | None = None) -> None:
    """Draw a seed and keep it at `path`, durable when this returns; sealed if there is a passphrase.

    Raises:
        FileExistsError: there is one; it is left alone.
    """
    write_new_file(path, _content(secrets.token_bytes(SEED_SIZE_BYTES), passphrase), _SEED_MODE)


def read_keys(path: Path, passphrase: SeedPassphrase = unattended_passphrase) -> NodeKeys:
    """The keys derived from the seed at `path`; `passphrase` is asked only where the seed is sealed.

    Raises:
        SeedError: missing, not a plain file, readable by others, no seed, or the passphrase does not open it; the
            message has the remedy.
    """
    return NodeKeys.from_seed(_open(path, _read(path), passphrase))


def is_sealed(path: Path) -> bool:
    """Whether the seed at `path` is under a passphrase.

    Raises:
        SeedError: as `read_keys`.
    """
    return len(_read(path)) != SEED_SIZE_BYTES


def seal_seed(path: Path, passphrase: str) -> None:
    """Put the seed at `path`, which is in the clear, under a passphrase; whole and durable when this returns.

    Raises:
        SeedError: as `read_keys`.
    """
    content = _read(path)
    assert len(content) == SEED_SIZE_BYTES, "the caller saw that it is not sealed"
    replace_file(path, _content(content, passphrase), _SEED_MODE)


def unseal_seed(path: Path, passphrase: SeedPassphrase) -> None:
    """Leave the seed at `path` in the clear.

    Raises:
        SeedError: as `read_keys`.
    """
    replace_file(path, _open(path, _read(path), passphrase), _SEED_MODE)


def _content(seed: bytes, passphrase: str | None) -> bytes:
    if passphrase is None:
        return seed
    document = {"format": SEED_FORMAT, "sealed": seal_secret(seed, passphrase)}
    return (json.dumps(document, indent=2) + "\n").encode("ascii")


def _read(path: Path) -> bytes:
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
        return os.read(file, _FILE_SIZE_BYTES_MAX)
    finally:
        os.close(file)


def _open(path: Path, content: bytes, passphrase: SeedPassphrase) -> bytes:
    """The seed in a file's content."""
    if len(content) == SEED_SIZE_BYTES:
        return content
    try:
        document = json.loads(content)
        sealed = document["sealed"] if document["format"] == SEED_FORMAT else None
    except (ValueError, KeyError, TypeError, RecursionError):
        sealed = None
    if not isinstance(sealed, dict):
        raise _no_seed(path)
    try:
        seed = open_secret(sealed, passphrase(path))
    except MalformedSealError as error:
        raise _no_seed(path) from error
    except WrongPassphraseError as error:
        raise SeedError(
            "the passphrase does not open the seed {path}; give the right one, or put this node's seed back if the file"
            " was damaged",
            path=str(path),
        ) from error
    if len(seed) != SEED_SIZE_BYTES:
        raise _no_seed(path)
    return seed


def _no_seed(path: Path) -> SeedError:
    return SeedError(
        "the seed {path} has not {size} bytes and is no sealed seed; put this node's seed back, or make a new node with"
        " `banyan init` in another folder",
        path=str(path),
        size=SEED_SIZE_BYTES,
    )


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

"""Which fact a row is: the nonce of its transaction, its salts, its pseudonyms.

Owns the plan's secret, and what is derived with it. A nonce has two halves: the first ten bytes say which row of which
step of which plan in which network it is, the last six what it says. So a look at the log tells whether a row is there,
and whether it has been changed since, for whoever has the secret; for everybody else nonces are noise. Invariant: the
content does not include the provenance, so a row that moved in its file, or stands in a new export, is the same fact.
Source: docs/adr/0019-import-plans.md.
"""

import os
import secrets
import stat
from hashlib import blake2b
from pathlib import Path

from cli.errors import UsageError
from cli.importing.import_row import ImportRow
from cli.named_file import write_new
from ledger.detached import SALT_SIZE_BYTES
from ledger.encoding import encode
from ledger.hashing import Hash
from ledger.usual_envelope import NONCE_SIZE_BYTES

FACT_SIZE_BYTES = 10
SECRET_SIZE_BYTES = 32
_MODE = 0o600
_HEADER = "banyan-import-secret/v1"
_FILE_SIZE_BYTES_MAX = 1024


class Identity:
    """What the rows of one plan are in one network, under one secret."""

    def __init__(self, secret: bytes, plan_name: str, network_id: Hash) -> None:
        self._plan = encode([plan_name, network_id])
        self._secret = secret

    def fact(self, row: ImportRow) -> bytes:
        """Ten bytes that are the same whenever this row is imported."""
        return self._keyed(b"fact", encode([row.step.name, list(row.key)]))[:FACT_SIZE_BYTES]

    def content(self, row: ImportRow) -> bytes:
        """Six bytes that change with what the row asks for."""
        content = encode([row.operation, dict(row.values)])
        return self._keyed(b"content", content)[: NONCE_SIZE_BYTES - FACT_SIZE_BYTES]

    def salt(self, nonce: bytes, argument: str, value: bytes) -> bytes:
        """The salt of a detached argument: the same for the same row and value, for nobody else to know."""
        return self._keyed(b"salt", encode([nonce, argument, value]))[:SALT_SIZE_BYTES]

    @property
    def fingerprint(self) -> str:
        """Tells one secret from another without telling it."""
        return self._keyed(b"fingerprint", b"")[:8].hex()

    def _keyed(self, purpose: bytes, content: bytes) -> bytes:
        return blake2b(self._plan + content, key=self._secret, digest_size=32, person=purpose).digest()


def pseudonym_key(secret: bytes) -> bytes:
    """The key of the plan's pseudonyms: the same in every network and for every plan that shares the secret."""
    return blake2b(b"", key=secret, digest_size=32, person=b"pseudonyms").digest()


def read_secret(path: Path) -> bytes | None:
    """The secret in the file at `path`; None if there is no such file.

    Raises:
        UsageError: others can read it, or it is no secret.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_FILE_SIZE_BYTES_MAX)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(
            "{path} cannot be read: {reason}; check the path and its permissions",
            path=str(path),
            reason=error.strerror or str(error),
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError("the plan's secret {path} can be read by others; run `chmod 600 {path}`", path=str(path))
    words = content.decode("ascii", "replace").split()
    try:
        secret = bytes.fromhex(words[1]) if len(words) == 2 and words[0] == _HEADER else b""
    except ValueError:
        secret = b""
    if len(secret) != SECRET_SIZE_BYTES:
        raise UsageError(
            "{path} is not the secret of a plan; take it from a backup, or from whoever imported the plan before",
            path=str(path),
        )
    return secret


def draw_secret() -> bytes:
    """A new secret."""
    return secrets.token_bytes(SECRET_SIZE_BYTES)


def write_secret(path: Path, secret: bytes) -> None:
    """Keep a new secret at `path`, for its owner alone; never overwrites one.

    Raises:
        UsageError: there is one, or the system refuses.
    """
    write_new(path, f"{_HEADER} {secret.hex()}\n".encode("ascii"), _MODE)

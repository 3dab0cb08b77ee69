"""A member's key in a file, in the clear or under a passphrase.

Owns the file format `banyan-key/v1` and its permissions (0600; a key that others can read is refused). Never
overwrites a key and never shows the secret part. How it is sealed is `daemon.sealed_secret`'s. Source:
docs/reference/commands.md, "Key files".
"""

import json
import os
import stat
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacl import utils

from cli.errors import CommandError, UsageError
from cli.named_file import write_new
from daemon.sealed_secret import MalformedSealError, WrongPassphraseError, open_secret, seal_secret
from ledger.errors import InvalidKeyError
from ledger.signing import SEED_SIZE_BYTES, SigningKey
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey

KEY_FORMAT = "banyan-key/v1"
NAME_DEFAULT = "member"
# A key file has about 400 bytes.
KEY_FILE_SIZE_BYTES_MAX = 16 * 1024
_MODE = 0o600


@dataclass(frozen=True, slots=True)
class MemberKey:
    """A key pair with the name it goes by in verifier keys."""

    name: str
    signing: SigningKey

    @property
    def verifier_key(self) -> VerifierKey:
        """The public part, as others write it down."""
        return VerifierKey(self.name, KEY_TYPE_MEMBER, self.signing.public)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key file as read: its public part, and the seed in the clear or sealed."""

    path: Path
    public: VerifierKey
    seed: bytes | None
    sealed: dict[str, Any] | None

    def open(self, passphrase: str | None) -> MemberKey:
        """The key pair; `passphrase` is needed if the key is sealed.

        Raises:
            CommandError: the passphrase is wrong, or secret and public part do not belong together.
        """
        seed = self.seed if self.sealed is None else _unseal(self.path, self.sealed, passphrase or "")
        if seed is None or len(seed) != SEED_SIZE_BYTES:
            raise _malformed(self.path)
        key = MemberKey(self.public.name, SigningKey.from_seed(seed))
        if key.verifier_key != self.public:
            raise CommandError(
                "the secret and the public part of the key {path} do not belong together; take the key from a backup",
                path=str(self.path),
            )
        return key


def create_member_key(path: Path, name: str, passphrase: str | None) -> VerifierKey:
    """Draw a key and keep it at `path`, readable by its owner only; the public part.

    Raises:
        UsageError: there is a file already, the system refuses, or `name` cannot name a key.
    """
    seed = utils.random(SEED_SIZE_BYTES)
    try:
        public = MemberKey(name, SigningKey.from_seed(seed)).verifier_key
    except InvalidKeyError as error:
        raise UsageError("{reason}", reason=error) from error
    document: dict[str, Any] = {"format": KEY_FORMAT, "public": str(public)}
    if passphrase is None:
        document["seed"] = b64encode(seed).decode("ascii")
    else:
        document["sealed"] = seal_secret(seed, passphrase)
    write_new(path, (json.dumps(document, indent=2) + "\n").encode("utf-8"), _MODE)
    return public


def read_key_file(path: Path) -> KeyFile:
    """The key file at `path`.

    Raises:
        UsageError: missing, readable by others, or not a key file.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(
            "the key {path} cannot be read: {reason}; name a key with --key, or make one with `banyan keygen --out"
            " FILE`",
            path=str(path),
            reason=error.strerror,
        ) from error
    try:
        _check_permissions(path, os.fstat(file).st_mode)
        content = os.read(file, KEY_FILE_SIZE_BYTES_MAX)
    finally:
        os.close(file)
    return _parse(path, content)


def _check_permissions(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise _malformed(path)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            "the key {path} can be read by others (mode {mode}); run `chmod 600 {path}`, and if anybody may have"
            " read it, replace the key",
            path=str(path),
            mode=f"{stat.S_IMODE(mode):04o}",
        )


def is_key_file(path: Path) -> bool:
    """Whether there is a key file at `path`, whoever may read it."""
    try:
        with path.open("rb") as file:
            return KEY_FORMAT.encode() in file.read(KEY_FILE_SIZE_BYTES_MAX)
    except (OSError, ValueError):
        return False


def _parse(path: Path, content: bytes) -> KeyFile:
    try:
        document = json.loads(content)
        public = VerifierKey.parse(document["public"])
        sealed = document.get("sealed")
        seed = None if sealed is not None else b64decode(document["seed"], validate=True)
        usable = document["format"] == KEY_FORMAT and public.type_bytes == KEY_TYPE_MEMBER
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidKeyError) as error:
        raise _malformed(path) from error
    if not usable or not (sealed is None or isinstance(sealed, dict)):
        raise _malformed(path)
    return KeyFile(path, public, seed, sealed)


def _malformed(path: Path) -> UsageError:
    return UsageError(
        "{path} is not a member's key; name the file that `banyan keygen --out FILE` made", path=str(path)
    )


def _unseal(path: Path, sealed: dict[str, Any], passphrase: str) -> bytes:
    try:
        return open_secret(sealed, passphrase)
    except MalformedSealError as error:
        raise _malformed(path) from error
    except WrongPassphraseError as error:
        raise CommandError(
            "the passphrase does not open the key {path}; try again, or take the key from a backup if the file was"
            " damaged",
            path=str(path),
        ) from error

"""Encryption of parts: files in the format of `age`, which its own tools open. The only module that talks to `pyrage`.

Owns recipients, identities and the streaming of both directions, in pieces, whatever the size of a part. An encrypted
part has one recipient more than was asked for, drawn for it and forgotten: with that key what was written is read back
and checked, by a node that cannot read its own backups later. Never writes a private key anywhere.

Source: https://age-encryption.org/v1; docs/adr/0030-backup-and-restore.md.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

import pyrage

from storage.backup.errors import BackupFault, BackupLockedError

AGE_MAGIC = b"age-encryption.org/v1\n"
_IDENTITY_PREFIX = "AGE-SECRET-KEY-"
_SSH_PREFIXES = ("ssh-ed25519 ", "ssh-rsa ")


class Recipient:
    """Whom a part is encrypted to: an `age1…` key or an SSH public key.

    Raises:
        BackupLockedError: the text is neither.
    """

    def __init__(self, text: str) -> None:
        word = text.strip()
        kind = pyrage.ssh.Recipient if word.startswith(_SSH_PREFIXES) else pyrage.x25519.Recipient
        try:
            self.key: Any = kind.from_str(word)
        except pyrage.RecipientError as error:
            raise BackupLockedError(
                "{text!r} is no key to encrypt to ({reason}); give the public key that `age-keygen` printed (age1…), or"
                " an SSH public key",
                text=word[:80],
                reason=error,
            ) from error


class Identity:
    """A private key that opens what was encrypted to it."""

    def __init__(self, key: Any) -> None:
        self.key = key

    @classmethod
    def throwaway(cls) -> "Identity":
        """A fresh key that nobody keeps."""
        return cls(pyrage.x25519.Identity.generate())

    @classmethod
    def read_all(cls, content: bytes, name: str) -> "list[Identity]":
        """The private keys in a file as `age-keygen` writes it, or in an SSH private key.

        Raises:
            BackupLockedError: there is none in it.
        """
        found = []
        try:
            if b"PRIVATE KEY-----" in content:
                return [cls(pyrage.ssh.Identity.from_buffer(content))]
            lines = content.decode("utf-8").split()
            found = [cls(pyrage.x25519.Identity.from_str(one)) for one in lines if one.startswith(_IDENTITY_PREFIX)]
        except (pyrage.IdentityError, UnicodeDecodeError) as error:
            raise _no_identity(name, error) from error
        if not found:
            raise _no_identity(name, BackupFault("no line begins with AGE-SECRET-KEY-"))
        return found


def _no_identity(name: str, reason: object) -> BackupLockedError:
    return BackupLockedError(
        "{path} holds no private key that opens backups ({reason}); give the file that `age-keygen` wrote",
        path=name,
        reason=reason,
    )


def encrypt(pieces: Iterator[bytes], target: BinaryIO, recipients: Sequence[Recipient], reading_back: Identity) -> None:
    """Write all pieces, encrypted to the recipients and to `reading_back`.

    Raises:
        Whatever producing a piece or writing raises.
    """
    source = _Source(pieces)
    sink = _Sink(target.write)
    keys = [*(one.key for one in recipients), reading_back.key.to_public()]
    try:
        pyrage.encrypt_io(source, sink, keys)
    except BaseException:
        _raise_own(source, sink)
        raise


def decrypt(source: BinaryIO, identities: Sequence[Identity], consume: Callable[[bytes], object], name: str) -> None:
    """Hand the plain bytes to `consume`, piece by piece; what was handed out is authentic, what is cut off is told.

    Raises:
        BackupLockedError: no identity opens it, or it was changed.
        Whatever `consume` raises.
    """
    sink = _Sink(consume)
    try:
        pyrage.decrypt_io(source, sink, [one.key for one in identities])
    except BaseException as error:
        _raise_own(sink)
        if isinstance(error, pyrage.DecryptError | OSError):
            raise BackupLockedError(
                "the backup {path} cannot be decrypted ({reason}); give the private key that it was encrypted to with"
                " --identity, or another copy of it where it is damaged",
                path=name,
                reason=error,
            ) from error
        raise


class _Source:
    """Pieces as a file to read from; keeps what went wrong, since the library tells only its text."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; empty at the end."""
        try:
            while not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    return b""
                self._rest = piece
        except BaseException as error:
            self.error = error
            raise
        end = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:end], self._rest[end:]
        return taken


class _Sink:
    """A function as a file to write to; keeps what went wrong."""

    def __init__(self, consume: Callable[[bytes], object]) -> None:
        self._consume = consume
        self.error: BaseException | None = None

    def write(self, data: bytes) -> int:
        """Hand the bytes on."""
        if self.error is not None:
            # The library empties its buffers while it gives up.
            raise self.error
        try:
            self._consume(bytes(data))
        except BaseException as error:
            self.error = error
            raise
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""


def _raise_own(*streams: _Source | _Sink) -> None:
    for stream in streams:
        if stream.error is not None:
            raise stream.error

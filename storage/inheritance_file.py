"""The records that a successor network begins with, as a file that every node of it is given.

Owns the form: the line `banyan-inheritance/v1`; for each record, ascending by key, the length of the key (2 bytes,
big-endian), the key, the length of the value (4 bytes), the value; at the end two zero bytes and SHA-256 of all bytes
before. Never trusts it: the genesis states the digest of the records (`inherited_digest`), which a reader compares.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from ledger.errors import BanyanError
from ledger.hashing import Hash
from ledger.state_digest import StateDigest
from storage.backup.records import INHERITED_KEY_SIZE_BYTES_MAX, INHERITED_VALUE_SIZE_BYTES_MAX
from storage.durable_folder import make_durable

MAGIC = b"banyan-inheritance/v1\n"
_MODE = 0o600


class InheritanceError(BanyanError):
    """The file of inherited records cannot be used; says what to do."""

    code = "inheritance-unusable"


class InheritanceDraft:
    """A file of inherited records in the making; a context manager, which takes away what was not published.

    Raises, here and from every method:
        InheritanceError: there is a file at `path` already, or the system refuses; nothing new is at `path`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_name(f".{path.name}.draft")
        self._digest = StateDigest.empty()
        self._hasher = sha256()
        self._file: BinaryIO | None = None
        self.count = 0

    def __enter__(self) -> Self:
        path = self._path
        if path.exists():
            raise InheritanceError("{path} is there already and is not overwritten; give another name", path=str(path))
        with _translated(path):
            # A leftover of a killed process, or a link that somebody put there: neither is written into.
            self._draft.unlink(missing_ok=True)
            descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
            self._file = os.fdopen(descriptor, "wb")
        self._write(MAGIC)
        return self

    @property
    def digest(self) -> Hash:
        """The state digest over the records so far."""
        return self._digest.digest()

    def put(self, key: bytes, value: bytes) -> None:
        """Write one record; keys ascend."""
        self._digest.add(key, value)
        self._write(len(key).to_bytes(2, "big") + key + len(value).to_bytes(4, "big") + value)
        self.count += 1

    def publish(self) -> None:
        """Put the file in its place, whole and durable."""
        self._write(bytes(2))
        self._write(self._hasher.digest())
        assert self._file is not None, "a draft is used as a context manager"
        with _translated(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._draft.rename(self._path)
            make_durable(self._path.parent)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None, "entered before"
        # What could not be written is told already; to write it again while closing would hide that.
        with suppress(OSError):
            self._file.close()
        self._draft.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        assert self._file is not None, "a draft is used as a context manager"
        self._hasher.update(data)
        with _translated(self._path):
            self._file.write(data)


def write_inheritance(path: Path, records: Iterable[tuple[bytes, bytes]]) -> Hash:
    """Write the records to a new file; it is there whole and durable when this returns.

    Returns:
        The state digest over them.

    Raises:
        InheritanceError: there is a file already, or the system refuses; nothing new is at `path`.
    """
    with InheritanceDraft(path) as draft:
        for key, value in records:
            draft.put(key, value)
        draft.publish()
        return draft.digest


def read_inheritance(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The records in the file, ascending by key; what is wrong with the file shows at its end at the latest.

    Raises:
        InheritanceError: it is damaged, or none, or cannot be read.
    """
    with _translated(path), path.open("rb") as file:
        hasher = sha256()

        def take(size: int) -> bytes:
            data = file.read(size)
            if len(data) != size:
                raise _damaged(path)
            return data

        def hashed(size: int) -> bytes:
            data = take(size)
            hasher.update(data)
            return data

        if hashed(len(MAGIC)) != MAGIC:
            raise _damaged(path)
        previous = b""
        while key_size := int.from_bytes(hashed(2), "big"):
            if key_size > INHERITED_KEY_SIZE_BYTES_MAX:
                raise _damaged(path)
            key = hashed(key_size)
            value_size = int.from_bytes(hashed(4), "big")
            if value_size > INHERITED_VALUE_SIZE_BYTES_MAX or key <= previous:
                raise _damaged(path)
            yield key, hashed(value_size)
            previous = key
        if take(32) != hasher.digest() or file.read(1):
            raise _damaged(path)


def check_inheritance(path: Path, expected: Hash) -> None:
    """Make sure that the records in the file have the digest that the genesis states.

    Raises:
        InheritanceError
    """
    digest = StateDigest.empty()
    digest.apply((key, None, value) for key, value in read_inheritance(path))
    if digest.digest() != expected:
        raise InheritanceError(
            "{path} does not hold the records that the genesis names; take the file that came with this genesis",
            path=str(path),
        )


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn what the system refuses for the file at `path` into one sentence."""
    try:
        yield
    except OSError as error:
        raise InheritanceError(
            "the inherited records {path} cannot be used ({reason}); check the path, its permissions, and the room on"
            " its disk",
            path=str(path),
            reason=error.strerror or str(error),
        ) from error


def _damaged(path: Path) -> InheritanceError:
    return InheritanceError(
        "{path} is damaged, or no file of inherited records; take the file that came with this genesis", path=str(path)
    )

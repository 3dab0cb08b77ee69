"""The file `sign-state`: what this node signed last and why it is in its term, beside its seed, outside the database.

Owns two slots for the state and two for the certificate of its term, each with a sequence number and a checksum. The
slot that holds the newest flushed state is not written until the other one is flushed, so that neither a write that was
cut short nor a loss of power, which may take any of the writes since the flush, leaves less than that. Never decides
when a flush is needed (`daemon.sign_state` does) and is never part of a backup. The checksum covers node and network,
so that another node's file does not pass for this one's.

A slot: 6 bytes magic (the last is the number of the format), sequence number (8 bytes, big-endian), length (2), state,
zero bytes, BLAKE2b-128 over all of it after the binding: 512 bytes, one disk sector. The slots lie 4,096 bytes apart:
one page never holds both. Both are written whole when the file is made, so that later writes need no room on the disk.
The slots of the certificate are longer and always flushed. It lies here because a node that lost it with a restored
database could not show why it is in its term, and would be shut out for as long as the others have a leader in an
earlier one.
"""

import errno
import os
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from daemon.durable_file import write_new_file
from daemon.errors import SignStateError, SignStateFullError
from daemon.sign_state import SIGN_STATE_SIZE_BYTES_MAX, SignState
from ledger.errors import DecodingError
from ledger.hashing import Hash
from storage.data_file import NO_ROOM

SLOT_SIZE_BYTES = 512
SLOT_DISTANCE_BYTES = 4096
CERTIFICATES_OFFSET_BYTES = 2 * SLOT_DISTANCE_BYTES
# The largest certificate has 8 kB; a slot starts on a page of its own.
CERTIFICATE_SLOT_SIZE_BYTES = 3 * SLOT_DISTANCE_BYTES
_MAGIC = b"BNYSS1"
_CERTIFICATE_MAGIC = b"BNYTC1"
_CHECKSUM_SIZE_BYTES = 16
_HEAD_SIZE_BYTES = len(_MAGIC) + 8 + 2
_STATE_SIZE_BYTES_MAX = SLOT_SIZE_BYTES - _HEAD_SIZE_BYTES - _CHECKSUM_SIZE_BYTES
assert _STATE_SIZE_BYTES_MAX >= SIGN_STATE_SIZE_BYTES_MAX, "every state fits into a slot"


@dataclass(frozen=True, slots=True)
class Binding:
    """Whose signatures the file is about."""

    node_id: Hash
    network_id: Hash


class SignStateFile:
    """The open file; `state` is the newest one it holds. Not thread-safe: one save at a time."""

    def __init__(self, path: Path, binding: Binding) -> None:
        """Open the file at `path` and read the newest whole slot.

        Raises:
            SignStateError: missing, unreadable, damaged, or another node's or network's.
        """
        self._path = path
        self._binding = binding
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            # What is read here was perhaps not flushed by the process that wrote it.
            os.fdatasync(self._file)
        except OSError as error:
            raise SignStateError(
                "the sign-state {path} cannot be opened ({reason}); it records what this node has signed, so put it"
                " back as it was: without it the node could sign twice",
                path=str(path),
                reason=error.strerror,
            ) from error
        found = [(*read, slot) for slot in (0, 1) if (read := self._read(slot)) is not None]
        if not found:
            is_later = self._is_later()
            os.close(self._file)
            if is_later:
                raise SignStateError(
                    "the sign-state {path} was written by a newer Banyan; install that again: without it the node"
                    " could sign twice",
                    path=str(path),
                )
            raise SignStateError(
                "the sign-state {path} is damaged or belongs to another node or network; put this node's own back,"
                " or start anew with `banyan init` in another folder: without it the node could sign twice",
                path=str(path),
            )
        self._sequence, self.state, self._flushed_slot = max(found, key=lambda one: one[0])
        certificates = [slot for slot in (self._read_certificate(0), self._read_certificate(1)) if slot is not None]
        self._certificate_sequence, self.certificate = max(certificates, default=(0, b""))

    @classmethod
    def create(cls, path: Path, binding: Binding, state: SignState) -> None:
        """Make the file with `state` in both slots, on disk when this returns; never overwrites one.

        Raises:
            FileExistsError: there is one already.
            OSError: no room, no permission.
        """
        content = _slot(binding, 0, state).ljust(SLOT_DISTANCE_BYTES, b"\0") + _slot(binding, 1, state)
        size = CERTIFICATES_OFFSET_BYTES + 2 * CERTIFICATE_SLOT_SIZE_BYTES
        write_new_file(path, content.ljust(size, b"\0"), 0o600)

    def save(self, state: SignState, flush: bool, certificate: bytes = b"") -> None:
        """Put `state` beside the newest flushed one; with `flush` it is on disk when this returns (milliseconds, else
        10 µs).

        A `certificate`, if there is one, is on disk before the state is written.

        Raises:
            SignStateFullError: no room; nothing may be signed on top of it until the same call went well.
            SignStateError: the system refused the write; nothing may be signed any more.
        """
        sequence, slot = self._sequence + 1, 1 - self._flushed_slot
        try:
            if certificate:
                self._save_certificate(certificate)
            written = os.pwrite(self._file, _slot(self._binding, sequence, state), slot * SLOT_DISTANCE_BYTES)
            if written != SLOT_SIZE_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if flush:
                os.fdatasync(self._file)
                self._flushed_slot = slot
        except OSError as error:
            if error.errno in NO_ROOM:
                raise SignStateFullError(
                    "there is no room to write the sign-state {path}: make room on its disk, the node then goes on by"
                    " itself",
                    path=str(self._path),
                ) from error
            raise SignStateError(
                "the sign-state {path} cannot be written ({reason}); make the folder writable again and restart",
                path=str(self._path),
                reason=error.strerror,
            ) from error
        self._sequence, self.state = sequence, state

    def close(self) -> None:
        """Close the file; what was saved without a flush is with the system."""
        os.close(self._file)

    def _is_later(self) -> bool:
        """Whether a slot begins as those of this file do, with the number of another format."""
        beginnings = (os.pread(self._file, len(_MAGIC), slot * SLOT_DISTANCE_BYTES) for slot in (0, 1))
        return any(found[:-1] == _MAGIC[:-1] and found[-1:] > _MAGIC[-1:] for found in beginnings)

    def _read(self, slot: int) -> tuple[int, SignState] | None:
        data = os.pread(self._file, SLOT_SIZE_BYTES, slot * SLOT_DISTANCE_BYTES)
        if len(data) != SLOT_SIZE_BYTES or data[: len(_MAGIC)] != _MAGIC:
            return None
        content, checksum = data[:-_CHECKSUM_SIZE_BYTES], data[-_CHECKSUM_SIZE_BYTES:]
        if _checksum(self._binding, content) != checksum:
            return None
        sequence = int.from_bytes(content[len(_MAGIC) : len(_MAGIC) + 8], "big")
        length = int.from_bytes(content[len(_MAGIC) + 8 : _HEAD_SIZE_BYTES], "big")
        try:
            return sequence, SignState.decode(content[_HEAD_SIZE_BYTES : _HEAD_SIZE_BYTES + length])
        except DecodingError:
            return None

    def _save_certificate(self, certificate: bytes) -> None:
        sequence = self._certificate_sequence + 1
        numbers = _CERTIFICATE_MAGIC + sequence.to_bytes(8, "big") + len(certificate).to_bytes(2, "big")
        slot = numbers + _checksum(self._binding, numbers + certificate) + certificate
        assert len(slot) <= CERTIFICATE_SLOT_SIZE_BYTES, "certificates have a bound of their own"
        if os.pwrite(self._file, slot, _certificate_offset(sequence)) != len(slot):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fdatasync(self._file)
        self._certificate_sequence, self.certificate = sequence, certificate

    def _read_certificate(self, parity: int) -> tuple[int, bytes] | None:
        data = os.pread(self._file, CERTIFICATE_SLOT_SIZE_BYTES, _certificate_offset(parity))
        if len(data) < _HEAD_SIZE_BYTES + _CHECKSUM_SIZE_BYTES or data[: len(_MAGIC)] != _CERTIFICATE_MAGIC:
            return None
        numbers, rest = data[:_HEAD_SIZE_BYTES], data[_HEAD_SIZE_BYTES:]
        certificate = rest[_CHECKSUM_SIZE_BYTES : _CHECKSUM_SIZE_BYTES + int.from_bytes(numbers[-2:], "big")]
        if _checksum(self._binding, numbers + certificate) != rest[:_CHECKSUM_SIZE_BYTES]:
            return None
        return int.from_bytes(numbers[len(_MAGIC) : -2], "big"), certificate


def _certificate_offset(sequence: int) -> int:
    return CERTIFICATES_OFFSET_BYTES + sequence % 2 * CERTIFICATE_SLOT_SIZE_BYTES


def _slot(binding: Binding, sequence: int, state: SignState) -> bytes:
    encoded = state.encode()
    assert len(encoded) <= _STATE_SIZE_BYTES_MAX, "daemon.sign_state keeps its own bound"
    content = _MAGIC + sequence.to_bytes(8, "big") + len(encoded).to_bytes(2, "big") + encoded
    content = content.ljust(SLOT_SIZE_BYTES - _CHECKSUM_SIZE_BYTES, b"\0")
    return content + _checksum(binding, content)


def _checksum(binding: Binding, content: bytes) -> bytes:
    bound = binding.node_id + binding.network_id + content
    return blake2b(bound, digest_size=_CHECKSUM_SIZE_BYTES, person=b"banyan/signstate").digest()

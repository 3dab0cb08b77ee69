"""Taking a part of a backup apart as its bytes come. Pure.

Owns the order of records and the hash over them; never judges what a block says (`storage.backup.checking`). Holds one
record at a time. Source: docs/reference/backups.md.
"""

from collections.abc import Iterator
from hashlib import sha256

from ledger.errors import DecodingError
from storage.backup.errors import BackupDamagedError, BackupFault
from storage.backup.records import (
    LENGTH_SIZE_BYTES,
    MAGIC,
    RECORD_SIZE_BYTES_MAX,
    TAIL_SIZE_BYTES,
    PartBlock,
    PartCheckpoint,
    PartEnd,
    PartInherited,
    PartRecord,
    PartStart,
    PartValues,
    decode_record,
    encode_record,
    encode_tail,
)

# What may follow each record.
_FOLLOWERS: dict[type[PartRecord] | None, tuple[type[PartRecord], ...]] = {
    None: (PartStart,),
    PartStart: (PartInherited, PartBlock),
    PartInherited: (PartInherited, PartBlock),
    PartBlock: (PartBlock, PartValues, PartCheckpoint, PartEnd),
    PartValues: (PartBlock, PartValues, PartCheckpoint, PartEnd),
    PartCheckpoint: (PartEnd,),
    PartEnd: (),
}


class PartParser:
    """Fed with bytes in pieces of any size; gives records as they become whole.

    Args:
        name: How the part is called in errors.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting = bytearray()
        self._offset = 0
        self._hash = sha256()
        self._has_magic = False
        self._last: type[PartRecord] | None = None
        self._tail = b""
        self.end: PartEnd | None = None

    def feed(self, data: bytes) -> Iterator[PartRecord]:
        """The records that are whole with these bytes; to be consumed before the next call.

        Raises:
            BackupDamagedError: names the offset at which the part is not what was written.
        """
        self._waiting += data
        while (record := self._next()) is not None:
            yield record

    def finish(self) -> PartEnd:
        """What the part leads to, when all of its bytes were fed.

        Raises:
            BackupDamagedError: it is cut short, or goes on behind its end.
        """
        if self.end is None:
            raise self._damaged(BackupFault("it ends in the middle"))
        if bytes(self._waiting) != self._tail:
            raise self._damaged(BackupFault("it goes on behind its end, or its end is cut short"))
        return self.end

    def _next(self) -> PartRecord | None:
        if not self._has_magic:
            if len(self._waiting) < len(MAGIC):
                return None
            if not self._waiting.startswith(MAGIC):
                raise self._damaged(BackupFault("it does not begin as a backup does"))
            self._hash.update(self._take(len(MAGIC)))
            self._has_magic = True
        if self.end is not None:
            if len(self._waiting) > TAIL_SIZE_BYTES:
                raise self._damaged(BackupFault("it goes on behind its end"))
            return None
        if len(self._waiting) < LENGTH_SIZE_BYTES:
            return None
        size = int.from_bytes(self._waiting[:LENGTH_SIZE_BYTES], "big")
        if size > RECORD_SIZE_BYTES_MAX:
            raise self._damaged(BackupFault("a record is longer than any"))
        if len(self._waiting) < LENGTH_SIZE_BYTES + size:
            return None
        return self._read(self._take(LENGTH_SIZE_BYTES + size))

    def _read(self, written: bytes) -> PartRecord:
        try:
            record = decode_record(written[LENGTH_SIZE_BYTES:])
        except DecodingError as error:
            raise self._damaged(error) from error
        if not isinstance(record, _FOLLOWERS[self._last]):
            raise self._damaged(BackupFault("its records are not in order"))
        self._last = type(record)
        if isinstance(record, PartEnd):
            if record.content_hash != self._hash.digest():
                raise self._damaged(BackupFault("its bytes are not those that were written"))
            self.end = record
            self._tail = encode_tail(written)
        self._hash.update(written)
        return record

    def _take(self, size: int) -> bytes:
        taken = bytes(self._waiting[:size])
        del self._waiting[:size]
        self._offset += size
        return taken

    def _damaged(self, reason: object) -> BackupDamagedError:
        return BackupDamagedError(
            "the backup {path} is damaged at byte {offset} ({reason}); take another copy of it, or an earlier backup",
            path=self._name,
            offset=self._offset,
            reason=reason,
        )


class PartBuilder:
    """The bytes of a part, record by record, with the running hash that its end states."""

    def __init__(self) -> None:
        self._hash = sha256()

    def begin(self, start: PartStart) -> bytes:
        """The first bytes."""
        return self._hashed(MAGIC + encode_record(start))

    def add(self, record: PartInherited | PartBlock | PartValues | PartCheckpoint) -> bytes:
        """The bytes of a further record."""
        return self._hashed(encode_record(record))

    @property
    def content_hash(self) -> bytes:
        """SHA-256 of everything so far."""
        return self._hash.digest()

    def finish(self, end: PartEnd) -> bytes:
        """The last bytes; `end` states `content_hash`."""
        written = encode_record(end)
        return written + encode_tail(written)

    def _hashed(self, written: bytes) -> bytes:
        self._hash.update(written)
        return written

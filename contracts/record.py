"""Records: what the state is made of. Keys, versions and their bytes.

Owns the key of a record and the canonical form of its value, `[version, fields]`; never knows what the fields
mean. Invariants: a key is at most 500 bytes; a version is at least 1 and grows by one with every transaction
that writes the record; an encoded record is at most 16 KiB. Source: docs/reference/contracts.md, "Records".
"""

import re
from typing import NamedTuple

from ledger.encoding import Value, decode, encode
from ledger.errors import DecodingError, LocalError

KEY_SIZE_BYTES_MAX = 500
ID_LENGTH_MAX = 400
# A record is read and hashed whole on every write: what is larger belongs into a detached value or a list of records.
RECORD_SIZE_BYTES_MAX = 16 * 1024

_KIND = re.compile(r"[a-z][a-z0-9-]*")
# Printable ASCII without the space: an id stands in addresses, commands and file names.
_ID = re.compile(r"[!-~]{1,400}")


class InvalidRecordKeyError(LocalError):
    """A kind or id that no record can have."""

    code = "record-key"


def record_key(kind: str, record_id: str) -> bytes:
    """The key of a record in the state: kind, a zero byte, id.

    Args:
        kind: `[a-z][a-z0-9-]*`.
        record_id: 1 to 400 printable ASCII characters without spaces.

    Raises:
        InvalidRecordKeyError: anything else.
    """
    if not _ID.fullmatch(record_id) or not _KIND.fullmatch(kind):
        raise InvalidRecordKeyError("no record can have the kind {kind!r} and the id {id!r}", kind=kind, id=record_id)
    key = f"{kind}\0{record_id}".encode("ascii")
    if len(key) > KEY_SIZE_BYTES_MAX:
        raise InvalidRecordKeyError("the key of a record is longer than {limit} bytes", limit=KEY_SIZE_BYTES_MAX)
    return key


def parse_record_key(key: bytes) -> tuple[str, str]:
    """Kind and id of a record's key.

    Raises:
        DecodingError: not a record's key. Nothing else is ever raised.
    """
    kind_bytes, separator, id_bytes = key.partition(b"\0")
    try:
        kind, record_id = kind_bytes.decode("ascii"), id_bytes.decode("ascii")
    except UnicodeDecodeError:
        kind = record_id = ""
    if len(key) > KEY_SIZE_BYTES_MAX or not separator or not _KIND.fullmatch(kind) or not _ID.fullmatch(record_id):
        raise DecodingError("{key} is not the key of a record", key=key[:KEY_SIZE_BYTES_MAX].hex())
    return kind, record_id


class Record(NamedTuple):
    """A versioned set of fields; `version` is at least 1."""

    version: int
    fields: dict[str, Value]

    def encode(self) -> bytes:
        """The canonical bytes, as the state holds them."""
        return encode([self.version, self.fields])

    @classmethod
    def decode(cls, data: bytes) -> "Record":
        """The record in these bytes.

        Raises:
            DecodingError: not a record. Nothing else is ever raised.
        """
        value = decode(data, RECORD_SIZE_BYTES_MAX)
        if isinstance(value, list) and len(value) == 2:
            version, fields = value
            if type(version) is int and version >= 1 and isinstance(fields, dict):
                return cls(version, fields)
        raise DecodingError("the bytes are not a record: a list of a version and a map")

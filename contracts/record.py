"""Records: what the state is made of. Keys, versions and their bytes.

Owns the key of a record and the canonical form of its value, `[version, fields]`; never knows what the fields
mean. Invariants: a key is at most 500 bytes; a version is at least 1 and grows by one with every transaction
that writes the record; an encoded record is at most 16 KiB. Source: docs/reference/contracts.md, "Records".
"""

import re
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from ledger.encoding import Value, check_encodable, decode, decode_own, encode_checked
from ledger.errors import DecodingError, LocalError
from ledger.shape import Shape

KEY_SIZE_BYTES_MAX = 500
ID_LENGTH_MAX = 400
# A record is read and hashed whole on every write: what is larger belongs into a detached value or a list of records.
RECORD_SIZE_BYTES_MAX = 16 * 1024

# A kind, a zero byte, an id of printable ASCII without the space: it stands in addresses, commands and file names.
_KEY = re.compile(r"[a-z][a-z0-9-]*\0[!-~]{1,400}")

# What a record can be written from.
Fields: TypeAlias = "dict[str, Value] | Shape"


class InvalidRecordKeyError(LocalError):
    """A kind or id that no record can have."""

    code = "record-key"


# A block asks for the same few units, offices and counters again and again; 0.5 MB.
@lru_cache(maxsize=4096)
def record_key(kind: str, record_id: str) -> bytes:
    """The key of a record in the state: kind, a zero byte, id.

    Args:
        kind: `[a-z][a-z0-9-]*`.
        record_id: 1 to 400 printable ASCII characters without spaces.

    Raises:
        InvalidRecordKeyError: anything else.
    """
    key = f"{kind}\0{record_id}"
    if not _KEY.fullmatch(key):
        raise InvalidRecordKeyError("no record can have the kind {kind!r} and the id {id!r}", kind=kind, id=record_id)
    if len(key) > KEY_SIZE_BYTES_MAX:
        raise InvalidRecordKeyError("the key of a record is longer than {limit} bytes", limit=KEY_SIZE_BYTES_MAX)
    return key.encode("ascii")


def key_prefix(kind: str, id_prefix: str) -> bytes:
    """What the keys of all records begin with that are of this kind and whose ids begin so.

    Args:
        kind: `[a-z][a-z0-9-]*`.
        id_prefix: 0 to 400 printable ASCII characters without spaces.

    Raises:
        InvalidRecordKeyError: anything else.
    """
    return record_key(kind, id_prefix) if id_prefix else record_key(kind, "-")[:-1]


def parse_record_key(key: bytes) -> tuple[str, str]:
    """Kind and id of a record's key.

    Raises:
        DecodingError: not a record's key. Nothing else is ever raised.
    """
    # Every byte is a character of this encoding, and those of ASCII are what they are there.
    text = key.decode("latin-1")
    if len(key) > KEY_SIZE_BYTES_MAX or not _KEY.fullmatch(text):
        raise DecodingError("{key} is not the key of a record", key=key[:KEY_SIZE_BYTES_MAX].hex())
    kind, _, record_id = text.partition("\0")
    return kind, record_id


def encode_record(version: int, fields: Fields) -> bytes:
    """The canonical bytes of a record, as the state holds them; `version` is the caller's own count.

    Raises:
        EncodingError: the fields have no canonical form. A `Shape` is not asked: its class vouches for its items.
    """
    if type(fields) is dict:
        check_encodable(fields, 1)
    return encode_checked((version, fields))


class Record(NamedTuple):
    """A versioned set of fields; `version` is at least 1."""

    version: int
    fields: dict[str, Value]

    def encode(self) -> bytes:
        """The canonical bytes, as the state holds them."""
        return encode_record(self.version, self.fields)

    @classmethod
    def decode(cls, data: bytes) -> "Record":
        """The record in these bytes.

        Raises:
            DecodingError: not a record. Nothing else is ever raised.
        """
        return cls._of(decode(data, RECORD_SIZE_BYTES_MAX))

    @classmethod
    def decode_own(cls, data: bytes) -> "Record":
        """The record in bytes of the state that this node has written itself; only their shape is looked at.

        Raises:
            DecodingError: not a record; the store is damaged.

        Cost: about 1 µs, a quarter of `decode`.
        """
        return cls._of(decode_own(data))

    @classmethod
    def _of(cls, value: Value) -> "Record":
        if isinstance(value, list) and len(value) == 2:
            version, fields = value
            if type(version) is int and version >= 1 and isinstance(fields, dict):
                # At a quarter of what the class's own constructor takes, which is written in Python.
                return tuple.__new__(cls, value)
        raise DecodingError("the bytes are not a record: a list of a version and a map")

"""Detached values: what is committed to on the ledger and lies beside it.

Owns the commitment and its recognition; never stores a value. A field of a class other than `public` and
`ledger` stands in the envelope as `{"#": commitment}`, 32 bytes that say nothing without the random salt.
Source: docs/protocol.md, section 4.
"""

from dataclasses import dataclass
from typing import cast

from ledger.encoding import Value, decode, encode
from ledger.errors import InvalidTransactionError
from ledger.hashing import HASH_SIZE_BYTES, Hash, tagged_hash

COMMITMENT_KEY = "#"
SALT_SIZE_BYTES = 32
# With the largest envelope these stay far below a frame; a file's content travels as a hash, not as a value.
DETACHED_COUNT_MAX = 64
DETACHED_SIZE_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DetachedValue:
    """A salt of 32 random bytes and the canonical bytes of the value."""

    salt: bytes
    value_bytes: bytes

    @property
    def commitment(self) -> Hash:
        """What the envelope holds in the value's place."""
        return tagged_hash("detached", self.salt, self.value_bytes)

    @property
    def value(self) -> Value:
        """The value itself.

        Raises:
            DecodingError: the bytes are not canonical.
        """
        return decode(self.value_bytes)


def detach(value: Value, salt: bytes) -> DetachedValue:
    """Make `value` ready to travel beside the envelope; the caller draws the salt."""
    return DetachedValue(salt, encode(value))


def commitment_map(detached: DetachedValue) -> Value:
    """What stands in the arguments in the value's place."""
    return {COMMITMENT_KEY: detached.commitment}


def is_commitment(value: Value) -> bool:
    """Whether an argument is the commitment of a detached value."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    commitment = value.get(COMMITMENT_KEY)
    return isinstance(commitment, bytes) and len(commitment) == HASH_SIZE_BYTES


def commitments_in(arguments: dict[str, Value]) -> list[Hash]:
    """The commitments among a transaction's arguments, in the order of their names.

    An argument as a whole can be detached, or one entry of an argument that is a map, such as a record's field: what
    looks like a commitment inside a list, or further inside a map, is a plain value.
    """
    found = []
    for name in sorted(arguments):
        value = arguments[name]
        if not isinstance(value, dict):
            continue
        for one in (value,) if is_commitment(value) else (value[entry] for entry in sorted(value)):
            if isinstance(one, dict) and is_commitment(one):
                found.append(cast(bytes, one[COMMITMENT_KEY]))
    return found


def check_detached(values: tuple[DetachedValue, ...]) -> None:
    """Refuse too many or too large values, salts of the wrong size, and bytes that are not canonical.

    Raises:
        InvalidTransactionError: a count or size.
        DecodingError: the bytes of a value.
    """
    if len(values) > DETACHED_COUNT_MAX:
        raise InvalidTransactionError(
            "{count} detached values are more than {limit}", count=len(values), limit=DETACHED_COUNT_MAX
        )
    size = sum(len(value.value_bytes) for value in values)
    if size > DETACHED_SIZE_BYTES_MAX:
        raise InvalidTransactionError(
            "detached values of {size} bytes are more than {limit}; put the hash of a file there, not the file",
            size=size,
            limit=DETACHED_SIZE_BYTES_MAX,
        )
    for value in values:
        if len(value.salt) != SALT_SIZE_BYTES:
            raise InvalidTransactionError(
                "the salt of a detached value has {size} bytes, not {wanted}",
                size=len(value.salt),
                wanted=SALT_SIZE_BYTES,
            )
        decode(value.value_bytes, DETACHED_SIZE_BYTES_MAX)

"""What a client hands in: an envelope, alone or with its detached values beside it.

Owns the wire form of both; never decodes the envelope itself. The bare envelope is a canonical array, the form with
values a canonical map: the first byte tells them apart. Where there is nothing beside it, only the bare envelope is
accepted, so that a submission has one form. Source: docs/protocol.md, section 4.
"""

from ledger.detached import DETACHED_SIZE_BYTES_MAX, DetachedValue, check_detached
from ledger.encoding import Value, decode, encode
from ledger.errors import InvalidTransactionError
from ledger.transaction import ENVELOPE_SIZE_BYTES_MAX

# An envelope and its values, with room for their framing and salts.
SUBMISSION_SIZE_BYTES_MAX = ENVELOPE_SIZE_BYTES_MAX + DETACHED_SIZE_BYTES_MAX + 8192
# A map of two entries, and three values for each detached one: more than twice what is needed.
_SUBMISSION_VALUES_MAX = 512
_FIXARRAY_OF_TWO = b"\x92"


def encode_submission(envelope: bytes, detached: tuple[DetachedValue, ...] = ()) -> bytes:
    """The wire form; the envelope itself where there is nothing beside it."""
    if not detached:
        return envelope
    values: list[Value] = [[one.salt, one.value_bytes] for one in detached]
    return encode({"detached": values, "envelope": envelope})


def decode_submission(data: bytes) -> tuple[bytes, tuple[DetachedValue, ...]]:
    """The envelope's bytes, not looked at yet, and the detached values, checked for size and form.

    Raises:
        DecodingError, InvalidTransactionError: the message names what is wrong.
    """
    if data.startswith(_FIXARRAY_OF_TWO):
        return data, ()
    fields = decode(data, SUBMISSION_SIZE_BYTES_MAX, _SUBMISSION_VALUES_MAX)
    if not isinstance(fields, dict) or set(fields) != {"detached", "envelope"}:
        raise InvalidTransactionError("a submission is an envelope, or a map of `envelope` and `detached`")
    envelope, values = fields["envelope"], fields["detached"]
    if not isinstance(envelope, bytes) or not isinstance(values, list):
        raise InvalidTransactionError("`envelope` is not a byte string or `detached` is not a list")
    if not values:
        raise InvalidTransactionError("a submission without detached values is the envelope alone")
    detached = tuple(_detached(item) for item in values)
    check_detached(detached)
    return envelope, detached


def _detached(item: Value) -> DetachedValue:
    if isinstance(item, list) and len(item) == 2:
        salt, value_bytes = item
        if isinstance(salt, bytes) and isinstance(value_bytes, bytes):
            return DetachedValue(salt, value_bytes)
    raise InvalidTransactionError("a detached value is a list of its salt and its canonical bytes")

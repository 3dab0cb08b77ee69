"""Canonical MessagePack: exactly one byte form for each value.

Owns the calls to the MessagePack of `msgspec` (`ledger.shape` declares with it); everything that is hashed or signed
comes through here. Never lets a second byte form of a value pass: what is read is checked, written again and compared.

Values: None, bool, int (-2^63 to 2^63-1), str, bytes, list, dict with str keys in ascending order. No floats, no
extension types, depth at most 16, at most 65,536 values in one. Source: docs/protocol.md, section 2;
docs/adr/0001-canonical-messagepack.md.
"""

from typing import Any, TypeAlias

import msgspec

from ledger.announced_counts import check_announced_counts
from ledger.errors import DecodingError, EncodingError

Value: TypeAlias = "bool | int | str | bytes | list[Value] | dict[str, Value] | None"

# Arrays and maps inside each other, the outermost included.
DEPTH_MAX = 16
INTEGER_MIN = -(2**63)
INTEGER_MAX = 2**63 - 1
# Lists, maps, keys and plain items in one value, itself included. An empty map is one byte and 72 when it is read, so
# bytes alone bound no memory: with this it is 8 MB, and a small multiple of texts and byte strings. The largest frame
# holds 49,000 values. What has no more bytes than this cannot hold more values either, so records (16 KiB) and result
# leaves (64 KiB) never meet the bound: what a contract wrote can be read.
VALUES_MAX = 65_536
# A frame's bound; anything larger is refused before it is looked at.
DECODED_SIZE_BYTES_MAX = 4 * 1024 * 1024
# The library makes room for what an array announces before it reads on: at most 0.7 MB for input of this size, which
# holds no more values than bytes. What is larger is walked through first, which costs more than reading a usual
# transaction.
UNCOUNTED_SIZE_BYTES_MAX = 512

_PLAIN = frozenset((str, bytes, bool, type(None)))

# Writes maps in the order of their keys, and every item in its shortest form.
_write = msgspec.msgpack.Encoder(order="sorted").encode
_read = msgspec.msgpack.Decoder().decode


def encode(value: Value) -> bytes:
    """The canonical bytes of `value`; maps are written in key order whatever the order they are in.

    Raises:
        EncodingError: a type, an integer, a text, a depth or a number of values that has no canonical form.

    Cost: about 1 µs for a transaction of 300 bytes.
    """
    check_encodable(value)
    return encode_checked(value)


def check_encodable(value: Any, depth: int = 0) -> None:
    """Refuse a part that has no canonical form, before `encode_checked` writes the whole.

    Plain items and whole numbers are judged in the loops: a call costs more.

    Args:
        value: Comes from outside of the code that makes the whole.
        depth: How many arrays and maps are around it.

    Raises:
        EncodingError: a type, an integer or a depth that has no canonical form.
    """
    kind = type(value)
    if kind in _PLAIN:
        return
    if kind is int:
        if INTEGER_MIN <= value <= INTEGER_MAX:
            return
        raise EncodingError("the integer {value} does not fit into 64 bits", value=_shortened(value))
    if depth >= DEPTH_MAX:
        raise EncodingError("the value is nested deeper than {depth} levels", depth=DEPTH_MAX)
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise EncodingError("the keys of a map must be texts")
            kind = type(item)
            # What there is most of comes first.
            if kind is str or kind is bytes or (kind is int and INTEGER_MIN <= item <= INTEGER_MAX) or kind in _PLAIN:
                continue
            check_encodable(item, depth + 1)
        return
    if kind is not list and kind is not tuple:
        raise EncodingError("a value of type {kind} has no canonical encoding", kind=kind.__name__)
    for item in value:
        kind = type(item)
        if kind not in _PLAIN and not (kind is int and INTEGER_MIN <= item <= INTEGER_MAX):
            check_encodable(item, depth + 1)


def encode_checked(value: object) -> bytes:
    """The canonical bytes of a value whose parts the caller made itself, or gave to `check_encodable`.

    Looking at every part of a whole whose shape is written down in the code would cost ten times the writing. Tuples,
    named ones too, are lists here.

    Raises:
        EncodingError: a text or a number of values that has no canonical form.

    Cost: about 0.5 µs for a result leaf.
    """
    try:
        data = _write(value)
    except UnicodeEncodeError as error:
        raise EncodingError("a text holds half of a surrogate pair, which is not valid UTF-8") from error
    except (ValueError, OverflowError) as error:
        raise EncodingError("the value is too large to be encoded") from error
    # Each value takes a byte at least.
    if len(data) > VALUES_MAX:
        _check_values(data)
    return data


def _check_values(data: bytes) -> None:
    try:
        check_announced_counts(data, VALUES_MAX)
    except DecodingError as error:
        raise EncodingError("the value consists of more than {limit} values", limit=VALUES_MAX) from error


def _shortened(value: int) -> str:
    # Python refuses to write out integers of many thousand digits, and nobody would read them.
    return str(value) if value.bit_length() <= 256 else f"of {value.bit_length()} bits"


def decode(
    data: bytes | memoryview, size_bytes_max: int = DECODED_SIZE_BYTES_MAX, values_max: int = VALUES_MAX
) -> Value:
    """The value whose canonical encoding is `data`.

    Args:
        data: Any bytes.
        size_bytes_max: More than this is refused unread.
        values_max: So is what holds more values; 512 to `VALUES_MAX`.

    Raises:
        DecodingError: too large, not MessagePack, or not the canonical form. Nothing else is ever raised.

    Cost: about 2 µs for a transaction of 300 bytes; at most 120 bytes of memory a value and five times its texts.
    """
    if type(data) is not bytes:
        data = bytes(data)
    if len(data) > size_bytes_max:
        raise DecodingError("{size} bytes are more than the {limit} allowed here", size=len(data), limit=size_bytes_max)
    if len(data) > UNCOUNTED_SIZE_BYTES_MAX:
        check_announced_counts(data, values_max)
    try:
        value: Any = _read(data)
    except UnicodeDecodeError as error:
        raise DecodingError("a text in the bytes is not valid UTF-8") from error
    except RecursionError as error:
        raise DecodingError("the value is nested deeper than {depth} levels", depth=DEPTH_MAX) from error
    except (ValueError, OverflowError) as error:
        # The library's own words: it knows what it found where.
        raise DecodingError("the bytes are not MessagePack: {reason}", reason=str(error)) from error
    _check(value, type(value), DEPTH_MAX)
    # Duplicate keys and every longer way to write something show here.
    if _write(value) != data:
        raise DecodingError("the bytes are MessagePack, but not in the one canonical form")
    decoded: Value = value
    return decoded


def decode_own(data: bytes) -> Value:
    """The value in bytes that `encode` made and a store of one's own has kept; never for what comes from anybody else.

    That they are canonical is not asked again: the state digest covers the bytes, and what execution reads a hundred
    times it has written once.

    Raises:
        DecodingError: not MessagePack; the store is damaged.

    Cost: about 0.5 µs for a record, a fifth of `decode`.
    """
    try:
        value: Value = _read(data)
    except (ValueError, OverflowError, RecursionError) as error:
        raise DecodingError("the bytes are not MessagePack: {reason}", reason=str(error)) from error
    return value


def check_decoded(value: Value, depth: int) -> None:
    """Refuse a part of a decoded whole that no canonical form has, where its bytes were read by `ledger.shape`.

    Args:
        value: What a declaration left open.
        depth: How many arrays and maps are around it.

    Raises:
        DecodingError: a type, an integer, a depth or an order of keys that has no canonical form.
    """
    _check(value, type(value), DEPTH_MAX - depth)


def _check(value: Any, kind: type, depth_left: int) -> None:
    """Types, ranges, depth and the order of keys. Plain items and whole numbers are judged in the loops: a call
    costs more."""
    if kind in _PLAIN:
        return
    if kind is int:
        if value > INTEGER_MAX:
            raise DecodingError("an integer does not fit into 64 bits with its sign")
    elif kind is dict and depth_left:
        _check_map(value, depth_left - 1)
    elif kind is list and depth_left:
        for item in value:
            item_kind = type(item)
            if item_kind not in _PLAIN and not (item_kind is int and item <= INTEGER_MAX):
                _check(item, item_kind, depth_left - 1)
    elif kind is dict or kind is list:
        raise DecodingError("the value is nested deeper than {depth} levels", depth=DEPTH_MAX)
    else:
        raise DecodingError("a value of type {kind} is not allowed", kind=kind.__name__)


def _check_map(value: dict[Any, Any], depth_left: int) -> None:
    previous = ""
    for key, item in value.items():
        # Code points sort as their UTF-8 bytes do.
        if type(key) is not str or key < previous:
            raise DecodingError("the keys of a map are not texts in ascending order")
        previous = key
        kind = type(item)
        if kind not in _PLAIN and not (kind is int and item <= INTEGER_MAX):
            _check(item, kind, depth_left)

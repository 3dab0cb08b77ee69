"""Values of the ledger as JSON, both ways, as docs/reference/api.md states it under "Conventions".

Owns the mapping for offline commands and for arguments that people write. A byte string is `{"$hex": "…"}`, the
commitment of a detached value `{"#": "<hex>"}`. Reading refuses what has no canonical encoding (fractions).
"""

import json
import unicodedata
from typing import Any

from cli.errors import UsageError
from ledger.detached import COMMITMENT_KEY, is_commitment
from ledger.encoding import INTEGER_MAX, INTEGER_MIN, Value
from ledger.json_fault import json_fault, unique_names

HEX_KEY = "$hex"
# As deep as the canonical encoding goes.
_DEPTH_MAX = 16


def to_json(value: Value) -> Any:
    """The JSON form of a value of the ledger."""
    if isinstance(value, bytes):
        return {HEX_KEY: value.hex()}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        if is_commitment(value):
            commitment = value[COMMITMENT_KEY]
            assert isinstance(commitment, bytes), "that is what makes it a commitment"
            return {COMMITMENT_KEY: commitment.hex()}
        return {name: to_json(item) for name, item in value.items()}
    return value


def from_json(value: Any, name: str) -> Value:
    """The value that a JSON form stands for, texts normalised to NFC.

    Args:
        value: As `json.loads` gives it.
        name: What it is the value of, for the message.

    Raises:
        UsageError: a fraction, a number beyond 64 bits, a malformed byte string, too deep.
    """
    return _from_json(value, name, 0)


def _from_json(value: Any, name: str, depth: int) -> Value:
    if depth > _DEPTH_MAX:
        raise UsageError("the value of {name} is nested too deeply", name=name)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return nfc(value, name)
    if isinstance(value, int):
        if not INTEGER_MIN <= value <= INTEGER_MAX:
            raise UsageError("the number in {name} does not fit into 64 bits; write it as a text", name=name)
        return value
    if isinstance(value, list):
        return [_from_json(item, name, depth + 1) for item in value]
    if isinstance(value, dict):
        if set(value) == {HEX_KEY}:
            return bytes_of_hex(value[HEX_KEY], name)
        if set(value) == {COMMITMENT_KEY}:
            return {COMMITMENT_KEY: bytes_of_hex(value[COMMITMENT_KEY], name)}
        return {nfc(key, name): _from_json(item, name, depth + 1) for key, item in value.items()}
    raise UsageError(
        "the value of {name} holds the number {number}; the ledger knows whole numbers only, write fractions as a text"
        " or in a smaller unit",
        name=name,
        number=str(value),
    )


def parse_json(text: str, name: str) -> Value:
    """The value that a JSON text stands for.

    Raises:
        UsageError: not JSON, a name twice in one object, or as `from_json`.
    """
    try:
        value = json.loads(text, object_pairs_hook=unique_names)
    except (ValueError, RecursionError) as error:
        raise UsageError("the value of {name} is not JSON: {reason}", name=name, reason=json_fault(error)) from error
    return from_json(value, name)


def bytes_of_hex(text: Any, name: str) -> bytes:
    """The bytes that `text` writes in hexadecimal.

    Raises:
        UsageError: it does not.
    """
    try:
        return bytes.fromhex(text)
    except (ValueError, TypeError) as error:
        raise UsageError("the value of {name} is not hexadecimal", name=name) from error


def nfc(text: str, name: str) -> str:
    """`text` in Unicode normalisation form C, so that what looks alike is signed alike.

    Raises:
        UsageError: not a Unicode text (the terminal handed over bytes that are no characters).
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError("the value of {name} is not a text in UTF-8", name=name) from error
    return unicodedata.normalize("NFC", text)

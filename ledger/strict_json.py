"""JSON read strictly, for documents that are hashed after a mapping to the canonical encoding.

Owns what JSON may hold here: no duplicate keys, no fractions, no numbers beyond 64 bits, no halves of surrogate pairs,
no deep nesting. Anything else would be read differently by different programs, or has no canonical encoding.

Source: RFC 8259; docs/protocol.md, section 2.
"""

import json
from typing import Any, cast

from ledger.encoding import INTEGER_MAX, INTEGER_MIN, Value, encode
from ledger.errors import EncodingError, InvalidGenesisError
from ledger.json_fault import json_fault

# A genesis with 21 voters and 64 administrators has about 20 kB.
JSON_SIZE_CHARACTERS_MAX = 1024 * 1024


def parse_strict_json(text: str) -> Value:
    """The value of a strict JSON document.

    Raises:
        InvalidGenesisError: too long, not JSON, or JSON with a duplicate key, a fraction, too large a number, or
            anything else without a canonical encoding. Nothing else is ever raised.
    """
    if len(text) > JSON_SIZE_CHARACTERS_MAX:
        raise InvalidGenesisError("the document has more than {limit} characters", limit=JSON_SIZE_CHARACTERS_MAX)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
            parse_int=_bounded,
        )
        encode(value)
    except (ValueError, RecursionError) as error:
        raise InvalidGenesisError("the document is not JSON: {reason}", reason=json_fault(error)) from error
    except EncodingError as error:
        raise InvalidGenesisError("the document cannot be used: {reason}", reason=error) from error
    return cast(Value, value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidGenesisError("the field {field!r} stands in one object twice; keep one", field=name[:64])
        found[name] = value
    return found


def _no_fraction(text: str) -> Any:
    raise InvalidGenesisError("{number} is not a whole number", number=text[:40])


def _bounded(text: str) -> int:
    # Longer than any 64-bit number; int() of a very long text would cost time before it is refused.
    value = int(text) if len(text) <= 20 else INTEGER_MAX + 1
    if not INTEGER_MIN <= value <= INTEGER_MAX:
        raise InvalidGenesisError("the number {number} does not fit into 64 bits", number=text[:40])
    return value


def check_field_names(found: set[str], expected: set[str], what: str) -> None:
    """Refuse an object that has other fields than the expected ones, and name them.

    Raises:
        InvalidGenesisError
    """
    if expected - found:
        raise InvalidGenesisError("{what} lacks {fields}", what=what, fields=", ".join(sorted(expected - found)))
    if found - expected:
        # Eight names are enough to see what went wrong.
        unknown = ", ".join(repr(name[:64]) for name in sorted(found - expected)[:8])
        raise InvalidGenesisError("{what} has unknown fields, take them out: {fields}", what=what, fields=unknown)

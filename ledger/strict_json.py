"""JSON read strictly, for documents that are hashed after a mapping to the canonical encoding.

Owns what JSON may hold here: no duplicate keys, no fractions, no numbers beyond 64 bits. Anything else would be
read differently by different programs.
"""

import json
from typing import Any, cast

from ledger.encoding import INTEGER_MAX, INTEGER_MIN, Value
from ledger.errors import InvalidGenesisError

# A genesis with 21 voters and 64 administrators has about 20 kB.
JSON_SIZE_CHARACTERS_MAX = 1024 * 1024


def parse_strict_json(text: str) -> Value:
    """The value of a strict JSON document.

    Raises:
        InvalidGenesisError: too long, not JSON, or JSON with a duplicate key, a fraction or too large a number.
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
    except (ValueError, RecursionError) as error:
        raise InvalidGenesisError("the document is not JSON: {reason}", reason=str(error)) from error
    return cast(Value, value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidGenesisError("the field `{field}` stands in one object twice", field=twice)
    return found


def _no_fraction(text: str) -> Any:
    raise InvalidGenesisError("the number {number} is not a whole number", number=text)


def _bounded(text: str) -> int:
    # Longer than any 64-bit number; int() of a very long text would cost time before it is refused.
    value = int(text) if len(text) <= 20 else INTEGER_MAX + 1
    if not INTEGER_MIN <= value <= INTEGER_MAX:
        raise InvalidGenesisError("the number {number} does not fit into 64 bits", number=text[:40])
    return value

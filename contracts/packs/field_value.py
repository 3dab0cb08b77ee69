"""Whether a value can stand in a field: its type, its bounds, the values of an enum.

Owns the check of one value by itself, and the refusals. Never reads the state: that what is referred to is there, and
that a person is known, is for the record engine to see. Source: docs/reference/packs.md, "Fields".
"""

import re
from typing import TYPE_CHECKING

from contracts.calendar.dates import DAY_MAX, DAY_MIN
from contracts.errors import Reason, Refusal
from contracts.units.names import NAME_PATTERN
from ledger.detached import is_commitment
from ledger.encoding import Value
from ledger.hashing import HASH_SIZE_BYTES

if TYPE_CHECKING:
    from contracts.packs.field import Field

VALUE_TYPE = Reason("packs.field-type", "the field {field} has to be of type {expected}")
VALUE_RANGE = Reason("packs.field-range", "the field {field} (or the size of its text) has to be {least} to {most}")
VALUE_UNKNOWN = Reason("packs.field-value", "the field {field} cannot be {found}; it is one of {known}")
VALUE_FORM = Reason("packs.field-form", "the field {field} holds a control character, or is not of its type's form")
VALUE_COUNT = Reason(
    "packs.field-count", "the field {field} lists {count} values; allowed are {limit}, none of them twice"
)
VALUE_DETACHED = Reason(
    "packs.field-not-detached",
    "the field {field} is not for everyone: send it as a detached value, with only its commitment in the transaction",
)

FIELD_REASONS = (VALUE_TYPE, VALUE_RANGE, VALUE_UNKNOWN, VALUE_FORM, VALUE_COUNT, VALUE_DETACHED)

# From 1970 to the year 9999, in milliseconds: what a clock can show.
TIME_MS_MAX = 253_402_300_799_999
_TEXTS = frozenset(("text", "enum", "reference", "person", "unit"))
_NUMBERS = frozenset(("integer", "money", "date", "time"))
_BOUNDS = {"date": (DAY_MIN, DAY_MAX), "time": (0, TIME_MS_MAX)}
_UNBOUNDED = (None, None)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PERSON = re.compile(NAME_PATTERN)
# Parts between slashes, as identifiers of the ledger are everywhere.
_IDENTIFIER = re.compile(rf"{NAME_PATTERN}(?:/{NAME_PATTERN})*")
_ID_LENGTH_MAX = 199
_PERSON_LENGTH_MAX = 64


def check_value(field: "Field", value: Value) -> None:
    """Refuse `value` for the field.

    Raises:
        Refusal: `packs.field-…`, with the field's name.
    """
    if field.is_detached:
        if not is_commitment(value):
            raise Refusal(*VALUE_DETACHED, field=field.name)
        return
    if not field.is_list:
        _check_item(field, value)
        return
    if not isinstance(value, list):
        raise Refusal(*VALUE_TYPE, field=field.name, expected=field.type)
    limit = field.count_max or 1
    for item in value[:limit]:
        _check_item(field, item)
    if len(value) > limit or any(item in value[:index] for index, item in enumerate(value)):
        raise Refusal(*VALUE_COUNT, field=field.name, count=len(value), limit=limit)


def _check_item(field: "Field", value: Value) -> None:
    kind = field.item_type
    if kind in _NUMBERS and type(value) is int:
        _check_number(field, kind, value)
    elif kind in _TEXTS and isinstance(value, str):
        _check_text(field, kind, value)
    elif (kind == "boolean" and isinstance(value, bool)) or (
        kind == "hash" and isinstance(value, bytes) and len(value) == HASH_SIZE_BYTES
    ):
        return
    else:
        raise Refusal(*VALUE_TYPE, field=field.name, expected=field.type)


def _check_number(field: "Field", kind: str, value: int) -> None:
    least, most = _BOUNDS.get(kind, _UNBOUNDED)
    least = field.least if least is None else max(least, field.least if field.least is not None else least)
    most = field.most if most is None else min(most, field.most if field.most is not None else most)
    if (least is not None and value < least) or (most is not None and value > most):
        raise Refusal(
            *VALUE_RANGE,
            field=field.name,
            least="any" if least is None else least,
            most="any" if most is None else most,
        )


def _check_text(field: "Field", kind: str, value: str) -> None:
    if kind == "enum":
        if value not in field.values:
            raise Refusal(*VALUE_UNKNOWN, field=field.name, found=value, known=", ".join(sorted(field.values)))
        return
    if kind == "text":
        least, size = 1 if field.least is None else field.least, len(value.encode())
        if not least <= size <= field.size_bytes_max:
            raise Refusal(*VALUE_RANGE, field=field.name, least=least, most=field.size_bytes_max)
        if _CONTROL.search(value):
            raise Refusal(*VALUE_FORM, field=field.name)
        return
    pattern, length_max = (_PERSON, _PERSON_LENGTH_MAX) if kind == "person" else (_IDENTIFIER, _ID_LENGTH_MAX)
    if len(value) > length_max or not pattern.fullmatch(value):
        raise Refusal(*VALUE_FORM, field=field.name)

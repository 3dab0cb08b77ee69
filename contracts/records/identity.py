"""What a record is called: `<unit>/<number>` or `<unit>/<values of its fields>`, and the chain it hangs on.

Owns the making of ids and the record `record-count/<unit>/<kind>`, how many numbers were given. Invariants: an id
begins with the unit, so that a unit's records are found without reading all; the numbers of a kind in a unit count up
from 1 without gaps; kind and id fit into the name of a chain. Source: docs/reference/records.md, "Ids".
"""

import re

from contracts.calendar.dates import DAY_MAX, DAY_MIN, format_date
from contracts.errors import Refusal
from contracts.packs.record_type import TypeDefinition
from contracts.records.reasons import FIELD_MISSING, ID_INVALID, ID_TOO_LONG, NUMBERS_FULL
from contracts.run_context import RunContext
from ledger.encoding import Value

KIND_RECORD_COUNT = "record-count"
BY_NUMBER = ("number",)
# With this many digits, the order of ids is the order of numbers.
NUMBER_DIGITS = 6
NUMBER_MAX = 10**NUMBER_DIGITS - 1
# The subject of a chain is `record/<kind>/<id>`, and has 200 characters behind its first slash.
KIND_AND_ID_LENGTH_MAX = 199
PART_LENGTH_MAX = 64

_RECORD_ID = re.compile(r"[!-~]{1,400}")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+:-]{0,63}")


def is_record_id(text: str) -> bool:
    """Whether a text can be the id of a record: what somebody wrote becomes no key without having been asked this."""
    return _RECORD_ID.fullmatch(text) is not None


def record_subject(kind: str, record_id: str) -> str:
    """The chain of one record."""
    return f"record/{kind}/{record_id}"


def new_id(
    context: RunContext, definition: TypeDefinition, unit: str, values: dict[str, Value], transition: str
) -> tuple[str, int | None]:
    """The id of a record that is being created, and its number where the type counts.

    Raises:
        Refusal: `records.numbers-full`, `records.field-missing`, `records.id-invalid` or `records.id-too-long`.
    """
    if definition.id == BY_NUMBER:
        number = _next_number(context, definition.kind, unit)
        return checked_id(definition.kind, f"{unit}/{number:0{NUMBER_DIGITS}d}"), number
    parts = [unit]
    for field in definition.id:
        value = values.get(field)
        if value is None:
            raise Refusal(*FIELD_MISSING, transition=transition, kind=definition.kind, field=field)
        part = _part(definition.fields[field].type, value)
        if part is None or not _PART.fullmatch(part):
            raise Refusal(*ID_INVALID, kind=definition.kind, field=field, limit=PART_LENGTH_MAX)
        parts.append(part)
    return checked_id(definition.kind, "/".join(parts)), None


def _part(field_type: str, value: Value) -> str | None:
    """What stands in an id for a value that nobody has checked yet. People read ids: a day is written as a date."""
    if type(value) is int:
        if field_type != "date":
            return str(value)
        return format_date(value) if DAY_MIN <= value <= DAY_MAX else None
    return value if isinstance(value, str) else None


def checked_id(kind: str, record_id: str) -> str:
    """`record_id`, if it is not too long for its kind.

    Raises:
        Refusal: `records.id-too-long`.
    """
    limit = KIND_AND_ID_LENGTH_MAX - len(kind)
    if len(record_id) > limit:
        raise Refusal(*ID_TOO_LONG, kind=kind, size=len(record_id), limit=limit)
    return record_id


def _next_number(context: RunContext, kind: str, unit: str) -> int:
    count_id = f"{unit}/{kind}"
    record = context.read(KIND_RECORD_COUNT, count_id)
    count = 0 if record is None else record.fields["count"]
    assert isinstance(count, int)
    if count >= NUMBER_MAX:
        raise Refusal(*NUMBERS_FULL, unit=unit, kind=kind, count=count)
    context.put(KIND_RECORD_COUNT, count_id, {"count": count + 1, "kind": kind, "unit": unit})
    return count + 1

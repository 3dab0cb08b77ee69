"""Counters: numbers that transitions add to, such as warnings of a person or points of a year.

Owns the records `counter/<unit>/<name>` and `counter/<unit>/<name>=<key>`; never knows what is counted. Invariant: a
counter is the sum of what the effects of transitions added to it. The sign between name and key stands in no unit and
no name, so an id can be read in one way only. Source: docs/reference/records.md, "Counters".
"""

import re

from contracts.errors import Refusal
from contracts.records.reasons import COUNTER_RANGE
from contracts.run_context import RunContext
from ledger.encoding import INTEGER_MAX, INTEGER_MIN
from ledger.shape import Shape, reader_of

KIND_COUNTER = "counter"
# A unit has up to 128 characters and a name up to 32; with this the id stays below 400.
KEY_LENGTH_MAX = 200
_KEY = re.compile(r"[!-~]{1,200}")


class _Counter(Shape):
    """A counter's record."""

    unit: str
    value: int


_read = reader_of(tuple[int, _Counter])


def is_counter_key(key: str) -> bool:
    """Whether a text can be the key of a counter: printable ASCII without spaces, as in ids of records."""
    return _KEY.fullmatch(key) is not None


def counter_id(unit: str, name: str, key: str | None = None) -> str:
    """The id of a counter's record."""
    return f"{unit}/{name}" if key is None else f"{unit}/{name}={key}"


def counter_value(context: RunContext, unit: str, name: str, key: str | None = None) -> int:
    """What the counter stands at; 0 where nothing was counted."""
    return _value(context, counter_id(unit, name, key))


def _value(context: RunContext, found: str) -> int:
    counter = context.read_as(KIND_COUNTER, found, _read)
    return 0 if counter is None else counter.value


def count(context: RunContext, unit: str, name: str, key: str | None, by: int) -> int:
    """Add `by` to the counter; what it stands at now.

    Raises:
        Refusal: `records.counter-range`.
    """
    found = counter_id(unit, name, key)
    value = _value(context, found) + by
    if not INTEGER_MIN <= value <= INTEGER_MAX:
        raise Refusal(*COUNTER_RANGE, counter=found)
    context.put(KIND_COUNTER, found, _Counter(unit, value))
    return value

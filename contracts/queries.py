"""Lists of records for people: one page at a time, filtered by unit and state. Pure.

Owns the paging and the filters; never writes. A page costs a bounded number of records looked at, whatever the
filter, so that a question can not hold a node up; an empty page with a place to go on from is a possible answer.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from contracts.record import Record, parse_record_key, record_key

# About 50 ms of work: a rare state is found in a few pages, and nobody waits behind it.
SCANNED_MAX = 10_000
PAGE_LIMIT_MAX = 1000


class StateScanner(Protocol):
    """Whatever lists the records of the newest executed height."""

    def scan_state(self, prefix: bytes, after: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Keys with this prefix and their bytes, ascending, from strictly after `after`."""


class ListedRecord(NamedTuple):
    """A record with its id."""

    id: str
    record: Record


class Page(NamedTuple):
    """Records in ascending order of their ids; `next_after` goes on from here, None says that this was all."""

    records: tuple[ListedRecord, ...]
    next_after: str | None


def list_records(
    scanner: StateScanner,
    kind: str,
    unit: str | None = None,
    state: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page:
    """A page of the records of a kind.

    Args:
        scanner: The newest state.
        kind: Of the records.
        unit: Only records whose field `unit` is this. Their ids begin with the unit: a rule that all kinds keep.
        state: Only records whose field `state` is this.
        after: Go on from strictly after this id; None begins.
        limit: 1 to 1,000 records; more or fewer is brought into this range.

    Raises:
        InvalidRecordKeyError: no record can have this kind, unit or id.
        DecodingError: the store is damaged.

    Cost: at most 10,000 records looked at, about 5 µs each.
    """
    limit = max(1, min(limit, PAGE_LIMIT_MAX))
    # Any id shows that the kind is well-formed; what stands before the id is the prefix of the whole kind.
    prefix = record_key(kind, unit) if unit is not None else record_key(kind, "-")[:-1]
    start = record_key(kind, after) if after is not None else None
    found: list[ListedRecord] = []
    for scanned, (key, value) in enumerate(scanner.scan_state(prefix, start), 1):
        record_id = parse_record_key(key)[1]
        record = Record.decode(value)
        if _matches(record, unit, state):
            found.append(ListedRecord(record_id, record))
        if len(found) == limit or scanned == SCANNED_MAX:
            return Page(tuple(found), record_id)
    return Page(tuple(found), None)


def _matches(record: Record, unit: str | None, state: str | None) -> bool:
    return (unit is None or record.fields.get("unit") == unit) and (
        state is None or record.fields.get("state") == state
    )

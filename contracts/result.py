"""What became of one transaction: the result leaf.

Owns the format `["result", 1, height, leaf index, transaction id, code, details, events, links, writes]`. Never
judges. Result leaves go into a tree of their own whose root the next outcome leaf states, so a result is
provable like an entry. Invariant: an encoded result is at most 64 KiB. Source: docs/protocol.md, section 4.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from ledger.encoding import Value, check_encodable, decode, encode_checked
from ledger.errors import DecodingError
from ledger.hashing import HASH_SIZE_BYTES, Hash

RESULT_VERSION = 1
RESULT_MARK = "result"
CODE_OK = "ok"
# A result travels in every proof of it; the same bound as an entry's, a little rounded.
RESULT_SIZE_BYTES_MAX = 64 * 1024
_FIELD_COUNT = 10
# How many lists are around what a contract wrote: the leaf; the leaf, its events and the event.
_DETAILS_DEPTH = 1
_EVENT_DEPTH = 3

Part = TypeVar("Part")


class Event(NamedTuple):
    """Something that happened, for those who watch: a name such as `notice.posted` and a map."""

    name: str
    fields: dict[str, Value]


class ResultLink(NamedTuple):
    """The transaction's place in a subject's chain; `sequence` starts at 1."""

    subject: str
    sequence: int
    link: Hash


class RecordVersion(NamedTuple):
    """A record this transaction wrote and the version it has since; 0 says that it was removed."""

    kind: str
    id: str
    version: int


class Result(NamedTuple):
    """The outcome of the transaction at `leaf_index` in the log; `code` is `ok` or why it was refused.

    A refused transaction has no events and no writes; its only link is the one in its sender's chain.
    """

    height: int
    leaf_index: int
    transaction_id: Hash
    code: str
    details: dict[str, Value]
    events: tuple[Event, ...]
    links: tuple[ResultLink, ...]
    writes: tuple[RecordVersion, ...]

    @property
    def ok(self) -> bool:
        """Whether the transaction did what it asked for."""
        return self.code == CODE_OK

    def encode(self) -> bytes:
        """The result leaf; canonical.

        Raises:
            EncodingError: a contract put something into details or events that has no canonical form.
        """
        check_said(self.details, self.events)
        return encode_checked((RESULT_MARK, RESULT_VERSION, *self))

    @classmethod
    def decode(cls, data: bytes) -> "Result":
        """The result in a result leaf.

        Raises:
            DecodingError: not a result leaf. Nothing else is ever raised.
        """
        value = decode(data, RESULT_SIZE_BYTES_MAX)
        if not isinstance(value, list) or len(value) != _FIELD_COUNT or value[0] != RESULT_MARK:
            raise DecodingError("the bytes are not a result leaf")
        _, version, height, leaf_index, transaction_id, code, details, events, links, writes = value
        if type(version) is not int or version != RESULT_VERSION:
            raise DecodingError("the result leaf has version {version!r}, known is 1", version=version)
        return cls(
            _count(height, 1),
            _count(leaf_index, 0),
            _hash(transaction_id),
            *read_said(code, details, events, links, writes),
        )


class Said(NamedTuple):
    """What every run leaves in its leaf, a transaction or a timer: the last five items."""

    code: str
    details: dict[str, Value]
    events: tuple[Event, ...]
    links: tuple[ResultLink, ...]
    writes: tuple[RecordVersion, ...]


def check_said(details: dict[str, Value], events: tuple[Event, ...]) -> None:
    """Refuse what has no canonical form where a leaf has it.

    Raises:
        EncodingError: a contract put it there.
    """
    if details:
        check_encodable(details, _DETAILS_DEPTH)
    for event in events:
        check_encodable(event.fields, _EVENT_DEPTH)


def read_said(code: Value, details: Value, events: Value, links: Value, writes: Value) -> Said:
    """The last five items of a leaf.

    Raises:
        DecodingError: not such items. Nothing else is ever raised.
    """
    if not isinstance(code, str) or not isinstance(details, dict):
        raise DecodingError("the result leaf has no code or no details")
    return Said(code, details, _parts(events, _event), _parts(links, _link), _parts(writes, _write))


def _parts(value: Value, read: Callable[[list[Value]], Part | None]) -> tuple[Part, ...]:
    parts = [read(item) if isinstance(item, list) else None for item in value] if isinstance(value, list) else [None]
    found = tuple(part for part in parts if part is not None)
    if len(found) != len(parts):
        raise DecodingError("an event, link or write of the result leaf is malformed")
    return found


def _event(item: list[Value]) -> Event | None:
    if len(item) == 2 and isinstance(item[0], str) and isinstance(item[1], dict):
        return Event(item[0], item[1])
    return None


def _link(item: list[Value]) -> ResultLink | None:
    if len(item) == 3 and isinstance(item[0], str):
        return ResultLink(item[0], _count(item[1], 1), _hash(item[2]))
    return None


def _write(item: list[Value]) -> RecordVersion | None:
    if len(item) == 3 and isinstance(item[0], str) and isinstance(item[1], str):
        return RecordVersion(item[0], item[1], _count(item[2], 0))
    return None


def _count(value: Value, least: int) -> int:
    if type(value) is not int or value < least:
        raise DecodingError("a number in the result leaf is no whole number of at least {least}", least=least)
    return value


def _hash(value: Value) -> Hash:
    if not isinstance(value, bytes) or len(value) != HASH_SIZE_BYTES:
        raise DecodingError("a hash in the result leaf is not a byte string of 32")
    return value

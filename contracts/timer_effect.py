"""What became of one timer: the timer effect leaf.

Owns the format `["timer", 1, height, number, timer id, purpose, code, details, events, links, writes]` and what is
linked into subjects' chains for it. Never judges. The effects of a block's timers stand before the results of its
transactions in the tree whose root the next outcome leaf states, so they are provable in the same way. Invariants: an
encoded effect is at most 64 KiB; that the timer itself is gone is not among its writes. Source: docs/protocol.md,
section 4.
"""

from typing import NamedTuple

from contracts.result import (
    CODE_OK,
    RESULT_SIZE_BYTES_MAX,
    Event,
    RecordVersion,
    ResultLink,
    check_said,
    read_said,
)
from ledger.encoding import Value, decode, encode_checked
from ledger.errors import DecodingError
from ledger.hashing import Hash, tagged_hash

EFFECT_VERSION = 1
EFFECT_MARK = "timer"
_FIELD_COUNT = 11


class TimerEffect(NamedTuple):
    """The outcome of the timer that ran as the block's `number`-th, from 1; `code` is `ok` or why it was refused.

    A refused one has no events, no links and no writes.
    """

    height: int
    number: int
    timer_id: str
    purpose: str
    code: str
    details: dict[str, Value]
    events: tuple[Event, ...]
    links: tuple[ResultLink, ...]
    writes: tuple[RecordVersion, ...]

    @property
    def ok(self) -> bool:
        """Whether the timer did what it was set for."""
        return self.code == CODE_OK

    @property
    def linked_hash(self) -> Hash:
        """What stands for this effect in subjects' chains."""
        return linked_hash(self.height, self.timer_id)

    def encode(self) -> bytes:
        """The effect leaf; canonical.

        Raises:
            EncodingError: a contract put something into details or events that has no canonical form.
        """
        check_said(self.details, self.events)
        return encode_checked((EFFECT_MARK, EFFECT_VERSION, *self))

    @classmethod
    def decode(cls, data: bytes) -> "TimerEffect":
        """The effect in an effect leaf.

        Raises:
            DecodingError: not an effect leaf. Nothing else is ever raised.
        """
        value = decode(data, RESULT_SIZE_BYTES_MAX)
        if not isinstance(value, list) or len(value) != _FIELD_COUNT or value[0] != EFFECT_MARK:
            raise DecodingError("the bytes are not a timer effect leaf")
        _, version, height, number, timer_id, purpose, *said = value
        if type(version) is not int or version != EFFECT_VERSION:
            raise DecodingError("the timer effect leaf has version {version!r}, known is 1", version=version)
        if type(height) is not int or type(number) is not int or height < 1 or number < 1:
            raise DecodingError("the timer effect leaf has no height or no number")
        if not isinstance(timer_id, str) or not isinstance(purpose, str):
            raise DecodingError("the timer effect leaf has no timer id or no purpose")
        code, details, events, links, writes = said
        return cls(height, number, timer_id, purpose, *read_said(code, details, events, links, writes))


def linked_hash(height: int, timer_id: str) -> Hash:
    """What a timer that ran at `height` puts into subjects' chains in the place of an entry's leaf hash.

    It names the effect and nothing in it, as the effect leaf holds the links that are made of it.
    """
    return tagged_hash("timer-effect", height.to_bytes(8, "big"), timer_id.encode())


def is_timer_effect(leaf: bytes) -> bool:
    """Whether a leaf of a result tree is a timer's: by its first item, a text of five bytes in an array of eleven."""
    return leaf.startswith(b"\x9b\xa5timer")

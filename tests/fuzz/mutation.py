"""Inputs that lie close to valid ones, by their structure: what is inside is changed and everything around it fits.

An input that is canonical MessagePack is taken apart into its values, byte strings that are such messages themselves
too; one value is changed, and the whole is put together again. Texts are changed by lines. Now and then bytes are
changed instead, so that the reader of bytes has its share.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec

from ledger.encoding import INTEGER_MAX, INTEGER_MIN, decode
from ledger.errors import DecodingError

INPUT_SIZE_BYTES_MAX = 256 * 1024
# Most inputs have one change; some have several, for faults that need two at once.
CHANGES_MAX = 4
NESTING_MAX = 6
_INTEGERS = (
    *(0, 1, -1, 2, 127, 128, 255, 256, 2**16 - 1, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**32),
    *(2**53, 2**62, INTEGER_MAX - 1, INTEGER_MAX, INTEGER_MIN, 2**64 - 1),
)
_ODD: tuple[Any, ...] = (None, True, False, "", "a", "\u0000", "\ud7ff", b"", bytes(32), bytes(64), [], {}, 1.5)
_BYTES = b"\x00\x01\x7f\x80\x8f\x90\x92\x9f\xa0\xc0\xc1\xc4\xc6\xca\xcc\xcf\xd3\xd9\xdc\xdd\xde\xdf\xe0\xff\n =+0"
_write = msgspec.msgpack.Encoder(order="deterministic").encode


@dataclass
class Inner:
    """A byte string that is itself a message."""

    value: Any


@dataclass
class Slot:
    """A place in a message whose value can be changed."""

    owner: Any
    key: Any
    # The whole of an inner message cannot be taken out, it has to be something.
    is_whole: bool = False

    @property
    def value(self) -> Any:
        return self.owner[self.key]

    @value.setter
    def value(self, value: Any) -> None:
        self.owner[self.key] = value


def mutated(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """`data` with 1 to `CHANGES_MAX` changes; parts may come from `others`."""
    for _ in range(chance.choice((1, 1, 1, 2, CHANGES_MAX))):
        tree = opened(data) if chance.random() < 0.8 else None
        if tree is not None:
            data = _changed_values(tree, others, chance)
        elif b"\n" in data and chance.random() < 0.5:
            data = _changed_lines(data, others, chance)
        else:
            data = _changed_bytes(data, others, chance)
    return data[:INPUT_SIZE_BYTES_MAX]


def opened(data: bytes, depth: int = 0) -> Inner | None:
    """The values in a message, those in its byte strings too; None if it is none, or a plain value."""
    if depth > NESTING_MAX or len(data) < 2:
        return None
    try:
        value = decode(data)
    except DecodingError:
        return None
    return Inner(_opened(value, depth)) if isinstance(value, list | dict) else None


def _opened(value: Any, depth: int) -> Any:
    if isinstance(value, list):
        return [_opened(item, depth) for item in value]
    if isinstance(value, dict):
        return {key: _opened(item, depth) for key, item in value.items()}
    if isinstance(value, bytes):
        return opened(value, depth + 1) or value
    return value


def closed(tree: Any) -> bytes:
    """The message with these values."""
    return _write(_closed(tree))


def _closed(value: Any) -> Any:
    if isinstance(value, Inner):
        return _write(_closed(value.value))
    if isinstance(value, list):
        return [_closed(item) for item in value]
    if isinstance(value, dict):
        return {key: _closed(item) for key, item in value.items()}
    return value


def _slots(value: Any) -> list[Slot]:
    found: list[Slot] = []
    waiting = [value]
    while waiting:
        owner = waiting.pop()
        if isinstance(owner, Inner):
            found.append(Slot(owner.__dict__, "value", True))
            waiting.append(owner.value)
        elif isinstance(owner, list | dict):
            keys = range(len(owner)) if isinstance(owner, list) else list(owner)
            found += [Slot(owner, key) for key in keys]
            waiting += [owner[key] for key in keys]
    return found


def _changed_values(tree: Inner, others: Sequence[bytes], chance: Random) -> bytes:
    slot = chance.choice(_slots(tree))
    _VALUE_CHANGES[chance.randrange(len(_VALUE_CHANGES))](slot, others, chance)
    try:
        return closed(tree.value)
    except (ValueError, OverflowError, TypeError, UnicodeEncodeError):
        return b""


def _put_odd(slot: Slot, others: Sequence[bytes], chance: Random) -> None:
    slot.value = chance.choice(_ODD)


def _put_number(slot: Slot, others: Sequence[bytes], chance: Random) -> None:
    value = slot.value
    near = value + chance.choice((-2, -1, 1, 2, 64, 1000)) if type(value) is int else 0
    slot.value = chance.choice((*_INTEGERS, near, near, near, near))


def _take_out(slot: Slot, others: Sequence[bytes], chance: Random) -> None:
    if slot.is_whole:
        slot.value = []
    else:
        del slot.owner[slot.key]


def _repeat(slot: Slot, others: Sequence[bytes], chance: Random) -> None:
    if isinstance(slot.owner, list):
        slot.owner[slot.key : slot.key] = [slot.value] * chance.choice((1, 1, 2, 63, 1024))
    else:
        slot.value = [slot.value, slot.value]


def _swap(slot: Slot, others: Sequence[bytes], chance: Random) -> None:
    if isinstance(slot.owner, list):
        other = chance.randrange(len(slot.owner))
        slot.owner[slot.key], slot.owner[other] = slot.owner[other], slot.owner[slot.key]
    else:
        slot.value = [slot.value]


def _transplant(slot: Slot, others: Sequence[bytes], chance: Random) -> None:
    """A part of another message, or the whole of it as a byte string; a part of the same kind if there is one."""
    donor = opened(chance.choice(others))
    parts = _slots(donor) if donor is not None else []
    alike = [one for one in parts if type(one.value) is type(slot.value)]
    slot.value = chance.choice(alike or parts).value if parts else chance.choice(others)


def _change_content(slot: Slot, others: Sequence[bytes], chance: Random) -> None:
    match slot.value:
        case bytes() as content:
            slot.value = _changed_bytes(content, others, chance)
        case str() as text:
            slot.value = _changed_bytes(text.encode("utf-8", "replace"), others, chance).decode("utf-8", "replace")
        case Inner() as inner:
            slot.value = _changed_bytes(closed(inner.value), others, chance)
        case int():
            _put_number(slot, others, chance)
        case _:
            _put_odd(slot, others, chance)


_Change = Callable[[Slot, Sequence[bytes], Random], None]
_VALUE_CHANGES: tuple[_Change, ...] = (
    *(_put_odd, _put_number, _take_out, _repeat, _swap, _transplant, _transplant, _change_content, _change_content),
)


def _changed_lines(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, chance.choice(chance.choice(others).split(b"\n")))
        case 2:
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            lines[at] = _changed_bytes(lines[at], others, chance)
    return b"\n".join(lines)


def _changed_bytes(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((0, 1, 1, 2, 4, 32)))
    match chance.randrange(7):
        case 0:
            piece = chance.randbytes(end - start)
        case 1:
            piece = bytes(chance.choices(_BYTES, k=chance.randint(1, 5)))
        case 2:
            piece = b""
        case 3:
            piece = data[start:end] * 2
        case 4:
            return data[:start]
        case 5:
            other = chance.choice(others)
            return data[:start] + other[chance.randrange(len(other) + 1) :]
        case _:
            piece = bytes(one ^ 1 << chance.randrange(8) for one in data[start:end])
    return data[:start] + piece + data[end:]

"""Events of blocks as the bytes of an event stream.

Owns how an event is written, and the newest blocks in that form: all who listen are told the same, so it is written
once. Never knows who listens.
Bounds: `KEPT_BLOCKS_MAX` blocks of `KEPT_LEAVES_MAX` leaves and `KEPT_SIZE_BYTES_MAX` at most, 4 MiB in all; anything
else is written for the one who asks, in pieces.
"""

from collections.abc import Iterator
from typing import NamedTuple

from contracts.result import Event, Result
from daemon.api.json_value import Json, json_bytes, to_json
from daemon.lookup import decoded_header, stored_header, timer_effects
from storage.interface import StoreReader

# Events are sent in pieces of about this size, so that a large block does not become one large buffer.
PIECE_SIZE_BYTES = 32 * 1024
KEPT_BLOCKS_MAX = 16
# Some 200 bytes each, and 60 µs; but a leaf may have many events.
KEPT_LEAVES_MAX = 512
KEPT_SIZE_BYTES_MAX = 256 * 1024


class Place(NamedTuple):
    """An event: height of its block, number within it. Ordered as the events are."""

    height: int
    number: int


class EventPieces:
    """Not thread-safe; `store` is asked for executed blocks alone."""

    def __init__(self, store: StoreReader) -> None:
        self._store = store
        self._kept: dict[int, bytes] = {}

    def between(self, after: Place, height: int) -> Iterator[bytes]:
        """What is told after a place, up to the end of an executed height; small blocks share a piece."""
        parts: list[bytes] = []
        size = 0
        for one in range(after.height, height + 1):
            is_new = one > height - KEPT_BLOCKS_MAX
            for part in self._parts(Place(one, after.number if one == after.height else -1), is_new):
                parts.append(part)
                size += len(part)
                if size >= PIECE_SIZE_BYTES:
                    yield b"".join(parts)
                    parts, size = [], 0
        if parts:
            yield b"".join(parts)

    def _parts(self, after: Place, is_new: bool) -> Iterator[bytes]:
        if not is_new or after.number >= 0 or stored_header(self._store, after.height).leaf_count > KEPT_LEAVES_MAX:
            return _written(self._store, after)
        kept = self._kept.get(after.height)
        if kept is None:
            kept = b"".join(_written(self._store, after))
            if len(kept) <= KEPT_SIZE_BYTES_MAX:
                self._keep(after.height, kept)
        return (kept[at : at + PIECE_SIZE_BYTES] for at in range(0, len(kept), PIECE_SIZE_BYTES))

    def _keep(self, height: int, block: bytes) -> None:
        self._kept[height] = block
        if len(self._kept) > KEPT_BLOCKS_MAX:
            del self._kept[min(self._kept)]


def _written(store: StoreReader, after: Place) -> Iterator[bytes]:
    """Each event of a block from a number on."""
    for number, name, data in events_of(store, after.height):
        if number > after.number:
            yield b"id: %d.%d\nevent: %s\ndata: %s\n\n" % (after.height, number, name, json_bytes(data))


def events_of(store: StoreReader, height: int) -> Iterator[tuple[int, bytes, dict[str, Json]]]:
    """Number, kind and data of each event of an executed block."""
    stored = stored_header(store, height)
    header = decoded_header(store, height)
    yield (
        0,
        b"block",
        {
            "height": height,
            "time_ms": header.time_ms,
            "tree_size": header.tree_size,
            "transactions": stored.leaf_count - 1,
        },
    )
    number = 0
    for effect in timer_effects(store, height):
        for event in effect.events:
            number += 1
            yield number, b"event", _said(height, number, event, None, effect.timer_id, stored.first_index)
    for index in range(stored.first_index + 1, stored.first_index + stored.leaf_count):
        leaf = store.result(index)
        assert leaf is not None, "results are written with the execution"
        result = Result.decode(bytes(leaf))
        for event in result.events:
            number += 1
            yield number, b"event", _said(height, number, event, result.transaction_id.hex(), None, index)


def _said(
    height: int, number: int, event: Event, transaction: str | None, timer: str | None, index: int
) -> dict[str, Json]:
    return {
        "height": height,
        "number": number,
        "transaction": transaction,
        "timer": timer,
        "index": index,
        "name": event.name,
        "data": to_json(event.fields),
    }

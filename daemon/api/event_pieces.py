"""Events of blocks as the bytes of an event stream.

Owns how an event is written, and the newest blocks in that form: all who listen are told the same, so it is written
once. A thousand who listen have their turns in a second, in which a node may execute a hundred blocks. Never knows who
listens.
Bounds: `KEPT_BLOCKS_MAX` blocks and `KEPT_SIZE_BYTES_MAX` of all of them; the lowest go first, so that whoever catches
up pushes nothing out.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from contracts.result import Event, Result
from daemon.api.json_value import Json, json_bytes, to_json
from daemon.lookup import decoded_header, stored_header, timer_effects
from storage.interface import StoreReader

# Events are sent in pieces of about this size, so that a large block does not become one large buffer.
PIECE_SIZE_BYTES = 32 * 1024
# Of a block without events some 150 bytes, and of each event 300, which take 60 µs to write.
KEPT_BLOCKS_MAX = 4096
KEPT_SIZE_BYTES_MAX = 4 * 1024 * 1024


class Place(NamedTuple):
    """An event: height of its block, number within it. Ordered as the events are."""

    height: int
    number: int


class EventPieces:
    """Not thread-safe; `store` is asked for executed blocks alone."""

    def __init__(self, store: StoreReader) -> None:
        self._store = store
        self._kept: dict[int, list[bytes]] = {}
        self._size_bytes = 0

    def between(self, after: Place, height: int) -> Iterator[bytes]:
        """What is told after a place, up to the end of an executed height; small blocks share a piece."""
        return _joined(part for one in range(after.height, height + 1) for part in self._block(one, after))

    def _block(self, height: int, after: Place) -> Iterable[bytes]:
        if height == after.height and after.number >= 0:
            return _written(self._store, after)
        return self._kept.get(height) or self._written_once(height)

    def _written_once(self, height: int) -> Iterator[bytes]:
        """The pieces of a block, which are kept when the last one was asked for."""
        pieces: list[bytes] = []
        for piece in _joined(_written(self._store, Place(height, -1))):
            pieces.append(piece)
            yield piece
        # Another one who listens may have been told it meanwhile.
        if height not in self._kept:
            self._keep(height, pieces)

    def _keep(self, height: int, pieces: list[bytes]) -> None:
        self._kept[height] = pieces
        self._size_bytes += sum(map(len, pieces))
        while len(self._kept) > KEPT_BLOCKS_MAX or self._size_bytes > KEPT_SIZE_BYTES_MAX:
            self._size_bytes -= sum(map(len, self._kept.pop(min(self._kept))))


def _joined(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of `PIECE_SIZE_BYTES`, and of what the part is larger that fills one; the last is shorter."""
    pending: list[bytes] = []
    size_bytes = 0
    for part in parts:
        pending.append(part)
        size_bytes += len(part)
        if size_bytes >= PIECE_SIZE_BYTES:
            yield b"".join(pending)
            pending, size_bytes = [], 0
    if pending:
        yield b"".join(pending)


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

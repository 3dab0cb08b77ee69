"""The stream of events: server-sent events, read from the ledger, resumable at any of them.

Owns `/v1/events` and the numbering of events: 0 is the block itself, those of its timers and of its transactions follow
from 1 in the order of execution. Keeps nothing for a listener but its place: a slow one costs no memory, a late one
misses nothing.
Bounds: `event_listeners_max` streams; one block's events are read at a time.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import trio
from starlette.requests import Request
from starlette.responses import Response

from contracts.result import Event, Result
from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.json_value import Json, json_bytes, to_json
from daemon.api.parameters import Parameter, Parameters
from daemon.api.request_errors import ParameterInvalidError, TooManyRequestsError
from daemon.api.streams import SendPiece, StreamedAnswer
from daemon.lookup import decoded_header, stored_header, timer_effects
from storage.interface import StoreReader

MEDIA_TYPE = "text/event-stream"
# Below the idle time after which common proxies give up.
SILENCE_SECONDS = 15
# Events are sent in pieces of about this size, so that a large block does not become one large buffer.
PIECE_SIZE_BYTES = 32 * 1024
_PLACE = re.compile(r"(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,9})")


class Place(NamedTuple):
    """An event: height of its block, number within it. Ordered as the events are."""

    height: int
    number: int


async def listen(context: ApiContext, request: Request, parameters: Parameters) -> Response:
    """Follow the events from a place on."""
    place = _place(context, request.headers.get("last-event-id"), parameters)
    if context.listeners_count >= context.node.config.event_listeners_max:
        raise TooManyRequestsError(
            "{count} event streams are open, as many as the settings allow; try again later",
            count=context.listeners_count,
        )

    _check_kept(context.node.store, place)
    if request.method == "HEAD":
        return Response(media_type=MEDIA_TYPE)

    async def produce(send_piece: SendPiece) -> None:
        context.listeners_count += 1
        gauge = context.node.metrics.listeners.labels(context.door.value)
        gauge.inc()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_watch_client, request, nursery.cancel_scope)
                await _follow(context, place, send_piece)
                nursery.cancel_scope.cancel()
        finally:
            context.listeners_count -= 1
            gauge.dec()

    return StreamedAnswer(produce, MEDIA_TYPE)


def _check_kept(store: StoreReader, place: Place) -> None:
    """Refuse a place whose events are not kept here before the answer begins; nothing can be said in it afterwards."""
    if place.height < store.head().kept_from:
        store.timer_effects(place.height)
        store.entries(stored_header(store, place.height).first_index, 1)


async def _watch_client(request: Request, scope: trio.CancelScope) -> None:
    """Cancel `scope` when the client goes away: writing to it would not tell."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _follow(context: ApiContext, place: Place, send_piece: SendPiece) -> None:
    """Send events after `place` until the node stops."""
    service, store = context.node.service, context.node.store
    # Headers alone do not reach every client before the first byte of the body does.
    await send_piece(b": events of the ledger follow\n\n")
    while not service.stopping.is_set():
        moved = service.next_move()
        while place.height <= store.head().executed_height and not service.stopping.is_set():
            for piece in _pieces(store, place):
                await send_piece(piece)
            place = Place(place.height + 1, -1)
        moved_in_time = await _wait(moved, service.stopping)
        if not moved_in_time:
            await send_piece(b": still here\n\n")


async def _wait(moved: trio.Event, stopping: trio.Event) -> bool:
    """Wait for either, at most the time of silence; whether one came."""
    with trio.move_on_after(SILENCE_SECONDS):
        async with trio.open_nursery() as nursery:

            async def first(event: trio.Event) -> None:
                await event.wait()
                nursery.cancel_scope.cancel()

            nursery.start_soon(first, moved)
            nursery.start_soon(first, stopping)
    return moved.is_set() or stopping.is_set()


def _pieces(store: StoreReader, after: Place) -> Iterator[bytes]:
    lines: list[bytes] = []
    size = 0
    for number, name, data in _events_of(store, after.height):
        if number <= after.number:
            continue
        lines.append(b"id: %d.%d\nevent: %s\ndata: %s\n\n" % (after.height, number, name, json_bytes(data)))
        size += len(lines[-1])
        if size >= PIECE_SIZE_BYTES:
            yield b"".join(lines)
            lines, size = [], 0
    if lines:
        yield b"".join(lines)


def _events_of(store: StoreReader, height: int) -> Iterator[tuple[int, bytes, dict[str, Json]]]:
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


def _place(context: ApiContext, last_event_id: str | None, parameters: Parameters) -> Place:
    """The place to go on after: what a client that was cut off says first; without any, the end of what is executed."""
    text = last_event_id or parameters.text("after")
    if text is None:
        if parameters.has("from_index"):
            return _place_before(context.node.store, parameters.integer("from_index"))
        return Place(context.node.store.head().executed_height + 1, -1)
    match = _PLACE.fullmatch(text)
    if not match:
        raise ParameterInvalidError(
            "{value} is not the id of an event; give it as HEIGHT.NUMBER, such as 12.1", value=repr(text[:40])
        )
    height, number = int(match.group(1)), int(match.group(2))
    return Place(height, number) if height else Place(1, -1)


def _place_before(store: StoreReader, index: int) -> Place:
    """The place after which come the events of the log's leaf `index` and all later ones; it may be the next leaf."""
    executed_height = store.head().executed_height
    size = decoded_header(store, executed_height).tree_size if executed_height else 0
    if index > size:
        raise ParameterInvalidError(
            "the log has {size} leaves that are executed, so there is no leaf {index} to begin at",
            size=size,
            index=index,
        )
    height = store.height_of(index) if index < size else None
    if height is None:
        return Place(executed_height + 1, -1)
    # A block is its outcome leaf's event, and so are the timers that ran before its transactions.
    if index == stored_header(store, height).first_index:
        return Place(height, -1)
    number = 0
    for number_of_event, _, data in _events_of(store, height):
        leaf = data.get("index", 0)
        if isinstance(leaf, int) and leaf < index:
            number = number_of_event
    return Place(height, number)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/events",
        listen,
        "Follow the ledger's events",
        Audience.CONTENT,
        answers=(Answer(200, MEDIA_TYPE, "Server-sent events; the header Last-Event-ID takes the place of `after`."),),
        query=(
            Parameter("after", "text", "Go on after this event, HEIGHT.NUMBER."),
            Parameter("from_index", "integer", "Begin with the events of this leaf of the log."),
        ),
    ),
)

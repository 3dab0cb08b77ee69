"""The stream of events: server-sent events, read from the ledger, resumable at any of them.

Owns `/v1/events` and the numbering of events: 0 is the block itself, those of its timers and of its transactions follow
from 1 in the order of execution. Keeps nothing for a listener but its place: a slow one costs no memory, a late one
misses nothing. Many are told in turn, so that the node has its time between them.
Bounds: `event_listeners_max` streams; what is read at a time is `daemon.api.event_pieces`'.
"""

import re

import trio
from starlette.requests import Request
from starlette.responses import Response

from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.event_pieces import Place, events_of
from daemon.api.parameters import Parameter, Parameters
from daemon.api.request_errors import ParameterInvalidError, TooManyRequestsError
from daemon.api.streams import SendPiece, StreamedAnswer
from daemon.lookup import decoded_header, stored_header
from storage.interface import StoreReader

MEDIA_TYPE = "text/event-stream"
# Below the idle time after which common proxies give up.
SILENCE_SECONDS = 15
# To tell one listener takes a fifth of a millisecond. If all were told in the moment of a block, a thousand of them
# would keep the node from everything else for a fifth of a second each time; so each has its turn in a round, which
# takes this long for each listener.
TURN_SECONDS = 0.001
# A stopping node waits for no more; thousands of listeners are told with less time between them.
ROUND_SECONDS_MAX = 1.0
# Consecutive numbers, multiplied by the golden ratio, lie evenly in a round of any length.
_GOLDEN = 0.6180339887498949
_PLACE = re.compile(r"(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,9})")


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
    context.listeners_number += 1
    number = context.listeners_number
    # Headers alone do not reach every client before the first byte of the body does.
    await send_piece(b": events of the ledger follow\n\n")
    while True:
        moved = service.next_move()
        height = store.head().executed_height
        if service.stopping.is_set():
            return
        for piece in context.event_pieces.between(place, height):
            await send_piece(piece)
            if service.stopping.is_set():
                return
        place = max(place, Place(height + 1, -1))
        with trio.move_on_after(SILENCE_SECONDS) as silence:
            await moved.wait()
        if silence.cancelled_caught:
            await send_piece(b": still here\n\n")
        else:
            await trio.sleep_until(turn_after(trio.current_time(), number, context.listeners_count))


def turn_after(now_seconds: float, number: int, count: int) -> float:
    """When the listener of this number, one of `count`, is told next; within a round of all."""
    round_seconds = min(count * TURN_SECONDS, ROUND_SECONDS_MAX)
    return now_seconds + (round_seconds * (number * _GOLDEN % 1) - now_seconds) % round_seconds


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
    for number_of_event, _, data in events_of(store, height):
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

"""Who is connected and how well, for the operator.

Owns `/v1/peers`. Addresses and reasons of refusals say who runs what where: they are served on the control socket only.
"""

from starlette.requests import Request
from starlette.responses import Response

from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.json_value import Json, json_response
from daemon.api.parameters import Parameters
from daemon.peer_picture import PeerPicture
from p2p.peer_book import Ending, Stranger
from p2p.sightings import Sighting

_JSON = "application/json"


async def peers(context: ApiContext, _request: Request, _parameters: Parameters) -> Response:
    """Everybody that this node knows something of."""
    service = context.node.service
    now_ms = context.node.now_ms()
    return json_response(
        {
            "peers": [_peer(one, now_ms) for one in service.peers()],
            "strangers": [_ending(one) for one in service.strangers()],
            "clock_ms": now_ms,
        }
    )


def _peer(one: PeerPicture, now_ms: int) -> dict[str, Json]:
    line = one.line
    return {
        "id": line.peer.hex(),
        "name": one.name,
        "connected": line.is_connected,
        "neighbour": one.is_neighbour,
        "dialled": line.dialled,
        "address": line.address or None,
        "since_ms": line.since_ms or None,
        "height": one.height,
        "lag_blocks": one.lag_blocks,
        "score": one.score,
        "standing": one.standing.value,
        "avoided_ms": one.avoided_ms,
        "offences": [
            {"offence": lapse.offence, "detail": lapse.detail, "age_ms": lapse.age_ms} for lapse in one.lapses
        ],
        "sent_size_bytes": line.sent_size_bytes,
        "received_size_bytes": line.received_size_bytes,
        "queued_size_bytes": line.queued_size_bytes,
        "dropped_frames": line.dropped_count,
        "banned_until_ms": line.banned_until_ms or None,
        "ending": None if line.ending is None else _ending(line.ending),
        "version": line.version or None,
        "sight": None if line.sighting is None else _sight(line.sighting, now_ms),
    }


def _sight(one: Sighting, now_ms: int) -> dict[str, Json]:
    age_ms = max(now_ms - one.at_ms, 0)
    return {
        "age_ms": age_ms,
        "clock_offset_ms": one.clock_offset_ms,
        "software": one.software,
        "address": one.address,
        "reach": one.reach.text,
        "reach_age_ms": one.reach_age_s * 1000 + age_ms,
    }


def _ending(one: Ending | Stranger) -> dict[str, Json]:
    return {"at_ms": one.at_ms, "address": one.address, "reason": one.reason.text, "detail": one.detail}


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/peers",
        peers,
        "Who is connected and how well, and who was turned away",
        Audience.OPERATOR,
        answers=(Answer(200, _JSON, "Peers and strangers.", "Peers"),),
    ),
)

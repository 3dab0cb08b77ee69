"""Which version of the protocol is in force, what comes, and what this node's program says that it can follow.

Owns `/v1/protocol`. The statement was signed once, when the process began: it speaks of the program that runs, not of
the one that is installed. Whoever hands it in with `governance.node-protocol` need not be this node's operator.
"""

from starlette.requests import Request
from starlette.responses import Response

from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.json_value import Json, json_response
from daemon.api.parameters import Parameters
from daemon.protocol_in_force import ProtocolPicture


def protocol_view(picture: ProtocolPicture) -> dict[str, Json]:
    """As `status` shows it too."""
    scheduled = picture.scheduled
    return {
        "version": picture.version,
        "known": list(picture.known),
        "scheduled": None if scheduled is None else {"version": scheduled.version, "height": scheduled.height},
    }


async def protocol(context: ApiContext, _request: Request, _parameters: Parameters) -> Response:
    """The versions, and the node's signed statement."""
    node = context.node
    said = node.support.statement
    statement: dict[str, Json] = {
        "node": said.node_id.hex(),
        "versions": list(said.versions),
        "time_ms": said.time_ms,
        "signature": node.support.signature.hex(),
    }
    return json_response(protocol_view(node.service.status().protocol) | {"statement": statement})


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/protocol",
        protocol,
        "Versions of the protocol",
        Audience.ANYBODY,
        answers=(Answer(200, "application/json", "What is in force, what comes, what the node supports.", "Protocol"),),
    ),
)

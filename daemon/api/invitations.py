"""Inviting a node that the registry does not name yet. For the operator.

Owns `POST /v1/invitations`. Whoever holds the text gets in only with the key of the node that it was made for.
"""

from starlette.requests import Request
from starlette.responses import Response

from daemon.api.body import media_type, read_body
from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Body, Endpoint
from daemon.api.json_value import json_response
from daemon.api.parameters import Parameter, Parameters
from daemon.api.request_errors import BodyInvalidError
from ledger.errors import InvalidGenesisError
from ledger.node_keys import NodeDescription
from p2p.invitations import LIFETIME_MS_MAX

_JSON = "application/json"
_DESCRIPTION_SIZE_BYTES_MAX = 16 * 1024
HOURS_DEFAULT = 48
HOURS_MAX = LIFETIME_MS_MAX // 3_600_000


async def invite(context: ApiContext, request: Request, parameters: Parameters) -> Response:
    """Let a node in for some hours, and say what to hand to whoever sets it up."""
    media_type(request, (_JSON,))
    hold = context.node.service.bodies.hold()
    try:
        body = await read_body(request, _DESCRIPTION_SIZE_BYTES_MAX, hold)
    finally:
        hold.release()
    try:
        guest = NodeDescription.from_json(body.decode("utf-8"))
    except (InvalidGenesisError, UnicodeDecodeError) as error:
        raise BodyInvalidError(
            "the body is no description of a node ({reason}); send its node.public.json", reason=error
        ) from error
    invitation = await context.node.service.invite(guest, parameters.integer("hours"))
    return json_response(
        {"invitation": invitation.to_text(), "node": guest.node_id.hex(), "expiry_ms": invitation.expiry_ms}, 201
    )


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/invitations",
        invite,
        "Invite a node that the registry does not name yet",
        Audience.OPERATOR,
        answers=(Answer(201, _JSON, "The invitation.", "Invitation"),),
        query=(Parameter("hours", "integer", "How long it holds.", 1, HOURS_MAX, default=HOURS_DEFAULT),),
        bodies=(Body(_JSON, "The node's node.public.json."),),
    ),
)

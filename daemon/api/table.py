"""Every endpoint of the API, in the order in which paths are tried.

Owns the one list from which routes and the OpenAPI document are made.
"""

from starlette.requests import Request
from starlette.responses import Response

from daemon.api import (
    batches,
    blocks,
    events,
    histories,
    invitations,
    leadership,
    log,
    payloads,
    peers,
    protocol,
    records,
    snapshots,
    status,
    transactions,
)
from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.json_value import json_response
from daemon.api.openapi import openapi_document
from daemon.api.parameters import Parameters


async def describe(context: ApiContext, _request: Request, _parameters: Parameters) -> Response:
    """The API's own description."""
    return json_response(openapi_document(ENDPOINTS, context.node.registry, context.node.version))


ENDPOINTS: tuple[Endpoint, ...] = (
    *batches.ENDPOINTS,
    *transactions.ENDPOINTS,
    *blocks.ENDPOINTS,
    *records.ENDPOINTS,
    *histories.ENDPOINTS,
    *payloads.ENDPOINTS,
    *events.ENDPOINTS,
    *log.ENDPOINTS,
    *status.ENDPOINTS,
    *leadership.ENDPOINTS,
    *peers.ENDPOINTS,
    *protocol.ENDPOINTS,
    *invitations.ENDPOINTS,
    *snapshots.ENDPOINTS,
    Endpoint(
        "GET",
        "/openapi.json",
        describe,
        "This description",
        Audience.ANYBODY,
        answers=(Answer(200, "application/json", "OpenAPI 3.1."),),
    ),
)

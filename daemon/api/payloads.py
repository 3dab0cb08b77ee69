"""Detached values: what lies beside the log.

Owns `/v1/payloads`. Served to the operator alone until members can show who they are.
"""

from starlette.requests import Request
from starlette.responses import Response

from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.json_value import json_response, to_json
from daemon.api.parameters import Parameter, Parameters
from daemon.api.request_errors import PayloadUnknownError
from ledger.base64_text import encode_base64
from ledger.detached import DETACHED_SIZE_BYTES_MAX
from ledger.encoding import decode


async def show(context: ApiContext, _request: Request, parameters: Parameters) -> Response:
    """The value behind a commitment, with its salt."""
    commitment = parameters.hash("commitment")
    payload = context.node.store.payload(commitment)
    if payload is None:
        raise PayloadUnknownError(
            "this node does not hold the value of {commitment}; it was erased, or lies with other nodes",
            commitment=commitment.hex(),
        )
    value = bytes(payload.value)
    return json_response(
        {
            "commitment": commitment.hex(),
            "salt": encode_base64(bytes(payload.salt)),
            "value": encode_base64(value),
            "decoded": to_json(decode(value, DETACHED_SIZE_BYTES_MAX)),
        }
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/payloads/{commitment}",
        show,
        "The detached value behind a commitment",
        Audience.OPERATOR,
        answers=(Answer(200, "application/json", "The value.", "Payload"),),
        path_parameters=(Parameter("commitment", "hash", "The commitment."),),
    ),
)

"""Who leads: `POST /v1/leadership:transfer`, for the operator alone.

Owns the check that there is something to hand over here; the wish itself is agreement's (`consensus.leadership`).
"""

from starlette.requests import Request
from starlette.responses import Response

from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.json_value import json_response
from daemon.api.parameters import Parameter, Parameters
from daemon.api.request_errors import CannotLeadError, NotLeadingError


async def transfer(context: ApiContext, _request: Request, parameters: Parameters) -> Response:
    """Wish that another voter leads; whether it came to that, the status tells a moment later."""
    service = context.node.service
    status = service.status()
    if status.role != "leader":
        leader = "?" if status.leader is None else status.leader.hex()
        raise NotLeadingError("this node does not lead; ask on the node that does, {leader}", leader=leader)
    successor = parameters.hash("successor") if parameters.has("successor") else None
    if successor == status.node_id or (successor is not None and successor not in status.voters):
        raise CannotLeadError("the node {node} is no other voter, so it cannot lead next", node=successor.hex())
    if len(status.voters) == 1:
        raise CannotLeadError("there is no other voter that could lead")
    service.hand_over(successor)
    return json_response({"term": status.term, "successor": None if successor is None else successor.hex()}, status=202)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/leadership:transfer",
        transfer,
        "Let another voter lead",
        Audience.OPERATOR,
        answers=(Answer(202, "application/json", "The leader has been asked to step back.", "Transfer"),),
        query=(Parameter("successor", "hash", "Who shall lead; the voter that is furthest if left out."),),
    ),
)

"""One row of the API's table: where it is, what it takes, who may ask, what it answers.

Owns the shape of a row and the way from a request to its handler: rights first, then parameters, then the handler. The
same rows make the routes and the OpenAPI document, so the two cannot differ.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from daemon.api.context import ApiContext, Door
from daemon.api.parameters import Parameter, Parameters, read_parameters
from daemon.api.request_errors import MembersOnlyError, OperatorOnlyError

# Under this name a request's scope holds its id (`daemon.api.app`).
REQUEST_ID = "banyan.request"
# And under this one its place among those that are worked on (`daemon.api.places`).
PLACE = "banyan.place"

Handler: TypeAlias = Callable[[ApiContext, Request, Parameters], Awaitable[Response]]


class Audience(Enum):
    """Who may ask: anybody, whoever may see content (the genesis' visibility), or the operator alone."""

    ANYBODY = "anybody"
    CONTENT = "content"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that can come back; `schema` names a schema of the OpenAPI document, empty for other media."""

    status: int
    media_type: str
    meaning: str
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """One form in which the request's body may come."""

    media_type: str
    meaning: str
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path; `path` is a Starlette pattern."""

    method: str
    path: str
    handler: Handler
    summary: str
    audience: Audience
    answers: tuple[Answer, ...]
    path_parameters: tuple[Parameter, ...] = ()
    query: tuple[Parameter, ...] = ()
    bodies: tuple[Body, ...] = ()

    async def handle(self, context: ApiContext, request: Request) -> Response:
        """The answer to a request for this endpoint.

        Raises:
            BanyanError: becomes a problem.
        """
        self._check_audience(context)
        parameters = read_parameters(
            self.path_parameters, self.query, request.path_params, request.scope["query_string"]
        )
        return await self.handler(context, request, parameters)

    def _check_audience(self, context: ApiContext) -> None:
        if self.audience is Audience.OPERATOR and context.door is not Door.CONTROL:
            raise OperatorOnlyError("{path} is served on the node's control socket only", path=self.path)
        if self.audience is Audience.CONTENT:
            check_content(context)


def check_content(context: ApiContext) -> None:
    """Refuse to show entries, records and events to the public of a network that keeps them to its members.

    Raises:
        MembersOnlyError
    """
    if not context.shows_content:
        raise MembersOnlyError(
            "the network {network} shows this to its members only; ask on the node's control socket",
            network=context.node.genesis.name,
        )

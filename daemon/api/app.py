"""The ASGI application of one door: routes, problems, request ids, bounds.

Owns what holds for every request, whatever its endpoint: each has an id, the client's own or one that is made here,
which is in its answer and in the log; each failure becomes a problem; and no more than `http_requests_max` are worked
on at once, others wait a moment for a place (`daemon.api.places`). Never looks into a body.
"""

import re
import secrets
import time

import structlog
import trio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Message, Receive, Scope, Send

from daemon.api.context import ApiContext
from daemon.api.endpoint import PLACE, REQUEST_ID, Endpoint
from daemon.api.problems import problem_response
from daemon.api.request_errors import InternalError, MethodNotAllowedError, NotFoundError, TooManyRequestsError
from daemon.api.request_log import RequestLog
from daemon.api.table import ENDPOINTS
from daemon.foreseen import foreseen
from ledger.errors import BanyanError

_ROUTE = "banyan.route"
_REQUEST_ID_HEADER = b"x-request-id"
# Nothing that could end a line, and no longer than what anybody makes: a UUID has 36 characters, a traceparent 55.
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_log = structlog.get_logger("http")


class Application:
    """The API on one door, as ASGI."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._log = RequestLog(context.door.value)
        self._router = Router([_route(context, endpoint) for endpoint in ENDPOINTS], redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            return
        # Starlette raises instead of answering in its own way where it finds an application here.
        scope["app"] = self
        exchange = _Exchange(scope, receive, send)
        self._log.tell_kept_back()
        with structlog.contextvars.bound_contextvars(request=exchange.id):
            await self._answer(exchange)
            self._record(exchange)

    def close(self) -> None:
        """Say what is still to be said in the log; no request follows."""
        self._log.tell_kept_back(now=True)

    async def _answer(self, exchange: "_Exchange") -> None:
        places = self._context.places
        async with places.place() as place:
            if place is not None:
                exchange.scope[PLACE] = place
                await self._answer_now(exchange)
                return
        await exchange.fail(
            TooManyRequestsError(
                "{count} requests are being answered, as many as the settings allow; try again in a moment",
                count=places.taken_count,
            )
        )

    async def _answer_now(self, exchange: "_Exchange") -> None:
        try:
            await self._router(exchange.scope, exchange.receive, exchange.send)
        except HTTPException as error:
            await exchange.fail(_translated(error, exchange.scope))
        except BanyanError as error:
            await exchange.fail(error)
        except BaseExceptionGroup as group:
            error_inside = foreseen(group)
            if error_inside is None and group.split(trio.Cancelled)[1] is None:
                raise
            await self._fail_unforeseen(exchange, error_inside or group)
        except Exception as error:
            await self._fail_unforeseen(exchange, error)

    async def _fail_unforeseen(self, exchange: "_Exchange", error: BaseException) -> None:
        if isinstance(error, BanyanError):
            await exchange.fail(error)
            return
        _log.error("request-failed", path=exchange.scope["raw_path"].decode("latin-1"), exc_info=error)
        await exchange.fail(
            InternalError("the node failed on this request; its log has it under the id {request}", request=exchange.id)
        )

    def _record(self, exchange: "_Exchange") -> None:
        seconds = exchange.seconds_to_answer
        method, route = exchange.scope["method"], exchange.scope.get(_ROUTE, "none")
        # Only methods of the table: a stranger could invent labels without end.
        label = method if route != "none" else "other"
        self._context.node.metrics.request_seconds.labels(label, route, str(exchange.status)).observe(seconds)
        # The path as it came, percent-encoded: nobody writes lines into the log.
        path = exchange.scope["raw_path"].decode("latin-1")
        self._log.write(method, path, exchange.status, int(seconds * 1000))


class _Exchange:
    """One request and its answer, as they pass."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.id = _given_id(scope) or secrets.token_hex(8)
        scope[REQUEST_ID] = self.id
        self.status = 0
        self.seconds_to_answer = 0.0
        self.receive = receive
        self._send = send
        self._started = time.perf_counter()

    async def send(self, message: Message) -> None:
        """Pass on a part of the answer, with the request's id in its headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.seconds_to_answer = time.perf_counter() - self._started
            message["headers"] = [*message["headers"], (_REQUEST_ID_HEADER, self.id.encode("ascii"))]
        await self._send(message)

    async def fail(self, error: BanyanError) -> None:
        """Answer with a problem, unless an answer has begun: then it ends where it is."""
        # A client may take half a minute to read this; the body that was refused is not kept so long.
        error.forget_origin()
        if not self.status:
            response: Response = problem_response(error)
            await response(self.scope, self.receive, self.send)


def _given_id(scope: Scope) -> str | None:
    """The id that the client gave its request; None where there is none that can stand in a log."""
    for name, value in scope["headers"]:
        if name == _REQUEST_ID_HEADER:
            return value.decode("ascii") if _REQUEST_ID.fullmatch(value) else None
    return None


def _route(context: ApiContext, endpoint: Endpoint) -> Route:
    async def handle(request: Request) -> Response:
        request.scope[_ROUTE] = endpoint.path
        return await endpoint.handle(context, request)

    return Route(endpoint.path, handle, methods=[endpoint.method])


def _translated(error: HTTPException, scope: Scope) -> BanyanError:
    if error.status_code == 405:
        return MethodNotAllowedError(
            "{path} does not take {method}; see /openapi.json for what it takes",
            headers=error.headers,
            path=scope["path"],
            method=scope["method"],
        )
    return NotFoundError("there is nothing at {path}; see /openapi.json for what there is", path=scope["path"])

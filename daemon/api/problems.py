"""Problems: every answer of 400 and above, as RFC 9457 `application/problem+json`.

Owns which error of the node becomes which status; errors of the request itself carry theirs. Never shows what is
inside: an unforeseen error says only where to look. Reference: docs/reference/api.md, "Problems".
"""

from http import HTTPStatus

from starlette.responses import Response

from contracts.errors import Refusal
from daemon.api.json_value import Json, json_bytes
from daemon.api.request_errors import RequestError
from ledger.errors import BanyanError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:banyan:problem:"
# Where an error itself does not say how long to wait.
RETRY_AFTER_MS = 1000

# By `code`, for the errors that are not made for HTTP.
STATUS_BY_CODE = {
    "decoding": 400,
    "detached-value": 400,
    "encoding": 400,
    "key-invalid": 400,
    "transaction-invalid": 400,
    "transaction-unknown": 404,
    "tree-size-unknown": 404,
    "not-kept": 404,
    "invitation-invalid": 409,
    "receipt-not-ready": 409,
    "transaction-expired": 409,
    "mempool-full": 429,
    "overloaded": 429,
    "sender.quota-exceeded": 429,
    "not-accepting": 503,
    "not-leader": 503,
    "stopping": 503,
    "store-busy": 503,
    "store-full": 507,
}
_SENDER_CODES = "sender."
_RETRY_CODES = frozenset(("receipt-not-ready",))
_RETRY_STATUS = frozenset((429, 503, 507))


def status_of(error: BanyanError) -> int:
    """The HTTP status that says what kind of error this is; 500 for what clients cannot cause."""
    if isinstance(error, RequestError):
        return error.status
    if error.code in STATUS_BY_CODE:
        return STATUS_BY_CODE[error.code]
    if isinstance(error, Refusal):
        return 403 if error.code.startswith(_SENDER_CODES) else 422
    return 500


def problem(error: BanyanError, retry_after_ms: int = 0) -> dict[str, Json]:
    """What a problem says of an error, without its HTTP parts; also a part of batch answers."""
    return {
        "code": error.code,
        "detail": str(error),
        "template": error.template,
        "params": {name: _json_param(value) for name, value in error.params.items()},
        "retry_after_ms": retry_after_ms,
    }


def problem_response(error: BanyanError, retry_after_ms: int = 0) -> Response:
    """The answer for an error, with `Retry-After` where the same request may succeed later."""
    status = status_of(error)
    if not retry_after_ms and (status in _RETRY_STATUS or error.code in _RETRY_CODES):
        retry_after_ms = RETRY_AFTER_MS
    document: dict[str, Json] = {
        "type": TYPE_PREFIX + error.code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        **problem(error, retry_after_ms),
    }
    headers = dict(error.headers) if isinstance(error, RequestError) else {}
    headers["cache-control"] = "no-store"
    if retry_after_ms:
        headers["retry-after"] = str(-(-retry_after_ms // 1000))
    return Response(json_bytes(document), status, headers, media_type=MEDIA_TYPE)


def _json_param(value: object) -> Json:
    if value is None or isinstance(value, bool | int | str):
        return value
    return value.hex() if isinstance(value, bytes) else str(value)

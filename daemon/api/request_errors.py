"""What can be wrong with a request, each with its status; drawn in its place in the tree.

BanyanError
└── RequestError                    a request over HTTP cannot be answered
    ├── ParameterInvalidError       400  unknown, twice, or not an allowed value
    ├── BodyInvalidError            400  not the document that the endpoint takes
    ├── MembersOnlyError            403  the network's visibility keeps this from the public
    ├── OperatorOnlyError           403  only on the control socket
    ├── NotFoundError               404  no such path, block, kind, record, subject, tile, payload or checkpoint
    ├── MethodNotAllowedError       405
    ├── BodyTooSlowError            408
    ├── BodyTooLargeError           413
    ├── MediaTypeError              415
    ├── InternalError               500  our mistake; the log has it
    └── TooManyRequestsError        429  the door is full
"""

from collections.abc import Mapping

from ledger.errors import BanyanError


class RequestError(BanyanError):
    """A request that cannot be answered; `headers` are further headers of the answer, such as `Allow`."""

    code = "request"
    status = 400

    def __init__(self, template: str, *, headers: Mapping[str, str] | None = None, **params: object) -> None:
        super().__init__(template, **params)
        self.headers = dict(headers or {})


class ParameterInvalidError(RequestError):
    """A parameter in the path or the query."""

    code = "parameter-invalid"


class BodyInvalidError(RequestError):
    """The body as a whole; what is wrong with a transaction in it is the ledger's to say."""

    code = "body-invalid"


class MembersOnlyError(RequestError):
    """The genesis says `members`, and member sessions are not there to lift it."""

    code = "members-only"
    status = 403


class OperatorOnlyError(RequestError):
    """Served on the control socket alone."""

    code = "operator-only"
    status = 403


class NotFoundError(RequestError):
    """Nothing is at that path."""

    code = "not-found"
    status = 404


class BlockUnknownError(NotFoundError):
    """No executed block has this height."""

    code = "block-unknown"


class KindUnknownError(NotFoundError):
    """No contract writes records of this kind."""

    code = "kind-unknown"


class RecordUnknownError(NotFoundError):
    """The state has no such record."""

    code = "record-unknown"


class SubjectUnknownError(NotFoundError):
    """No entry concerns this subject."""

    code = "subject-unknown"


class TileUnknownError(NotFoundError):
    """Not a tile of the log, or not one of this size yet."""

    code = "tile-unknown"


class PayloadUnknownError(NotFoundError):
    """This node does not hold the value."""

    code = "payload-unknown"


class CheckpointUnknownError(NotFoundError):
    """The log has no checkpoint yet."""

    code = "checkpoint-unknown"


class MethodNotAllowedError(RequestError):
    """The path exists, the method does not."""

    code = "method-not-allowed"
    status = 405


class NotLeadingError(RequestError):
    """Only the leader can do this, and this node is not it."""

    code = "not-leading"
    status = 409


class CannotLeadError(RequestError):
    """Who is to lead has no vote, or leads already."""

    code = "cannot-lead"
    status = 409


class BodyTooSlowError(RequestError):
    """A client that sends too slowly holds a place that others need."""

    code = "body-too-slow"
    status = 408


class BodyTooLargeError(RequestError):
    """Longer than anything the endpoint takes."""

    code = "body-too-large"
    status = 413


class MediaTypeError(RequestError):
    """The body is in a form that the endpoint does not take."""

    code = "media-type-unsupported"
    status = 415


class InternalError(RequestError):
    """An error that nobody foresaw."""

    code = "internal"
    status = 500


class TooManyRequestsError(RequestError):
    """As many requests or streams as the settings allow are being answered."""

    code = "too-many-requests"
    status = 429

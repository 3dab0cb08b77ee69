"""Reading the body of a request within bounds of size and time.

Owns the bounds of one body: nobody may make the node hold more than an endpoint takes, or hold a place by sending
slowly. All bodies together are bounded by `daemon.body_budget`.
"""

import trio
from starlette.requests import Request

from daemon.api.request_errors import BodyInvalidError, BodyTooLargeError, BodyTooSlowError, MediaTypeError
from daemon.body_budget import BodyHold

# The largest submission, in base64 within JSON, on a slow line.
BODY_SECONDS_MAX = 15
# A batch may take for ever, as long as something comes.
CHUNK_SECONDS_MAX = 30
_LENGTH_DIGITS_MAX = 18


def media_type(request: Request, allowed: tuple[str, ...]) -> str:
    """The media type of the body, without its parameters.

    Raises:
        MediaTypeError: not one of `allowed`.
    """
    found = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found not in allowed:
        raise MediaTypeError(
            "the body is of type {found}; send one of {allowed}",
            found=repr(found[:100]),
            allowed=", ".join(allowed),
        )
    return found


class BodyReader:
    """The parts of a body, as they come; `complete` once all of it was read."""

    def __init__(self, request: Request) -> None:
        self._receive = request.receive
        self.complete = False

    async def next(self) -> bytes | None:
        """The next part, never empty; None where the body ends or the client goes."""
        while not self.complete:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return None
            self.complete = not message.get("more_body", False)
            part: bytes = message.get("body", b"")
            if part:
                return part
        return None


async def read_body(request: Request, size_bytes_max: int, hold: BodyHold) -> bytes:
    """The whole body; `hold` has its announced size from the beginning, so that what has begun to come is not refused.

    Raises:
        OverloadedError: the node holds as much of other bodies as it may; nothing of this one is read.
        BodyTooLargeError: it is longer, or says that it will be; nothing more of it is read.
        BodyTooSlowError: it did not arrive in 15 seconds.
        BodyInvalidError: the client went away within it.
    """
    announced = request.headers.get("content-length", "")
    # A number of many digits is not even read.
    if announced.isdecimal() and (len(announced) > _LENGTH_DIGITS_MAX or int(announced) > size_bytes_max):
        raise _too_large(size_bytes_max)
    expected = int(announced) if announced.isdecimal() else 0
    hold.resize(expected)
    reader = BodyReader(request)
    parts: list[bytes] = []
    size = 0
    with trio.move_on_after(BODY_SECONDS_MAX):
        while (part := await reader.next()) is not None:
            size += len(part)
            if size > size_bytes_max:
                raise _too_large(size_bytes_max)
            if size > expected:
                # Its size was not announced, so it is counted as it comes.
                hold.resize(size)
            parts.append(part)
        if not reader.complete:
            raise BodyInvalidError("the body ended before its announced end; send it again")
        return b"".join(parts)
    raise BodyTooSlowError(
        "the body did not arrive within {seconds} seconds; send it again on a better line",
        headers={"connection": "close"},
        seconds=BODY_SECONDS_MAX,
    )


async def next_part(reader: BodyReader) -> bytes | None:
    """The next part of a body of any length; None where it ends.

    Raises:
        BodyTooSlowError: nothing came for 30 seconds.
    """
    with trio.move_on_after(CHUNK_SECONDS_MAX):
        return await reader.next()
    raise BodyTooSlowError(
        "no byte of the body came for {seconds} seconds; send the rest again", seconds=CHUNK_SECONDS_MAX
    )


def _too_large(size_bytes_max: int) -> BodyTooLargeError:
    # The connection is not read any further, so it cannot be used for another request.
    return BodyTooLargeError(
        "the body has more than {limit} bytes; send less", headers={"connection": "close"}, limit=size_bytes_max
    )

"""Frames on a byte stream: four bytes of length, big-endian, then the frame.

Owns what has been received and is not a whole frame yet; never reads or writes a stream. A length is judged as soon as
it and the kind of the frame are known, six bytes in, so that at most one frame that its kind allows is waited for.
Source: docs/protocol.md, section 8.
"""

from ledger.errors import RemoteProtocolError
from p2p.errors import InvalidFrameError
from p2p.frame import FRAME_SIZE_BYTES_MAX, Frame
from p2p.frames import decode_frame, encode_frame, kind_of

LENGTH_SIZE_BYTES = 4
# Tag and number of fields, without which no frame can be.
_BEGINNING_SIZE_BYTES = 2


def framed(frame: Frame) -> bytes:
    """The bytes that carry `frame` on a stream.

    Raises:
        FrameTooLargeError: more than a frame of its kind may hold; our own mistake.
    """
    data = encode_frame(frame)
    return len(data).to_bytes(LENGTH_SIZE_BYTES, "big") + data


class FrameReader:
    """Takes bytes as they come and gives frames; the first broken one ends it.

    Holds what was fed and not yet taken: whoever feeds takes all whole frames before feeding again, so that less than
    one frame stays.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0
        self._error: RemoteProtocolError | None = None

    @property
    def buffered_size_bytes(self) -> int:
        """How much was fed and not taken yet."""
        return len(self._buffer) - self._start

    def feed(self, data: bytes) -> None:
        """Take what came; about the cost of copying it."""
        if self._start:
            del self._buffer[: self._start]
            self._start = 0
        self._buffer += data

    def next_frame(self) -> Frame | None:
        """The next whole frame, None if more has to come first.

        Raises:
            DecodingError, InvalidFrameError: the stream cannot be read from here on; raised again at every call.
        """
        if self._error is not None:
            raise self._error
        try:
            return self._next_frame()
        except RemoteProtocolError as error:
            self._error = error
            self._buffer.clear()
            self._start = 0
            raise

    def _next_frame(self) -> Frame | None:
        body = self._start + LENGTH_SIZE_BYTES
        if len(self._buffer) < body:
            return None
        size = int.from_bytes(self._buffer[self._start : body], "big")
        if not _BEGINNING_SIZE_BYTES <= size <= FRAME_SIZE_BYTES_MAX:
            raise InvalidFrameError("a frame of {size} bytes is not allowed", size=size)
        if len(self._buffer) < body + _BEGINNING_SIZE_BYTES:
            return None
        kind = kind_of(bytes(self._buffer[body : body + _BEGINNING_SIZE_BYTES]))
        if size > kind.SIZE_BYTES_MAX:
            raise InvalidFrameError(
                "a frame `{frame}` of {size} bytes is not allowed, its limit is {limit}",
                frame=kind.NAME,
                size=size,
                limit=kind.SIZE_BYTES_MAX,
            )
        if len(self._buffer) < body + size:
            return None
        data = bytes(self._buffer[body : body + size])
        self._start = body + size
        return decode_frame(data)

"""What comes in over one connection: bytes go in, frames and messages of the transport come out.

Owns the unfinished frame of each channel, the rule that a hello comes first and once, and since when something is
unfinished; never reads a stream and has no clock. The first broken thing ends it. Bounds: one unfinished chunk, and for
each channel one unfinished frame of the largest size that belongs there: 10 MiB in all.
"""

from ledger.errors import RemoteProtocolError
from p2p.chunks import TRANSPORT_CHANNEL, Chunk, ChunkReader
from p2p.effects import SendClass
from p2p.errors import InvalidFrameError
from p2p.frame import FRAME_SIZE_BYTES_MAX, SMALL_FRAME_SIZE_BYTES_MAX, Frame
from p2p.frames import PAYLOAD_SIZE_BYTES_MAX, PayloadKind
from p2p.framing import LENGTH_SIZE_BYTES, FrameReader
from p2p.transport_messages import Hello, decode_message

# Tag, kind, round and the payload's length around a gossiped payload.
_AROUND_SIZE_BYTES = 64
UNFINISHED_SIZE_BYTES_MAX: dict[SendClass, int] = {
    SendClass.AGREEMENT: PAYLOAD_SIZE_BYTES_MAX[PayloadKind.AGREEMENT] + _AROUND_SIZE_BYTES,
    SendClass.CONTROL: SMALL_FRAME_SIZE_BYTES_MAX,
    SendClass.PROPOSAL: FRAME_SIZE_BYTES_MAX,
    SendClass.TRANSACTIONS: PAYLOAD_SIZE_BYTES_MAX[PayloadKind.TRANSACTIONS] + _AROUND_SIZE_BYTES,
    SendClass.BULK: FRAME_SIZE_BYTES_MAX,
}
# What stands for the unfinished chunk among the channels.
_CHUNK = -1


class Inbound:
    """One direction of one connection; `now_s` is by any clock that never steps back."""

    def __init__(self) -> None:
        self._chunks = ChunkReader()
        self._readers = {send_class: FrameReader() for send_class in SendClass}
        self._began_s: dict[int, float] = {}
        self._is_greeted = False

    @property
    def unfinished_since_s(self) -> float | None:
        """When the oldest of what has begun and not come to its end did begin; None if there is nothing."""
        return min(self._began_s.values(), default=None)

    @property
    def buffered_size_bytes(self) -> int:
        """How much of what came is not a whole frame yet."""
        return self._chunks.buffered_size_bytes + sum(one.buffered_size_bytes for one in self._readers.values())

    def postpone(self, span_s: float) -> None:
        """Nothing was read for so long by this side's own doing: it does not count against the peer."""
        self._began_s = {channel: began_s + span_s for channel, began_s in self._began_s.items()}

    def take(self, data: bytes, now_s: float) -> list[Frame]:
        """Whatever `data` completes, in the order in which it came.

        Raises:
            DecodingError, InvalidFrameError: the peer breaks the rules; nothing can be read after it.
        """
        self._chunks.feed(data)
        frames: list[Frame] = []
        was_whole = False
        while (chunk := self._chunks.next_chunk()) is not None:
            was_whole = True
            frames += self._taken(chunk, now_s)
        self._mark(_CHUNK, self._chunks.buffered_size_bytes > 0, was_whole, now_s)
        return frames

    def _taken(self, chunk: Chunk, now_s: float) -> list[Frame]:
        if chunk.channel == TRANSPORT_CHANNEL:
            return [self._message(chunk.data)]
        if not self._is_greeted:
            raise InvalidFrameError("something came before the greeting")
        send_class = SendClass(chunk.channel)
        reader = self._readers[send_class]
        reader.feed(chunk.data)
        frames = []
        while (frame := reader.next_frame()) is not None:
            frames.append(frame)
        if reader.buffered_size_bytes > UNFINISHED_SIZE_BYTES_MAX[send_class] + LENGTH_SIZE_BYTES:
            raise InvalidFrameError(
                "a frame of more than {limit} bytes does not belong into channel {channel}",
                limit=UNFINISHED_SIZE_BYTES_MAX[send_class],
                channel=chunk.channel,
            )
        self._mark(chunk.channel, reader.buffered_size_bytes > 0, bool(frames), now_s)
        return frames

    def _message(self, data: bytes) -> Frame:
        try:
            message = decode_message(data)
        except RemoteProtocolError:
            if self._is_greeted:
                raise
            raise InvalidFrameError("the connection does not begin with a greeting") from None
        if isinstance(message, Hello):
            if self._is_greeted:
                raise InvalidFrameError("a second greeting came")
            self._is_greeted = True
        return message

    def _mark(self, channel: int, is_unfinished: bool, is_another: bool, now_s: float) -> None:
        """Remember since when a channel waits for the rest of the same frame."""
        if not is_unfinished or is_another:
            self._began_s.pop(channel, None)
        if is_unfinished:
            self._began_s.setdefault(channel, now_s)

"""Chunks: how six channels share one stream, so that no large frame keeps a small urgent one waiting.

A chunk is its channel in one byte, its size in two, big-endian, and that many bytes. Channels 0 to 4 are the send
classes, each a stream of frames of its own (`p2p.framing`); channel 5 carries messages of the transport, one in a
chunk. Owns what has been received and is no whole chunk yet. Source: docs/reference/transport.md.
"""

from typing import NamedTuple

from p2p.effects import SendClass
from p2p.errors import InvalidFrameError

HEADER_SIZE_BYTES = 3
# With its header it fills one TLS record (RFC 8446, section 5.1): what is urgent waits for at most one record.
CHUNK_SIZE_BYTES_MAX = 16 * 1024 - HEADER_SIZE_BYTES
TRANSPORT_CHANNEL = len(SendClass)
CHANNELS = range(TRANSPORT_CHANNEL + 1)


class Chunk(NamedTuple):
    """Some bytes of one channel."""

    channel: int
    data: bytes


def chunk_bytes(channel: int, data: bytes) -> bytes:
    """The bytes of a chunk on the stream; `data` are 1 to `CHUNK_SIZE_BYTES_MAX`."""
    assert channel in CHANNELS
    assert 0 < len(data) <= CHUNK_SIZE_BYTES_MAX
    return bytes((channel,)) + len(data).to_bytes(2, "big") + data


class ChunkReader:
    """Takes bytes as they come and gives chunks; holds less than one chunk when all whole ones are taken."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0

    @property
    def buffered_size_bytes(self) -> int:
        """How much was fed and not taken yet."""
        return len(self._buffer) - self._start

    def feed(self, data: bytes) -> None:
        """Take what came."""
        del self._buffer[: self._start]
        self._start = 0
        self._buffer += data

    def next_chunk(self) -> Chunk | None:
        """The next whole chunk, None if more has to come first.

        Raises:
            InvalidFrameError: no chunk begins like that; nothing can be read after it.
        """
        body = self._start + HEADER_SIZE_BYTES
        if len(self._buffer) < body:
            return None
        channel = self._buffer[self._start]
        size = int.from_bytes(self._buffer[self._start + 1 : body], "big")
        if channel not in CHANNELS or not 0 < size <= CHUNK_SIZE_BYTES_MAX:
            raise InvalidFrameError("no chunk of channel {channel} has {size} bytes", channel=channel, size=size)
        if len(self._buffer) < body + size:
            return None
        self._start = body + size
        return Chunk(channel, bytes(self._buffer[body : body + size]))

"""Streams that a peer sends: the same comes out in whatever pieces they arrive, and little is held meanwhile.

An input is a canonical list. A byte string in it goes on the stream as it is; `[channel, [bytes, …]]` becomes chunks of
that channel which carry those frames, or messages, with the right lengths: what is inside is what is changed. Anything
else goes on the stream as it is.
"""

from itertools import pairwise
from random import Random

from ledger.encoding import Value, decode, encode
from ledger.errors import DecodingError, RemoteProtocolError
from p2p.chunks import CHANNELS, CHUNK_SIZE_BYTES_MAX, TRANSPORT_CHANNEL, ChunkReader, chunk_bytes
from p2p.effects import send_class_of
from p2p.errors import InvalidFrameError
from p2p.frame import FRAME_SIZE_BYTES_MAX, Frame
from p2p.frames import decode_frame, encode_frame
from p2p.framing import LENGTH_SIZE_BYTES, FrameReader
from p2p.inbound import UNFINISHED_SIZE_BYTES_MAX, Inbound
from p2p.transport_messages import Alive, Goodbye
from tests.fuzz.recorded import recorded
from tests.fuzz.target import Target
from tests.p2p.frame_strategies import EXAMPLES
from tests.p2p.switchboards import KEYS, hello_of

BUFFERED_SIZE_BYTES_MAX = sum(UNFINISHED_SIZE_BYTES_MAX.values()) + 5 * LENGTH_SIZE_BYTES + CHUNK_SIZE_BYTES_MAX + 3
# A stream is read whole, in these many random ways, and byte by byte if it is short.
CUTTINGS = 3
BYTE_BY_BYTE_MAX = 400
_HELLO = encode_frame(hello_of(KEYS[0]))


def stream_of(data: bytes) -> bytes:
    """The bytes of the stream that an input stands for."""
    try:
        value = decode(data)
    except DecodingError:
        return data
    if not isinstance(value, list):
        return data
    return b"".join(_part(item) for item in value)


def _part(item: Value) -> bytes:
    if isinstance(item, bytes):
        return item
    if isinstance(item, list) and len(item) == 2 and type(item[0]) is int and isinstance(item[1], list):
        inside = [one for one in item[1] if isinstance(one, bytes)]
        if item[0] == TRANSPORT_CHANNEL:
            return b"".join(_chunks(item[0], one) for one in inside)
        if item[0] in CHANNELS:
            return _chunks(item[0], b"".join(len(one).to_bytes(LENGTH_SIZE_BYTES, "big") + one for one in inside))
    return encode(item)


def _chunks(channel: int, data: bytes) -> bytes:
    sizes = range(0, len(data), CHUNK_SIZE_BYTES_MAX)
    return b"".join(chunk_bytes(channel, data[at : at + CHUNK_SIZE_BYTES_MAX]) for at in sizes)


def _cuttings(stream: bytes) -> list[list[bytes]]:
    """Ways to cut it, the same for the same stream."""
    chance = Random(stream)
    found = [[stream]]
    for _ in range(CUTTINGS):
        places = sorted({0, len(stream), *(chance.randrange(len(stream) + 1) for _ in range(chance.randrange(9)))})
        found.append([stream[start:end] for start, end in pairwise(places)])
    if len(stream) <= BYTE_BY_BYTE_MAX:
        found.append([stream[at : at + 1] for at in range(len(stream))])
    return found


Outcome = tuple[list[Frame], type[Exception] | None]


def _same_in_any_pieces(outcomes: list[Outcome]) -> None:
    """What came before an error may have come in the same piece as it, and is not handed out then."""
    frames, error = outcomes[0]
    for came, found in outcomes[1:]:
        assert found is error, f"{found} in pieces, {error} in one"
        assert came == frames if error is None else came[: len(frames)] == frames


def _inbound(parts: list[bytes]) -> Outcome:
    inbound, came = Inbound(), []
    for time_s, part in enumerate(parts):
        try:
            came += inbound.take(part, time_s)
        except RemoteProtocolError as error:
            assert str(error)
            return came, type(error)
        assert inbound.buffered_size_bytes <= BUFFERED_SIZE_BYTES_MAX
        since_s = inbound.unfinished_since_s
        assert (since_s is None) == (inbound.buffered_size_bytes == 0)
        assert since_s is None or since_s <= time_s
    return came, None


def _framing(parts: list[bytes]) -> Outcome:
    reader, came = FrameReader(), []
    for part in parts:
        reader.feed(part)
        try:
            while (frame := reader.next_frame()) is not None:
                came.append(frame)
        except RemoteProtocolError as error:
            assert reader.buffered_size_bytes == 0
            return came, type(error)
        assert reader.buffered_size_bytes < FRAME_SIZE_BYTES_MAX + LENGTH_SIZE_BYTES
    return came, None


def _check_inbound(data: bytes) -> None:
    _same_in_any_pieces([_inbound(parts) for parts in _cuttings(stream_of(data))])


def _check_framing(data: bytes) -> None:
    _same_in_any_pieces([_framing(parts) for parts in _cuttings(stream_of(data))])


def _check_chunks(data: bytes) -> None:
    stream = stream_of(data)
    for parts in _cuttings(stream):
        reader, taken, fed = ChunkReader(), b"", 0
        for part in parts:
            reader.feed(part)
            fed += len(part)
            try:
                while (chunk := reader.next_chunk()) is not None:
                    taken += chunk_bytes(chunk.channel, chunk.data)
            except InvalidFrameError:
                break
            assert reader.buffered_size_bytes == fed - len(taken) < CHUNK_SIZE_BYTES_MAX + 3
        assert stream.startswith(taken)


def _inbound_samples() -> tuple[bytes, ...]:
    frames = [*recorded().frames, *map(encode_frame, EXAMPLES)]
    hello: Value = [TRANSPORT_CHANNEL, [_HELLO]]
    samples = [encode([hello, [TRANSPORT_CHANNEL, [encode_frame(Alive()), encode_frame(Goodbye(2))]]])]
    for at in range(0, len(frames), 2):
        parts: list[Value] = [[int(send_class_of(decode_frame(one))), [one]] for one in frames[at : at + 2]]
        samples.append(encode([hello, *parts]))
    return tuple(samples)


def _framing_samples() -> tuple[bytes, ...]:
    frames = [*recorded().frames, *map(encode_frame, EXAMPLES)]
    framed = [len(one).to_bytes(LENGTH_SIZE_BYTES, "big") + one for one in frames]
    return tuple(b"".join(framed[at : at + 2]) for at in range(0, len(framed), 2))


STREAM_TARGETS: tuple[Target, ...] = (
    Target("inbound", _inbound_samples, _check_inbound),
    Target("framing", _framing_samples, _check_framing),
    Target("chunks", lambda: tuple(map(stream_of, _inbound_samples())), _check_chunks),
)

"""Everything that reads bytes from a peer takes any bytes, in any pieces: it gives values or a typed error, and holds
no more than its bound."""

import ssl
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.errors import RemoteProtocolError
from p2p.certificates import own_certificate, transport_key_of
from p2p.chunks import CHUNK_SIZE_BYTES_MAX, TRANSPORT_CHANNEL, ChunkReader, chunk_bytes
from p2p.effects import SendClass, send_class_of
from p2p.frame import Frame
from p2p.frames import encode_frame
from p2p.framing import framed
from p2p.inbound import UNFINISHED_SIZE_BYTES_MAX, Inbound
from p2p.invitations import PREFIX, Guest, Invitation
from p2p.send_queues import SendQueues
from p2p.tls_contexts import client_context
from p2p.transport_errors import InvalidInvitationError, PeerRefusedError
from p2p.transport_messages import MESSAGES, Alive, Goodbye, Hello, Reach, Sight, decode_message
from tests.examples import examples
from tests.p2p.frame_strategies import any_frame, hashes, numbers
from tests.p2p.switchboards import KEYS, NETWORK, NOW_MS, contact, hello_of

BUFFERED_SIZE_BYTES_MAX = sum(UNFINISHED_SIZE_BYTES_MAX.values()) + 5 * 4 + CHUNK_SIZE_BYTES_MAX + 3
hellos = st.builds(
    Hello,
    st.sets(st.integers(1, 65_535), min_size=1, max_size=16).map(lambda found: tuple(sorted(found))),
    hashes,
    hashes,
    st.binary(min_size=16, max_size=16),
    numbers,
    hashes,
)
sights = st.builds(Sight, numbers, st.binary(max_size=64), st.binary(max_size=264), st.sampled_from(Reach), numbers)
messages: st.SearchStrategy[Frame] = st.one_of(
    hellos, st.builds(Goodbye, st.integers(0, 255)), st.just(Alive()), sights
)
GREETING = chunk_bytes(TRANSPORT_CHANNEL, encode_frame(hello_of(KEYS[0])))
chunks = st.builds(chunk_bytes, st.integers(0, 5), st.binary(min_size=1, max_size=300))
streams = st.one_of(
    st.binary(max_size=2000),
    st.lists(chunks, max_size=10).map(b"".join),
    st.lists(chunks, max_size=10).map(lambda parts: GREETING + b"".join(parts)),
)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def outcome(parts: list[bytes]) -> tuple[list[Frame], type[Exception] | None]:
    """What comes out of these pieces, up to the first error."""
    inbound, came = Inbound(), []
    for time_s, part in enumerate(parts):
        try:
            came += inbound.take(part, time_s)
        except RemoteProtocolError as error:
            return came, type(error)
        assert inbound.buffered_size_bytes <= BUFFERED_SIZE_BYTES_MAX
        since_s = inbound.unfinished_since_s
        assert (since_s is None) == (inbound.buffered_size_bytes == 0)
        assert since_s is None or since_s <= time_s
    return came, None


@settings(max_examples=examples(200))
@given(streams, st.lists(st.integers(0, 2000), max_size=8))
def test_any_bytes_in_any_pieces(data: bytes, cuts: list[int]) -> None:
    came, error = outcome(pieces(data, cuts))
    whole, whole_error = outcome([data])
    byte_by_byte, byte_error = outcome([data[place : place + 1] for place in range(len(data))])
    assert error is whole_error is byte_error
    if error is None:
        assert came == whole == byte_by_byte
    else:
        assert byte_by_byte[: len(came)] == came


@settings(max_examples=examples(80))
@given(st.lists(any_frame, max_size=12), st.lists(st.integers(0, 5000), max_size=6))
def test_what_is_queued_comes_out_at_the_other_end(frames: list[Frame], cuts: list[int]) -> None:
    queues = SendQueues()
    queues.put_message(encode_frame(hello_of(KEYS[0])))
    for frame in frames:
        assert queues.put(framed(frame), send_class_of(frame))
    sent = []
    while (chunk := queues.next_record()) is not None:
        sent.append(chunk)
    came, error = outcome(pieces(b"".join(sent), cuts))
    assert error is None and queues.size_bytes == 0
    classes = [send_class_of(frame) for frame in frames]
    hello, *rest = came
    assert hello == hello_of(KEYS[0])
    for one in SendClass:
        assert [frame for frame in rest if send_class_of(frame) is one] == [
            frame for frame, found in zip(frames, classes, strict=True) if found is one
        ]
    # Which of transactions and proposals goes first depends on what waited: see the tests of the queues.
    together = {SendClass.TRANSACTIONS: SendClass.PROPOSAL}
    order = [together.get(one, one) for one in map(send_class_of, rest)]
    assert order == sorted(order)


@given(messages)
def test_messages_are_read_as_they_were_written(message: Frame) -> None:
    assert decode_message(encode_frame(message)) == message


@given(st.one_of(st.binary(max_size=300), messages.map(encode_frame)), st.integers(0, 300), st.integers(0, 255))
def test_any_message(data: bytes, place: int, byte: int) -> None:
    changed = data[:place] + bytes((byte,)) + data[place + 1 :]
    try:
        message = decode_message(changed)
    except RemoteProtocolError:
        return
    assert type(message) in MESSAGES.values()
    assert encode_frame(message) == changed


@given(st.binary(max_size=3000))
def test_any_chunks(data: bytes) -> None:
    reader = ChunkReader()
    reader.feed(data)
    taken = b""
    try:
        while (chunk := reader.next_chunk()) is not None:
            taken += chunk_bytes(chunk.channel, chunk.data)
    except RemoteProtocolError:
        pass
    assert data.startswith(taken)
    assert reader.buffered_size_bytes == len(data) - len(taken)


def own_leaf() -> bytes:
    pem = own_certificate(KEYS[0].transport).decode("ascii")
    return ssl.PEM_cert_to_DER_cert(pem[: pem.index("-----BEGIN PRIVATE")])


LEAF = own_leaf()


@settings(max_examples=examples(200))
@given(st.one_of(st.binary(max_size=400), st.just(LEAF)), st.integers(0, 400), st.binary(max_size=4))
# A version that there is not: an error of the library that is no ValueError.
@example(LEAF, 12, b"\x01")
def test_any_certificate(data: bytes, place: int, written: bytes) -> None:
    changed = data[:place] + written + data[place + len(written) :]
    try:
        key = transport_key_of(changed)
    except PeerRefusedError:
        return
    assert len(key) == 32


def test_the_own_certificate_says_the_own_key() -> None:
    assert transport_key_of(LEAF) == KEYS[0].transport.public
    context = client_context(own_certificate(KEYS[0].transport), KEYS[1].transport.public)
    assert len(context.get_ca_certs()) == 1


def invitation() -> Invitation:
    guest = Guest(KEYS[1].node_id, KEYS[1].transport.public)
    neighbours = (contact(KEYS[0], "node.example:7000"), contact(KEYS[2], "[2001:db8::1]:7000"))
    return Invitation.make(NETWORK, guest, neighbours, NOW_MS, NOW_MS + 1000, KEYS[0].agreement)


TEXT = invitation().to_text()


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda data: PREFIX + data.hex()), st.just(TEXT)))
def test_any_invitation(text: str) -> None:
    try:
        read = Invitation.from_text(text)
    except InvalidInvitationError:
        return
    assert read.to_text() == text.strip()


@settings(max_examples=examples(120))
@given(
    st.integers(len(PREFIX), len(TEXT) - 1),
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
)
def test_a_changed_invitation_never_holds(place: int, character: str) -> None:
    changed = TEXT[:place] + character + TEXT[place + 1 :]
    try:
        Invitation.from_text(changed).check(NETWORK, NOW_MS, lambda key: True)
    except InvalidInvitationError:
        return
    assert changed == TEXT

"""The TLS stream between nodes: what leaves at once, what waits for the system, and how a connection ends."""

import socket
import ssl
from types import SimpleNamespace

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from p2p.certificates import own_certificate
from p2p.secure_stream import _ANSWERS_SIZE_BYTES_MAX, SecureStream
from p2p.tls_contexts import client_context
from tests.p2p.secure_pairs import raw_pair, secure_pair
from tests.p2p.switchboards import KEYS

pytestmark = pytest.mark.trio

# More than the system takes of somebody whose peer does not read: what its buffers hold by default, several times over.
MUCH = bytes(range(256)) * 64 * 1024
HELLO = b"hello"


async def received(stream: SecureStream, size_bytes: int) -> bytes:
    data = b""
    while len(data) < size_bytes:
        data += await stream.receive_some(size_bytes - len(data))
    return data


async def test_what_is_written_arrives_in_order_both_ways() -> None:
    async with secure_pair() as pair:

        async def exchange(here: SecureStream) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(here.send_all, MUCH)
                assert await received(here, len(MUCH)) == MUCH

        async with trio.open_nursery() as nursery:
            for stream in pair:
                nursery.start_soon(exchange, stream)


@given(
    pieces=st.lists(st.tuples(st.binary(max_size=40_000), st.booleans()), max_size=8),
    sizes=st.lists(st.integers(1, 70_000), min_size=1),
)
async def test_however_it_is_cut_it_is_the_same(pieces: list[tuple[bytes, bool]], sizes: list[int]) -> None:
    async with secure_pair() as (one, other), trio.open_nursery() as nursery:

        async def send() -> None:
            for piece, is_now in pieces:
                if not is_now:
                    await one.send_all(piece)
                elif not one.send_now(piece):
                    await one.send_all(b"")
            await one.aclose()

        nursery.start_soon(send)
        data, turn = b"", 0
        while piece := await other.receive_some(sizes[turn % len(sizes)]):
            assert len(piece) <= sizes[turn % len(sizes)]
            data, turn = data + piece, turn + 1
        assert data == b"".join(piece for piece, _ in pieces)


async def test_what_the_system_takes_leaves_without_a_turn_of_the_loop() -> None:
    async with secure_pair() as (one, other):
        with trio.testing.assert_no_checkpoints():
            assert one.send_now(HELLO)
        assert await other.receive_some() == HELLO


async def test_what_the_system_does_not_take_is_kept_and_goes_before_the_next() -> None:
    """Take out what is kept in `p2p/secure_stream.py`, `_push`, and the other end sees garbage."""
    async with secure_pair() as (one, other), trio.open_nursery() as nursery:
        assert not one.send_now(MUCH)
        assert not one.send_now(HELLO)
        nursery.start_soon(one.send_all, b"")
        assert await received(other, len(MUCH) + len(HELLO)) == MUCH + HELLO
        assert one.send_now(HELLO)
        assert await other.receive_some() == HELLO


async def test_who_is_cancelled_while_it_sends_loses_nothing() -> None:
    async with secure_pair() as (one, other), trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            scope.cancel()
            await one.send_all(MUCH)
        assert scope.cancelled_caught
        nursery.start_soon(one.send_all, HELLO)
        assert await received(other, len(MUCH) + len(HELLO)) == MUCH + HELLO


async def test_many_records_are_read_at_once() -> None:
    async with secure_pair() as (one, other):
        for _ in range(5):
            assert one.send_now(HELLO)
        assert await other.receive_some() == 5 * HELLO


async def test_what_is_there_already_is_read_with_a_checkpoint() -> None:
    async with secure_pair() as (one, other):
        assert one.send_now(HELLO)
        assert await other.receive_some(2) == HELLO[:2]
        with trio.testing.assert_checkpoints():
            assert await other.receive_some(100) == HELLO[2:]


async def test_who_is_cancelled_while_it_reads_loses_nothing() -> None:
    async with secure_pair() as (one, other):
        assert one.send_now(HELLO)
        assert await other.receive_some(1) == HELLO[:1]
        with trio.CancelScope() as scope:
            scope.cancel()
            await other.receive_some(2)
        assert scope.cancelled_caught
        assert await other.receive_some() == HELLO[1:]


async def test_nothing_is_read_for_nothing() -> None:
    async with secure_pair() as (one, _other):
        with pytest.raises(ValueError, match="at least 1"):
            await one.receive_some(0)


async def test_a_peer_that_has_tls_answer_without_end_is_left() -> None:
    """What TLS says by itself waits for our next word; a peer can ask for it with each few bytes (new keys)."""
    async with secure_pair() as (one, other):
        read = other._tls.read

        def answering(size_bytes: int) -> bytes:
            other._outgoing.write(bytes(100))
            return read(size_bytes)

        other._tls = SimpleNamespace(read=answering)  # type: ignore[assignment]
        with pytest.raises(trio.BrokenResourceError, match="too often"):
            for _ in range(_ANSWERS_SIZE_BYTES_MAX // 100 + 1):
                assert one.send_now(HELLO)
                assert await other.receive_some() == HELLO


async def test_what_waits_to_be_sent_is_no_answer_of_tls() -> None:
    async with secure_pair() as (one, other):
        other._encrypt(bytes(2 * _ANSWERS_SIZE_BYTES_MAX))
        assert one.send_now(HELLO)
        assert await other.receive_some() == HELLO


@pytest.mark.parametrize("is_announced", [False, True])
async def test_what_came_before_the_end_is_read_first_and_the_end_stays(is_announced: bool) -> None:
    async with secure_pair() as (one, other):
        assert one.send_now(HELLO)
        if is_announced:
            with pytest.raises(ssl.SSLWantReadError):
                one._tls.unwrap()
            assert one.send_now(b"")
        else:
            await one.aclose()
        assert await other.receive_some() == HELLO
        for _ in range(3):
            assert await other.receive_some() == b""


async def test_what_is_no_tls_breaks_the_connection() -> None:
    async with secure_pair() as (one, other):
        await one._stream.send_all(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(trio.BrokenResourceError) as broken:
            await other.receive_some()
        assert isinstance(broken.value.__cause__, ssl.SSLError)


async def test_a_peer_that_breaks_off_breaks_the_connection() -> None:
    async with secure_pair() as (one, other):
        # The system sends a reset in place of an end.
        one._stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        await one.aclose()
        with pytest.raises(trio.BrokenResourceError):
            await other.receive_some()
        with pytest.raises(trio.BrokenResourceError):
            other.send_now(HELLO)


async def test_a_stream_that_was_closed_here_says_so() -> None:
    async with secure_pair() as (one, _other):

        async def read() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await one.receive_some()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await trio.testing.wait_all_tasks_blocked()
            await one.aclose()
        with pytest.raises(trio.ClosedResourceError):
            one.send_now(HELLO)
        with pytest.raises(trio.ClosedResourceError):
            await one.send_all(HELLO)
        with pytest.raises(trio.ClosedResourceError):
            await one.receive_some()


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n\r\n"])
async def test_who_shakes_no_hands_is_no_peer(said: bytes) -> None:
    context = client_context(own_certificate(KEYS[0].transport), KEYS[1].transport.public)
    async with raw_pair() as (one, other):
        if said:
            await other.send_all(said)
        else:
            await other.aclose()
        with pytest.raises(trio.BrokenResourceError) as broken:
            await SecureStream(one, context, server_side=False).do_handshake()
        assert isinstance(broken.value.__cause__, ssl.SSLError)

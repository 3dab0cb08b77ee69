"""One connection over streams in memory, with a clock that jumps: time limits, order, the end and its reason."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
import trio
import trio.testing

from p2p.chunks import CHUNK_SIZE_BYTES_MAX, TRANSPORT_CHANNEL, ChunkReader, chunk_bytes
from p2p.close_reasons import CloseReason
from p2p.connection import Connection, TimeLimits
from p2p.effects import SendClass
from p2p.frame import Frame
from p2p.frames import Gossip, PayloadKind, Prune, encode_frame
from p2p.framing import framed
from p2p.send_queues import QUEUE_SIZE_BYTES_MAX
from p2p.transport_errors import PeerRefusedError
from p2p.transport_messages import Alive, Goodbye, decode_message
from tests.p2p.switchboards import KEYS, hello_of

pytestmark = pytest.mark.trio
LIMITS = TimeLimits()
HELLO = hello_of(KEYS[0])
VOTE = Gossip.of(PayloadKind.AGREEMENT, b"vote")
Take = Callable[[Frame], Awaitable[None]]


async def greeted_pair() -> tuple[Connection, Connection]:
    here, there = trio.testing.lockstep_stream_pair()
    one, other = Connection(here), Connection(there)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one.say, HELLO)
        assert await other.hear_hello() == HELLO
        nursery.start_soon(other.say, HELLO)
        assert await one.hear_hello() == HELLO
    return one, other


async def greeted_with_raw_end() -> tuple[Connection, trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream]:
    """A connection, and the bare end of its stream; what is sent into it is taken at once."""
    here, there = trio.testing.memory_stream_pair()
    connection = Connection(here)
    await there.send_all(chunk_bytes(TRANSPORT_CHANNEL, encode_frame(HELLO)))
    await connection.hear_hello()
    return connection, there.send_stream, there.receive_stream


async def ignore(frame: Frame) -> None:
    assert isinstance(frame, Frame)


def collector(came: list[Frame]) -> Take:
    async def take(frame: Frame) -> None:
        came.append(frame)

    return take


async def everything(receiving: trio.testing.MemoryReceiveStream) -> bytes:
    """All that was sent until the stream was closed."""
    data = b""
    while part := await receiving.receive_some():
        data += part
    return data


def said(data: bytes) -> list[Frame]:
    """The transport's messages in what was sent."""
    reader = ChunkReader()
    reader.feed(data)
    chunks = []
    while (chunk := reader.next_chunk()) is not None:
        chunks.append(chunk)
    return [decode_message(chunk.data) for chunk in chunks if chunk.channel == TRANSPORT_CHANNEL]


async def test_idle_connections_stay_alive(autojump_clock: trio.testing.MockClock) -> None:
    one, other = await greeted_pair()
    with trio.move_on_after(3600):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.run, ignore)
            nursery.start_soon(other.run, ignore)
    assert (one.reason, other.reason) == (CloseReason.LOST, CloseReason.LOST)
    # One `alive` of seven bytes or less every five seconds, after the hello.
    assert 3600 / LIMITS.alive_every_s * 0.9 < (one.sent_size_bytes - 150) / 5 < 3600 / LIMITS.alive_every_s * 1.1


async def test_a_peer_that_fell_silent_is_left(autojump_clock: trio.testing.MockClock) -> None:
    connection, _, receiving = await greeted_with_raw_end()
    began_s = trio.current_time()
    await connection.run(ignore)
    assert connection.reason is CloseReason.SILENT
    assert trio.current_time() - began_s < LIMITS.silent_s + LIMITS.goodbye_s + 1
    sent = said(await everything(receiving))
    assert sent[-1] == Goodbye(CloseReason.SILENT)
    assert set(sent[:-1]) == {Alive()}


async def test_a_frame_that_dribbles_in_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    connection, sending, _ = await greeted_with_raw_end()
    dribbled = [0]

    async def dribble() -> None:
        await sending.send_all(chunk_bytes(SendClass.BULK, b"\x00\x10\x00\x00\x93\x0b"))
        while True:
            await trio.testing.wait_all_tasks_blocked()
            with trio.move_on_after(1):
                await trio.sleep_forever()
            # Other frames come whole all the while: they do not make up for it.
            await sending.send_all(chunk_bytes(SendClass.BULK, b"\0") + chunk_bytes(SendClass.CONTROL, framed(Prune())))
            dribbled[0] += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(dribble)
        await connection.run(ignore)
        nursery.cancel_scope.cancel()
    assert connection.reason is CloseReason.TOO_SLOW
    assert LIMITS.frame_s - 2 <= dribbled[0] <= LIMITS.frame_s + LIMITS.goodbye_s + 1


async def test_a_reader_that_is_slow_itself_does_not_blame_the_peer(autojump_clock: trio.testing.MockClock) -> None:
    connection, sending, _ = await greeted_with_raw_end()
    large = framed(Gossip.of(PayloadKind.TRANSACTIONS, bytes(10_000)))
    came: list[Frame] = []

    async def take(frame: Frame) -> None:
        came.append(frame)
        if len(came) == 1:
            with trio.move_on_after(10 * LIMITS.frame_s):
                await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        await sending.send_all(
            chunk_bytes(SendClass.TRANSACTIONS, large[:5000]) + chunk_bytes(SendClass.CONTROL, framed(Prune()))
        )
        nursery.start_soon(connection.run, take)
        await trio.testing.wait_all_tasks_blocked()
        await sending.send_all(chunk_bytes(SendClass.TRANSACTIONS, large[5000:]))
        with trio.move_on_after(10 * LIMITS.frame_s + 1):
            await trio.sleep_forever()
        assert connection.reason is None
        nursery.cancel_scope.cancel()
    assert [type(frame) for frame in came] == [Prune, Gossip]


async def test_a_peer_that_reads_nothing_is_left(autojump_clock: trio.testing.MockClock) -> None:
    """Half-open: what is sent goes nowhere, and nothing comes."""
    here, there = trio.testing.lockstep_stream_pair()
    connection = Connection(here)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(there.send_all, chunk_bytes(TRANSPORT_CHANNEL, encode_frame(HELLO)))
        await connection.hear_hello()
    connection.queue(framed(VOTE), SendClass.AGREEMENT)
    began_s = trio.current_time()
    await connection.run(ignore)
    assert connection.reason in (CloseReason.TOO_SLOW, CloseReason.SILENT)
    assert trio.current_time() - began_s <= LIMITS.chunk_s + LIMITS.goodbye_s


async def test_a_peer_that_talks_and_reads_nothing_is_left(autojump_clock: trio.testing.MockClock) -> None:
    here, there = trio.testing.lockstep_stream_pair()
    connection = Connection(here)

    async def talk() -> None:
        with suppress(trio.BrokenResourceError):
            while True:
                await there.send_all(chunk_bytes(TRANSPORT_CHANNEL, encode_frame(Alive())))
                with trio.move_on_after(1):
                    await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(there.send_all, chunk_bytes(TRANSPORT_CHANNEL, encode_frame(HELLO)))
        await connection.hear_hello()
    connection.queue(framed(VOTE), SendClass.AGREEMENT)
    began_s = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk)
        await connection.run(ignore)
        nursery.cancel_scope.cancel()
    assert connection.reason is CloseReason.TOO_SLOW
    assert LIMITS.chunk_s <= trio.current_time() - began_s <= LIMITS.chunk_s + LIMITS.goodbye_s


async def test_a_queue_that_is_full_ends_the_connection() -> None:
    connection, _, receiving = await greeted_with_raw_end()
    frame = framed(Gossip.of(PayloadKind.AGREEMENT, bytes(10_000)))
    count = 0
    while connection.reason is None:
        connection.queue(frame, SendClass.AGREEMENT)
        count += 1
        assert connection.queued_size_bytes <= QUEUE_SIZE_BYTES_MAX[SendClass.AGREEMENT]
    assert count == QUEUE_SIZE_BYTES_MAX[SendClass.AGREEMENT] // (len(frame) + 64) + 1
    with trio.move_on_after(5):
        await connection.run(ignore)
    assert connection.reason is CloseReason.OVERFULL
    assert said(await everything(receiving)) == [Goodbye(CloseReason.OVERFULL)]


async def test_an_urgent_frame_waits_for_one_chunk_only() -> None:
    """While a large frame is on its way; by the order of bytes."""
    here, there = trio.testing.lockstep_stream_pair()
    connection = Connection(here)
    reader = ChunkReader()
    channels: list[int] = []

    async def next_chunk() -> int:
        while (chunk := reader.next_chunk()) is None:
            reader.feed(bytes(await there.receive_some(4096)))
        return chunk.channel

    async with trio.open_nursery() as nursery:
        nursery.start_soon(there.send_all, chunk_bytes(TRANSPORT_CHANNEL, encode_frame(HELLO)))
        await connection.hear_hello()
        connection.queue(framed(Gossip.of(PayloadKind.TRANSACTIONS, bytes(500_000))), SendClass.BULK)
        nursery.start_soon(connection.run, ignore)
        channels += [await next_chunk() for _ in range(3)]
        # The fourth chunk is in the stream's hands, or on its way there.
        await trio.testing.wait_all_tasks_blocked()
        connection.queue(framed(VOTE), SendClass.AGREEMENT)
        connection.flush()
        channels += [await next_chunk() for _ in range(500_000 // CHUNK_SIZE_BYTES_MAX - 1)]
        nursery.cancel_scope.cancel()
    assert channels.index(SendClass.AGREEMENT) <= 4
    assert set(channels) == {SendClass.AGREEMENT, SendClass.BULK}


async def test_everything_arrives_in_the_order_of_its_class() -> None:
    one, other = await greeted_pair()
    came: list[Frame] = []
    votes = [Gossip.of(PayloadKind.AGREEMENT, bytes([index]) * 3000) for index in range(50)]
    batches = [Gossip.of(PayloadKind.TRANSACTIONS, bytes([index]) * 60_000) for index in range(20)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one.run, ignore)
        nursery.start_soon(other.run, collector(came))
        for batch in batches:
            one.queue(framed(batch), SendClass.TRANSACTIONS)
        for vote in votes:
            one.queue(framed(vote), SendClass.AGREEMENT)
        one.flush()
        with trio.fail_after(20):
            while len(came) < 70:
                await trio.lowlevel.checkpoint()
        one.close(CloseReason.SHUTTING_DOWN)
    assert [frame for frame in came if frame in votes] == votes
    assert [frame for frame in came if frame in batches] == batches
    assert (one.reason, other.reason) == (CloseReason.SHUTTING_DOWN, CloseReason.SHUTTING_DOWN)
    assert other.is_told and not one.is_told


async def test_what_comes_after_a_reason_to_close_is_not_handed_on() -> None:
    connection, sending, _ = await greeted_with_raw_end()
    came: list[Frame] = []
    prune = chunk_bytes(SendClass.CONTROL, framed(Prune()))
    await sending.send_all(prune + chunk_bytes(SendClass.CONTROL, b"\0\0\0\2\xff\xff") + prune)
    await sending.send_all(prune)
    sending.close()
    await connection.run(collector(came))
    assert connection.reason is CloseReason.INVALID_FRAME and connection.detail
    assert came in ([], [Prune()])


async def test_a_stream_that_breaks_is_lost_and_a_goodbye_is_heard() -> None:
    connection, sending, _ = await greeted_with_raw_end()
    sending.close()
    await connection.run(ignore)
    assert (connection.reason, connection.is_told) == (CloseReason.LOST, False)
    connection, sending, _ = await greeted_with_raw_end()
    await sending.send_all(chunk_bytes(TRANSPORT_CHANNEL, encode_frame(Goodbye(250))))
    await connection.run(ignore)
    assert (connection.reason, connection.is_told) == (CloseReason.OTHER, True)


async def test_a_connection_that_is_cut_ends_at_once(autojump_clock: trio.testing.MockClock) -> None:
    connection, _, receiving = await greeted_with_raw_end()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.run, ignore)
        await trio.testing.wait_all_tasks_blocked()
        began_s = trio.current_time()
        connection.cut(CloseReason.DUPLICATE)
    assert (connection.reason, trio.current_time()) == (CloseReason.DUPLICATE, began_s)
    assert said(await everything(receiving)) == []


async def test_something_else_than_a_greeting_is_refused() -> None:
    here, there = trio.testing.memory_stream_pair()
    await there.send_all(chunk_bytes(TRANSPORT_CHANNEL, encode_frame(Alive())))
    with pytest.raises(PeerRefusedError) as refused:
        await Connection(here).hear_hello()
    assert refused.value.reason is CloseReason.INVALID_FRAME
    here, there = trio.testing.memory_stream_pair()
    await there.send_all(chunk_bytes(TRANSPORT_CHANNEL, encode_frame(Goodbye(CloseReason.BANNED))))
    with pytest.raises(PeerRefusedError) as refused:
        await Connection(here).hear_hello()
    assert refused.value.told and refused.value.reason is CloseReason.BANNED


async def test_who_talked_while_the_node_stood_still_is_not_left(mock_clock: trio.testing.MockClock) -> None:
    """What came and the end of the time for it are there at the same moment; which is looked at first is chance."""
    frame = chunk_bytes(SendClass.CONTROL, framed(Prune()))
    connections: list[Connection] = []
    ends: list[trio.testing.MemoryReceiveStream] = []
    async with trio.open_nursery() as nursery:
        for _ in range(16):
            here, there = trio.testing.memory_stream_pair()
            connections.append(Connection(here))
            await there.send_all(chunk_bytes(TRANSPORT_CHANNEL, encode_frame(HELLO)))
            await connections[-1].hear_hello()
            ends.append(here.receive_stream)
            nursery.start_soon(connections[-1].run, ignore)
        await trio.testing.wait_all_tasks_blocked()
        for end in ends:
            end.put_data(frame)
        mock_clock.jump(LIMITS.silent_s + 0.1)
        await trio.testing.wait_all_tasks_blocked()
        assert [connection.reason for connection in connections] == [None] * 16
        nursery.cancel_scope.cancel()


async def test_nobody_waits_for_a_goodbye_that_is_cut(autojump_clock: trio.testing.MockClock) -> None:
    one, _ = await greeted_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one.run, ignore)
        await trio.testing.wait_all_tasks_blocked()
        # The other end takes nothing.
        one.close(CloseReason.DUPLICATE)
        with trio.move_on_after(LIMITS.goodbye_s / 4):
            await trio.sleep_forever()
        cut_s = trio.current_time()
        one.cut(CloseReason.DUPLICATE)
    assert trio.current_time() - cut_s < LIMITS.goodbye_s / 4

"""A connection over TLS: what is flushed leaves at once, and what the system does not take leaves in its order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from p2p.chunks import TRANSPORT_CHANNEL, chunk_bytes
from p2p.close_reasons import CloseReason
from p2p.connection import Connection, TimeLimits
from p2p.effects import SendClass
from p2p.frame import Frame
from p2p.frames import Gossip, PayloadKind, encode_frame
from p2p.framing import framed
from p2p.secure_stream import SecureStream
from p2p.transport_messages import Alive
from tests.p2p.secure_pairs import secure_pair
from tests.p2p.switchboards import DEADLINE_S, KEYS, hello_of

pytestmark = pytest.mark.trio
VOTE = Gossip.of(PayloadKind.AGREEMENT, b"vote")
# What the system's buffers hold of somebody whose peer does not read, several times over.
BLOCKS = [Gossip.of(PayloadKind.PROPOSAL, bytes([index]) * 1_000_000) for index in range(7)]


async def ignore(frame: Frame) -> None:
    assert isinstance(frame, Frame)


class Line:
    """A connection that runs, and the connection at its other end, which nobody reads until it runs."""

    def __init__(self, one: SecureStream, other: SecureStream) -> None:
        self.stream = one
        # Nothing leaves because it is time to say that one is alive.
        limits = TimeLimits(alive_every_s=10 * DEADLINE_S, silent_s=30 * DEADLINE_S)
        self.one, self.other = Connection(one, limits), Connection(other, limits)
        self.came: list[Frame] = []

    async def take(self, frame: Frame) -> None:
        self.came.append(frame)

    async def read(self) -> None:
        await self.other.run(self.take)

    async def until(self, count: int) -> None:
        """Return when the other end has got so many frames."""
        with trio.fail_after(DEADLINE_S):
            while len(self.came) < count:
                await trio.lowlevel.checkpoint()


@asynccontextmanager
async def line() -> AsyncIterator[Line]:
    """One end runs and has nothing to do; greeted."""
    async with secure_pair() as pair:
        line = Line(*pair)
        await line.one.say(hello_of(KEYS[0]))
        await line.other.hear_hello()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(line.one.run, line.take)
            await trio.testing.wait_all_tasks_blocked()
            yield line
            nursery.cancel_scope.cancel()


async def test_what_is_flushed_has_left_when_flush_returns() -> None:
    """Take out `_send_now` in `p2p/connection.py` and this fails."""
    async with line() as here:
        here.one.queue(framed(VOTE), SendClass.AGREEMENT)
        before = here.one.sent_size_bytes
        here.one.flush()
        assert here.one.sent_size_bytes > before
        assert here.one.queued_size_bytes == 0


async def test_what_is_only_queued_has_not() -> None:
    async with line() as here, trio.open_nursery() as nursery:
        nursery.start_soon(here.read)
        before = here.one.sent_size_bytes
        here.one.queue(framed(VOTE), SendClass.AGREEMENT)
        await trio.testing.wait_all_tasks_blocked()
        assert (here.one.sent_size_bytes, here.came) == (before, [])
        here.one.flush()
        await here.until(1)
        nursery.cancel_scope.cancel()


async def test_one_flush_takes_a_few_records_and_the_writer_the_rest() -> None:
    async with line() as here, trio.open_nursery() as nursery:
        here.one.queue(framed(BLOCKS[0]), SendClass.PROPOSAL)
        here.one.flush()
        assert 0 < here.one.sent_size_bytes < 100_000
        nursery.start_soon(here.read)
        await here.until(1)
        assert here.came == BLOCKS[:1]
        nursery.cancel_scope.cancel()


async def test_what_the_system_does_not_take_arrives_in_its_order() -> None:
    async with line() as here, trio.open_nursery() as nursery:
        for block in BLOCKS:
            here.one.queue(framed(block), SendClass.PROPOSAL)
            here.one.flush()
        await trio.testing.wait_all_tasks_blocked()
        assert here.one.queued_size_bytes > 0
        here.one.queue(framed(VOTE), SendClass.AGREEMENT)
        here.one.flush()
        nursery.start_soon(here.read)
        await here.until(1 + len(BLOCKS))
        assert [frame for frame in here.came if frame != VOTE] == BLOCKS
        # It passes what waits; what is under way goes on behind it, where it was.
        assert here.came.index(VOTE) < len(BLOCKS)
        # Afterwards it is as before.
        here.one.queue(framed(VOTE), SendClass.AGREEMENT)
        here.one.flush()
        await here.until(2 + len(BLOCKS))
        nursery.cancel_scope.cancel()


async def test_while_the_stream_keeps_the_rest_of_a_record_it_gets_no_more() -> None:
    """Take out the look at `_has_rest` in `_send_now` and what is kept has no bound, and nothing passes it."""
    async with line() as here, trio.open_nursery() as nursery:
        while here.stream.send_now(b""):
            here.one.queue(framed(BLOCKS[0]), SendClass.PROPOSAL)
            here.one.flush()
        sent = here.one.sent_size_bytes
        frames = [Gossip.of(PayloadKind.AGREEMENT, bytes([index])) for index in range(20)]
        for frame in frames:
            here.one.queue(framed(frame), SendClass.AGREEMENT)
            here.one.flush()
        assert here.one.sent_size_bytes == sent
        nursery.start_soon(here.read)
        with trio.fail_after(DEADLINE_S):
            while [frame for frame in here.came if frame in frames] != frames:
                await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()


async def test_the_rest_of_the_last_record_leaves_too() -> None:
    """Take out `_has_rest` in `_send_all` and the vote stays here until something else is to be sent."""
    alive = chunk_bytes(TRANSPORT_CHANNEL, encode_frame(Alive())) * 10_000
    async with line() as here, trio.open_nursery() as nursery:
        while here.stream.send_now(alive):
            assert here.came == []
        here.one.queue(framed(VOTE), SendClass.AGREEMENT)
        here.one.flush()
        assert here.one.queued_size_bytes == 0
        nursery.start_soon(here.read)
        await here.until(1)
        assert here.came == [VOTE]
        nursery.cancel_scope.cancel()


async def test_a_connection_that_broke_is_ended_by_a_flush() -> None:
    async with secure_pair() as (stream, _other):
        one = Connection(stream)
        ended = trio.Event()

        async def run() -> None:
            await one.run(ignore)
            ended.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            await trio.testing.wait_all_tasks_blocked()
            # Nobody has read the end yet.
            stream._stream.socket.shutdown(trio.socket.SHUT_WR)
            one.queue(framed(VOTE), SendClass.AGREEMENT)
            one.flush()
            assert one.reason is CloseReason.LOST
            with trio.fail_after(DEADLINE_S):
                await ended.wait()

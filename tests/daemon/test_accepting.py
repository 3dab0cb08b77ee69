"""Taking connections: all that wait where there is room, nobody where there is none, and the rest of them in time."""

import errno
import socket
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
import structlog.testing
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.accepting import BACKLOG, IN_ONE_TURN_MAX, LOOK_SECONDS, SCARCE_SECONDS, WAIT_SECONDS_MAX, Accepting
from daemon.tcp_listener import open_tcp_listener

pytestmark = pytest.mark.trio


class Troubled(socket.socket):
    """A listening socket whose system refuses the next connections with these errors."""

    errors: list[int]

    def accept(self) -> tuple[socket.socket, object]:
        if self.errors:
            raise OSError(self.errors.pop(0), "no")
        return super().accept()


class Door:
    """A listening socket, who was taken from it and when, and clients that come to it."""

    def __init__(self, room: int) -> None:
        plain = open_tcp_listener("127.0.0.1:0", "http")
        self.listener = Troubled(fileno=plain.detach())
        self.listener.errors = []
        self.room = room
        self.taken: list[trio.SocketStream] = []
        self.taken_at: list[float] = []
        self.clients: list[socket.socket] = []
        self.began = trio.current_time()
        self.accepting = Accepting(self.listener, lambda: self.room, self.take)

    def take(self, stream: trio.SocketStream) -> None:
        self.taken.append(stream)
        self.taken_at.append(trio.current_time() - self.began)
        self.room = max(0, self.room - 1)

    def come(self, count: int) -> None:
        """The system takes them at once; the node need not be there."""
        for _ in range(count):
            self.clients.append(socket.create_connection(self.listener.getsockname(), 5))

    def close(self) -> None:
        for stream in self.taken:
            stream.socket.close()
        for one in (*self.clients, self.listener):
            one.close()


@pytest.fixture
async def door(autojump_clock: MockClock) -> AsyncIterator[Door]:
    door = Door(1000)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(door.accepting.run)
        yield door
        nursery.cancel_scope.cancel()
    door.close()


async def until(door: Door, count: int) -> None:
    with trio.fail_after(60):
        while len(door.taken) < count:
            await wait_all_tasks_blocked()
            with trio.move_on_after(LOOK_SECONDS):
                await trio.sleep_forever()


async def test_all_that_wait_are_taken_at_once_and_others_have_their_turn(
    autojump_clock: MockClock, door: Door
) -> None:
    """One in each turn of the event loop is one in each step of a busy node."""
    door.come(200)
    counts = [0]
    while len(door.taken) < 200:
        await trio.lowlevel.checkpoint()
        counts.append(len(door.taken))
    assert door.taken_at[-1] == 0
    steps = [after - before for before, after in pairwise(counts)]
    assert max(steps) <= 2 * IN_ONE_TURN_MAX
    assert sum(step > 0 for step in steps) <= 200 / IN_ONE_TURN_MAX + 1


async def test_where_there_is_no_room_nobody_is_taken_until_there_is(autojump_clock: MockClock, door: Door) -> None:
    door.room = 0
    door.come(3)
    with trio.move_on_after(WAIT_SECONDS_MAX / 2):
        await trio.sleep_forever()
    assert door.taken == []
    door.room = 2
    await until(door, 2)
    with trio.move_on_after(LOOK_SECONDS):
        await trio.sleep_forever()
    assert len(door.taken) == 2, "there is no room for the third"
    assert max(door.taken_at) <= WAIT_SECONDS_MAX / 2 + 2 * LOOK_SECONDS
    door.room = 1
    await until(door, 3)


async def test_who_has_waited_long_enough_is_refused_and_who_comes_then_waits_in_turn(
    autojump_clock: MockClock, door: Door
) -> None:
    """Let those who come while others are refused be refused too, and clients that come again at once keep it busy."""
    door.room = 0
    door.come(100)
    first = door.take

    def refused(stream: trio.SocketStream) -> None:
        first(stream)
        door.come(1)

    door.accepting._take = refused
    await until(door, 100)
    assert len(door.taken) == 100
    assert all(WAIT_SECONDS_MAX <= at <= WAIT_SECONDS_MAX + LOOK_SECONDS for at in door.taken_at)
    await until(door, 200)
    assert all(2 * WAIT_SECONDS_MAX <= at <= 2 * (WAIT_SECONDS_MAX + LOOK_SECONDS) for at in door.taken_at[100:])
    assert len(door.taken) == 200


async def test_what_is_gone_already_is_passed_over(autojump_clock: MockClock, door: Door) -> None:
    door.listener.errors = [errno.ECONNABORTED, errno.EPROTO]
    door.come(2)
    await until(door, 2)
    assert door.taken_at == [0, 0]


async def test_where_the_system_has_no_more_files_it_is_tried_again_in_a_moment(
    autojump_clock: MockClock, door: Door
) -> None:
    door.listener.errors = [errno.EMFILE]
    with structlog.testing.capture_logs() as logged:
        door.come(2)
        await until(door, 2)
    assert [one["event"] for one in logged] == ["accept-failed"]
    assert all(SCARCE_SECONDS <= at <= 2 * SCARCE_SECONDS for at in door.taken_at)


async def test_another_error_of_the_system_is_not_hidden(autojump_clock: MockClock) -> None:
    door = Door(1)
    door.listener.errors = [errno.EBADF]
    door.come(1)
    with pytest.raises(OSError, match="no"):
        await door.accepting.run()
    door.close()


async def test_who_was_taken_and_not_served_is_closed_when_the_node_ends(autojump_clock: MockClock) -> None:
    door = Door(BACKLOG)
    door.come(2 * IN_ONE_TURN_MAX)
    with trio.CancelScope() as scope:
        taken = door.take

        def last(stream: trio.SocketStream) -> None:
            taken(stream)
            scope.cancel()

        door.accepting._take = last
        await door.accepting.run()
    assert len(door.taken) == IN_ONE_TURN_MAX
    for one in door.clients[IN_ONE_TURN_MAX:]:
        assert one.recv(1) == b""
    door.close()


async def test_as_many_as_the_backlog_wait_outside(autojump_clock: MockClock) -> None:
    """Half of it. With 128 the system let the others try again a second later."""
    door = Door(0)
    door.come(512)
    door.room = 1024
    async with trio.open_nursery() as nursery:
        nursery.start_soon(door.accepting.run)
        await until(door, 512)
        nursery.cancel_scope.cancel()
    assert door.taken_at[-1] == 0
    door.close()

"""Taking connections: all that wait where there is room, nobody where there is none, and the rest of them in time."""

import errno
import socket
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
import structlog.testing
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.accepting import AT_ONCE_MAX, LOOK_SECONDS, NOTE_SECONDS, SCARCE_SECONDS, WAIT_SECONDS_MAX, Accepting
from daemon.backlog import BACKLOG
from daemon.control_socket import open_control_socket
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

    def __init__(self, room: int, plain: socket.socket | None = None) -> None:
        plain = plain or open_tcp_listener("127.0.0.1:0", "http")
        self.listener = Troubled(fileno=plain.detach())
        self.listener.errors = []
        self.room = room
        self.taken: list[trio.SocketStream] = []
        self.taken_at: list[float] = []
        self.refused_at: list[float] = []
        self.refusing: set[trio.SocketStream] = set()
        self.refusing_most = 0
        self.clients: list[socket.socket] = []
        self.began = trio.current_time()
        self.accepting = Accepting(self.listener, lambda: self.room, self.take, self.refuse)

    @property
    def now(self) -> float:
        return trio.current_time() - self.began

    def take(self, stream: trio.SocketStream) -> None:
        self.taken.append(stream)
        self.taken_at.append(self.now)
        self.room = max(0, self.room - 1)

    async def refuse(self, stream: trio.SocketStream) -> None:
        self.refusing.add(stream)
        self.refusing_most = max(self.refusing_most, len(self.refusing))
        self.refused_at.append(self.now)
        await trio.lowlevel.checkpoint()
        self.refusing.remove(stream)
        await trio.aclose_forcefully(stream)

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
            await wait(LOOK_SECONDS)


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
    assert max(steps) <= 2 * AT_ONCE_MAX
    assert sum(step > 0 for step in steps) <= 200 / AT_ONCE_MAX + 1


async def test_where_there_is_no_room_nobody_is_taken_until_there_is(autojump_clock: MockClock, door: Door) -> None:
    door.room = 0
    door.come(3)
    await wait(WAIT_SECONDS_MAX / 2)
    assert door.taken == []
    door.room = 2
    await until(door, 2)
    await wait(LOOK_SECONDS)
    assert len(door.taken) == 2, "there is no room for the third"
    assert max(door.taken_at) <= WAIT_SECONDS_MAX / 2 + 2 * LOOK_SECONDS
    door.room = 1
    await until(door, 3)


def assert_waited(times: list[float], came: float) -> None:
    """All of them were refused after they had waited for long enough, and not for much longer."""
    late = NOTE_SECONDS + 3 * LOOK_SECONDS
    assert all(WAIT_SECONDS_MAX <= at - came <= WAIT_SECONDS_MAX + late for at in times), times


async def wait(seconds: float) -> None:
    with trio.move_on_after(seconds):
        await trio.sleep_forever()


async def test_who_has_waited_long_enough_is_refused_and_who_comes_then_waits_in_turn(
    autojump_clock: MockClock, door: Door
) -> None:
    """Let those who come while others are refused be refused too, and clients that come again at once keep it busy."""
    door.room = 0
    door.come(100)
    await wait(WAIT_SECONDS_MAX - 2 * LOOK_SECONDS)
    assert door.accepting.is_waited_at
    assert door.refused_at == []
    refuse = door.refuse

    async def refused(stream: trio.SocketStream) -> None:
        door.come(1)
        await refuse(stream)

    door.accepting._refuse = refused
    await wait(NOTE_SECONDS + 6 * LOOK_SECONDS)
    assert len(door.refused_at) == 100
    assert_waited(door.refused_at, 0)
    assert door.refusing_most <= AT_ONCE_MAX
    came = max(door.refused_at)
    door.accepting._refuse = refuse
    await wait(WAIT_SECONDS_MAX + NOTE_SECONDS + 3 * LOOK_SECONDS)
    assert len(door.refused_at) == 200
    assert_waited(door.refused_at[100:], came)
    await wait(LOOK_SECONDS)
    assert door.taken == [] and not door.accepting.is_waited_at


async def test_a_place_now_and_then_makes_nobody_wait_longer(autojump_clock: MockClock, door: Door) -> None:
    """Let a place that becomes free begin the wait of all others anew, and they wait without an end."""
    door.room = 0
    door.come(100)
    for _ in range(2):
        await wait(WAIT_SECONDS_MAX * 0.4)
        door.room = 1
    await wait(WAIT_SECONDS_MAX * 0.2 + NOTE_SECONDS + 3 * LOOK_SECONDS)
    assert len(door.taken) == 2
    assert len(door.refused_at) == 98
    assert_waited(door.refused_at, 0)


async def test_at_a_door_that_does_not_tell_how_many_wait_all_are_refused_with_the_first(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    door = Door(0, open_control_socket(tmp_path / "s"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(door.accepting.run)
        for _ in range(200):
            client = socket.socket(socket.AF_UNIX)
            client.connect(str(tmp_path / "s"))
            door.clients.append(client)
        await wait(WAIT_SECONDS_MAX + NOTE_SECONDS + 3 * LOOK_SECONDS)
        nursery.cancel_scope.cancel()
    assert len(door.refused_at) == 200
    assert_waited(door.refused_at, 0)
    door.close()


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
    door.come(2 * AT_ONCE_MAX)
    with trio.CancelScope() as scope:
        taken = door.take

        def last(stream: trio.SocketStream) -> None:
            taken(stream)
            scope.cancel()

        door.accepting._take = last
        await door.accepting.run()
    assert len(door.taken) == AT_ONCE_MAX
    for one in door.clients[AT_ONCE_MAX:]:
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

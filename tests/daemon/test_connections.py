"""Which connection goes when another needs its place: the longest idle one, never one with a request on its way."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import trio
from trio.testing import MockClock

from daemon.connections import (
    LOOKED_AT_MAX,
    RESTING_SECONDS_MAX,
    TURN_SECONDS_MAX,
    Connection,
    Connections,
)

pytestmark = pytest.mark.trio


@contextmanager
def answering(connection: Connection) -> Iterator[None]:
    connection.begin_answer()
    yield
    connection.end_answer()


class Door:
    """Places for so many; `unread` are the connections in which something waits."""

    def __init__(self, stack: ExitStack, count_max: int) -> None:
        self._stack = stack
        self._connections = Connections(count_max, lambda count: None)
        self.unread: set[trio.CancelScope] = set()

    @property
    def room(self) -> int:
        return self._connections.room

    def come(self) -> Connection | None:
        end = trio.CancelScope()
        connection = self._connections.enter(end, lambda: end in self.unread)
        if connection is not None:
            self._stack.callback(self._connections.leave, connection)
        return connection

    def comes(self) -> Connection:
        connection = self.come()
        assert connection is not None
        return connection


async def wait(seconds: float) -> None:
    with trio.move_on_after(seconds):
        await trio.sleep_forever()


async def test_the_longest_idle_one_goes(autojump_clock: MockClock) -> None:
    with ExitStack() as stack:
        door = Door(stack, 2)
        first, second = door.comes(), door.comes()
        with answering(first):
            pass
        await wait(RESTING_SECONDS_MAX)
        assert door.room == 2
        door.comes()
        assert second.end.cancel_called and not first.end.cancel_called


async def test_one_that_is_answered_stays() -> None:
    with ExitStack() as stack:
        door = Door(stack, 1)
        with answering(door.comes()):
            assert door.come() is None


async def test_one_that_was_just_answered_is_about_to_ask_again(autojump_clock: MockClock) -> None:
    """Take out `RESTING_SECONDS_MAX` in `may_go` and this fails."""
    with ExitStack() as stack:
        door = Door(stack, 1)
        first = door.comes()
        await wait(RESTING_SECONDS_MAX)
        with answering(first):
            assert door.room == 0
        assert (door.room, door.come()) == (0, None)
        await wait(RESTING_SECONDS_MAX)
        assert door.room == 1
        assert door.come() is not None and first.end.cancel_called


async def test_one_that_never_asked_anything_deserves_no_rest() -> None:
    """Idle strangers would keep a health check waiting, each for a tenth of a second."""
    with ExitStack() as stack:
        door = Door(stack, 3)
        strangers = [door.comes() for _ in range(3)]
        assert door.room == 3
        assert door.come() is not None and strangers[0].end.cancel_called


async def test_one_that_asks_without_a_rest_has_its_turn_and_no_more(autojump_clock: MockClock) -> None:
    """Take out `TURN_SECONDS_MAX` in `may_go` and this fails."""
    with ExitStack() as stack:
        door = Door(stack, 1)
        first = door.comes()
        with answering(first):
            await wait(TURN_SECONDS_MAX - 0.01)
        assert (door.room, door.come()) == (0, None)
        with answering(first):
            await wait(0.01)
            assert (door.room, door.come()) == (0, None)
        assert door.room == 1
        assert door.come() is not None and first.end.cancel_called


async def test_where_there_are_places_there_is_room_for_so_many() -> None:
    with ExitStack() as stack:
        door = Door(stack, 5)
        door.comes()
        assert door.room == 4


async def test_one_with_a_request_that_was_not_read_yet_stays(autojump_clock: MockClock) -> None:
    """A node that is busy has not come to it; its client would lose the request. Guard: "may_go"."""
    with ExitStack() as stack:
        door = Door(stack, 2)
        first, second = door.comes(), door.comes()
        door.unread.add(first.end)
        await wait(RESTING_SECONDS_MAX)
        assert door.room == 1
        door.comes()
        assert second.end.cancel_called and not first.end.cancel_called


async def test_of_many_only_some_are_looked_at(autojump_clock: MockClock) -> None:
    with ExitStack() as stack:
        door = Door(stack, LOOKED_AT_MAX + 1)
        everybody = [door.comes() for _ in range(LOOKED_AT_MAX + 1)]
        door.unread.update(one.end for one in everybody[:-1])
        await wait(RESTING_SECONDS_MAX)
        assert door.come() is None
        door.unread.discard(everybody[3].end)
        assert door.come() is not None and everybody[3].end.cancel_called

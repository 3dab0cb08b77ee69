"""Which connection goes when another needs its place: the longest idle one, never one with a request on its way."""

from contextlib import ExitStack

import pytest
import trio
from trio.testing import MockClock

from daemon import connections as module
from daemon.connections import (
    ARRIVING_SECONDS_MAX,
    KEPT_SECONDS,
    LOOKED_AT_MAX,
    TURN_SECONDS,
    Connection,
    Connections,
)

pytestmark = pytest.mark.trio


class Door:
    """Places for so many; `unread` are the connections in which something waits."""

    def __init__(self, stack: ExitStack, count_max: int) -> None:
        self._stack = stack
        self._connections = Connections(count_max, lambda count: None)
        self.unread: set[trio.CancelScope] = set()

    def come(self) -> Connection | None:
        end = trio.CancelScope()
        return self._stack.enter_context(self._connections.place(end, lambda: end in self.unread))

    def comes(self) -> Connection:
        connection = self.come()
        assert connection is not None
        return connection


async def test_the_longest_idle_one_goes() -> None:
    with ExitStack() as stack:
        door = Door(stack, 2)
        first, second = door.comes(), door.comes()
        with first.answering():
            pass
        door.comes()
        assert second.end.cancel_called and not first.end.cancel_called


async def test_one_that_is_answered_stays() -> None:
    with ExitStack() as stack:
        door = Door(stack, 1)
        with door.comes().answering():
            assert door.come() is None


async def test_one_with_a_request_that_was_not_read_yet_stays() -> None:
    """A node that is busy has not come to it; its client would lose the request. Guard: "may_go"."""
    with ExitStack() as stack:
        door = Door(stack, 2)
        first, second = door.comes(), door.comes()
        door.unread.add(first.end)
        door.comes()
        assert second.end.cancel_called and not first.end.cancel_called


async def test_one_whose_request_was_read_and_not_begun_stays_for_a_moment(autojump_clock: MockClock) -> None:
    """Between reading and answering other tasks have their turn; but nobody can make that last. Guard: "may_go"."""
    with ExitStack() as stack:
        door = Door(stack, 1)
        first = door.comes()
        first.handle(has_data=True)
        door.unread.add(first.end)
        assert door.come() is None
        with trio.move_on_after(2 * ARRIVING_SECONDS_MAX):
            await trio.sleep_forever()
        assert door.come() is not None and first.end.cancel_called


async def test_bytes_that_trickle_in_do_not_make_it_young() -> None:
    with ExitStack() as stack:
        door = Door(stack, 2)
        trickling, honest = door.comes(), door.comes()
        trickling.handle(has_data=True)
        trickling.handle(has_data=False)
        door.comes()
        assert trickling.end.cancel_called and not honest.end.cancel_called


async def test_of_many_only_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_OF_FOUR", 0)
    with ExitStack() as stack:
        door = Door(stack, LOOKED_AT_MAX + 1)
        everybody = [door.comes() for _ in range(LOOKED_AT_MAX + 1)]
        door.unread.update(one.end for one in everybody[:-1])
        assert door.come() is None
        door.unread.discard(everybody[3].end)
        assert door.come() is not None and everybody[3].end.cancel_called


async def test_one_that_was_answered_just_now_keeps_its_place(
    mock_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Places that go from hand to hand cost more than the requests. Guard: "is_expected"."""
    monkeypatch.setattr(module, "KEPT_OF_FOUR", 4)
    with ExitStack() as stack:
        door = Door(stack, 1)
        busy = door.comes()
        with busy.answering():
            pass
        mock_clock.jump(KEPT_SECONDS - 0.1)
        assert door.come() is None and not busy.end.cancel_called
        mock_clock.jump(0.2)
        assert door.come() is not None and busy.end.cancel_called


async def test_nobody_keeps_a_place_for_longer_than_a_turn(
    mock_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it asks. Guard: "TURN_SECONDS"."""
    monkeypatch.setattr(module, "KEPT_OF_FOUR", 4)
    with ExitStack() as stack:
        door = Door(stack, 1)
        busy = door.comes()
        steps = round(TURN_SECONDS / (KEPT_SECONDS / 2))
        for step in range(steps):
            with busy.answering():
                pass
            assert door.come() is None, step
            mock_clock.jump(KEPT_SECONDS / 2)
        with busy.answering():
            pass
        assert door.come() is not None and busy.end.cancel_called


async def test_a_turn_ends_behind_many_whose_turn_has_not(mock_clock: MockClock) -> None:
    """Slower ones that come anew all the time do not shield one that asks without end. Guard: "rests"."""
    with ExitStack() as stack:
        count = 4 * LOOKED_AT_MAX
        door = Door(stack, count)
        greedy = door.comes()
        others = [door.comes() for _ in range(count - 1)]
        for _ in range(round(TURN_SECONDS / KEPT_SECONDS) + 1):
            for one in (*others, greedy):
                with one.answering():
                    pass
            mock_clock.jump(KEPT_SECONDS)
        with greedy.answering():
            pass
        assert not greedy.is_kept
        mock_clock.jump(0.01)
        for _ in range(count):
            if not greedy.end.cancel_called:
                door.comes()
        assert greedy.end.cancel_called


async def test_a_quarter_of_the_places_goes_from_hand_to_hand(mock_clock: MockClock) -> None:
    """However many ask without end, somebody new is let in at once. Guard: "KEPT_OF_FOUR"."""
    with ExitStack() as stack:
        door = Door(stack, 8)
        busy = [door.comes() for _ in range(8)]
        for one in busy:
            with one.answering():
                pass
        assert [one.is_kept for one in busy] == [True] * 6 + [False] * 2
        first, second = door.comes(), door.comes()
        assert [one.end.cancel_called for one in busy] == [False] * 6 + [True] * 2
        with first.answering(), second.answering():
            assert door.come() is None
        mock_clock.jump(KEPT_SECONDS)
        # Who comes after one whose place was kept keeps it in turn.
        assert door.comes().is_kept and busy[0].end.cancel_called

"""Places for requests: first come, first served, a bounded queue, a bounded wait."""

from collections.abc import Callable

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.api.places import WAIT_SECONDS_MAX, Places

pytestmark = pytest.mark.trio


async def hold(places: Places, seconds: float, tell: Callable[[bool], None]) -> None:
    async with places.place() as has_place:
        tell(has_place)
        if has_place:
            with trio.move_on_after(seconds):
                await trio.sleep_forever()


async def test_who_finds_no_place_waits_for_one_in_turn(autojump_clock: MockClock) -> None:
    places = Places(2, 2)
    told: list[tuple[int, bool, float]] = []
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(
                hold,
                places,
                0.4 + 0.2 * number,
                lambda has, n=number: told.append((n, has, round(trio.current_time() - began, 1))),
            )
            await wait_all_tasks_blocked()
        assert places.taken_count == 2
    assert told == [(0, True, 0.0), (1, True, 0.0), (2, True, 0.4), (3, True, 0.6)]
    assert places.taken_count == 0


async def test_nobody_waits_for_ever_and_only_so_many_wait(autojump_clock: MockClock) -> None:
    places = Places(1, 1)
    told: list[tuple[bool, float]] = []
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(hold, places, 5.0, lambda has: told.append((has, round(trio.current_time() - began, 3))))
            await wait_all_tasks_blocked()
        # One waits; the next one is told at once.
        async with places.place() as has_place:
            assert not has_place
            assert trio.current_time() == began
    assert told == [(True, 0.0), (False, WAIT_SECONDS_MAX)]
    assert places.taken_count == 0


async def test_a_place_is_free_again_whatever_ends_the_request() -> None:
    places = Places(1, 1)
    with pytest.raises(ZeroDivisionError):
        async with places.place() as has_place:
            assert has_place
            raise ZeroDivisionError
    with trio.CancelScope() as scope:
        async with places.place():
            scope.cancel()
            await trio.sleep_forever()
    assert places.taken_count == 0
    async with places.place() as has_place:
        assert has_place

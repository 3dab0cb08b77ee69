"""Places for requests: first come, first served, a bounded queue, a bounded wait."""

from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.api.places import WAIT_SECONDS_MAX, Places

pytestmark = pytest.mark.trio


async def hold(places: Places, seconds: float, tell: Callable[[bool], None]) -> None:
    async with places.place() as place:
        tell(place is not None)
        if place is not None:
            with trio.move_on_after(seconds):
                await trio.sleep_forever()


async def test_who_finds_no_place_waits_for_one_in_turn(autojump_clock: MockClock) -> None:
    places = Places(2, 2, 2)
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
    places = Places(1, 1, 2)
    told: list[tuple[bool, float]] = []
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(hold, places, 5.0, lambda has: told.append((has, round(trio.current_time() - began, 3))))
            await wait_all_tasks_blocked()
        # One waits; the next one is told at once.
        async with places.place() as place:
            assert place is None
            assert trio.current_time() == began
    assert told == [(True, 0.0), (False, WAIT_SECONDS_MAX)]
    assert places.taken_count == 0


async def test_a_place_is_free_again_whatever_ends_the_request() -> None:
    places = Places(1, 1, 2)
    with pytest.raises(ZeroDivisionError):
        async with places.place() as place:
            assert place is not None
            raise ZeroDivisionError
    with trio.CancelScope() as scope:
        async with places.place():
            scope.cancel()
            await trio.sleep_forever()
    assert places.taken_count == 0
    async with places.place() as place:
        assert place is not None


async def test_who_lends_a_place_waits_until_there_is_one_again(autojump_clock: MockClock) -> None:
    """Guard: daemon/api/places.py, `take_again`, "await self._free.acquire()"."""
    places = Places(1, 1, 2)
    told: list[tuple[bool, float]] = []
    began = trio.current_time()
    async with trio.open_nursery() as nursery, places.place() as place:
        assert place is not None
        async with place.lent():
            assert places.taken_count == 0
            nursery.start_soon(hold, places, 2.0, lambda has: told.append((has, trio.current_time() - began)))
            await wait_all_tasks_blocked()
            assert places.taken_count == 1
        assert trio.current_time() == began + 2.0
        assert places.taken_count == 1
    assert told == [(True, 0.0)]
    assert places.taken_count == 0


async def test_a_lent_place_is_nobodys_if_its_request_ends(autojump_clock: MockClock) -> None:
    places = Places(1, 1, 2)
    with trio.move_on_after(1):
        async with places.place() as place:
            assert place is not None
            async with place.lent():
                await trio.sleep_forever()
    assert places.taken_count == 0


async def test_who_ends_while_waiting_for_the_place_again_has_none(autojump_clock: MockClock) -> None:
    places = Places(1, 1, 2)
    async with AsyncExitStack() as others:
        with trio.move_on_after(1):
            async with places.place() as place:
                assert place is not None
                async with place.lent():
                    await others.enter_async_context(places.place())
        assert places.taken_count == 1
    assert places.taken_count == 0


async def test_where_too_many_are_lent_a_place_is_kept() -> None:
    places = Places(2, 2, 1)
    async with places.place() as first, places.place() as second:
        assert first is not None and second is not None
        async with first.lent():
            async with second.lent():
                assert places.taken_count == 1
            assert places.taken_count == 1
        async with second.lent():
            assert places.taken_count == 1
    assert places.taken_count == 0


async def test_an_answer_that_is_known_waits_for_a_place_only_so_long(autojump_clock: MockClock) -> None:
    """Guard: daemon/api/places.py, `take_again`, "trio.move_on_after(WAIT_SECONDS_MAX)"."""
    places = Places(1, 1, 2)
    began = trio.current_time()
    async with AsyncExitStack() as others, places.place() as place:
        assert place is not None
        async with place.lent():
            await others.enter_async_context(places.place())
        assert trio.current_time() == began + WAIT_SECONDS_MAX
        assert places.taken_count == 1
    assert places.taken_count == 0

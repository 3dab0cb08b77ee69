"""The lanes in front of a node: what comes first, what waits, and which time an event carries."""

import pytest
import trio
import trio.testing

from daemon.events import BatchStored, PeerGone, Submitted, Ticked
from daemon.inbox import HEARD_IN_A_ROW_MAX, HEARD_MAX, HEARD_SIZE_BYTES_MAX, Inbox

pytestmark = pytest.mark.trio


class Clock:
    def __init__(self) -> None:
        self.now_ms = 1000

    def __call__(self) -> int:
        return self.now_ms


async def test_reports_come_first_then_neighbours_then_clients() -> None:
    inbox = Inbox(Clock())
    await inbox.submit(())
    await inbox.hear(PeerGone, b"p")
    inbox.tick()
    inbox.post(BatchStored, 7)
    found = [await inbox.next() for _ in range(4)]
    assert [type(one) for one in found] == [BatchStored, PeerGone, Ticked, Submitted]


async def test_an_event_has_the_time_at_which_the_node_takes_it() -> None:
    clock = Clock()
    inbox = Inbox(clock)
    await inbox.hear(PeerGone, b"p")
    clock.now_ms = 2000
    inbox.post(BatchStored, 1)
    assert [(await inbox.next()).now_ms, (await inbox.next()).now_ms] == [2000, 2000]


async def test_one_tick_waits_at_most() -> None:
    inbox = Inbox(Clock())
    inbox.tick()
    inbox.tick()
    inbox.post(BatchStored, 1)
    assert [type(await inbox.next()) for _ in range(2)] == [BatchStored, Ticked]
    with trio.move_on_after(0) as scope:
        await inbox.next()
    assert scope.cancelled_caught


async def test_neighbours_do_not_silence_clients() -> None:
    inbox = Inbox(Clock())
    for _ in range(2 * HEARD_IN_A_ROW_MAX):
        await inbox.hear(PeerGone, b"p")
    await inbox.submit(())
    found = [type(await inbox.next()) for _ in range(HEARD_IN_A_ROW_MAX + 1)]
    assert found[-1] is Submitted


async def test_what_is_heard_waits_for_room_by_number_and_by_size() -> None:
    for size_bytes, count in ((0, HEARD_MAX), (HEARD_SIZE_BYTES_MAX, 1)):
        inbox = Inbox(Clock())
        for _ in range(count):
            await inbox.hear(PeerGone, b"p", size_bytes=size_bytes)
        heard: list[str] = []

        async def one_more(inbox: Inbox, heard: list[str]) -> None:
            await inbox.hear(PeerGone, b"q")
            heard.append("q")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(one_more, inbox, heard)
            await trio.testing.wait_all_tasks_blocked()
            assert not heard
            await inbox.next()
        assert heard


async def test_nobody_waits_for_a_node_that_has_ended() -> None:
    inbox = Inbox(Clock())
    for _ in range(HEARD_MAX):
        await inbox.hear(PeerGone, b"p")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(inbox.hear, PeerGone, b"q")
        await trio.testing.wait_all_tasks_blocked()
        inbox.close()
    with trio.move_on_after(0) as scope:
        await inbox.next()
    assert scope.cancelled_caught, "nothing is left for a node that takes no step"


async def test_what_waits_can_be_had_without_a_turn_of_the_event_loop() -> None:
    inbox = Inbox(Clock())
    others = 0

    async def count() -> None:
        nonlocal others
        while True:
            others += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await trio.lowlevel.checkpoint()
        for ticket in range(8):
            inbox.post(BatchStored, ticket)
        before = others
        found = [await inbox.next(at_once=True) for _ in range(4)]
        assert others == before
        found += [await inbox.next() for _ in range(4)]
        # In which order tasks have their turn is left to chance.
        assert others >= before + 3
        # Where nothing waits, who wants it at once waits like anybody else.
        with trio.move_on_after(0) as scope:
            await inbox.next(at_once=True)
        assert scope.cancelled_caught
        nursery.cancel_scope.cancel()
    assert found == [BatchStored(1000, ticket) for ticket in range(8)]

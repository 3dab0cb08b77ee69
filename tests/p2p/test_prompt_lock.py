"""The locks inside a TLS stream: free they cost no turn of the loop, taken they are locks."""

import ssl

import pytest
import trio
import trio.testing

from p2p.prompt_lock import PromptLock
from p2p.secure_stream import INNER_LOCKS
from tests.daemon.networks import node_keys
from tests.p2p.switchboards import Station, knocking, running

pytestmark = pytest.mark.trio


async def test_a_free_lock_is_taken_at_once() -> None:
    lock = PromptLock()
    with trio.testing.assert_no_checkpoints():
        async with lock:
            pass
        async with lock:
            pass


async def test_a_taken_lock_is_waited_for_in_the_order_of_coming() -> None:
    lock, inside = PromptLock(), []

    async def use(number: int) -> None:
        async with lock:
            inside.append(number)
            await trio.testing.wait_all_tasks_blocked()
            inside.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(use, number)
            await trio.testing.wait_all_tasks_blocked()
    assert inside == [0, 0, 1, 1, 2, 2, 3, 3]


async def test_who_is_cancelled_while_it_waits_takes_nothing() -> None:
    lock, scope = PromptLock(), trio.CancelScope()

    async def give_up() -> None:
        with scope:
            async with lock:
                raise AssertionError("it is taken")

    async with trio.open_nursery() as nursery, lock:
        nursery.start_soon(give_up)
        await trio.testing.wait_all_tasks_blocked()
        scope.cancel()
    assert scope.cancelled_caught
    with trio.testing.assert_no_checkpoints():
        async with lock:
            pass


async def test_the_streams_of_this_trio_have_the_locks_that_are_replaced() -> None:
    one, _ = trio.testing.memory_stream_pair()
    stream = trio.SSLStream(one, ssl.create_default_context(), server_hostname="node.example")
    assert all(isinstance(getattr(stream, name), trio.Lock | trio.StrictFIFOLock) for name in INNER_LOCKS)


async def test_connections_of_nodes_have_them() -> None:
    station = Station(node_keys(1))
    async with running(station), knocking(station, node_keys(2)) as connection:
        assert all(isinstance(getattr(connection._stream, name), PromptLock) for name in INNER_LOCKS)

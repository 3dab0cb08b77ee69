"""What points at itself is freed too, however seldom a node's collector looks by itself."""

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest
import trio
from trio.testing import MockClock

from daemon.collector import COLLECT_SECONDS, collect_now_and_then

pytestmark = pytest.mark.trio

# In a process of its own: the settings are of a whole process. What is made is in use for a while, as a connection is:
# the collector has looked at it twice before it becomes garbage. Prints how much of that is left.
CONNECTIONS_MADE_ANEW = """
import sys, weakref
from collections import deque
import trio, trio.testing
from daemon.collector import COLLECT_SECONDS, YOUNG_OBJECTS, YOUNG_PER_MIDDLE, calm_collector, collect_now_and_then

IN_USE = 2 * YOUNG_PER_MIDDLE

class Connection:
    def __init__(self):
        self.itself, self.buffer = self, bytearray(1000)

async def main():
    seen = []
    async with trio.open_nursery() as nursery:
        if "collect" in sys.argv:
            nursery.start_soon(collect_now_and_then)
        in_use = deque(maxlen=IN_USE)
        for _ in range(200):
            in_use.append([Connection() for _ in range(100)])
            others = [[] for _ in range(YOUNG_OBJECTS * 2)]
            seen += map(weakref.ref, in_use[-1])
            del others
            with trio.move_on_after(COLLECT_SECONDS / 10):
                await trio.sleep_forever()
        nursery.cancel_scope.cancel()
    print(sum(one() is not None for one in seen) - 100 * IN_USE)

calm_collector()
trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
"""


class _Round:
    """Points at itself, so no count of references ever frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def seldom() -> Iterator[None]:
    """No collection but those that are asked for."""
    gc.disable()
    yield
    gc.enable()


async def test_garbage_that_points_at_itself_goes_at_the_next_look(seldom: None, autojump_clock: MockClock) -> None:
    garbage = weakref.ref(_Round())
    assert garbage() is not None
    with trio.move_on_after(COLLECT_SECONDS * 1.5):
        await collect_now_and_then()
    assert garbage() is None


def _left(*arguments: str) -> int:
    command = [sys.executable, "-c", CONNECTIONS_MADE_ANEW, *arguments]
    return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


async def test_connections_that_are_made_anew_leave_nothing_that_grows() -> None:
    """At most what came since the last look; without it nearly all of them stay."""
    assert _left() > 12_000
    assert _left("collect") <= 100 * 11

"""What happens when: the heap of coming events, and virtual time.

Owns the time of the world, in microseconds since its beginning, and the order of events: by time, and among those of
one moment by the order in which they were put in. Never asks a real clock; time goes on only by events. Bounded: so
many events may be to come, and so many may happen in one run.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from simulator.errors import OverloadError

# A thousand nodes with all their frames under way need some 100,000; at about 200 bytes each this is 400 MB.
COMING_MAX = 2_000_000
# A run of an hour with five nodes needs some 10 million; what goes beyond does not come to an end.
HAPPENED_MAX = 500_000_000

SECOND_US = 1_000_000
MILLISECOND_US = 1000


class Schedule:
    """The events to come; `now_us` is the time of the one that happens."""

    __slots__ = ("_coming_max", "_heap", "_order", "_stopped", "happened", "now_us")

    def __init__(self, coming_max: int = COMING_MAX) -> None:
        self.now_us = 0
        self.happened = 0
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = 0
        self._stopped = False
        self._coming_max = coming_max

    def __len__(self) -> int:
        """How many events are to come."""
        return len(self._heap)

    def at(self, time_us: int, action: Callable[..., None], *arguments: Any) -> None:
        """Call `action(*arguments)` at `time_us`, which has not passed.

        Raises:
            OverloadError: too many events are to come.
        """
        assert time_us >= self.now_us, "what has passed cannot be changed"
        heap = self._heap
        if len(heap) >= self._coming_max:
            raise OverloadError("more than {count} events are to come in the simulated world", count=self._coming_max)
        self._order += 1
        heappush(heap, (time_us, self._order, action, arguments))

    def after(self, delay_us: int, action: Callable[..., None], *arguments: Any) -> None:
        """Call `action(*arguments)` in `delay_us` from now.

        Raises:
            OverloadError: too many events are to come.
        """
        self.at(self.now_us + delay_us, action, *arguments)

    def run(self, end_us: int) -> None:
        """Let everything happen up to and including `end_us`, or until `stop` is called.

        Raises:
            OverloadError: it does not come to an end.
        """
        heap = self._heap
        while heap and not self._stopped and heap[0][0] <= end_us:
            self.now_us, _order, action, arguments = heappop(heap)
            self.happened += 1
            action(*arguments)
            if self.happened > HAPPENED_MAX:
                raise OverloadError("more than {count} events happened in the simulated world", count=HAPPENED_MAX)
        if not self._stopped:
            self.now_us = end_us

    def stop(self) -> None:
        """Let nothing more happen."""
        self._stopped = True

"""What one peer told of itself and of this node, for `peers` and `banyan doctor`. Pure.

Owns the estimate of the difference between two clocks; nothing in the protocol depends on it. A sight says what the
peer's clock showed when it was queued, so whatever time it took on its way makes that clock look slow: of the newest
sights the one that was quickest counts. Bound: `COUNT_MAX` differences.
"""

from collections import deque
from typing import NamedTuple

from p2p.transport_messages import Reach, Sight

# Two minutes of sights: a clock that was set right is seen to be soon after.
COUNT_MAX = 4


class Sighting(NamedTuple):
    """The newest sight of a peer, `at_ms` by this node's clock.

    `clock_offset_ms` is how far the peer's clock is ahead, negative where it is behind; too small by the time that the
    message took. `address` is where the peer sees this node; `reach` whether it got an answer at this node's registered
    address, `reach_age_s` before the sight.
    """

    at_ms: int
    clock_offset_ms: int
    software: str
    address: str
    reach: Reach
    reach_age_s: int


class Sightings:
    """What one connection told."""

    def __init__(self) -> None:
        self._offsets_ms: deque[int] = deque(maxlen=COUNT_MAX)
        self.newest: Sighting | None = None

    def add(self, sight: Sight, now_ms: int) -> None:
        """A sight came at `now_ms`."""
        self._offsets_ms.append(sight.clock_ms - now_ms)
        self.newest = Sighting(
            now_ms,
            max(self._offsets_ms),
            sight.software.decode("utf-8", "replace"),
            sight.address.decode("utf-8", "replace"),
            sight.reach,
            sight.reach_age_s,
        )

"""The clock of one simulated machine: it may be set wrong, run fast or slow, and jump.

Owns the way from the world's time to the machine's. What a node is told is the wall clock; how often it ticks follows
the same oscillator, but not the jumps. Invariant: between two changes both run evenly.
"""

PPM = 1_000_000


class Clock:
    """A machine's clock; times of the world in microseconds, its own in milliseconds since 1970 UTC."""

    __slots__ = ("_anchor_us", "_rate_ppm", "_wall_us")

    def __init__(self, start_ms: int) -> None:
        self._anchor_us = 0
        self._wall_us = start_ms * 1000
        self._rate_ppm = PPM

    def now_ms(self, world_us: int) -> int:
        """What the clock shows at `world_us`."""
        return (self._wall_us + (world_us - self._anchor_us) * self._rate_ppm // PPM) // 1000

    def jump(self, world_us: int, by_ms: int) -> None:
        """Set the clock forward, or back if `by_ms` is negative."""
        self._anchor(world_us)
        self._wall_us += by_ms * 1000

    def drift(self, world_us: int, by_ppm: int) -> None:
        """From now on run so much faster, or slower if `by_ppm` is negative, than before."""
        self._anchor(world_us)
        self._rate_ppm += by_ppm
        assert self._rate_ppm > 0, "a clock runs forward"

    def settle(self, world_us: int, start_ms: int) -> None:
        """Set the clock right, as the network's time service does."""
        self._anchor_us = world_us
        self._wall_us = start_ms * 1000 + world_us
        self._rate_ppm = PPM

    def span_us(self, own_us: int) -> int:
        """How long the world waits until this clock has gone on by `own_us`; at least 1."""
        return max(own_us * PPM // self._rate_ppm, 1)

    def _anchor(self, world_us: int) -> None:
        self._wall_us += (world_us - self._anchor_us) * self._rate_ppm // PPM
        self._anchor_us = world_us

"""How long something takes: distributions of delays, drawn from a stream of chance.

Owns three shapes: even between two limits, bell-shaped around their middle, and with a heavy tail, in which few take
many times the usual. Never negative. The same value of `random()` gives the same delay.
"""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.errors import InvalidScenarioError

Draw = Callable[[], float]

EVEN = "even"
BELL = "bell"
TAIL = "tail"
SHAPES = (EVEN, BELL, TAIL)
# Pareto's exponent: one in a hundred takes more than ten times the least.
_TAIL_EXPONENT = 2.0


@dataclass(frozen=True, slots=True)
class Delay:
    """A distribution from `lowest_us` to `highest_us`.

    Raises:
        InvalidScenarioError: there is no such shape, or the limits are not in order.
    """

    shape: str
    lowest_us: int
    highest_us: int

    def __post_init__(self) -> None:
        if self.shape not in SHAPES or not 0 <= self.lowest_us <= self.highest_us:
            raise InvalidScenarioError(
                "a delay {shape} from {lowest} to {highest} microseconds cannot be; the shapes are {shapes}",
                shape=self.shape,
                lowest=self.lowest_us,
                highest=self.highest_us,
                shapes=", ".join(SHAPES),
            )

    def sampler(self, draw: Draw) -> Callable[[], int]:
        """A function that gives one delay after the other from the stream `draw`."""
        lowest, width = self.lowest_us, self.highest_us - self.lowest_us
        if self.shape == EVEN:
            return lambda: lowest + int(draw() * width)
        if self.shape == BELL:
            # The mean of three even numbers is close enough to a bell, and never outside of the limits.
            return lambda: lowest + int((draw() + draw() + draw()) * width / 3)
        highest = self.highest_us
        least = max(lowest, 1)
        return lambda: min(int(least * (1.0 - draw()) ** (-1.0 / _TAIL_EXPONENT)), highest)


# Round trips as they are met: within a rack, a town, a country, around the world, and over radio.
PROFILES = {
    "rack": Delay(EVEN, 50, 300),
    "town": Delay(EVEN, 500, 3_000),
    "country": Delay(BELL, 5_000, 40_000),
    "world": Delay(BELL, 40_000, 160_000),
    "radio": Delay(TAIL, 15_000, 600_000),
}

"""What happened last, for people: a ring of lines, written out only when somebody wants to read them.

Owns the ring. Lines are kept as the objects they are about and put into words at the end, so that a run that succeeds
pays for a tuple a line. Bounded: `LINES_MAX` lines, and whatever their objects hold.
"""

from collections import deque
from typing import Any

from simulator.wording import effect_text, event_text, observation_text

# Some seconds of five nodes under load; the beginning of most failures.
LINES_MAX = 4000


class Trace:
    """The newest lines."""

    __slots__ = ("_lines", "_names")

    def __init__(self, lines_max: int, names: dict[bytes, str]) -> None:
        self._lines: deque[tuple[int, int, Any, Any]] = deque(maxlen=lines_max)
        self._names = names

    def step(self, time_us: int, node: int, event: Any, effects: Any) -> None:
        """A node took an event and wants these effects."""
        self._lines.append((time_us, node, event, effects))

    def tell(self, observation: Any) -> None:
        """Something was observed that no step shows."""
        self._lines.append((observation.time_us, -1, observation, None))

    def lines(self) -> list[str]:
        """All that is kept, oldest first."""
        return [self._line(*line) for line in self._lines]

    def _line(self, time_us: int, node: int, what: Any, effects: Any) -> str:
        time = f"{time_us / 1_000_000:11.6f}"
        if effects is None:
            return f"{time}  {observation_text(what)}"
        wanted = "; ".join(effect_text(effect, self._names) for effect in effects)
        return f"{time}  node {node}: {event_text(what, self._names)}" + (f" -> {wanted}" if wanted else "")

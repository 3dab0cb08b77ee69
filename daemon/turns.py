"""How long the node steps before everything else in the event loop has its turn. Pure.

Owns the share of the node. A turn of the event loop runs every task that can run: hundreds of requests whose block came
take some hundred milliseconds. A node that made one step in between would not come to what its neighbours said for
minutes, its own leadership among it. So it steps for as long as the others did, within bounds.
"""

# While others take no longer: a turn that nobody uses is some 50 µs, which is a small step.
TURN_SECONDS_MIN = 0.001
# Whoever else waits does so for this long at most: a twentieth of the shortest election timeout.
TURN_SECONDS_MAX = 0.05


class Turns:
    """The node's turns and those of the others; all times are readings of one clock, in seconds."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._seconds = TURN_SECONDS_MIN

    @property
    def are_short(self) -> bool:
        """Whether the others took no longer than a moment."""
        return self._seconds == TURN_SECONDS_MIN

    def is_over(self, now: float, has_left: bool) -> bool:
        """Whether others are to run now; `has_left`: somebody's task has to run for what the last step did.

        Such a task waits for the end of a turn where turns are long.
        """
        return now - self._began >= self._seconds or (has_left and self.are_short)

    def begin(self, now: float, others_seconds: float) -> None:
        """The node's turn begins; the others had the event loop for so long while something waited for the node."""
        self._began = now
        self._seconds = min(max(others_seconds, TURN_SECONDS_MIN), TURN_SECONDS_MAX)

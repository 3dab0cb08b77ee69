"""How many bytes of requests the node holds before anything is known about them.

Owns the sum over both doors of what clients have sent in bodies and the node has not judged yet. Anybody at all can
send a body, and 128 requests for each door may be read at once: without a bound on the sum they could make the node
hold 350 MB. Never looks at a byte. A body whose size is announced has all of it from the beginning; batches and what
comes unannounced are counted as they come.

Bounds: `SIZE_BYTES_MAX`; what is large has only three quarters of it. Not thread-safe.
"""

from daemon.errors import OverloadedError

# As much as may wait in the pool: twenty of the largest submissions, or a hundred thousand of usual size.
SIZE_BYTES_MAX = 32 * 1024 * 1024
# An envelope alone is never larger than this, apart from the third that base64 adds. What is no larger finds room when
# others fill the rest: a few who send large values do not keep everybody out.
SMALL_SIZE_BYTES_MAX = 96 * 1024


class BodyBudget:
    """The bytes that there are, and how many of them are held."""

    def __init__(self, size_bytes_max: int = SIZE_BYTES_MAX, small_size_bytes_max: int = SMALL_SIZE_BYTES_MAX) -> None:
        self._size_bytes_max = size_bytes_max
        self._small_size_bytes_max = small_size_bytes_max
        self.held_bytes = 0

    def hold(self) -> "BodyHold":
        """A part of it for one body, empty as yet; to be released, whatever happens."""
        return BodyHold(self)

    def room_for(self, size_bytes: int) -> int:
        """How many bytes a body of this size finds free; below zero where it has too many already."""
        is_small = size_bytes <= self._small_size_bytes_max
        return (self._size_bytes_max if is_small else self._size_bytes_max * 3 // 4) - self.held_bytes


class BodyHold:
    """What one body takes of the budget."""

    __slots__ = ("_budget", "_size_bytes")

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._size_bytes = 0

    def resize(self, size_bytes: int) -> None:
        """Hold `size_bytes` from now on, more or fewer than before.

        Raises:
            OverloadedError: there is no room for more; it holds what it held.
        """
        more = size_bytes - self._size_bytes
        if more > 0 and more > self._budget.room_for(size_bytes):
            raise OverloadedError(
                "other requests fill the room that there is for bodies ({size} bytes); send it again in a moment",
                size=self._budget.held_bytes,
            )
        self._budget.held_bytes += more
        self._size_bytes = size_bytes

    def release(self) -> None:
        """Hold nothing any more; harmless if it does not."""
        self._budget.held_bytes -= self._size_bytes
        self._size_bytes = 0

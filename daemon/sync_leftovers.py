"""When what came of a snapshot may be thrown away: the node caught up without it. Pure.

Owns the one decision. A sync that was interrupted goes on with what came, so a node that has just started and heard of
slow neighbours alone must not throw it away: it has to be near the others for a while.
"""

# As long as a sync may stand still (`daemon.state_sync.STALLED_MS`).
NEAR_MS = 60_000


class Leftovers:
    """What one node's unfinished sync may have left on its disk; at a start nobody knows whether there is anything."""

    def __init__(self) -> None:
        self._is_there = True
        self._near_since_ms: int | None = None

    def came(self) -> None:
        """Something is fetched again."""
        self._is_there, self._near_since_ms = True, None

    def is_due(self, is_near: bool, now_ms: int) -> bool:
        """Whether to throw it away now; once. `is_near` says that nobody is known to be far ahead."""
        if not is_near or not self._is_there:
            self._near_since_ms = None
            return False
        if self._near_since_ms is None:
            self._near_since_ms = now_ms
        if now_ms - self._near_since_ms < NEAR_MS:
            return False
        self._is_there = False
        return True

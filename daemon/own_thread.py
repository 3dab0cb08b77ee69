"""Who may use a thread: a task that never has more than one job at a time needs no turn among others.

Owns the one difference to trio's own limiters: admitting does not let others run first, which is a turn of the loop for
each job. Source: trio's documentation of `trio.to_thread.run_sync`, `limiter`: anything with these two methods will do.
"""

from typing import cast

import trio


class _OwnThread:
    """Admits one job after the other, at once."""

    def __init__(self) -> None:
        self._is_taken = False

    async def acquire_on_behalf_of(self, borrower: object) -> None:
        """Admit a job."""
        assert not self._is_taken, "the task waits for a job before it begins the next"
        self._is_taken = True

    def release_on_behalf_of(self, borrower: object) -> None:
        """The job is done."""
        self._is_taken = False


def own_thread() -> trio.CapacityLimiter:
    """The `limiter` of `trio.to_thread.run_sync` for one task alone."""
    return cast("trio.CapacityLimiter", _OwnThread())

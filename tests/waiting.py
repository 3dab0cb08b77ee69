"""Waiting for a real process: until something is so, with a deadline, and never longer than needed."""

import time
from collections.abc import Callable

POLL_INTERVAL_S = 0.02


def wait_until(holds: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Return as soon as `holds()`; fail with `what` if that is not within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(POLL_INTERVAL_S)

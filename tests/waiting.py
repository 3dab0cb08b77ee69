"""Waiting for a real process or thread: until something is so, with a deadline, and never longer than needed."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

POLL_INTERVAL_S = 0.02


def wait_until(holds: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Return as soon as `holds()`; fail with `what` if that is not within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(POLL_INTERVAL_S)


@contextmanager
def ended_after(process: "subprocess.Popen[str]", timeout_s: float) -> Iterator[None]:
    """Kill the process if what is read from it here takes longer: whoever reads finds the end then."""
    watch = threading.Timer(timeout_s, process.kill)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def join(thread: threading.Thread, timeout_s: float = 60.0) -> None:
    """Return when the thread has ended; fail if it does not."""
    thread.join(timeout_s)
    assert not thread.is_alive(), f"not within {timeout_s} s: the end of {thread.name}"

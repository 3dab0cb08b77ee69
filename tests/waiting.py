"""Waiting for a real process or thread: until something is so, with a deadline, and hardly longer than needed."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

POLL_INTERVAL_S = 0.02
# Who has waited long looks less often, and waits by a twentieth too long at most: each look at a network is a request
# to each of its nodes, which have better things to do.
WAITED_SHARE = 20
POLL_INTERVAL_S_MAX = 0.2


def wait_until(holds: Callable[[], bool], timeout_s: float, what: str, *, is_brief: bool = False) -> None:
    """Return soon after `holds()`; fail with `what` if that is not within `timeout_s`.

    `is_brief`: it may be over soon, so it is looked for as often as at first.
    """
    began_s = time.monotonic()
    while not holds():
        waited_s = time.monotonic() - began_s
        assert waited_s < timeout_s, f"not within {timeout_s} s: {what}"
        interval_s = min(max(POLL_INTERVAL_S, waited_s / WAITED_SHARE), POLL_INTERVAL_S_MAX)
        time.sleep(POLL_INTERVAL_S if is_brief else interval_s)


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

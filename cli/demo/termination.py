"""Being ended by a signal while nodes run: they are ended too.

Owns what SIGTERM and SIGHUP mean while processes of ours run; never ends them itself.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def termination_as_interruption() -> Iterator[None]:
    """Let SIGTERM, as from `timeout` or a closing session, end the nodes too instead of this process alone."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What is ignored, as `nohup` has it, stays so.
    numbers = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Ctrl-C while several threads work together.

Owns the handler for as long as such work lasts. Python breaks Ctrl-C into the main thread anywhere, also where it has
just taken a lock, and then nobody else gets that lock any more: the command would hang. So the first Ctrl-C only asks
the work to end.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from cli.errors import CommandError


@contextmanager
def interruption_ends(ask: Callable[[], None]) -> Iterator[None]:
    """Call `ask` on the first Ctrl-C, which has to make the work inside return soon, or fail; then raise.

    Args:
        ask: Runs between any two instructions of the main thread: takes no lock and raises nothing.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed, whatever the work then ended with; at once if it is pressed again.
    """
    was_asked = False

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal was_asked
        if was_asked:
            raise KeyboardInterrupt
        was_asked = True
        ask()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    except CommandError as error:
        if was_asked:
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, before)
    if was_asked:
        raise KeyboardInterrupt

"""What one input may cost, and what counts as a finding.

A finding is any error that is not declared, a second byte form, an input that takes too long, and one that makes the
program hold too much. Time is processor time, so that a busy machine finds nothing by itself.
"""

import resource
import signal
import traceback
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import NamedTuple

from tests.fuzz.target import Target

# The trace makes everything ten times slower, and the largest input is 256 KiB.
TIME_S_MAX = 10.0
# A frame's decoded values take up to 8 MB and a small multiple of its bytes (`ledger.encoding`).
HELD_BYTES_MAX = 16 * 1024 * 1024
HELD_TIMES_MAX = 40
# Below this the process has not grown enough to look closer.
_GROWTH_BYTES = 8 * 1024 * 1024


class Finding(NamedTuple):
    """What is wrong: `kind` in a word, so that the same fault is told from another, and all that is known."""

    kind: str
    text: str


class TookTooLongError(BaseException):
    """No `Exception`: nothing that is being looked at may catch it."""


def judged(
    target: Target, data: bytes, call: Callable[[bytes], object] | None = None, is_counted: bool = False
) -> Finding | None:
    """What is wrong with how `target` takes `data`; None if nothing is.

    Args:
        target: What is tried.
        data: Any bytes.
        call: Calls `target.check`; with a trace, for instance.
        is_counted: Whether to count what is held even if the process does not grow.
    """
    held_before = _peak_bytes()
    previous = signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, TIME_S_MAX)
    try:
        (call or target.check)(data)
    except TookTooLongError:
        return Finding("time", f"more than {TIME_S_MAX} s of processor time for {len(data)} bytes")
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        lines = "".join(traceback.format_exception(error))
        return Finding(f"{type(error).__name__} {place.name}:{place.lineno}", lines)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
    grew = _peak_bytes() - held_before > max(_GROWTH_BYTES, len(data))
    return _held_too_much(target, data) if grew or is_counted else None


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TookTooLongError


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _held_too_much(target: Target, data: bytes) -> Finding | None:
    """Once more, counting: the process grows for many reasons, a thousand inputs kept among them."""
    tracemalloc.start()
    try:
        target.check(data)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    limit = HELD_BYTES_MAX + HELD_TIMES_MAX * len(data)
    return Finding("memory", f"{held} bytes held for {len(data)}, at most {limit}") if held > limit else None

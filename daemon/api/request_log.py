"""The lines that requests leave in the log: all at `debug`, refused ones at `info` and bounded, because anybody at all
can cause those.

Owns the bound and the count of what was kept back. Never loses a figure: the metrics count every request. The bound is
one for each class of status, so that a flood of wrong paths hides no failures.
"""

import time
from collections import Counter
from collections.abc import Callable

import structlog

# A person reads no more, and a disk takes this for long: about a gigabyte in a week of nothing else.
LINES_PER_SECOND_MAX = 10
# A path can be as long as all headers together.
PATH_LENGTH_MAX = 200
_log = structlog.get_logger("http")


class RequestLog:
    """The lines of one door; not thread-safe."""

    def __init__(self, door: str, seconds: Callable[[], float] = time.monotonic) -> None:
        """`seconds` is a clock that never goes back."""
        self._door = door
        self._seconds = seconds
        self._second = int(seconds())
        self._written: Counter[int] = Counter()
        self._kept_back: Counter[int] = Counter()

    def write(self, method: str, path: str, status: int, milliseconds: int) -> None:
        """The line of a request that was answered; nothing where the second has had its lines."""
        refused = status >= 400
        if refused and not self._may_write(status // 100):
            return
        (_log.info if refused else _log.debug)(
            "request",
            door=self._door,
            method=method,
            path=path if len(path) <= PATH_LENGTH_MAX else path[:PATH_LENGTH_MAX] + "…",
            status=status,
            milliseconds=milliseconds,
        )

    def tell_kept_back(self, *, now: bool = False) -> None:
        """Tell how many lines were kept back once their second is over, or `now`.

        To be called where no request is being answered: the line is about many.
        """
        if not self._kept_back or not (now or int(self._seconds()) != self._second):
            return
        for kind, count in sorted(self._kept_back.items()):
            _log.info("requests-not-logged", door=self._door, statuses=f"{kind}xx", count=count)
        self._kept_back.clear()

    def _may_write(self, kind: int) -> bool:
        second = int(self._seconds())
        if second != self._second:
            self._second = second
            self._written.clear()
        self._written[kind] += 1
        if self._written[kind] <= LINES_PER_SECOND_MAX:
            return True
        self._kept_back[kind] += 1
        return False

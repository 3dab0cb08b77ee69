"""The open connections of one door: how many, and which one goes when another needs its place.

Owns the bound. Whoever comes last gets a place as long as somebody else holds one without using it: a connection on
which no request is being answered is idle, whatever bytes trickle in, and the one that has been so for longest is
closed. Idle strangers therefore cannot keep health checks out. Never closes a connection on which a request is being
answered; how many of those there are has a bound of its own (`http_requests_max`), below this one.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trio


class Connection:
    """The place of one connection; `end` is cancelled to close it."""

    __slots__ = ("_answering", "_idle", "end")

    def __init__(self, end: trio.CancelScope, idle: "OrderedDict[Connection, None]") -> None:
        self.end = end
        self._idle = idle
        self._answering = 0

    @contextmanager
    def answering(self) -> Iterator[None]:
        """A request is being answered; several may be at a time (HTTP/2)."""
        self._answering += 1
        self._idle.pop(self, None)
        try:
            yield
        finally:
            self._answering -= 1
            if not self._answering and not self.end.cancel_called:
                self._idle[self] = None

    @property
    def is_answering(self) -> bool:
        """Whether any request is being answered."""
        return self._answering > 0


class Connections:
    """All places; every step is O(1)."""

    def __init__(self, count_max: int, count_changed: Callable[[int], None]) -> None:
        """`count_changed` is called with each new number of open connections."""
        self._count_max = count_max
        self._count_changed = count_changed
        self._open: set[Connection] = set()
        # Idle ones, the longest idle first.
        self._idle: OrderedDict[Connection, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def place(self, end: trio.CancelScope) -> Iterator[Connection | None]:
        """A place while the `with` block runs; None where all are taken by connections that answer requests."""
        if len(self._open) >= self._count_max and not self._make_room():
            yield None
            return
        connection = Connection(end, self._idle)
        self._open.add(connection)
        self._idle[connection] = None
        self._count_changed(len(self._open))
        try:
            yield connection
        finally:
            self._leave(connection)

    def _make_room(self) -> bool:
        if not self._idle:
            return False
        longest_idle = next(iter(self._idle))
        # It counts no longer, although its task takes a moment to end.
        self._leave(longest_idle)
        longest_idle.end.cancel()
        return True

    def _leave(self, connection: Connection) -> None:
        if connection in self._open:
            self._open.remove(connection)
            self._idle.pop(connection, None)
            self._count_changed(len(self._open))

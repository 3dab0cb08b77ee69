"""The open connections of one door: how many, and which one goes when another needs its place.

Owns the bound. Whoever comes last gets a place as long as somebody else holds one without using it: a connection on
which no request is being answered is idle, whatever bytes trickle in, and the one that has been so for longest is
closed. Idle strangers therefore cannot keep health checks out. Never closes a connection on which a request is being
answered; how many of those there are has a bound of its own (`http_requests_max`), below this one. Nor one on which
something has arrived that the node, which is busy, has not read yet: its client would lose a request.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

import trio

# Of the longest idle ones; where none of them can go, the node is behind with reading, and takes nobody more.
LOOKED_AT_MAX = 16


class Connection:
    """The place of one connection; `end` is cancelled to close it, `has_unread` says whether anything waits in it."""

    __slots__ = ("_answering", "_handling", "_idle", "end", "has_unread")

    def __init__(
        self, end: trio.CancelScope, has_unread: Callable[[], bool], idle: "OrderedDict[Connection, None]"
    ) -> None:
        self.end = end
        self.has_unread = has_unread
        self._idle = idle
        self._answering = 0
        self._handling = False

    @contextmanager
    def answering(self) -> Iterator[None]:
        """A request is being answered; several may be at a time (HTTP/2)."""
        self._begin()
        try:
            yield
        finally:
            self._finish()

    def handle(self, has_data: bool) -> None:
        """Whether something was just read, from which a request is being made; until the next reading begins."""
        if has_data != self._handling:
            self._handling = has_data
            (self._begin if has_data else self._finish)()

    def _begin(self) -> None:
        self._answering += 1
        self._idle.pop(self, None)

    def _finish(self) -> None:
        self._answering -= 1
        if not self._answering and not self.end.cancel_called:
            self._idle[self] = None

    @property
    def is_answering(self) -> bool:
        """Whether any request is being answered."""
        return self._answering > 0


class Connections:
    """All places; every step looks at `LOOKED_AT_MAX` others at most."""

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
    def place(self, end: trio.CancelScope, has_unread: Callable[[], bool]) -> Iterator[Connection | None]:
        """A place while the `with` block runs; None where all are taken by connections that answer requests."""
        if len(self._open) >= self._count_max and not self._make_room():
            yield None
            return
        connection = Connection(end, has_unread, self._idle)
        self._open.add(connection)
        self._idle[connection] = None
        self._count_changed(len(self._open))
        try:
            yield connection
        finally:
            self._leave(connection)

    def _make_room(self) -> bool:
        for longest_idle in islice(self._idle, LOOKED_AT_MAX):
            if not longest_idle.has_unread():
                # It counts no longer, although its task takes a moment to end.
                self._leave(longest_idle)
                longest_idle.end.cancel()
                return True
        return False

    def _leave(self, connection: Connection) -> None:
        if connection in self._open:
            self._open.remove(connection)
            self._idle.pop(connection, None)
            self._count_changed(len(self._open))

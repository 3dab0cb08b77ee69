"""The open connections of one door: how many, and which one goes when another needs its place.

Owns the bound. Whoever comes last gets a place as long as somebody else holds one without using it: a connection on
which no request is being answered is idle, whatever bytes trickle in, and the one that has been so for longest is
closed. Idle strangers therefore cannot keep health checks out. Never closes a connection on which a request is being
answered; how many of those there are has a bound of its own (`http_requests_max`), below this one. Nor one on which
something has arrived that the node, which is busy, has not read yet: its client would lose a request. Nor one that was
answered just now, as far as it has one of the places that may be kept: its client goes on as a rule, and if all places
went from hand to hand with each request, a node that is offered more than it can do would do less for all the
connecting. But nobody keeps a place so for longer than a turn.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

import trio

# From the bytes of a request until it is being answered: as long as a busy node takes for everything else meanwhile.
# A client may hold its reader up for longer, and is not protected by that.
ARRIVING_SECONDS_MAX = 0.5
# How long one stays at least after an answer.
KEPT_SECONDS = 0.5
# How long it does so at most, from when it was opened.
TURN_SECONDS = 10.0
# So many of four places may be kept so. The others go from hand to hand: nobody is locked out by those who ask and ask.
KEPT_OF_FOUR = 3
# Of the longest idle ones; where none of them can go, the node is behind with reading, and takes nobody more.
LOOKED_AT_MAX = 16


class Connection:
    """The place of one connection; `end` is cancelled to close it, `has_unread` says whether anything waits in it."""

    __slots__ = (
        "_answered_seconds",
        "_answering",
        "_arrived_seconds",
        "_connections",
        "_has_unread",
        "end",
        "idle_seconds",
        "is_kept",
        "opened_seconds",
    )

    def __init__(
        self, end: trio.CancelScope, has_unread: Callable[[], bool], connections: "Connections", is_kept: bool
    ) -> None:
        self.end = end
        # Whether its place may be kept after an answer; when it was opened, and since when it has been idle.
        self.is_kept = is_kept
        self.opened_seconds = self.idle_seconds = trio.current_time()
        self._has_unread = has_unread
        self._connections = connections
        self._answering = 0
        # The newest answer's end; None before the first.
        self._answered_seconds: float | None = None
        # When something was read from which a request may be being made; None while the next reading is under way.
        self._arrived_seconds: float | None = None

    @contextmanager
    def answering(self) -> Iterator[None]:
        """A request is being answered; several may be at a time (HTTP/2)."""
        self._answering += 1
        self._connections.begins(self)
        try:
            yield
        finally:
            self._answering -= 1
            self._answered_seconds = trio.current_time()
            if not self._answering and not self.end.cancel_called:
                self._connections.rests(self)

    def handle(self, has_data: bool) -> None:
        """Whether something was just read, from which a request is being made; until the next reading begins."""
        self._arrived_seconds = trio.current_time() if has_data else None

    @property
    def is_answering(self) -> bool:
        """Whether any request is being answered."""
        return self._answering > 0

    @property
    def may_go(self) -> bool:
        """Whether nothing is on its way in it (read a moment ago, or waiting for a reader that is not held up), and
        nothing is expected: its place is not kept, or its newest answer is some time ago."""
        now = trio.current_time()
        if self._arrived_seconds is not None:
            return now - self._arrived_seconds > ARRIVING_SECONDS_MAX
        was_answered = self._answered_seconds is not None and now - self._answered_seconds < KEPT_SECONDS
        is_expected = self.is_kept and was_answered
        return not is_expected and not self._has_unread()


class Connections:
    """All places; every step looks at twice `LOOKED_AT_MAX` others at most."""

    def __init__(self, count_max: int, count_changed: Callable[[int], None]) -> None:
        """`count_changed` is called with each new number of open connections."""
        self._count_max = count_max
        self._count_changed = count_changed
        self._open: set[Connection] = set()
        self._kept_count, self._kept_count_max = 0, count_max * KEPT_OF_FOUR // 4
        # Idle ones, the longest idle first: those whose places are kept, and the others.
        self._idle: dict[bool, OrderedDict[Connection, None]] = {True: OrderedDict(), False: OrderedDict()}

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def place(self, end: trio.CancelScope, has_unread: Callable[[], bool]) -> Iterator[Connection | None]:
        """A place while the `with` block runs; None where all are taken by connections that answer requests."""
        if len(self._open) >= self._count_max and not self._make_room():
            yield None
            return
        connection = Connection(end, has_unread, self, self._kept_count < self._kept_count_max)
        self._kept_count += connection.is_kept
        self._open.add(connection)
        self._idle[connection.is_kept][connection] = None
        self._count_changed(len(self._open))
        try:
            yield connection
        finally:
            self._leave(connection)

    def begins(self, connection: Connection) -> None:
        """It answers a request: it is idle no longer."""
        self._idle[connection.is_kept].pop(connection, None)

    def rests(self, connection: Connection) -> None:
        """It has nothing to answer; once its turn is over its place is not kept any more."""
        connection.idle_seconds = trio.current_time()
        if connection.is_kept and connection.idle_seconds - connection.opened_seconds >= TURN_SECONDS:
            connection.is_kept = False
            self._kept_count -= 1
        self._idle[connection.is_kept][connection] = None

    @property
    def has_place(self) -> bool:
        """Whether somebody who comes now gets one."""
        return len(self._open) < self._count_max or self._who_goes() is not None

    def _make_room(self) -> bool:
        goes = self._who_goes()
        if goes is not None:
            # It counts no longer, although its task takes a moment to end.
            self._leave(goes)
            goes.end.cancel()
        return goes is not None

    def _who_goes(self) -> Connection | None:
        """The longest idle one that may go, of each kind the first that is found."""
        found = [next((one for one in islice(idle, LOOKED_AT_MAX) if one.may_go), None) for idle in self._idle.values()]
        return min((one for one in found if one is not None), key=lambda one: one.idle_seconds, default=None)

    def _leave(self, connection: Connection) -> None:
        if connection in self._open:
            self._open.remove(connection)
            self._idle[connection.is_kept].pop(connection, None)
            self._kept_count -= connection.is_kept
            self._count_changed(len(self._open))

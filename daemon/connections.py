"""The open connections of one door: how many, and which one goes when another needs its place.

Owns the bound. Whoever comes last gets a place as long as somebody else holds one without using it: a connection on
which no request is being answered is idle, whatever bytes trickle in, and the one that has been so for longest is
closed. Idle strangers therefore cannot keep health checks out. Whoever was just answered is about to ask again: to make
one client connect anew for every request that another hands in would cost more than the requests. Never closes a
connection on which a request is being answered; how many of those there are has a bound of its own
(`http_requests_max`), below this one. Nor one on which something has arrived that the node, which is busy, has not read
yet: its client would lose a request.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import islice

import trio

# Whoever has just got an answer usually asks the next thing at once: it is idle after so long.
RESTING_SECONDS_MAX = 0.1
# But whoever has had a place for so long makes way for others between two requests.
TURN_SECONDS_MAX = 15.0
# Of the longest idle ones; where none of them can go, the node is behind with reading, and takes nobody more.
LOOKED_AT_MAX = 16


class Connection:
    """The place of one connection; `end` is cancelled to close it, `has_unread` says whether anything waits in it."""

    __slots__ = ("_answered", "_answering", "_has_unread", "_idle", "_opened", "end")

    def __init__(
        self, end: trio.CancelScope, has_unread: Callable[[], bool], idle: "OrderedDict[Connection, None]"
    ) -> None:
        self.end = end
        self._has_unread = has_unread
        self._idle = idle
        self._answering = 0
        self._opened = trio.current_time()
        # Who has never asked anything deserves no rest.
        self._answered = -math.inf

    def begin_answer(self) -> None:
        """A request is being answered from now on; the next one may begin in the step that ends this one."""
        self._answering += 1
        self._idle.pop(self, None)

    def end_answer(self) -> None:
        """As often as `begin_answer`."""
        self._answering -= 1
        if not self._answering and not self.end.cancel_called:
            self._idle[self] = None
            self._answered = trio.current_time()

    @property
    def has_had_its_turn(self) -> bool:
        """Whether it has been open for so long that it makes way for others."""
        return trio.current_time() - self._opened >= TURN_SECONDS_MAX

    @property
    def is_answering(self) -> bool:
        """Whether any request is being answered."""
        return self._answering > 0

    @property
    def may_go(self) -> bool:
        """Whether it rests, or has had its turn, and nothing waits in it. What was read is being answered already."""
        is_resting = trio.current_time() - self._answered < RESTING_SECONDS_MAX
        return (self.has_had_its_turn or not is_resting) and not self._has_unread()


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

    @property
    def room(self) -> int:
        """How many more get a place now, as far as one can tell: at most `LOOKED_AT_MAX` where others have to go."""
        free = self._count_max - len(self._open)
        return free if free > 0 else sum(one.may_go for one in self._looked_at())

    def enter(self, end: trio.CancelScope, has_unread: Callable[[], bool]) -> Connection | None:
        """A place, until `leave`; None where all are taken by connections that are in use."""
        if len(self._open) >= self._count_max and not self._make_room():
            return None
        connection = Connection(end, has_unread, self._idle)
        self._open.add(connection)
        self._idle[connection] = None
        self._count_changed(len(self._open))
        return connection

    def leave(self, connection: Connection) -> None:
        """The place is free, if it is not somebody else's already."""
        if connection in self._open:
            self._open.remove(connection)
            self._idle.pop(connection, None)
            self._count_changed(len(self._open))

    def _make_room(self) -> bool:
        longest_idle = next((one for one in self._looked_at() if one.may_go), None)
        if longest_idle is None:
            return False
        # It counts no longer, although its task takes a moment to end.
        self.leave(longest_idle)
        longest_idle.end.cancel()
        return True

    def _looked_at(self) -> Iterator[Connection]:
        return islice(self._idle, LOOKED_AT_MAX)

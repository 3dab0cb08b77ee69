"""Taking connections from a listening socket: as many as there is room for at once, the others when there is.

Owns who waits outside. A connection that is not taken costs nothing: the system keeps it, and what its client has sent,
up to `BACKLOG` of them, and whoever is beyond that tries again a second later. To refuse one costs a third of a write.
So where all places are in use nobody is taken, and whoever has waited for `WAIT_SECONDS_MAX` is refused. The system
hands them out in the order of coming, so it is enough to remember now and then how many have come. Never decides who
has a place (`daemon.connections`) nor what is done with a connection.
Source: docs/adr/0041-waiting-for-a-place.md.
"""

import errno
import select
import socket
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

import structlog
import trio

from daemon.backlog import BACKLOG

# How long those outside wait for room, as a request does for its place (`daemon.api.places`).
WAIT_SECONDS_MAX = 3.0
# How often one looks whether there is room meanwhile, and remembers how many have come.
LOOK_SECONDS = 0.05
NOTE_SECONDS = 0.25
# Served from the same turn of the event loop on, or refused at a time: some 50 µs each, and a file.
AT_ONCE_MAX = 32
# Where the system has no more files or memory.
SCARCE_SECONDS = 0.1
_SCARCE = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))
# The connection is at an end already, or the network says so: accept(2), "Error handling".
_GONE = frozenset(
    (
        errno.ECONNABORTED,
        errno.EPERM,
        errno.EPROTO,
        errno.ENETDOWN,
        errno.ENOPROTOOPT,
        errno.EHOSTDOWN,
        errno.ENONET,
        errno.EHOSTUNREACH,
        errno.EOPNOTSUPP,
        errno.ENETUNREACH,
        errno.ENOSR,
        errno.ESOCKTNOSUPPORT,
        errno.EPROTONOSUPPORT,
        errno.ETIMEDOUT,
        errno.ECONNRESET,
    )
)
# `struct tcp_info`, <linux/tcp.h>: of a listening socket `tcpi_unacked` is how many wait to be taken.
_UNACKED = slice(24, 28)
_log = structlog.get_logger("http")


class _Note(NamedTuple):
    """When one looked, and how many had come until then."""

    at_seconds: float
    come_count: int


class Accepting:
    """One listening socket; `run` takes connections until it is cancelled.

    Args:
        listener: Listens already; belongs to the caller.
        room: How many further connections there is room for now.
        take: Called with each connection for which there is room.
        refuse: Awaited with each that has waited in vain; closes it, within a bounded time.
    """

    def __init__(
        self,
        listener: socket.socket,
        room: Callable[[], int],
        take: Callable[[trio.SocketStream], None],
        refuse: Callable[[trio.SocketStream], Awaitable[None]],
    ) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)
        self._room = room
        self._take = take
        self._refuse = refuse
        self._is_scarce = False
        self._taken_count = 0
        # The oldest first; empty while nobody has to wait.
        self._notes: deque[_Note] = deque()

    @property
    def is_waited_at(self) -> bool:
        """Whether somebody waits outside for whom there was no room."""
        return bool(self._notes)

    async def run(self) -> None:
        """Take connections, for ever."""
        while True:
            await trio.lowlevel.wait_readable(self._listener)
            due = self._due_count()
            if due:
                await self._send_away(due)
            elif room := self._room():
                await self._let_in(deque(self._taken(room)))
            else:
                self._note()
                await trio.sleep(LOOK_SECONDS)
            if self._is_scarce:
                await trio.sleep(SCARCE_SECONDS)
            if not self._poll.poll(0):
                self._notes.clear()

    def _note(self) -> None:
        now = trio.current_time()
        if not self._notes or now - self._notes[-1].at_seconds >= NOTE_SECONDS:
            self._notes.append(_Note(now, self._taken_count + self._waiting_count()))

    def _due_count(self) -> int:
        """How many of those who wait have done so for long enough."""
        due, now = 0, trio.current_time()
        while self._notes and now - self._notes[0].at_seconds >= WAIT_SECONDS_MAX:
            due = self._notes.popleft().come_count - self._taken_count
        return max(due, 0)

    def _waiting_count(self) -> int:
        """How many wait outside; where the system does not tell, as many as can."""
        if self._listener.family not in (socket.AF_INET, socket.AF_INET6):
            return BACKLOG
        told = self._listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _UNACKED.stop)
        return int.from_bytes(told[_UNACKED], sys.byteorder)

    def _taken(self, count_max: int) -> Iterator[trio.SocketStream]:
        """Those who wait now, up to so many."""
        self._is_scarce = False
        for _ in range(count_max):
            try:
                connection = self._listener.accept()[0]
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _GONE:
                    continue
                if error.errno not in _SCARCE:
                    raise
                self._is_scarce = True
                _log.warning("accept-failed", reason=error.strerror)
                return
            self._taken_count += 1
            yield trio.SocketStream(trio.socket.from_stdlib_socket(connection))

    async def _let_in(self, taken: deque[trio.SocketStream]) -> None:
        """Let them be served, some in each turn of the event loop."""
        try:
            while taken:
                for _ in range(min(len(taken), AT_ONCE_MAX)):
                    self._take(taken.popleft())
                await trio.lowlevel.checkpoint()
        finally:
            for one in taken:
                one.socket.close()

    async def _send_away(self, count: int) -> None:
        """Refuse so many; no more at a time than there are files for."""
        while count > 0 and (taken := list(self._taken(min(count, AT_ONCE_MAX)))):
            count -= len(taken)
            async with trio.open_nursery() as nursery:
                for one in taken:
                    nursery.start_soon(self._refuse, one)

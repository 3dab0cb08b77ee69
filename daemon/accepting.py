"""Taking connections from a listening socket: as many as there is room for at once, the others when there is.

Owns who waits outside. A connection that is not taken costs nothing: the system keeps it, and what its client has sent,
up to `BACKLOG` of them, and whoever is beyond that tries again a second later. To refuse one costs a third of a write.
So where all places are in use nobody is taken for a while, and refused only if that does not change. Never decides
who has a place (`daemon.connections`) nor what is done with a connection.
Source: docs/adr/0041-waiting-for-a-place.md.
"""

import errno
import socket
from collections import deque
from collections.abc import Callable, Iterator

import structlog
import trio

BACKLOG = 1024
# How long those outside wait for room, as a request does for its place (`daemon.api.places`).
WAIT_SECONDS_MAX = 3.0
# How often one looks whether there is room meanwhile.
LOOK_SECONDS = 0.05
# Served from the same turn of the event loop on: some 50 µs each.
IN_ONE_TURN_MAX = 32
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
    )
)
_log = structlog.get_logger("http")


class Accepting:
    """One listening socket; `run` takes connections until it is cancelled.

    Args:
        listener: Listens already; belongs to the caller.
        room: How many further connections there is room for now.
        take: Called with each connection; whoever takes one for which there is no room refuses it.
    """

    def __init__(
        self, listener: socket.socket, room: Callable[[], int], take: Callable[[trio.SocketStream], None]
    ) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._room = room
        self._take = take
        self._is_scarce = False

    async def run(self) -> None:
        """Take connections, for ever."""
        while True:
            await trio.lowlevel.wait_readable(self._listener)
            # Where there is no room, whoever waits by now is refused; who comes meanwhile waits in turn.
            await self._hand_on(deque(self._taken(await self._wait_for_room() or BACKLOG)))
            if self._is_scarce:
                await trio.sleep(SCARCE_SECONDS)

    async def _wait_for_room(self) -> int:
        room = self._room()
        until_seconds = trio.current_time() + WAIT_SECONDS_MAX
        while not room and trio.current_time() < until_seconds:
            await trio.sleep(LOOK_SECONDS)
            room = self._room()
        return room

    def _taken(self, count_max: int) -> Iterator[socket.socket]:
        """What waits now, up to so many; 10 µs each."""
        self._is_scarce = False
        for _ in range(count_max):
            try:
                yield self._listener.accept()[0]
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

    async def _hand_on(self, taken: deque[socket.socket]) -> None:
        """Let them be served, some in each turn of the event loop."""
        try:
            while taken:
                for _ in range(min(len(taken), IN_ONE_TURN_MAX)):
                    self._take(trio.SocketStream(trio.socket.from_stdlib_socket(taken.popleft())))
                await trio.lowlevel.checkpoint()
        finally:
            for one in taken:
                one.close()

"""Carrying out `SaveSignState`: in order, with a flush on a thread where one is asked for.

Owns the queue in front of the sign-state file; never merges or skips a state. What finds no room is tried again until
there is some, and what depends on it waits: nothing is signed that is not recorded. Bounded by the node: it has at most
one window of acknowledgements and one checkpoint under way.
"""

from collections import deque

import trio

from daemon.disk import RETRY_SECONDS, Disk
from daemon.effects import SaveSignState
from daemon.errors import SignStateFullError
from daemon.events import SignStateSaved
from daemon.inbox import Inbox
from daemon.sign_state_file import SignStateFile

SIGN_STATE = "sign-state"


class SignStateKeeper:
    """Saves in the order given and reports each ticket to `inbox`; `disk` hears of missing room."""

    def __init__(self, file: SignStateFile, inbox: Inbox, disk: Disk) -> None:
        self._file = file
        self._inbox = inbox
        self._disk = disk
        self._queue: deque[SaveSignState] = deque()
        self._arrived = trio.Event()
        self._busy = False

    def save(self, effect: SaveSignState) -> None:
        """Keep the state: at once if nothing waits and no flush is asked for (10 µs), else in the background.

        Raises:
            SignStateError: the file cannot be written; the node must not go on.
        """
        if not effect.flush and not self._busy and not self._queue:
            try:
                self._file.save(effect.state, flush=False)
            except SignStateFullError as error:
                self._disk.refused(SIGN_STATE, error)
            else:
                self._inbox.post(SignStateSaved, effect.ticket)
                return
        self._queue.append(effect)
        self._arrived.set()

    async def run(self) -> None:
        """Save what waits until cancelled; raises SignStateError as `save` does."""
        while True:
            while not self._queue:
                self._arrived = trio.Event()
                await self._arrived.wait()
            effect = self._queue.popleft()
            self._busy = True
            await self._save(effect)
            self._busy = False
            self._inbox.post(SignStateSaved, effect.ticket)

    async def _save(self, effect: SaveSignState) -> None:
        while True:
            try:
                await trio.to_thread.run_sync(self._file.save, effect.state, effect.flush, effect.term_certificate)
            except SignStateFullError as error:
                self._disk.refused(SIGN_STATE, error)
                await trio.sleep(RETRY_SECONDS)
            else:
                self._disk.wrote(SIGN_STATE)
                return

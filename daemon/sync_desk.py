"""Syncing by snapshot in the shell: works one after the other on a thread, answers to neighbours, lines in the log.

Owns the queues in front of both and the wish to begin again on top of a snapshot; decides nothing (the node does).
Bounds: works are as many as the node has under way; `ANSWERS_MAX` questions of neighbours wait for the disk, more are
dropped, and asked again by whoever asked. Cancellation: a work under way fails soon, and what came is kept.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import asdict

import trio

from daemon.events import SyncDone
from daemon.inbox import Inbox
from daemon.incoming import IncomingSnapshot
from daemon.snapshot_answers import answer_snapshots
from daemon.sync_progress import Stage, SyncProgress
from daemon.sync_work import AdoptSnapshot, AnswerSnapshots, DiscardIncoming, SyncWork, WorkFailed
from ledger.errors import BanyanError
from p2p.effects import SendFrame, send
from storage.errors import StoreFullError
from storage.snapshot_shelf import SnapshotShelf

# A megabyte each when they are read; two of each of twelve neighbours, and as many questions which snapshots there are.
ANSWERS_MAX = 48
# Often enough that an operator sees that it gets on.
TOLD_EVERY_SECONDS = 10


class SyncDesk:
    """What carries out `SyncWork` and `AnswerSnapshots`.

    Args:
        incoming: Where works are done.
        shelf: What is handed out.
        log: As `daemon.service.Service` has it.
        has_room: Whether the disk has room for what comes; without it every work fails that takes some, and is tried
            again later.
    """

    def __init__(
        self,
        incoming: IncomingSnapshot,
        shelf: SnapshotShelf,
        log: Callable[..., None],
        has_room: Callable[[], bool] = lambda: True,
    ) -> None:
        self._incoming = incoming
        self._shelf = shelf
        self._log = log
        self._has_room = has_room
        self._works: deque[SyncWork] = deque()
        self._asked: deque[AnswerSnapshots] = deque()
        self._work_came = trio.Event()
        self._question_came = trio.Event()
        # A snapshot's store waits to be taken into use: the node has to end, and to begin again.
        self.adopted = trio.Event()

    def take(self, effect: SyncWork | AnswerSnapshots) -> None:
        """Queue a work, which is reported with `SyncDone`, or a neighbour's question."""
        if isinstance(effect, SyncWork):
            self._works.append(effect)
            self._work_came.set()
        elif len(self._asked) < ANSWERS_MAX:
            self._asked.append(effect)
            self._question_came.set()

    async def run(
        self, inbox: Inbox, send_frame: Callable[[SendFrame], None], progress: Callable[[], SyncProgress]
    ) -> None:
        """Work until cancelled.

        Args:
            inbox: Where works are reported.
            send_frame: Sends a neighbour something.
            progress: How far the node says that it is.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._do, inbox)
            nursery.start_soon(self._answer, send_frame)
            nursery.start_soon(self._tell, progress)

    async def _do(self, inbox: Inbox) -> None:
        try:
            while True:
                while not self._works:
                    self._work_came = trio.Event()
                    await self._work_came.wait()
                effect = self._works.popleft()
                failed = await self._on_thread(effect)
                if failed is None and isinstance(effect.work, AdoptSnapshot):
                    self.adopted.set()
                inbox.post(SyncDone, effect.ticket, failed)
        finally:
            self._incoming.close()

    async def _on_thread(self, effect: SyncWork) -> WorkFailed | None:
        """Do a work; when the node ends meanwhile, wait for it to be given up: it uses what is closed then."""
        if not self._has_room() and not isinstance(effect.work, DiscardIncoming):
            return WorkFailed(StoreFullError("there is not enough room left on the disk for what a snapshot brings"))
        done = trio.Event()

        async def give_up() -> None:
            try:
                await done.wait()
            except trio.Cancelled:
                self._incoming.stop()
                raise

        async with trio.open_nursery() as nursery:
            nursery.start_soon(give_up)
            failed = await trio.to_thread.run_sync(self._incoming.do, effect.work)
            done.set()
        return failed

    async def _answer(self, send_frame: Callable[[SendFrame], None]) -> None:
        while True:
            while not self._asked:
                self._question_came = trio.Event()
                await self._question_came.wait()
            peer, asked = self._asked[0].peer, self._asked.popleft().asked
            try:
                send_frame(send(peer, await trio.to_thread.run_sync(answer_snapshots, asked, self._shelf)))
            except BanyanError as error:
                self._log("snapshot-unreadable", level="warning", code=error.code, reason=str(error))

    async def _tell(self, progress: Callable[[], SyncProgress]) -> None:
        """A line when another stage begins, and every few seconds while one lasts."""
        told, seconds = SyncProgress(), 0
        while True:
            await trio.sleep(1)
            now, seconds = progress(), seconds + 1
            if now.stage is told.stage and (now == told or seconds < TOLD_EVERY_SECONDS):
                continue
            is_over = now.stage in (Stage.IDLE, Stage.ASKING)
            if not is_over or told.stage not in (Stage.IDLE, Stage.ASKING):
                self._log("sync", **asdict(now) | {"stage": now.stage.value})
            told, seconds = now, 0

"""Killing the leader in the middle of the import, and starting it again.

Owns the moment, in a thread of its own beside the import: the first part that begins when half is done, as soon as
lines of it are under way. Never stops the import; what it has to put up with is the point.
"""

import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from cli.demo.cluster import Cluster, Leader, interruption_deferred, no_leader_error, wait_for
from cli.demo.importing import PartUnderWay
from ledger.errors import BanyanError

# A part's first lines are signed and sent within a second; a part of none would be waited for no longer than this.
SENT_WAIT_S = 5.0
SENT_INTERVAL_S = 0.005
# Fewer cannot decide without the one that was killed: it is started again before anybody can lead.
VOTERS_MIN = 3


class _EndedError(Exception):
    """The import is over before its time; nothing is started any more."""


@dataclass(frozen=True, slots=True)
class Outage:
    """What happened: who led before, how far the import was, who led next after how long, and the whole of it."""

    killed: Leader
    settled: int
    sent: int
    followed_by: Leader
    leaderless_s: float
    absent_s: float


class LeaderOutage:
    """Waits for its moment while its `with` block runs; `outage` tells of it afterwards."""

    def __init__(self, cluster: Cluster, line_count: int) -> None:
        self._cluster = cluster
        self._line_count = line_count
        self._part: PartUnderWay | None = None
        self._moment = threading.Event()
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="leader-outage", daemon=True)
        self.outage: Outage | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait until the killed node is back, unless something else went wrong; raises what went wrong with it."""
        if error is not None or not self._moment.is_set():
            self._ended.set()
            self._moment.set()
        # The thread starts a process: it must be through before anybody ends all of them.
        with interruption_deferred():
            self._thread.join()
        if error is None and self._error is not None:
            raise self._error

    def watch(self, part: PartUnderWay) -> None:
        """Be told of a part that begins."""
        if not self._moment.is_set() and 2 * (part.settled_before + part.line_count) > self._line_count:
            self._part = part
            self._moment.set()

    def _run(self) -> None:
        self._moment.wait()
        if self._ended.is_set() or self._part is None:
            return
        try:
            self.outage = self._kill_and_restart(self._part)
        except _EndedError:
            return
        except (BanyanError, OSError) as error:
            self._error = error

    def _kill_and_restart(self, part: PartUnderWay) -> Outage:
        leader = self._wait_for_leader(-1)
        deadline = time.monotonic() + SENT_WAIT_S
        while part.sent() == 0 and time.monotonic() < deadline:
            time.sleep(SENT_INTERVAL_S)
        sent = part.sent()
        leader.node.process.kill()
        killed_at = time.monotonic()
        if len(self._cluster.nodes) < VOTERS_MIN:
            self._restart(leader)
        following = self._wait_for_leader(leader.term)
        leaderless_s = time.monotonic() - killed_at
        if not leader.node.process.is_running:
            self._restart(leader)
        return Outage(leader, part.settled_before, sent, following, leaderless_s, time.monotonic() - killed_at)

    def _restart(self, leader: Leader) -> None:
        if self._ended.is_set():
            raise _EndedError
        leader.node.process.start()

    def _wait_for_leader(self, above_term: int) -> Leader:
        def look() -> Leader | None:
            if self._ended.is_set():
                raise _EndedError
            found = self._cluster.leader()
            return found if found is not None and found.term > above_term else None

        return wait_for(look, no_leader_error())

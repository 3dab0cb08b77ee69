"""When the frames of a step leave: before the time-consuming part that follows, whatever that is."""

from pathlib import Path

import pytest

from daemon.disk import Disk
from daemon.effects import Effect, StoreBatch
from daemon.node import Node
from p2p.effects import Dial, Drop, SendClass, SendFrame
from p2p.frames import Prune
from tests.daemon.shell import make_home, running_service

pytestmark = pytest.mark.trio
FRAME = SendFrame(b"p" * 32, Prune(), SendClass.CONTROL)


class Outlet:
    """What stands where the connections are: remembers what waits there."""

    def __init__(self) -> None:
        self.waiting: list[SendFrame | Dial | Drop] = []
        self.sent = 0

    def carry_out(self, effect: SendFrame | Dial | Drop) -> None:
        self.waiting.append(effect)

    def flush(self) -> None:
        self.sent += len(self.waiting)
        self.waiting = []

    async def leave(self) -> None:
        self.flush()


async def test_frames_leave_before_what_is_committed_is_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Take out the first `_flush` in `daemon/service.py`, `_step_until_stopped`, and this fails."""
    outlet, waiting = Outlet(), list[int]()
    begin, end = Node.begin, Node.end
    monkeypatch.setattr(Node, "begin", lambda node, event: [*begin(node, event), FRAME])

    def watched(node: Node) -> list[Effect]:
        waiting.append(len(outlet.waiting))
        return end(node)

    async with running_service(make_home(tmp_path / "home").directory) as shell:
        shell.service._network = outlet  # type: ignore[assignment]
        monkeypatch.setattr(Node, "end", watched)
        await shell.service.submit(shell.raw_notice())
        assert set(waiting) == {0}
        assert outlet.sent == len(waiting)


async def test_frames_leave_before_a_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write may be made where the node stands. Take out the second `_flush` there and this fails."""
    outlet, waiting = Outlet(), list[int]()
    end, store = Node.end, Disk.store

    def watched(disk: Disk, effect: StoreBatch, may_wait: bool) -> None:
        waiting.append(len(outlet.waiting))
        store(disk, effect, may_wait)

    monkeypatch.setattr(Node, "end", lambda node: [*end(node), FRAME])
    monkeypatch.setattr(Disk, "store", watched)
    async with running_service(make_home(tmp_path / "home").directory) as shell:
        shell.service._network = outlet  # type: ignore[assignment]
        waiting.clear()
        await shell.service.submit(shell.raw_notice())
        assert set(waiting) == {0}
        assert outlet.sent > 0 and outlet.waiting == []

"""The sign-state's keeper: in order, and on a full disk nothing is reported that is not recorded."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from daemon.disk import Disk
from daemon.disk_room import DiskLimits, DiskRoom, RoomLevel
from daemon.effects import SaveSignState
from daemon.events import RoomChanged, SignStateSaved
from daemon.inbox import Inbox
from daemon.sign_state import SignState
from daemon.sign_state_file import Binding, SignStateFile
from daemon.sign_state_keeper import SignStateKeeper
from storage.memory import MemoryStore

pytestmark = pytest.mark.trio
BINDING = Binding(b"n" * 32, b"g" * 32)


@contextmanager
def refused_writes() -> Iterator[None]:
    """The system lets no file of this process grow or change beyond its first bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("flush", [True, False])
async def test_what_finds_no_room_is_kept_later_and_reported_then(
    tmp_path: Path, mock_clock: trio.testing.MockClock, flush: bool
) -> None:
    mock_clock.rate = 20
    path = tmp_path / "sign-state"
    SignStateFile.create(path, BINDING, SignState())
    file = SignStateFile(path, BINDING)
    inbox = Inbox(lambda: 0)
    store = MemoryStore(b"g" * 32, {}, bytes(2048))
    disk = Disk(store, inbox, lambda *_, **__: None, DiskRoom("db", DiskLimits(), lambda: None))
    keeper = SignStateKeeper(file, inbox, disk)
    states = [SignState(term=term, reserved_height=9) for term in (1, 2)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keeper.run)
        with refused_writes():
            for ticket, state in enumerate(states, 1):
                keeper.save(SaveSignState(ticket, state, flush, b"certificate" if flush else b""))
            assert isinstance(await inbox.next(), RoomChanged)
            assert disk.room.level is RoomLevel.FULL
            assert "sign-state" in str(disk.full)
            assert file.state == SignState()
        reports = [await inbox.next() for _ in range(3)]
        assert [one.ticket for one in reports if isinstance(one, SignStateSaved)] == [1, 2]
        assert [one.has_room for one in reports if isinstance(one, RoomChanged)] == [True]
        nursery.cancel_scope.cancel()
    file.close()
    reopened = SignStateFile(path, BINDING)
    assert reopened.state == states[-1]
    assert reopened.certificate == (b"certificate" if flush else b"")
    reopened.close()

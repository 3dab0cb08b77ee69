"""The process that drafts snapshots: it never outlives who waits for it, and what goes wrong is an error."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from daemon import draft_process
from daemon.draft_process import draft_beside
from ledger.errors import LocalError
from storage.snapshot_process import DraftOrder

ORDER = DraftOrder(Path("db"), bytes(32), Path("snapshots"), 16, 16, bytes(32))
# Says that it has begun, and who it is, and stays.
STAYS = (
    "import os, pathlib, signal; pathlib.Path('pid.new').write_text(str(os.getpid()));"
    "os.rename('pid.new', 'pid'); {}signal.pause()"
)
BEGINS = "os.write(1, b'begun\\n'); "


@pytest.fixture(autouse=True)
def _in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield


def have_run(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Another program in the place of the one that drafts."""
    monkeypatch.setattr(draft_process, "command_of", lambda *_: [sys.executable, "-c", program])


def is_gone() -> bool:
    """Whether the process that told who it is has ended, and somebody has noticed; or whether there was none."""
    return not Path("pid").exists() or not Path("/proc", Path("pid").read_text()).exists()


async def failure() -> str:
    with pytest.raises(LocalError) as raised:
        await draft_beside(ORDER, lambda: None)
    return str(raised.value)


@pytest.mark.trio
async def test_one_that_does_not_begin_in_time_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard: daemon/draft_process.py, `draft_beside`, "if beginning.cancelled_caught:"."""
    have_run(monkeypatch, STAYS.format(""))
    monkeypatch.setattr(draft_process, "BEGIN_SECONDS_MAX", 1.0)
    assert "ended with status -9" in await failure()
    assert is_gone()


@pytest.mark.trio
async def test_it_ends_with_who_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    have_run(monkeypatch, STAYS.format(BEGINS))
    begun = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(draft_beside, ORDER, begun.set)
        await begun.wait()
        assert not is_gone()
        nursery.cancel_scope.cancel()
    assert is_gone()


@pytest.mark.trio
async def test_what_it_says_on_its_end_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    have_run(monkeypatch, "import sys; sys.exit('there is no room')")
    assert "there is no room" in await failure()


@pytest.mark.trio
@pytest.mark.parametrize("told", ["", BEGINS, BEGINS + "os.write(1, b'[]'); ", "os.write(1, b'other\\n'); "])
async def test_one_that_tells_no_draft_has_failed(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    have_run(monkeypatch, f"import os; {told}")
    assert "failed" in await failure()


@pytest.mark.trio
async def test_one_that_cannot_be_started_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_process, "command_of", lambda *_: [str(Path("nothing").absolute())])
    assert os.strerror(2) in await failure()


@pytest.mark.trio
async def test_the_store_that_is_not_there_is_named() -> None:
    reason = await failure()
    assert "db" in reason and "Traceback" not in reason

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
from storage.snapshot_process import FAILED_STATUS, DraftOrder

ORDER = DraftOrder(Path("db"), bytes(32), Path("snapshots"), 16, 16, bytes(32))
# Says that it has begun, and who it is, and stays.
STAYS = (
    "import os, pathlib, signal; pathlib.Path('pid.new').write_text(str(os.getpid()));"
    "os.rename('pid.new', 'pid'); {}signal.pause()"
)
# Of the tests, where nothing of what they are about ends it.
PATIENCE_SECONDS = 9.0
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
    with trio.fail_after(PATIENCE_SECONDS), pytest.raises(LocalError) as raised:
        await draft_beside(ORDER, lambda: None)
    return str(raised.value)


SILENT = {
    "before it has begun": ("", "BEGIN_SECONDS_MAX", "silent for 1 seconds"),
    "after it has begun": (BEGINS, "CHUNK_SECONDS_MAX", "silent for 1 seconds"),
    "without an end": (BEGINS + "os.close(1); ", "END_SECONDS_MAX", "does not end"),
    "without a beginning or an end": ("os.close(1); ", "END_SECONDS_MAX", "does not end"),
}


@pytest.mark.trio
@pytest.mark.parametrize("when", SILENT)
async def test_one_that_is_silent_is_ended(when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: daemon/draft_process.py, `_next`, "with trio.move_on_after(seconds_max):"; `_end_of`,
    "with trio.move_on_after(END_SECONDS_MAX):"; `draft_beside`, "process.kill()"."""
    does, bound, told = SILENT[when]
    have_run(monkeypatch, STAYS.format(does))
    monkeypatch.setattr(draft_process, bound, 1.0)
    assert told in await failure()
    assert is_gone()


@pytest.mark.trio
async def test_one_that_tells_something_else_is_ended_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its journal grows until then. Guard: daemon/draft_process.py, `_hear`, "if not told.startswith(BEGUN):"."""
    have_run(monkeypatch, STAYS.format("os.write(1, b'a notice of some library\\n'); "))
    assert "something else" in await failure()
    assert is_gone()


@pytest.mark.trio
async def test_one_that_tells_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard: daemon/draft_process.py, `_hear`, "if len(told) > _TOLD_SIZE_BYTES_MAX:"."""
    have_run(monkeypatch, STAYS.format(BEGINS + "[os.write(1, bytes(1000)) for _ in range(1000)]; "))
    monkeypatch.setattr(draft_process, "_TOLD_SIZE_BYTES_MAX", 100_000)
    assert "more than" in await failure()
    assert is_gone()


@pytest.mark.trio
@pytest.mark.parametrize("before", ["", BEGINS])
async def test_one_that_complains_at_length_is_heard_to_its_end(before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe holds 64 KiB. Guard: daemon/draft_process.py, `_keep_beginning`, "REPORT_SIZE_BYTES_MAX - len(report)"."""
    have_run(monkeypatch, f"import os; {before}os.write(2, b'x' * 200_000); os._exit(7)")
    reason = await failure()
    assert "status 7" in reason and len(reason) < 5_000


@pytest.mark.trio
async def test_it_is_in_a_group_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is for the node. Guard: daemon/draft_process.py, `draft_beside`, "process_group=0"."""
    have_run(monkeypatch, f"import os, sys; sys.stderr.write(str(os.getpgrp())); sys.exit({FAILED_STATUS})")
    assert f"({os.getpgrp()})" not in await failure()


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
    have_run(monkeypatch, f"import sys; sys.stderr.write('There is no room.'); sys.exit({FAILED_STATUS})")
    assert "(There is no room)" in await failure()


@pytest.mark.trio
async def test_of_an_error_of_its_own_the_last_line_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    have_run(monkeypatch, "import nothing_of_this_name")
    reason = await failure()
    assert "status 1: ModuleNotFoundError" in reason and "Traceback" not in reason


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
async def test_one_for_which_there_is_no_thread_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_thread(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(trio, "run_process", no_thread)
    assert "can't start new thread" in await failure()


@pytest.mark.trio
async def test_the_store_that_is_not_there_is_named() -> None:
    reason = await failure()
    assert "db" in reason and "Traceback" not in reason

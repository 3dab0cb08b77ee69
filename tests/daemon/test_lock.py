"""One daemon per folder."""

import os
from pathlib import Path

import pytest

from daemon.errors import HomeLockedError, HomeNotWritableError
from daemon.lock import HomeLock


def test_a_second_lock_is_refused_with_the_process_that_holds_it(tmp_path: Path) -> None:
    with HomeLock(tmp_path / "lock"), pytest.raises(HomeLockedError) as caught:
        HomeLock(tmp_path / "lock")
    message = str(caught.value)
    assert f"process id {os.getpid()}" in message
    assert "stop that one first" in message


def test_a_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    first = HomeLock(tmp_path / "lock")
    first.close()
    first.close()
    with HomeLock(tmp_path / "lock"), pytest.raises(HomeLockedError):
        HomeLock(tmp_path / "lock")


def test_what_a_dead_process_left_does_not_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("999999\n")
    with HomeLock(tmp_path / "lock"):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_folder_that_is_not_there_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(HomeNotWritableError, match="make it writable"):
        HomeLock(tmp_path / "missing" / "lock")

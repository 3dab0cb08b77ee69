"""A file that one run at a time works on."""

from pathlib import Path

import pytest

from cli.locked_file import FileBusyError, open_locked


def test_a_second_run_is_kept_out_until_the_first_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with open_locked(path, 0o600) as first:
        first.write(b"begun\n")
        first.flush()
        with pytest.raises(FileBusyError):
            open_locked(path, 0o600)
    with open_locked(path, 0o600) as second:
        assert second.read() == b"begun\n", "what the first wrote is still there"
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_the_system_refuses_is_told_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_locked(tmp_path / "nowhere" / "journal", 0o600)

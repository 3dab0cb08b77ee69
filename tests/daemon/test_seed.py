"""The seed's file: whole, private, never overwritten."""

from pathlib import Path

import pytest

from daemon.errors import SeedError
from daemon.seed import create_seed, read_keys


def test_a_new_seed_is_private_and_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "seed"
    create_seed(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_bytes()) == 32
    assert read_keys(path) == read_keys(path)


def test_two_seeds_differ(tmp_path: Path) -> None:
    create_seed(tmp_path / "one")
    create_seed(tmp_path / "two")
    assert read_keys(tmp_path / "one").node_id != read_keys(tmp_path / "two").node_id


def test_a_seed_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "seed"
    create_seed(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        create_seed(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_seed_that_others_can_read_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "seed"
    create_seed(path)
    path.chmod(mode)
    with pytest.raises(SeedError) as caught:
        read_keys(path)
    assert f"chmod 600 {path}" in str(caught.value)
    path.chmod(0o600)
    read_keys(path)


def test_a_missing_seed_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match="put this node's seed back"):
        read_keys(tmp_path / "seed")


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_seed_of_another_size_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "seed"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SeedError, match="has not 32 bytes"):
        read_keys(path)


def test_a_folder_in_the_seeds_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "seed"
    path.mkdir(mode=0o700)
    with pytest.raises(SeedError, match="not a plain file"):
        read_keys(path)


def test_messages_hold_nothing_of_the_seed(tmp_path: Path) -> None:
    path = tmp_path / "seed"
    create_seed(path)
    path.chmod(0o644)
    with pytest.raises(SeedError) as caught:
        read_keys(path)
    assert path.read_bytes().hex() not in repr(caught.value)
    assert repr(path.read_bytes()) not in repr(caught.value)

"""The seed's file: whole, private, never overwritten."""

import os
from pathlib import Path

import pytest
from nacl import pwhash

from daemon.errors import SeedError
from daemon.seed import create_seed, is_sealed, read_keys, seal_seed, unseal_seed


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


@pytest.fixture
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A seed under the passphrase "open sesame", which is stretched as little as can be."""
    monkeypatch.setattr("daemon.sealed_secret.OPERATIONS", pwhash.argon2id.OPSLIMIT_MIN)
    monkeypatch.setattr("daemon.sealed_secret.MEMORY_BYTES", pwhash.argon2id.MEMLIMIT_MIN)
    for name in ("BANYAN_SEED_PASSPHRASE_FILE", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "seed"
    create_seed(path, "open sesame")
    return path


def test_a_sealed_seed_opens_with_its_passphrase_alone(sealed: Path) -> None:
    assert sealed.stat().st_mode & 0o777 == 0o600
    assert is_sealed(sealed)
    keys = read_keys(sealed, lambda _path: "open sesame")
    with pytest.raises(SeedError, match="does not open"):
        read_keys(sealed, lambda _path: "open barley")
    unseal_seed(sealed, lambda _path: "open sesame")
    assert not is_sealed(sealed)
    assert read_keys(sealed) == keys
    seal_seed(sealed, "another")
    assert read_keys(sealed, lambda _path: "another") == keys


def test_the_passphrase_comes_from_a_file_or_a_credential(
    sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SeedError, match=r"\$BANYAN_SEED_PASSPHRASE_FILE"):
        read_keys(sealed)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    with pytest.raises(SeedError, match="has a passphrase"):
        read_keys(sealed)
    (credentials / "banyan-seed-passphrase").write_bytes(b"open sesame")
    keys = read_keys(sealed)
    # A descriptor that was handed over, as a script does it: nothing lies on the disk.
    reading, writing = os.pipe()
    os.write(writing, b"open sesame\n")
    os.close(writing)
    monkeypatch.setenv("BANYAN_SEED_PASSPHRASE_FILE", f"/dev/fd/{reading}")
    assert read_keys(sealed) == keys
    os.close(reading)


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 1025, b"\xff\xfe"])
def test_a_file_without_a_passphrase_is_told(
    sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    (tmp_path / "passphrase").write_bytes(content)
    monkeypatch.setenv("BANYAN_SEED_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    with pytest.raises(SeedError, match="on one line"):
        read_keys(sealed)
    monkeypatch.setenv("BANYAN_SEED_PASSPHRASE_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(SeedError, match="cannot be read"):
        read_keys(sealed)


@pytest.mark.parametrize("damage", ["{}", '{"format": "banyan-seed/v1"}', '{"format": "banyan-seed/v1", "sealed": {}}'])
def test_what_is_no_sealed_seed_is_refused(sealed: Path, damage: str) -> None:
    sealed.write_text(damage)
    with pytest.raises(SeedError, match="no sealed seed"):
        read_keys(sealed, lambda _path: "open sesame")

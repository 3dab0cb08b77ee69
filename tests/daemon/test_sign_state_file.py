"""The sign-state's file: two slots, so that no cut write loses what was signed."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import SignStateError
from daemon.sign_state import SignState
from daemon.sign_state_file import (
    CERTIFICATE_SLOT_SIZE_BYTES,
    CERTIFICATES_OFFSET_BYTES,
    SLOT_DISTANCE_BYTES,
    SLOT_SIZE_BYTES,
    Binding,
    SignStateFile,
)

BINDING = Binding(b"n" * 32, b"g" * 32)
FIRST = SignState(term=1, voted_for=b"v" * 32)


def states(count: int) -> list[SignState]:
    """States that follow one another as a leader's do."""
    found = [FIRST]
    for height in range(1, count):
        found.append(found[-1].with_acknowledgement(1, height, bytes([height]) * 32))
    return found


def test_what_is_saved_is_read_back_flushed_or_not(tmp_path: Path) -> None:
    path = tmp_path / "sign-state"
    SignStateFile.create(path, BINDING, FIRST)
    assert path.stat().st_mode & 0o777 == 0o600
    for position, state in enumerate(states(7)[1:]):
        file = SignStateFile(path, BINDING)
        file.save(state, flush=position % 2 == 0)
        file.close()
        reopened = SignStateFile(path, BINDING)
        assert reopened.state == state
        reopened.close()


def test_an_existing_file_is_never_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "sign-state"
    SignStateFile.create(path, BINDING, FIRST)
    with pytest.raises(FileExistsError):
        SignStateFile.create(path, BINDING, SignState())
    assert SignStateFile(path, BINDING).state == FIRST


@given(at=st.integers(0, SLOT_SIZE_BYTES - 1), bit=st.integers(0, 7), saved=st.integers(2, 5))
def test_a_damaged_newest_slot_leaves_the_one_before(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int, saved: int
) -> None:
    path = tmp_path_factory.mktemp("slots") / "sign-state"
    SignStateFile.create(path, BINDING, FIRST)
    file = SignStateFile(path, BINDING)
    history = states(saved + 1)
    for state in history[1:]:
        file.save(state, flush=True)
    file.close()
    # The file was made with sequence numbers 0 and 1; the first save has 2.
    newest = (1 + saved) % 2 * SLOT_DISTANCE_BYTES
    content = bytearray(path.read_bytes())
    content[newest + at] ^= 1 << bit
    path.write_bytes(content)
    damaged = SignStateFile(path, BINDING)
    assert damaged.state == history[-2]
    # And the next save mends it.
    damaged.save(history[-1], flush=False)
    damaged.close()
    assert SignStateFile(path, BINDING).state == history[-1]


@pytest.mark.parametrize("cut", range(0, SLOT_SIZE_BYTES, 73))
def test_a_write_that_was_cut_short_leaves_the_state_before(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "sign-state"
    SignStateFile.create(path, BINDING, FIRST)
    before = path.read_bytes()
    file = SignStateFile(path, BINDING)
    file.save(states(2)[1], flush=False)
    file.close()
    after = path.read_bytes()
    changed = [at for at in range(len(before)) if before[at] != after[at]]
    start = changed[0] // SLOT_DISTANCE_BYTES * SLOT_DISTANCE_BYTES
    path.write_bytes(before[:start] + after[start : start + cut] + before[start + cut :])
    assert SignStateFile(path, BINDING).state == FIRST


@pytest.mark.parametrize("unflushed", range(1, 5))
def test_a_loss_of_power_leaves_what_was_flushed(tmp_path: Path, unflushed: int) -> None:
    """Writes since the flush may each be lost, and the one under way be cut short: the flushed vote is there."""
    path = tmp_path / "sign-state"
    SignStateFile.create(path, BINDING, SignState())
    file = SignStateFile(path, BINDING)
    file.save(FIRST, flush=True)
    flushed = path.read_bytes()
    for state in states(unflushed + 1)[1:]:
        before = path.read_bytes()
        file.save(state, flush=False)
    file.close()
    newest = path.read_bytes()
    (torn,) = {at // SLOT_DISTANCE_BYTES for at in range(len(newest)) if newest[at] != before[at]}
    for kept in (flushed, newest):
        content = bytearray(kept)
        start = torn * SLOT_DISTANCE_BYTES
        content[start : start + SLOT_SIZE_BYTES] = newest[start : start + 100].ljust(SLOT_SIZE_BYTES, b"\xff")
        path.write_bytes(content)
        found = SignStateFile(path, BINDING)
        assert found.state in states(unflushed + 1)
        found.close()


@pytest.mark.parametrize("binding", [Binding(b"m" * 32, b"g" * 32), Binding(b"n" * 32, b"h" * 32)])
def test_another_nodes_or_networks_file_is_refused(tmp_path: Path, binding: Binding) -> None:
    path = tmp_path / "sign-state"
    SignStateFile.create(path, BINDING, FIRST)
    with pytest.raises(SignStateError, match="sign twice"):
        SignStateFile(path, binding)


@pytest.mark.parametrize("content", [b"", b"\0" * 8192, b"garbage" * 1000])
def test_a_damaged_file_is_refused_with_what_is_at_stake(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sign-state"
    path.write_bytes(content)
    with pytest.raises(SignStateError, match="sign twice"):
        SignStateFile(path, BINDING)


def test_a_missing_file_is_refused_with_what_is_at_stake(tmp_path: Path) -> None:
    with pytest.raises(SignStateError, match="sign twice"):
        SignStateFile(tmp_path / "sign-state", BINDING)


def test_saving_needs_no_further_room_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "sign-state"
    SignStateFile.create(path, BINDING, FIRST)
    size, blocks = path.stat().st_size, path.stat().st_blocks
    file = SignStateFile(path, BINDING)
    for state in states(20)[1:]:
        file.save(state, flush=False)
    file.close()
    assert (path.stat().st_size, path.stat().st_blocks) == (size, blocks)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_without_room_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "sign-state"
    SignStateFile.create(path, BINDING, FIRST)
    file = SignStateFile(path, BINDING)

    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pwrite", refuse)
    with pytest.raises(SignStateError, match="make room on its disk"):
        file.save(states(2)[1], flush=True)
    assert file.state == FIRST
    file.close()


def test_a_certificate_is_kept_with_its_term_and_stays_through_later_saves(tmp_path: Path) -> None:
    path = tmp_path / "sign-state"
    SignStateFile.create(path, BINDING, FIRST)
    file = SignStateFile(path, BINDING)
    assert file.certificate == b""
    for term in range(2, 6):
        certificate = bytes([term]) * (term * 2000)
        file.save(SignState(term=term), flush=True, certificate=certificate)
        file.save(SignState(term=term, voted_for=b"v" * 32), flush=True)
        assert (SignStateFile(path, BINDING).certificate, file.certificate) == (certificate, certificate)
    file.close()


@pytest.mark.parametrize("cut", [0, 5, 40, 2000])
def test_a_certificate_that_was_cut_short_leaves_the_one_before(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "sign-state"
    SignStateFile.create(path, BINDING, FIRST)
    file = SignStateFile(path, BINDING)
    file.save(SignState(term=2), flush=True, certificate=b"two" * 1000)
    before = path.read_bytes()
    file.save(SignState(term=3), flush=True, certificate=b"three" * 1000)
    file.close()
    start = CERTIFICATES_OFFSET_BYTES + 2 % 2 * CERTIFICATE_SLOT_SIZE_BYTES
    after = path.read_bytes()
    path.write_bytes(before[:start] + after[start : start + cut] + before[start + cut :])
    assert SignStateFile(path, BINDING).certificate == b"two" * 1000


def test_a_file_of_a_newer_program_asks_for_that_program(tmp_path: Path) -> None:
    path = tmp_path / "sign-state"
    SignStateFile.create(path, BINDING, FIRST)
    content = bytearray(path.read_bytes())
    for slot in (0, SLOT_DISTANCE_BYTES):
        assert content[slot : slot + 6] == b"BNYSS1"
        content[slot + 5 : slot + 6] = b"2"
    path.write_bytes(content)
    with pytest.raises(SignStateError, match="written by a newer Banyan; install that again"):
        SignStateFile(path, BINDING)

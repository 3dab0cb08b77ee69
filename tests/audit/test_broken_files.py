"""Database files that are broken below the rows: the command ends with a sentence, whatever LMDB makes of them."""

import random
import shutil
from pathlib import Path

import pytest

from cli.audit.finding import AuditFinding
from cli.audit.page_probe import probe_pages, read_everything
from cli.audit.run import run_audit
from storage.errors import StoreDiskError
from tests.cli.command import process

PAGE_SIZE_BYTES = 4096


def data_file(home: Path) -> Path:
    """The one file of the store."""
    return home / "db" / "data.mdb"


def overwrite(home: Path, page: int, content: bytes) -> None:
    """Put bytes where a page begins."""
    with data_file(home).open("r+b") as file:
        file.seek(page * PAGE_SIZE_BYTES)
        file.write(content)


def test_a_good_file_passes_with_the_probe(pristine: Path) -> None:
    told: list[tuple[str, int, int]] = []
    report = run_audit(str(pristine), pristine / "genesis.json", lambda *step: told.append(step))
    assert report.ok
    assert {phase for phase, _, _ in told} == {"entries", "state", "payloads"}
    assert all(done <= total for _, done, total in told)


@pytest.mark.slow
def test_pages_of_garbage(home: Path, pristine: Path) -> None:
    """Each page once full of noise or zeros: good only if the page was not in use, never a crash."""
    pages = data_file(pristine).stat().st_size // PAGE_SIZE_BYTES
    chance = random.Random(3)
    found = 0
    for page in chance.sample(range(2, pages), 8):
        noise = bytes(PAGE_SIZE_BYTES) if page % 3 == 0 else chance.randbytes(PAGE_SIZE_BYTES)
        overwrite(home, page, noise)
        answer = process("--json", "audit", "--from", home, "--genesis", home / "genesis.json")
        assert answer.status in (0, 1, 5), (page, answer)
        assert answer.document["ok"] == (answer.status == 0)
        found += answer.status != 0
        shutil.copy(data_file(pristine), data_file(home))
    assert found > 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: data[: len(data) // 2], "audit.unreadable"),
        (lambda data: b"", "audit.unreadable"),
        (lambda data: bytes(8192) + data[8192:], "audit.unreadable"),
    ],
)
def test_files_that_are_cut_or_without_a_beginning(home: Path, change: object, code: str) -> None:
    assert callable(change)
    data_file(home).write_bytes(change(data_file(home).read_bytes()))
    report = run_audit(str(home), home / "genesis.json", lambda phase, done, total: None)
    assert report.finding is not None
    assert (report.finding.code, report.entries, report.head.height) == (code, 0, 0)


def test_a_probe_that_dies_is_a_finding(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_everything(home / "db")
    # Whatever the way: what counts is that the child is ended by a signal.
    monkeypatch.setattr("sys.executable", str(_killed_at_once(home.parent / "python")))
    with pytest.raises(AuditFinding, match="SIGSEGV") as caught:
        probe_pages(home / "db")
    assert caught.value.code == "audit.unreadable"


def test_a_disk_that_does_not_answer_ends_the_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.audit.page_probe._SECONDS_MIN", 0)
    with pytest.raises(StoreDiskError, match="within 0 seconds"):
        probe_pages(tmp_path)


def _killed_at_once(path: Path) -> Path:
    path.write_text("#!/bin/sh\nkill -SEGV $$\n", encoding="utf-8")
    path.chmod(0o700)
    return path


def test_a_folder_without_a_store_is_no_finding(tmp_path: Path, pristine: Path) -> None:
    answer = process("audit", "--from", tmp_path, "--genesis", pristine / "genesis.json")
    assert answer.status == 1
    assert "There is no store" in answer.err

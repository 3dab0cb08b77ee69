"""`banyan backup` and `banyan restore` as commands: where parts go, what is said, exit statuses."""

from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from cli.backup_target import choose_target
from storage.backup.errors import BackupMismatchError
from storage.memory_loading import MemoryLoading
from tests.audit.ledgers import audit
from tests.cli.command import Command
from tests.storage.backup.ledgers import make_part, opened, small_ledger, without_probe
from tests.storage.chain_growth import NETWORK_ID
from tests.storage.ledger_growth import Ledger
from tests.storage.snapshots import take


@pytest.fixture(autouse=True)
def sound_databases() -> Iterator[None]:
    """No look at databases in a process of its own."""
    with without_probe():
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small ledger."""
    return small_ledger(tmp_path_factory.mktemp("backed-up") / "home")


def test_a_file_is_made_and_made_again(banyan: Command, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "all.backup"
    made = banyan.ok("backup", out, "--home", home)
    assert (made["first_height"], made["last_height"], made["values_missing"]) == (1, 6, 0)
    assert made["size_bytes"] == out.stat().st_size
    answer = banyan("backup", out, "--home", home)
    assert answer.status == 0
    assert "read back" in answer.out
    restored = banyan.ok("restore", out, "--home", tmp_path / "copy")
    assert restored["state_digest"] == made["state_digest"]
    assert restored["node"] is False
    assert audit(tmp_path / "copy").finding is None


def test_a_folder_gets_what_is_new(banyan: Command, home: Path, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    store = opened(home)
    try:
        from storage.backup.part_folder import PartFolder

        make_part(store, PartFolder(parts, store.head().network_id).target(1, 3, encrypted=False), 1, 3)
    finally:
        store.close()
    key = pyrage.x25519.Identity.generate()
    made = banyan.ok("backup", parts, "--home", home, "--recipient", key.to_public())
    assert (made["first_height"], made["last_height"], made["encrypted"]) == (4, 6, True)
    again = banyan.ok("backup", parts, "--home", home)
    assert again == {"file": None, "last_height": 6}
    assert "Nothing is new" in banyan("backup", parts, "--home", home).out
    whole = banyan.ok("backup", parts, "--home", home, "--since", 0)
    assert whole["first_height"] == 1
    (tmp_path / "key.txt").write_text(f"{key}\n")
    locked = banyan("restore", parts, "--home", tmp_path / "a")
    assert locked.status == 1
    assert "--identity" in locked.err
    restored = banyan("restore", parts, "--home", tmp_path / "b", "--identity", tmp_path / "key.txt")
    assert restored.status == 0, restored.err
    assert "no node" in restored.err


def test_since_takes_a_file_or_a_height(banyan: Command, home: Path, tmp_path: Path) -> None:
    store = opened(home)
    try:
        earlier = make_part(store, tmp_path / "1.backup", 1, 3).path
    finally:
        store.close()
    assert banyan.ok("backup", tmp_path / "2.backup", "--since", earlier, "--home", home)["first_height"] == 4
    assert banyan.ok("backup", tmp_path / "3.backup", "--since", 5, "--home", home)["first_height"] == 6
    assert banyan.ok("backup", tmp_path / "4.backup", "--since", 6, "--home", home)["file"] is None
    assert "continues" in banyan("backup", tmp_path / "5.backup", "--since", earlier, "--home", home).err
    for since, status in ((earlier, 2), ("nowhere", 2), (7, 2)):
        answer = banyan("backup", earlier, "--since", since, "--home", home)
        assert answer.status == status, since
        assert len(answer.err.splitlines()) == 1
    gap = banyan("restore", earlier, tmp_path / "3.backup", "--home", tmp_path / "copy")
    assert gap.status == 1
    assert "part between" in gap.err


def test_what_is_no_backup_of_this_ledger_is_not_replaced(banyan: Command, home: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("not a backup")
    answer = banyan("--json", "backup", other, "--home", home)
    assert answer.status == 1
    assert answer.error["code"] == "backup-mismatch"
    assert other.read_text() == "not a backup"
    assert banyan("backup", tmp_path / "missing" / "x", "--home", home).status == 1


def test_an_older_database_does_not_replace_a_newer_backup(banyan: Command, home: Path, tmp_path: Path) -> None:
    whole = banyan.ok("backup", tmp_path / "all.backup", "--home", home)
    store = opened(home)
    try:
        older = make_part(store, tmp_path / "old.backup", 1, 3).path
    finally:
        store.close()
    banyan.ok("restore", older, "--home", tmp_path / "older")
    content = Path(whole["file"]).read_bytes()
    answer = banyan("--json", "backup", tmp_path / "all.backup", "--home", tmp_path / "older")
    assert answer.error["code"] == "backup-mismatch"
    assert "older database" in answer.error["message"]
    assert (tmp_path / "all.backup").read_bytes() == content


def test_a_damaged_backup_is_status_5(banyan: Command, home: Path, tmp_path: Path) -> None:
    banyan.ok("backup", tmp_path / "all.backup", "--home", home)
    content = bytearray((tmp_path / "all.backup").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "all.backup").write_bytes(content)
    answer = banyan("--json", "restore", tmp_path / "all.backup", "--home", tmp_path / "copy")
    assert answer.status == 5
    assert answer.error["code"] == "verification-failed"


@pytest.mark.parametrize(
    "words",
    [
        ("restore", "nowhere"),
        ("restore", "."),
        ("restore", "all.backup", "--identity", "nowhere"),
        ("backup", "x", "--recipient", "age1nonsense"),
        ("backup", "x", "--home", "nowhere"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    banyan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = banyan(*words)
    assert answer.status in (1, 2)
    assert len(answer.err.splitlines()) == 1


def test_a_ledger_without_its_oldest_blocks_says_from_where_it_has_them(tmp_path: Path) -> None:
    loading = MemoryLoading(NETWORK_ID)
    take(loading, Ledger().grow(22), 16)
    with pytest.raises(BackupMismatchError, match="from 17 on, and the backup would have to begin at 1;"):
        choose_target(loading.reader, NETWORK_ID, tmp_path / "x.backup", None, 16, encrypted=False)
    assert choose_target(loading.reader, NETWORK_ID, tmp_path / "x.backup", "16", 16, encrypted=False) is None

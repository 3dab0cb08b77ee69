"""Making parts: what was there before stays until what is new was read back and found good."""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyrage
import pytest

from ledger.transaction import decode_envelope
from storage.backup.encryption import Identity, Recipient
from storage.backup.errors import (
    BackupDamagedError,
    BackupDiskError,
    BackupError,
    BackupLockedError,
    BackupMismatchError,
)
from storage.backup.making import PartMaker
from storage.backup.parsing import PartParser
from storage.backup.part_file import PartDraft, read_part
from storage.backup.part_folder import PartFolder, read_end, read_start
from storage.backup.reading_store import Moment
from storage.backup.records import PartBlock, PartRecord, PartValues
from storage.environment import Environment
from storage.errors import StoreDamagedError
from storage.layout import number_key
from storage.lmdb_store import LmdbStore
from tests.audit.builder import make_genesis
from tests.storage.backup.ledgers import MADE_MS, make_part, opened, small_ledger

NETWORK_ID = make_genesis().network_id


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small ledger that tests only read."""
    return small_ledger(tmp_path_factory.mktemp("ledger") / "home")


@pytest.fixture
def store(ledger: Path) -> Iterator[LmdbStore]:
    """The ledger, open."""
    store = opened(ledger)
    yield store
    store.close()


def _records(path: Path, identities: tuple[Identity, ...] = ()) -> list[PartRecord]:
    parser = PartParser(str(path))
    found: list[PartRecord] = []
    read_part(path, identities, lambda data: found.extend(parser.feed(data)))
    parser.finish()
    return found


def test_a_part_holds_every_block_and_value(store: LmdbStore, tmp_path: Path) -> None:
    made = make_part(store, tmp_path / "all.backup")
    head = store.head()
    end = read_end(made.path)
    assert end == made.end
    assert (end.last_height, end.tree_size, end.state_digest) == (
        head.executed_height,
        head.tree_size,
        head.state_digest,
    )
    records = _records(made.path)
    entries = [entry for one in records if isinstance(one, PartBlock) for entry in one.entries]
    assert entries == list(store.entries(0, head.tree_size))
    values = [value for one in records if isinstance(one, PartValues) for value in one.values]
    assert values
    assert all(store.payload(value.commitment) is not None for value in values)
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["all.backup"]


def test_parts_of_consecutive_heights_hold_what_one_does(store: LmdbStore, tmp_path: Path) -> None:
    whole = [one for one in _records(make_part(store, tmp_path / "all.backup").path) if isinstance(one, PartBlock)]
    first = make_part(store, tmp_path / "first.backup", 1, 3)
    second = make_part(store, tmp_path / "second.backup", 4)
    halves = [one for path in (first.path, second.path) for one in _records(path) if isinstance(one, PartBlock)]
    assert halves == whole
    start = read_start(second.path, ())
    assert (start.network_id, start.first_height) == (NETWORK_ID, 4)
    assert start.previous_header


def test_a_folder_knows_how_far_its_parts_go(store: LmdbStore, tmp_path: Path) -> None:
    folder = PartFolder(tmp_path, NETWORK_ID)
    assert folder.newest() is None
    make_part(store, folder.target(4, 6, encrypted=False), 4)
    assert folder.newest() is None, "a part that continues nothing counts for nothing"
    make_part(store, folder.target(1, 3, encrypted=False), 1, 3)
    newest = folder.newest()
    assert newest is not None
    assert newest.last_height == 6
    assert PartFolder(tmp_path, b"\x01" * 32).newest() is None


def _flip(path: Path, needle: bytes) -> None:
    """Change one bit in the middle of `needle`, wherever it stands: LMDB leaves earlier copies of pages lying about."""
    content = bytearray(path.read_bytes())
    at = content.index(needle)
    while at >= 0:
        content[at + len(needle) // 2] ^= 1
        at = content.find(needle, at + 1)
    path.write_bytes(content)


@pytest.mark.parametrize("what", ["entry", "signature", "value", "record", "certificate"])
def test_a_damaged_store_is_noticed_and_the_earlier_backup_stays(tmp_path: Path, what: str) -> None:
    home = small_ledger(tmp_path / "home")
    store = opened(home)
    earlier = make_part(store, tmp_path / "all.backup").path.read_bytes()
    header, certificate = store.header(4), store.certificate(4)
    assert header is not None
    assert certificate is not None
    entries = store.entries(0, store.head().tree_size)
    commitment = next(
        value["#"]
        for entry in entries
        if b"\x81\xa1#" in entry
        for value in decode_envelope(entry).arguments.values()
        if isinstance(value, dict)
    )
    assert isinstance(commitment, bytes)
    payload = store.payload(commitment)
    assert payload is not None
    needles = {
        "entry": bytes(entries[-3]),
        "signature": bytes(header.signature),
        "value": bytes(payload.salt),
        "record": next(store.scan_state(b"notice"))[1],
        "certificate": bytes(certificate)[-64:],
    }
    store.close()
    _flip(home / "db" / "data.mdb", needles[what])
    store = opened(home)
    try:
        with pytest.raises(StoreDamagedError):
            make_part(store, tmp_path / "all.backup")
    finally:
        store.close()
    assert (tmp_path / "all.backup").read_bytes() == earlier
    assert sorted(one.name for one in tmp_path.iterdir()) == ["all.backup", "home"]


def test_a_block_without_its_certificate_is_no_backup(tmp_path: Path) -> None:
    home = small_ledger(tmp_path / "home")
    environment = Environment(home / "db")
    with environment.write() as transaction:
        transaction.delete(number_key(2), db=environment.tables["certificates"])
    environment.close()
    store = opened(home)
    try:
        with pytest.raises(StoreDamagedError, match="Block 2 is not whole"):
            make_part(store, tmp_path / "all.backup")
    finally:
        store.close()
    assert not (tmp_path / "all.backup").exists()


@contextmanager
def _files_of_at_most(size_bytes: int) -> Iterator[None]:
    """Writing beyond that fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_full_disk_keeps_the_earlier_backup(store: LmdbStore, tmp_path: Path, encrypted: bool) -> None:
    earlier = make_part(store, tmp_path / "all.backup").path.read_bytes()
    recipients = (Recipient(str(pyrage.x25519.Identity.generate().to_public())),) if encrypted else ()
    maker = PartMaker(store, tmp_path, make_genesis().to_json(), "1", MADE_MS, recipients, lambda done, total: None)
    with _files_of_at_most(4096), pytest.raises(BackupDiskError, match="no room"):
        maker.make(tmp_path / "all.backup", ".draft", 1, Moment(*store.checked_state()))
    assert (tmp_path / "all.backup").read_bytes() == earlier
    assert [one.name for one in tmp_path.iterdir()] == ["all.backup"]


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("reading_back", [False, True])
def test_ctrl_c_leaves_nothing_half(store: LmdbStore, tmp_path: Path, encrypted: bool, reading_back: bool) -> None:
    recipients = (Recipient(str(pyrage.x25519.Identity.generate().to_public())),) if encrypted else ()

    def interrupt(done: int, total: int) -> None:
        if (2 * done > total) is reading_back:
            raise KeyboardInterrupt

    maker = PartMaker(store, tmp_path, make_genesis().to_json(), "1", MADE_MS, recipients, interrupt)
    with pytest.raises(KeyboardInterrupt):
        maker.make(tmp_path / "all.backup", ".draft", 1, Moment(*store.checked_state()))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_gives_back_other_bytes_is_noticed(
    store: LmdbStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_back = PartDraft.read_back

    def damaged(self: PartDraft, consume: object) -> int:
        _flip(tmp_path / ".draft", b"notice.post")
        return read_back(self, consume)  # type: ignore[arg-type]

    monkeypatch.setattr(PartDraft, "read_back", damaged)
    with pytest.raises(BackupDamagedError):
        make_part(store, tmp_path / "all.backup")
    assert list(tmp_path.iterdir()) == []


def test_an_encrypted_part_is_age_s_and_opens_with_its_key_alone(store: LmdbStore, tmp_path: Path) -> None:
    key, stranger = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    recipients = (Recipient(str(key.to_public())),)
    maker = PartMaker(store, tmp_path, make_genesis().to_json(), "1", MADE_MS, recipients, lambda done, total: None)
    made = maker.make(tmp_path / "all.backup", ".draft", 1, Moment(*store.checked_state()))
    content = made.path.read_bytes()
    assert content.startswith(b"age-encryption.org/v1\n")
    plain = make_part(store, tmp_path / "plain.backup").path.read_bytes()
    assert pyrage.decrypt(content, [key]) == plain
    mine = Identity.read_all(f"# a comment\n{key}\n".encode(), "key.txt")
    assert _records(made.path, tuple(mine)) == _records(tmp_path / "plain.backup")
    with pytest.raises(BackupLockedError, match="--identity"):
        _records(made.path)
    with pytest.raises(BackupLockedError, match="cannot be decrypted"):
        _records(made.path, tuple(Identity.read_all(str(stranger).encode(), "other.txt")))
    with pytest.raises(BackupMismatchError, match="encrypted"):
        read_end(made.path)
    made.path.write_bytes(content[:-1])
    with pytest.raises(BackupError):
        _records(made.path, tuple(mine))


@pytest.mark.parametrize("text", ["age1nonsense", "", "ssh-ed25519 AAAA", "AGE-SECRET-KEY-1"])
def test_what_is_no_key_is_told(text: str) -> None:
    with pytest.raises(BackupLockedError):
        Recipient(text)
    with pytest.raises(BackupLockedError):
        Identity.read_all(text.encode(), "key.txt")


def test_one_backup_at_a_time_goes_to_one_place(tmp_path: Path) -> None:
    with PartDraft(tmp_path / "x", ".draft"):
        with pytest.raises(BackupDiskError, match="another backup"), PartDraft(tmp_path / "x", ".draft"):
            pass
        assert (tmp_path / ".draft").exists()
    assert list(tmp_path.iterdir()) == []
    # What a killed process left is nobody's.
    (tmp_path / ".draft").write_bytes(b"half")
    with PartDraft(tmp_path / "x", ".draft") as draft:
        draft.write(iter((b"whole",)), ())
        draft.publish()
    assert (tmp_path / "x").read_bytes() == b"whole"
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_a_link_in_the_draft_s_place_leads_nowhere(tmp_path: Path, link: Callable[[Path, Path], None]) -> None:
    """Who may write in the folder could let a backup that root makes write over any file."""
    (tmp_path / "precious").write_bytes(b"precious")
    link(tmp_path / ".draft", tmp_path / "precious")
    with PartDraft(tmp_path / "x", ".draft") as draft:
        draft.write(iter((b"whole",)), ())
        draft.publish()
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert (tmp_path / "x").read_bytes() == b"whole"
    assert not (tmp_path / "x").is_symlink()
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600


def test_what_is_no_backup_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"hello")
    with pytest.raises(BackupMismatchError, match="is no backup"):
        _records(tmp_path / "x")
    with pytest.raises(BackupDiskError):
        _records(tmp_path / "missing")
    # Nobody waits for somebody to write into it.
    os.mkfifo(tmp_path / "pipe")
    for read in (_records, read_end):
        with pytest.raises(BackupMismatchError, match="is no backup"):
            read(tmp_path / "pipe")
    (tmp_path / "y").write_bytes(b"banyan-backup/v1\n" + b"\0" * 40)
    with pytest.raises(BackupDamagedError, match="has no end"):
        read_end(tmp_path / "y")

"""Stores that cannot be opened, and what is said about each."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import lmdb
import pytest

from ledger.errors import BanyanError, LocalError
from storage.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreExistsError,
    StoreMismatchError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreVersionError,
)
from storage.interface import WriteBatch
from storage.layout import FORMAT_VERSION, META_UNSTATED, pack_format, pack_unstated
from storage.lmdb_store import LmdbStore
from storage.probe import main, probe
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID, OTHER_NETWORK_ID, Growth
from tests.storage.processes import run_apart

PAGE_SIZE_BYTES = 4096


@pytest.fixture
def closed_store(store_path: Path) -> Path:
    """The folder of a store with twenty blocks that nobody has open."""
    store = LmdbStore.create(store_path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES)
    growth = Growth()
    for _ in range(20):
        block = growth.block(8, size_bytes=500)
        store.apply([WriteBatch(blocks=(block,), executions=(growth.execution(),))])
    store.close()
    return store_path


def change_file(folder: Path, change: Callable[[bytearray], bytes | bytearray]) -> None:
    file = folder / "data.mdb"
    file.write_bytes(change(bytearray(file.read_bytes())))


def change_meta(folder: Path, key: bytes, value: bytes | None) -> None:
    """Put other bytes into the table `meta`, as no part of the program does."""
    with lmdb.open(str(folder), max_dbs=20, map_size=1 << 30, lib_version=0) as environment:
        table = environment.open_db(b"meta")
        with environment.begin(write=True) as transaction:
            if value is None:
                transaction.delete(key, db=table)
            else:
                transaction.put(key, value, db=table)


def message_of(kind: type[StoreError], path: Path) -> str:
    """What opening says; it names the path, in one sentence."""
    with pytest.raises(kind) as caught:
        LmdbStore.open(path, NETWORK_ID)
    message = str(caught.value)
    assert str(path) in message
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_a_missing_store(tmp_path: Path) -> None:
    assert "banyan join" in message_of(StoreMissingError, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    message_of(StoreMissingError, tmp_path / "empty")
    (tmp_path / "file").write_bytes(b"")
    message_of(StoreMissingError, tmp_path / "file")
    assert not (tmp_path / "nowhere").exists()


def test_the_store_of_another_network(closed_store: Path) -> None:
    with pytest.raises(StoreMismatchError, match=NETWORK_ID.hex()):
        LmdbStore.open(closed_store, OTHER_NETWORK_ID)


def test_a_store_of_a_newer_format(closed_store: Path) -> None:
    change_meta(closed_store, b"format", pack_format(NETWORK_ID, FORMAT_VERSION + 1))
    message = message_of(StoreVersionError, closed_store)
    assert str(FORMAT_VERSION) in message
    assert str(FORMAT_VERSION + 1) in message
    assert "newer Banyan" in message


@pytest.mark.parametrize("key", [b"format", b"head", b"lanes", b"ids"])
@pytest.mark.parametrize("value", [None, b"", b"x" * 40])
def test_damaged_records(closed_store: Path, key: bytes, value: bytes | None) -> None:
    change_meta(closed_store, key, value)
    assert "put back a copy" in message_of(StoreDamagedError, closed_store)


@pytest.mark.parametrize("key", [b"format", b"head", b"lanes", b"ids"])
def test_a_changed_bit_in_a_record(closed_store: Path, key: bytes) -> None:
    with (
        lmdb.open(str(closed_store), max_dbs=20, map_size=1 << 30, lib_version=0) as environment,
        environment.begin() as transaction,
    ):
        record = bytearray(transaction.get(key, db=environment.open_db(b"meta", txn=transaction)) or b"")
    record[len(record) // 2] ^= 4
    change_meta(closed_store, key, bytes(record))
    assert "is damaged" in message_of(StoreDamagedError, closed_store)


@pytest.mark.parametrize("record", [b"", b"short", b"x" * 48, pack_unstated(20, [bytes(32)])[:-1] + b"?"])
def test_damaged_digests_are_told_as_damage(closed_store: Path, record: bytes) -> None:
    """Only read when a node starts; the probe reads it as the start does."""
    change_meta(closed_store, META_UNSTATED, record)
    store = LmdbStore.open(closed_store, NETWORK_ID, readonly=True)
    with pytest.raises(StoreDamagedError):
        store.unstated_digests()
    store.close()
    assert main([str(closed_store), NETWORK_ID.hex()]) != 0


def test_a_header_that_is_not_the_one_stored(closed_store: Path) -> None:
    change_file(closed_store, lambda data: data.replace(b"header of 20 in 1:", b"header of 20 in 2:"))
    assert "newest block 20" in message_of(StoreDamagedError, closed_store)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: b"This is not a database.\n" * 1000,
        lambda data: data[:100],
        lambda data: data[: PAGE_SIZE_BYTES + 50],
        lambda data: data[: 2 * PAGE_SIZE_BYTES],
        lambda data: data[: len(data) // 2],
        lambda data: data[:-PAGE_SIZE_BYTES],
        lambda data: bytes(PAGE_SIZE_BYTES) + data[PAGE_SIZE_BYTES:],
        lambda data: data[: 2 * PAGE_SIZE_BYTES] + bytes(len(data) - 2 * PAGE_SIZE_BYTES),
    ],
)
def test_a_file_that_is_not_whole(closed_store: Path, change: Callable[[bytearray], bytes]) -> None:
    change_file(closed_store, change)
    message_of(StoreDamagedError, closed_store)
    assert main([str(closed_store), NETWORK_ID.hex()]) == 1


def test_a_file_that_lacks_free_pages_alone_is_sound(store_path: Path) -> None:
    store = LmdbStore.create(store_path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES)
    growth = Growth()
    store.apply([WriteBatch(blocks=(growth.block(100, size_bytes=30_000),))])
    store.apply([WriteBatch(drop_blocks_from=1)])
    for number in range(5):
        # What is in use moves to the front of the file.
        store.apply([WriteBatch(checkpoint=b"%d" % number)])
    store.close()
    change_file(store_path, lambda data: data[: -300 * PAGE_SIZE_BYTES])
    again = LmdbStore.open(store_path, NETWORK_ID)
    again.apply([WriteBatch(blocks=(growth.blocks[0],))])
    assert tuple(again.entries(0, 200)) == growth.blocks[0].entries
    again.close()


def test_a_page_that_would_end_the_process_is_found_by_the_probe(closed_store: Path) -> None:
    def claim_two_gigabytes(data: bytearray) -> bytearray:
        """Change the size of the value `lanes` in each of its copies: reading it runs out of the file."""
        place = data.find(b"\x05\x00lanes")
        while place >= 0:
            # A node of LMDB: low and high half of the value's size, flags, size of the key, key; 2 bytes each.
            data[place - 4 : place - 2] = b"\xff\x7f"
            place = data.find(b"\x05\x00lanes", place + 1)
        return data

    change_file(closed_store, claim_two_gigabytes)
    with pytest.raises(StoreDamagedError, match="SIG"):
        probe(closed_store, NETWORK_ID)


def test_the_probe_is_content_with_a_sound_store(closed_store: Path) -> None:
    probe(closed_store, NETWORK_ID)
    assert main([str(closed_store), NETWORK_ID.hex()]) == 0


def test_the_probe_leaves_errors_to_the_opening(closed_store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    probe(closed_store, OTHER_NETWORK_ID)
    assert main([str(closed_store), OTHER_NETWORK_ID.hex()]) == 1
    assert "belongs to the network" in capsys.readouterr().err


def test_a_store_is_opened_once_in_a_process(lmdb_store: LmdbStore, store_path: Path) -> None:
    assert "already open" in message_of(StoreBusyError, store_path)


def test_a_closed_store_says_so(lmdb_store: LmdbStore) -> None:
    lmdb_store.close()
    for question in (lmdb_store.head, lambda: lmdb_store.index_of(bytes(32)), lambda: lmdb_store.apply([])):
        with pytest.raises(LocalError, match="closed"):
            question()


def test_a_store_is_not_made_over_another(closed_store: Path) -> None:
    with pytest.raises(StoreExistsError):
        LmdbStore.create(closed_store, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES)
    LmdbStore.open(closed_store, NETWORK_ID).close()


def test_a_half_made_store_is_made_anew(store_path: Path) -> None:
    draft = store_path.with_name(store_path.name + ".new")
    draft.mkdir()
    (draft / "data.mdb").write_bytes(b"half")
    store_path.mkdir()
    LmdbStore.create(store_path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES).close()
    assert not draft.exists()
    assert store_path.stat().st_mode & 0o777 == 0o700


def test_a_store_opened_for_reading_refuses_writes(closed_store: Path) -> None:
    store = LmdbStore.open(closed_store, NETWORK_ID, readonly=True)
    with pytest.raises(LocalError, match="reading only"):
        store.apply([WriteBatch(checkpoint=b"x")])
    assert store.head().tip_height == 20
    assert store.maintain() is False
    store.close()


@pytest.fixture
def reachable_folder() -> Iterator[Path]:
    """A folder that every user can look into."""
    folder = Path(tempfile.mkdtemp(prefix="banyan-store-"))
    folder.chmod(0o755)
    yield folder
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o700)
    shutil.rmtree(folder)


def open_as_nobody(path: Path) -> str:
    if os.geteuid() == 0:
        os.setuid(65534)
    try:
        LmdbStore.open(path, NETWORK_ID).close()
    except BanyanError as error:
        return f"{type(error).__name__}: {error}"
    return "opened"


def test_a_folder_without_the_right_to_write(reachable_folder: Path) -> None:
    path = reachable_folder / "db"
    LmdbStore.create(path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES).close()
    for file in path.iterdir():
        file.chmod(0o444)
    path.chmod(0o555)
    answer = run_apart(open_as_nobody, path)
    assert answer.startswith(f"{StoreReadOnlyError.__name__}: ")
    assert str(path) in answer


def end_by(number: int) -> None:
    os.kill(os.getpid(), number)


def test_a_killed_child_of_the_test_suite_is_noticed() -> None:
    with pytest.raises(EOFError):
        run_apart(end_by, int(signal.SIGKILL))

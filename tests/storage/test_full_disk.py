"""A full disk: a clear error, nothing lost, and it goes on once there is room."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from storage.errors import StoreFullError
from storage.id_merge import IdIndexSizes
from storage.interface import Store, WriteBatch
from storage.lmdb_store import LmdbStore, StoreSizes
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID, Growth, transaction_id
from tests.storage.processes import ended, receive, start_apart

SIZES = IdIndexSizes(journal_id_count=20, segment_id_count=8, fan_out=2)
DISK_SIZE_BYTES = 3 << 20
FILLER_SIZE_BYTES = 1 << 20


def fill_and_go_on(path: Path, make_room: Callable[[], None]) -> str:
    """Write until there is no room, check that nothing is lost, make room, write the refused batch."""
    store = LmdbStore.create(path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES, sizes=StoreSizes(ids=SIZES))
    growth = Growth()
    message = ""
    while not message:
        block = growth.block(4, size_bytes=10_000)
        batch = WriteBatch(blocks=(block,), executions=(growth.execution(),))
        before = store.head()
        try:
            store.apply([batch])
            while store.maintain():
                pass
        except StoreFullError as error:
            message = str(error)
    # Either the write itself was refused, or the background work after it.
    stored = store.head().executed_height
    assert stored in (before.executed_height, len(growth.blocks))
    check(store, growth, stored)
    if stored < len(growth.blocks):
        for _ in range(3):
            with pytest.raises(StoreFullError):
                store.apply([batch])
        check(store, growth, stored)
    store.close()
    store = LmdbStore.open(path, NETWORK_ID, sizes=StoreSizes(ids=SIZES))
    check(store, growth, stored)
    make_room()
    if stored < len(growth.blocks):
        store.apply([batch])
    while store.maintain():
        pass
    check(store, growth, len(growth.blocks))
    store.close()
    return message


def check(store: Store, growth: Growth, height: int) -> None:
    entries = [entry for block in growth.blocks[:height] for entry in block.entries]
    assert list(store.entries(0, len(entries) + 1)) == entries
    for index, entry in enumerate(entries):
        outcome = store.result(index) is None
        assert store.index_of(transaction_id(entry)) == (None if outcome else index)
    later = [entry for block in growth.blocks[height:] for entry in block.entries]
    assert store.duplicates([transaction_id(entry) for entry in later], 0) == set()


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of 3 MB in memory, mounted at `folder`."""
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE_BYTES}", "tmpfs", str(folder)], check=True, timeout=60
    )
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=60)


def with_a_limit_on_files(connection: Connection, path: Path) -> None:
    """The way without root: no file may grow beyond a limit, until the limit is lifted."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (DISK_SIZE_BYTES - FILLER_SIZE_BYTES, most))
    message = fill_and_go_on(path, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
    connection.send(message)


def test_files_that_may_not_grow(tmp_path: Path) -> None:
    process, connection = start_apart(with_a_limit_on_files, tmp_path / "db")
    message = receive(connection)
    assert ended(process) == 0
    assert isinstance(message, str)
    assert message.startswith(f"There is no room to write to the store {tmp_path / 'db'}")


@pytest.mark.root
def test_a_small_disk(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        test_files_that_may_not_grow(tmp_path)
        return
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk):
        filler = disk / "filler"
        filler.write_bytes(bytes(FILLER_SIZE_BYTES))
        message = fill_and_go_on(disk / "db", filler.unlink)
    assert message.startswith(f"There is no room to write to the store {disk / 'db'}")

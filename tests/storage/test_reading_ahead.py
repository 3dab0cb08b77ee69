"""What the system is told about reading ahead in the data file, as it tells it itself (proc_pid_smaps(5): `rr`)."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.data_file import DATA_FILE_NAME, fits_in_memory
from storage.environment import Environment
from storage.lmdb_store import LmdbStore
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID


def reads_ahead(folder: Path) -> bool:
    """Whether the system may read pages of this process's map of the folder's data file that nobody asked for."""
    file, is_in = str(folder / DATA_FILE_NAME), False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ", 1)[0]:
            is_in = line.endswith(file)
        elif is_in and line.startswith("VmFlags:"):
            return "rr" not in line.split()
    raise AssertionError(f"{file} is not mapped")


@pytest.fixture
def folder(store_path: Path) -> Path:
    """The folder of a store that nobody has open."""
    LmdbStore.create(store_path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES).close()
    return store_path


@pytest.mark.parametrize("readonly", [False, True])
def test_a_store_asks_for_its_pages_alone(folder: Path, readonly: bool) -> None:
    """Guard: storage/environment.py, `_open`, "readahead=reads_all and fits_in_memory(path),"."""
    store = LmdbStore.open(folder, NETWORK_ID, readonly=readonly)
    try:
        assert not reads_ahead(folder)
    finally:
        store.close()


def test_who_reads_all_of_a_small_file_has_the_system_read_ahead(folder: Path) -> None:
    store = LmdbStore.open(folder, NETWORK_ID, readonly=True, reads_all=True)
    try:
        assert reads_ahead(folder)
    finally:
        store.close()


def test_who_reads_all_of_a_file_that_is_larger_than_memory_drives_nothing_out(folder: Path) -> None:
    memory_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    # Nothing is written: the file has a hole at its end.
    os.truncate(folder / DATA_FILE_NAME, memory_bytes // 2 + 4096)
    environment = Environment(folder, readonly=True, reads_all=True)
    try:
        assert not reads_ahead(folder)
    finally:
        environment.close()


@pytest.mark.parametrize(
    ("size_of", "fits"), [(lambda memory: memory // 2, True), (lambda memory: memory // 2 + 1, False)]
)
def test_half_of_memory_is_what_fits(tmp_path: Path, size_of: Callable[[int], int], fits: bool) -> None:
    file = tmp_path / DATA_FILE_NAME
    file.touch()
    os.truncate(file, size_of(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")))
    assert fits_in_memory(tmp_path) is fits


def test_a_file_that_is_not_there_does_not_fit(tmp_path: Path) -> None:
    assert not fits_in_memory(tmp_path)

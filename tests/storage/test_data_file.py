"""The look at a data file before it is opened, while another process writes it."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Self

import pytest

from storage import data_file
from storage.data_file import DATA_FILE_NAME, check_data_file
from storage.lmdb_store import LmdbStore
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID
from tests.storage.ledger_growth import Ledger


class Opened:
    """An open file, of which something is read only after `meanwhile`."""

    def __init__(self, file: BinaryIO, meanwhile: Callable[[], None]) -> None:
        self._file = file
        self._meanwhile = meanwhile
        self.seek = file.seek

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size_bytes: int) -> bytes:
        """As the file underneath."""
        self._meanwhile()
        return self._file.read(size_bytes)


def test_a_file_that_grows_meanwhile_is_not_taken_for_one_that_was_cut_short(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guard: storage/data_file.py, `check_data_file`, "size_bytes = opened.seek(0, os.SEEK_END)"."""
    ledger = Ledger().grow(30, entries=40, size_bytes=300)
    store = LmdbStore.create(store_path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES)
    file = store_path / DATA_FILE_NAME
    sizes = [file.stat().st_size]

    def grow() -> None:
        for batch in ledger.batches:
            store.apply([batch])
        sizes.append(file.stat().st_size)

    def looked_at_closely(_: Path) -> None:
        raise AssertionError("the file is whole")

    opened = file.open("rb")
    monkeypatch.setattr(Path, "open", lambda *_: Opened(opened, grow))
    monkeypatch.setattr(data_file, "_check_every_page", looked_at_closely)
    check_data_file(store_path)
    monkeypatch.undo()
    store.close()
    assert sizes[1] > sizes[0] + 100_000

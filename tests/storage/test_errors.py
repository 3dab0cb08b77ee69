"""What LMDB and the operating system say, and what becomes of it."""

import errno
import os
import resource
from pathlib import Path

import lmdb
import pytest

from ledger.errors import BanyanError, LocalError
from storage.environment import MAP_SIZE_BYTES, translate
from storage.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreDiskError,
    StoreError,
    StoreFullError,
    StoreReadOnlyError,
)
from storage.layout import MalformedRecordError
from storage.lmdb_store import LmdbStore
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID
from tests.storage.processes import run_apart


def of_lmdb(number: int) -> lmdb.Error:
    """An error as LMDB's binding raises it: the number is an attribute."""
    error = lmdb.Error("mdb_txn_commit")
    vars(error)["code"] = number
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (lmdb.CorruptedError("mdb_get"), StoreDamagedError),
        (lmdb.PageNotFoundError("mdb_get"), StoreDamagedError),
        (lmdb.InvalidError("path"), StoreDamagedError),
        (lmdb.VersionMismatchError("path"), StoreDamagedError),
        (MalformedRecordError("a row"), StoreDamagedError),
        (lmdb.MapFullError("mdb_put"), StoreFullError),
        (of_lmdb(errno.ENOSPC), StoreFullError),
        (of_lmdb(errno.EDQUOT), StoreFullError),
        (of_lmdb(errno.EFBIG), StoreFullError),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), StoreFullError),
        (of_lmdb(errno.EROFS), StoreReadOnlyError),
        (PermissionError(errno.EACCES, "no"), StoreReadOnlyError),
        (lmdb.ReadersFullError("mdb_txn_begin"), StoreBusyError),
        (lmdb.PanicError("mdb_txn_begin"), StoreDiskError),
        (of_lmdb(errno.ENOMEM), StoreDiskError),
        # There is room here, so it is the disk that failed.
        (of_lmdb(errno.EIO), StoreDiskError),
        (lmdb.BadValsizeError("mdb_put"), LocalError),
    ],
)
def test_each_error_has_one_of_ours(error: Exception, kind: type[BanyanError], tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"")
    translated = translate(error, tmp_path)
    assert type(translated) is kind
    assert str(tmp_path) in str(translated)


def test_ours_stay_what_they_are(tmp_path: Path) -> None:
    error = LocalError("A mistake.")
    assert translate(error, tmp_path) is error


def test_every_store_error_has_a_code_of_its_own() -> None:
    kinds: list[type[BanyanError]] = [StoreError, *StoreError.__subclasses__()]
    assert len({kind.code for kind in kinds}) == len(kinds)


def open_in_little_address_space(path: Path) -> str:
    resource.setrlimit(resource.RLIMIT_AS, (MAP_SIZE_BYTES // 16, MAP_SIZE_BYTES // 16))
    try:
        LmdbStore.open(path, NETWORK_ID).close()
    except StoreDiskError as error:
        return str(error)
    return "opened"


def test_too_little_address_space(store_path: Path) -> None:
    LmdbStore.create(store_path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES).close()
    answer = run_apart(open_in_little_address_space, store_path)
    assert "ulimit -v" in answer
    assert str(store_path) in answer

"""A look at LMDB's data file without LMDB: before it is mapped, and after a write failed.

Owns the checks that cost nothing and spare the process a SIGBUS: a file that ends before the pages its newest meta
page counts on. Never looks at more than the two meta pages unless the file is too short. Never writes to the file.
Source: LMDB 0.9, `mdb.c`: `MDB_page`, `MDB_meta`, `mdb_env_pick_meta`.
"""

import errno
import os
import tempfile
from operator import attrgetter
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from lmdb.verify import VerifyError, verify

from storage.errors import StoreMissingError
from storage.layout import MalformedRecordError

DATA_FILE_NAME = "data.mdb"
# More than one group of writes takes: a window of eight blocks of 1 MiB, and what goes with them.
_ROOM_SIZE_BYTES = 32 << 20
PAGE_HEADER_SIZE_BYTES = 16
# Disk, quota, limit on the size of files.
NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_MAGIC = 0xBEEFC0DE
_DATA_VERSION = 1
_SIZE_BYTES_MIN = 256
_SIZE_BYTES_MAX = 32768
# In the byte order of the machine, as LMDB writes it: magic, version, address, map size, then two table records, of
# the first one its first field, the page size, of the second its last, the main table's root; the last page's number,
# the transaction's number.
_META = Struct("=IIQQ I44x 40xQ QQ")


# As much of the file's beginning as the two meta pages can take.
_HEAD_SIZE_BYTES = _SIZE_BYTES_MAX + PAGE_HEADER_SIZE_BYTES + _META.size


class RootPage(NamedTuple):
    """The number of the page that a tree begins with, and how large the file's pages are."""

    page: int
    page_size_bytes: int


class _Meta(NamedTuple):
    page_size_bytes: int
    root: int
    last_page: int
    transaction: int


def fits_in_memory(folder: Path) -> bool:
    """Whether a data file takes half of this machine's memory at most, so that reading all of it drives nothing out.

    False where there is none, or where its size cannot be told.
    """
    memory_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return 2 * (folder / DATA_FILE_NAME).stat().st_size <= memory_bytes
    except OSError:
        return False


def check_data_file(folder: Path) -> None:
    """Refuse a data file that is missing, not LMDB's, or cut short.

    Raises:
        StoreMissingError: there is no data file.
        MalformedRecordError: it is damaged.
        OSError: it cannot be read.

    Cost: two small reads. A file shorter than its meta page says may be sound (pages that were freed in the
    transaction that made them are never written), so only then every page in use is looked up: seconds.
    """
    file = folder / DATA_FILE_NAME
    try:
        with file.open("rb") as opened:
            newest = max(_metas(opened.read(_HEAD_SIZE_BYTES)), key=attrgetter("transaction"))
            # After it: a node that writes meanwhile has made the file as long as each of its meta pages says.
            size_bytes = opened.seek(0, os.SEEK_END)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StoreMissingError(
            "There is no store in {path}: tie the node to a network with `banyan join` first.", path=folder
        ) from error
    if (newest.last_page + 1) * newest.page_size_bytes > size_bytes:
        _check_every_page(file)


def lacks_room(folder: Path) -> bool:
    """Whether the data file could not grow by 32 MiB: its disk is full, or a quota or a limit on files is reached.

    Reserves that room in a file that has no name and goes away at once.
    """
    try:
        size_bytes = (folder / DATA_FILE_NAME).stat().st_size
        with tempfile.TemporaryFile(dir=folder) as opened:
            os.posix_fallocate(opened.fileno(), size_bytes, _ROOM_SIZE_BYTES)
    except OSError as error:
        return error.errno in NO_ROOM
    return False


def root_at(file: int, transaction: int) -> RootPage | None:
    """Where the main table was after a transaction, one of the newest two; None where it was an older one.

    Args:
        file: Descriptor of a data file, open for reading.
        transaction: The transaction's number.

    Raises:
        MalformedRecordError: it is damaged.
        OSError: it cannot be read.
    """
    for meta in _metas(os.pread(file, _HEAD_SIZE_BYTES, 0)):
        if meta.transaction == transaction:
            return RootPage(meta.root, meta.page_size_bytes)
    return None


def _metas(head: bytes) -> tuple[_Meta, _Meta]:
    first = _meta_at(head, 0)
    return first, _meta_at(head, first.page_size_bytes)


def _meta_at(head: bytes, start: int) -> _Meta:
    start += PAGE_HEADER_SIZE_BYTES
    if len(head) < start + _META.size:
        raise MalformedRecordError("the data file is cut short")
    magic, version, _, _, page_size, root, last_page, transaction = _META.unpack_from(head, start)
    if magic != _MAGIC or version != _DATA_VERSION:
        raise MalformedRecordError("the data file does not begin as one of LMDB does")
    if page_size & (page_size - 1) or not _SIZE_BYTES_MIN <= page_size <= _SIZE_BYTES_MAX:
        raise MalformedRecordError("the data file has an impossible page size")
    return _Meta(page_size, root, last_page, transaction)


def _check_every_page(file: Path) -> None:
    try:
        problems = verify(str(file))  # type: ignore[no-untyped-call]
    except VerifyError as error:
        raise MalformedRecordError(str(error)) from error
    if problems:
        raise MalformedRecordError(f"the data file is cut short: {problems[0]}")

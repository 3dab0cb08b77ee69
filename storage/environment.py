"""The only module that talks to the `lmdb` library's environments, and where its errors become ours.

Owns how an environment is opened, its tables, and transactions. Invariants:

- never `writemap`: with it a full disk would be a SIGBUS instead of an error;
- the map is one size for ever: growing it would take the ground from under open readers;
- every commit is durable when it returns (LMDB's default of syncing data, then the meta page);
- a read transaction lives for one question, so that no reader ever holds back the reuse of freed pages. It costs
  about half a microsecond more than keeping one;
- the system is told not to read ahead, except by who is about to read all of a file that fits into memory.

Source: docs/reference/storage.md; docs/adr/0005-lmdb-layout.md; docs/adr/0043-larger-than-memory.md.
"""

import errno
import os
import struct
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import lmdb
from lmdb import _Database

from ledger.errors import BanyanError, LocalError
from storage.data_file import DATA_FILE_NAME, NO_ROOM, check_data_file, fits_in_memory, lacks_room
from storage.durable_folder import make_durable
from storage.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreDiskError,
    StoreFullError,
    StoreReadOnlyError,
)
from storage.layout import META_FORMAT, TABLE_NAMES, MalformedRecordError
from storage.pages_ahead import PagesAhead

# Address space, not memory or disk: 1 TiB is a thousand times what the largest planned ledger needs.
MAP_SIZE_BYTES = 1 << 40
# Reading transactions at one moment: a few threads here, command-line tools and a backup beside the daemon.
READER_COUNT_MAX = 126
# The bundled LMDB 0.9, whose files other tools read too.
_ENGINE_MAJOR_VERSION = 0
_FOLDER_MODE = 0o700
_NO_WRITING = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))

Table: TypeAlias = _Database
# A transaction whose values are copies, one whose values are views into the map, and one that writes.
Read: TypeAlias = "lmdb.Transaction[bytes]"
View: TypeAlias = "lmdb.Transaction[memoryview]"
Write: TypeAlias = "lmdb.Transaction[memoryview]"
AnyRead: TypeAlias = "lmdb.Transaction[bytes] | lmdb.Transaction[memoryview]"
Cursor: TypeAlias = "lmdb.Cursor[bytes]"

_DAMAGE = (
    lmdb.CorruptedError,
    lmdb.PageNotFoundError,
    lmdb.InvalidError,
    lmdb.VersionMismatchError,
    lmdb.IncompatibleError,
    lmdb.PageFullError,
    lmdb.CursorFullError,
    # A write meets this first where the list of free pages, or a page to be copied, is not what LMDB wrote.
    lmdb.BadTxnError,
    MalformedRecordError,
    struct.error,
)

# Everything that reading and writing here can raise and that is not ours already.
FOREIGN_ERRORS = (lmdb.Error, OSError, MalformedRecordError, struct.error)


def translate(error: Exception, path: Path) -> BanyanError:
    """Our error for one of LMDB's or the operating system's that `path` met with.

    Errors that are ours already come back as they are.
    """
    if isinstance(error, BanyanError):
        return error
    if isinstance(error, _DAMAGE):
        return damaged(path, error)
    if isinstance(error, lmdb.BadValsizeError):
        return LocalError("A key for the store {path} is empty or longer than 511 bytes.", path=path)
    number = error.errno if isinstance(error, OSError) else getattr(error, "code", None)
    # A write that the disk takes only a part of, LMDB reports as an input/output error.
    if isinstance(error, lmdb.MapFullError) or number in NO_ROOM or (number == errno.EIO and lacks_room(path)):
        return StoreFullError(
            "There is no room to write to the store {path}: make room on its disk, it then goes on by itself.",
            path=path,
        )
    if isinstance(error, lmdb.ReadonlyError) or number in _NO_WRITING:
        return StoreReadOnlyError(
            "This user may not read and write the store {path}: give it the right to, in the folder and its files.",
            path=path,
        )
    if isinstance(error, lmdb.ReadersFullError):
        return StoreBusyError("Too many programs read the store {path} at once: end some of them.", path=path)
    if isinstance(error, lmdb.PanicError):
        return StoreDiskError("The disk failed while the store {path} was written: start the node again.", path=path)
    if number == errno.ENOMEM:
        return StoreDiskError(
            "The store {path} needs 1 TiB of address space (not memory): lift the limit (ulimit -v unlimited).",
            path=path,
        )
    return StoreDiskError(
        "The operating system refused access to the store {path} ({reason}): check disk and folder.",
        path=path,
        reason=error,
    )


def damaged(path: Path, reason: object) -> StoreDamagedError:
    """The error for stored bytes that are not what was written."""
    return StoreDamagedError(
        "The store {path} is damaged ({reason}): keep the folder as it is, and put back a copy of it that was made"
        " while the node was stopped.",
        path=path,
        reason=reason,
    )


class Environment:
    """An open environment with its tables; safe to read from any thread, written by one thread at a time."""

    __slots__ = ("_lmdb", "path", "readonly", "tables")

    def __init__(self, path: Path, *, readonly: bool = False, create: bool = False, reads_all: bool = False) -> None:
        """Open the environment in the folder `path`.

        Args:
            path: The folder; made, with mode 0700, if `create`.
            readonly: Refuse every write.
            create: Make folder and tables.
            reads_all: Most of it is about to be read, table by table.

        Raises:
            StoreMissingError, StoreDamagedError, StoreReadOnlyError, StoreBusyError, StoreDiskError.
        """
        self.path = path
        self.readonly = readonly
        try:
            if not create:
                check_data_file(path)
            self._lmdb = _open(path, readonly=readonly, create=create, reads_all=reads_all)
            try:
                self.tables = {name: self._open_table(name, create) for name in TABLE_NAMES}
            except BaseException:
                self._lmdb.close()
                raise
        except (lmdb.Error, OSError, MalformedRecordError) as error:
            raise translate(error, path) from error

    def _open_table(self, name: str, create: bool) -> Table:
        try:
            return self._lmdb.open_db(name.encode(), create=create)
        except (lmdb.NotFoundError, lmdb.ReadonlyError) as error:
            raise MalformedRecordError(f"the table {name} is missing") from error

    def read(self) -> "ReadTransaction":
        """One moment of the store, for the length of a `with` block; values come as bytes."""
        return ReadTransaction(self)

    def write(self) -> "WriteTransaction":
        """A write that is committed at the end of a `with` block, and undone by an exception; values are views."""
        return WriteTransaction(self)

    def pages_ahead(self, transaction: AnyRead, table_name: str) -> PagesAhead:
        """What fetches a table's pages ahead of a walk through the table in a reading transaction; to be closed."""
        return PagesAhead(self.path, transaction.id(), table_name.encode())

    def begin_read(self) -> Read:
        """A read transaction whose values are copies; whoever asks must abort it."""
        try:
            return self._lmdb.begin()
        except lmdb.Error as error:
            raise _closed_or(error, self.path) from error

    def begin_view(self) -> View:
        """A read transaction whose values are views that must not be touched after its end."""
        try:
            return self._lmdb.begin(buffers=True)
        except lmdb.Error as error:
            raise _closed_or(error, self.path) from error

    def begin_write(self) -> Write:
        """A write transaction; views of what it read must not be touched after it wrote there."""
        try:
            return self._lmdb.begin(write=True, buffers=True)
        except lmdb.Error as error:
            raise _closed_or(error, self.path) from error

    def forget_dead_readers(self) -> int:
        """Free the reader slots of processes that were killed; how many there were."""
        try:
            return self._lmdb.reader_check()
        except lmdb.Error as error:
            raise _closed_or(error, self.path) from error

    def close(self) -> None:
        """Close; waits for a write in progress. May be called twice."""
        self._lmdb.close()


def stored_format(path: Path) -> bytes | None:
    """The record in `meta` that says of which format the database in a folder is, whatever its tables; None if none.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        check_data_file(path)
        with _open(path, readonly=True, create=False) as database:
            meta = database.open_db(b"meta", create=False)
            with database.begin() as transaction:
                return transaction.get(META_FORMAT, db=meta)
    except lmdb.NotFoundError:
        return None
    except (lmdb.Error, OSError, MalformedRecordError) as error:
        raise translate(error, path) from error


def copy_environment(path: Path, target: Path) -> None:
    """Copy the newest moment of the database in a folder into another, empty one; durable when this returns.

    Raises:
        StoreError: it cannot be read, or there is no room; what is in `target` then is to be thrown away.
    """
    try:
        with _open(path, readonly=True, create=False, reads_all=True) as database:
            database.copy(str(target), compact=True)
        descriptor = os.open(target / DATA_FILE_NAME, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        make_durable(target)
    except (lmdb.Error, OSError) as error:
        raise translate(error, path) from error


def _open(path: Path, *, readonly: bool, create: bool, reads_all: bool = False) -> lmdb.Environment:
    try:
        return lmdb.Environment(
            str(path),
            map_size=MAP_SIZE_BYTES,
            readonly=readonly,
            create=create,
            mode=_FOLDER_MODE,
            # Neighbouring pages have nothing to do with each other as a rule: where the ledger is larger than memory,
            # what comes with them (up to 8 MiB for a page) drives out what is needed.
            readahead=reads_all and fits_in_memory(path),
            max_readers=READER_COUNT_MAX,
            max_dbs=len(TABLE_NAMES),
            # LMDB's C extension keeps one at most; it saves each question a search for a reader slot.
            max_spare_txns=1,
            lib_version=_ENGINE_MAJOR_VERSION,
        )
    except lmdb.Error as error:
        if "already open" in str(error):
            raise StoreBusyError(
                "The store {path} is already open in this program: close it first.", path=path
            ) from error
        raise


class ReadTransaction:
    """A `with` block around one read transaction; turns what goes wrong inside into our errors."""

    __slots__ = ("_environment", "_transaction")

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def __enter__(self) -> Read:
        self._transaction = self._environment.begin_read()
        return self._transaction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._transaction.abort()
        if isinstance(error, FOREIGN_ERRORS):
            raise translate(error, self._environment.path) from error


class WriteTransaction:
    """A `with` block around one write transaction: committed and durable at its end, or nothing of it."""

    __slots__ = ("_environment", "_transaction")

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def __enter__(self) -> Write:
        if self._environment.readonly:
            raise LocalError("The store {path} is open for reading only.", path=self._environment.path)
        self._transaction = self._environment.begin_write()
        return self._transaction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        path = self._environment.path
        if error is None:
            try:
                self._transaction.commit()
            except lmdb.Error as failure:
                raise translate(failure, path) from failure
            return
        self._transaction.abort()
        if isinstance(error, FOREIGN_ERRORS):
            raise translate(error, path) from error


def _closed_or(error: lmdb.Error, path: Path) -> BanyanError:
    if "closed" in str(error):
        return LocalError("The store {path} is closed.", path=path)
    return translate(error, path)

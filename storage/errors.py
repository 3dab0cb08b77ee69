"""What can go wrong with a store, each with the path and the way out.

    StoreError                  anything about the store that can be foreseen
    ├── StoreFullError          no room: nothing was written, go on after making room
    ├── StoreDamagedError       stored bytes are not what was written
    ├── StoreVersionError       written by a newer Banyan
    ├── StoreMismatchError      belongs to another network
    ├── StoreMissingError       there is no store where one was expected
    ├── StoreExistsError        there is a store where a new one was to be made
    ├── StoreReadOnlyError      the folder or the way it was opened forbids writing
    ├── StoreBusyError          already open, or no more room for readers
    ├── NotKeptError            of a block of which this store has the header alone
    └── StoreDiskError          the operating system refused: input/output error, memory, limits

Errors of LMDB and of the operating system are turned into these once, in `storage.environment`.
"""

from ledger.errors import BanyanError


class StoreError(BanyanError):
    """Anything about the store that can be foreseen."""

    code = "store"


class StoreFullError(StoreError):
    """There is no room; nothing of the write is stored, and it may be tried again."""

    code = "store-full"


class StoreDamagedError(StoreError):
    """Stored bytes are not what was written."""

    code = "store-damaged"


class StoreVersionError(StoreError):
    """The store has a newer format than this program knows."""

    code = "store-version"


class StoreMismatchError(StoreError):
    """The store belongs to another network."""

    code = "store-mismatch"


class StoreMissingError(StoreError):
    """There is no store."""

    code = "store-missing"


class StoreExistsError(StoreError):
    """There is a store already."""

    code = "store-exists"


class StoreReadOnlyError(StoreError):
    """Writing is forbidden here."""

    code = "store-read-only"


class StoreBusyError(StoreError):
    """The store is in use in a way that excludes this one."""

    code = "store-busy"


class NotKeptError(StoreError):
    """The store began with a snapshot, and has only the header of the block that was asked for."""

    code = "not-kept"


class StoreDiskError(StoreError):
    """The operating system refused, for a reason that is none of the others."""

    code = "store-disk"

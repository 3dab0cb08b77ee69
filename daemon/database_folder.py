"""The folder `db` of a node: made when it joins, opened when it runs, and what helps where it is not as it should be.

Owns the one decision that matters when a database is gone: whether this node may begin it anew. It may where it has
acknowledged nothing, and where other voters have what it lost; the only voter that signed blocks needs its own back,
because nobody else could tell it what it signed. `run` and `join` decide alike, so that neither sends to the other in
a circle. Never takes anything away.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.genesis_state import genesis_records
from daemon.errors import GenesisMismatchError, HomeError
from ledger.genesis import Genesis
from storage.errors import StoreDamagedError, StoreMismatchError

if TYPE_CHECKING:
    from storage.lmdb_store import LmdbStore
    from storage.migration import Migrated

_DATA_FILE_NAME = "data.mdb"


@dataclass(frozen=True, slots=True)
class DatabaseFolder:
    """Where a node's database is, and what it belongs to.

    `inheritance` is where the records lie that a successor network begins with. `has_signed` is asked only where the
    database is not as it should be.
    """

    path: Path
    genesis: Genesis
    inheritance: Path
    has_signed: Callable[[], bool]

    def open(self, migrated: "Callable[[Migrated], None]" = lambda _: None, *, probes: bool = True) -> "LmdbStore":
        """Open the database for running, after a look at it in a process of its own.

        One of an older format is brought forward on a copy first, and kept; `migrated` is told so. What an interrupted
        call left is put in order. `probes` is false where this very process closed the database a moment ago.

        Raises:
            HomeError: it is missing, or no database.
            GenesisMismatchError: it is of another network.
            StoreError: damaged, newer, in use; no room for the copy.
        """
        # The store's code, numpy and lmdb with it, only where a database is opened.
        from storage.lmdb_store import LmdbStore
        from storage.migration import bring_forward, finish_interrupted
        from storage.probe import probe

        finish_interrupted(self.path)
        if self._is_absent:
            raise self._missing()
        self._check_kind()
        network_id = self.genesis.network_id
        try:
            if probes:
                probe(self.path, network_id)
            done = bring_forward(self.path, network_id, lambda copy: LmdbStore.open(copy, network_id).close())
        except StoreDamagedError as error:
            raise self._damaged(error) from error
        if done is not None:
            migrated(done)
        return self._open()

    def open_or_create(self) -> "LmdbStore":
        """Open the database, or make it at the genesis state where there is none and this node may begin anew.

        Raises: as `open`.
        """
        from storage.migration import finish_interrupted

        finish_interrupted(self.path)
        if not self._is_absent:
            self._check_kind()
            return self._open()
        if not self._may_begin_anew:
            raise self._missing()
        return create_store(self.path, self.genesis, self.inheritance)

    @property
    def _is_absent(self) -> bool:
        return not self.path.exists() or (self.path.is_dir() and not any(self.path.iterdir()))

    @property
    def _may_begin_anew(self) -> bool:
        return len(self.genesis.voters) > 1 or not self.has_signed()

    def _open(self) -> "LmdbStore":
        from storage.lmdb_store import LmdbStore

        try:
            return LmdbStore.open(self.path, self.genesis.network_id)
        except StoreDamagedError as error:
            raise self._damaged(error) from error
        except StoreMismatchError as error:
            raise GenesisMismatchError(
                "the database {path} is of another network than genesis.json, which is of {name}; put back the"
                " genesis.json that it was made with, or join with a new node folder",
                path=str(self.path),
                name=self.genesis.name,
            ) from error

    def _check_kind(self) -> None:
        if (self.path / _DATA_FILE_NAME).is_file():
            return
        if self._may_begin_anew:
            raise HomeError(
                "{path} holds no database; take it away, then make a new one with `banyan join --genesis FILE`",
                path=str(self.path),
            )
        raise HomeError(
            "{path} holds no database; take it away and put this node's own there, or a copy of it that was made while"
            " the node was stopped",
            path=str(self.path),
        )

    def _missing(self) -> HomeError:
        if self._may_begin_anew:
            return HomeError(
                "the database {path} is missing; make a new one with `banyan join --genesis FILE`, this node loses"
                " nothing by it",
                path=str(self.path),
            )
        return HomeError(
            "the database {path} is missing; put it back, or a copy of it that was made while the node was stopped:"
            " nobody else has the blocks that this node signed",
            path=str(self.path),
        )

    def _damaged(self, error: StoreDamagedError) -> StoreDamagedError:
        """The error itself, which asks for a copy; where there is nothing to lose, one with a way that needs none."""
        if not self._may_begin_anew:
            return error
        return StoreDamagedError(
            "the database {path} is damaged ({reason}); take it away, then make a new one with `banyan join --genesis"
            " FILE`, this node loses nothing by it",
            path=str(self.path),
            reason=error.params.get("reason", error),
        )


def create_store(path: Path, genesis: Genesis, inheritance: Path) -> "LmdbStore":
    """Make and open an empty database of the network at `path`, at its genesis state.

    Args:
        path: The folder to make.
        genesis: The network's.
        inheritance: The file of inherited records; looked at only where the network is a successor.

    Raises:
        InheritanceError: it is missing, damaged, or of another network.
        InvalidGenesisError: the predecessor's last block is not certified.
        StoreError: the disk or its rights forbid it.
    """
    from storage.inheritance_file import read_inheritance
    from storage.lmdb_store import LmdbStore

    records = genesis_records(genesis)
    lanes = genesis_lanes(genesis, inheritance)
    # Compared with the genesis by now.
    inherited = () if genesis.predecessor is None else read_inheritance(inheritance)
    return LmdbStore.create(path, genesis.network_id, records, lanes, inherited=inherited)


def genesis_lanes(genesis: Genesis, inheritance: Path) -> bytes:
    """The lanes of the digest of the state at height 0, once the inherited records are those that the genesis names.

    Raises: as `create_store`.
    """
    from contracts.inheritance import check_certified
    from ledger.state_digest import StateDigest

    digest = StateDigest.empty()
    digest.apply((key, None, value) for key, value in genesis_records(genesis).items())
    if genesis.predecessor is not None:
        check_certified(genesis.predecessor)
    digest.apply((key, None, value) for key, value in checked_inheritance(genesis, inheritance))
    return digest.lanes_bytes()


def checked_inheritance(genesis: Genesis, inheritance: Path) -> Iterable[tuple[bytes, bytes]]:
    """The records that a network begins with, ascending by key, once they are those that the genesis names.

    None where it is no successor.

    Raises:
        InheritanceError: the file is missing, damaged, of another network, or cannot be read.
    """
    from storage.inheritance_file import InheritanceError, check_inheritance, read_inheritance

    if genesis.predecessor is None:
        return ()
    if not inheritance.exists():
        raise InheritanceError(
            "the network {name} is a successor and begins with inherited records; put the file that came with its"
            " genesis at {path}",
            name=genesis.name,
            path=str(inheritance),
        )
    check_inheritance(inheritance, genesis.predecessor.inherited_digest)
    return read_inheritance(inheritance)

"""The folder `db` of a node: made when it joins, opened when it runs, and what helps where it is not as it should be.

Owns the one decision that matters when a database is gone: whether this node may begin it anew. It may where it has
acknowledged nothing, and where other voters have what it lost; the only voter that signed blocks needs its own back,
because nobody else could tell it what it signed. `run` and `join` decide alike, so that neither sends to the other in
a circle. Never takes anything away.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.errors import GenesisMismatchError, HomeError
from ledger.genesis import Genesis
from storage.errors import StoreDamagedError, StoreMismatchError

if TYPE_CHECKING:
    from storage.lmdb_store import LmdbStore

_DATA_FILE_NAME = "data.mdb"


@dataclass(frozen=True, slots=True)
class DatabaseFolder:
    """Where a node's database is, and what it belongs to.

    `has_signed` is asked only where the database is not as it should be.
    """

    path: Path
    genesis: Genesis
    has_signed: Callable[[], bool]

    def open(self) -> "LmdbStore":
        """Open the database for running, after a look at it in a process of its own.

        Raises:
            HomeError: it is missing, or no database.
            GenesisMismatchError: it is of another network.
            StoreError: damaged, newer, in use.
        """
        # The store's code, numpy and lmdb with it, only where a database is opened.
        from storage.probe import probe

        if self._is_absent:
            raise self._missing()
        self._check_kind()
        try:
            probe(self.path, self.genesis.network_id)
        except StoreDamagedError as error:
            raise self._damaged(error) from error
        return self._open()

    def open_or_create(self) -> "LmdbStore":
        """Open the database, or make it at the genesis state where there is none and this node may begin anew.

        Raises: as `open`.
        """
        from storage.lmdb_store import LmdbStore

        if not self._is_absent:
            self._check_kind()
            return self._open()
        if not self._may_begin_anew:
            raise self._missing()
        records, lanes = genesis_state(self.genesis)
        return LmdbStore.create(self.path, self.genesis.network_id, records, lanes)

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


def genesis_state(genesis: Genesis) -> tuple[dict[bytes, bytes], bytes]:
    """What an empty store of the network begins with: its records, and the lanes of their digest."""
    from contracts.genesis_state import genesis_records
    from ledger.state_digest import StateDigest

    records = genesis_records(genesis)
    digest = StateDigest.empty()
    for key, value in records.items():
        digest.add(key, value)
    return records, digest.lanes_bytes()

"""A node's folder: making it, tying it to a network, opening it.

Owns what must fit together: seed, genesis, database and sign-state are of one node and one network. Never overwrites a
seed, a network or a sign-state; that a node goes on under other keys is `daemon.key_change`'s, which is asked whenever
a folder is opened. Everything is done under the folder's lock. Which file lies where is `daemon.home_files`'s.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.config import SMALL_MACHINE, Config, read_config
from daemon.database_folder import DatabaseFolder
from daemon.durable_file import copy_file, replace_file, write_new_file
from daemon.errors import (
    ConfigError,
    GenesisMismatchError,
    HomeError,
    HomeExistsError,
    HomeNotWritableError,
    SeedError,
    SignStateError,
    StorageFullError,
)
from daemon.home_files import Home
from daemon.invited import check_invitation, read_invitation
from daemon.key_change import under_due_keys, under_next_keys
from daemon.lock import HomeLock
from daemon.next_keys import finish_change
from daemon.seed import create_seed, read_keys
from daemon.seed_passphrase import SeedPassphrase, unattended_passphrase
from daemon.sign_state import SignState
from daemon.sign_state_file import Binding, SignStateFile
from daemon.sync_place import SyncPlace
from ledger.errors import InvalidGenesisError
from ledger.genesis import Genesis, parse_genesis
from ledger.hashing import Hash
from ledger.json_fault import json_fault
from ledger.node_keys import NodeDescription, NodeKeys
from ledger.strict_json import JSON_SIZE_CHARACTERS_MAX
from p2p.invitations import Invitation

if TYPE_CHECKING:
    from storage.lmdb_store import LmdbStore
    from storage.migration import Migrated

__all__ = ("Home", "OpenHome", "change_keys_now", "create_home", "join_home", "locked_home", "open_home")

_PUBLIC_MODE = 0o644
# As the database: what it holds is for who may read records.
_SECRET_MODE = 0o600
# Nobody but the operator has business in the folder: the control socket in it has the operator's rights.
_HOME_MODE = 0o700


def create_home(
    directory: Path,
    name: str,
    listen: str,
    http: str = "",
    passphrase: str | None = None,
    *,
    is_small: bool = False,
) -> NodeDescription:
    """Make a node in `directory`: settings, seed, public description; all durable when this returns.

    Args:
        directory: Made if it is not there; a half-made node (of an interrupted call) is finished.
        name: The node's name in keys and signature lines.
        listen: HOST:PORT for other nodes.
        http: HOST:PORT for the HTTP API; empty for none.
        passphrase: Seals the seed; None leaves it in the clear.
        is_small: Whether the settings are to be those of a small machine.

    Returns:
        What `node.public.json` holds, for the genesis and for showing the verifier keys.

    Raises:
        ConfigError: name or address cannot be used; nothing was made.
        HomeExistsError: there is a node already.
        HomeNotWritableError, StorageFullError, HomeLockedError, SeedError
    """
    home = Home(directory)
    config = Config(name=name, listen=listen, http=http, **(SMALL_MACHINE if is_small else {}))
    config.validate()
    with translated_home(home):
        directory.mkdir(mode=_HOME_MODE, parents=True, exist_ok=True)
        with HomeLock(home.lock):
            if home.config.exists():
                raise HomeExistsError(
                    "there is a node in {path} already; give another folder with --home", path=str(directory)
                )
            if not home.seed.exists():
                create_seed(home.seed, passphrase)
            keys = read_keys(home.seed, unattended_passphrase if passphrase is None else lambda _path: passphrase)
            description = NodeDescription.of(name, listen, keys)
            replace_file(home.public, description.to_json().encode("utf-8"), _PUBLIC_MODE)
            write_new_file(home.config, config.to_toml().encode("utf-8"), _PUBLIC_MODE)
    return description


def join_home(
    directory: Path,
    genesis: Genesis,
    invitation: Invitation | None = None,
    now_ms: int = 0,
    passphrase: SeedPassphrase = unattended_passphrase,
    inheritance: Path | None = None,
) -> Hash:
    """Tie the node in `directory` to a network: database at the genesis state, sign-state, genesis.

    Doing it twice with the same genesis changes nothing; an interrupted call is finished by the next one. A node that
    the genesis does not name is let in by the others when the ledger's registry names it, or before that with an
    invitation that holds at `now_ms`, milliseconds since 1970 UTC; a further one takes the place of an earlier one.
    `inheritance` is the file of records that a successor network begins with; it is kept in the folder.

    Returns:
        The node's id.

    Raises:
        ConfigError: there is no node in the folder.
        GenesisMismatchError: the folder is of another network.
        InvalidInvitationError: the invitation is not for this node, this network, or this time.
        HomeNotWritableError, StorageFullError, HomeLockedError, SeedError, SignStateError
    """
    home = Home(directory)
    with translated_home(home):
        config = read_config(home.config)
        with HomeLock(home.lock):
            finish_change(home)
            keys = read_keys(home.seed, passphrase)
            _check_own_description(home, config, keys)
            if invitation is not None:
                check_invitation(invitation, genesis, keys, now_ms)
            if home.genesis.exists():
                _check_same_network(home, read_home_genesis(home), genesis)
            if home.genesis.exists() and not home.sign_state.exists():
                raise _missing_sign_state(home)
            if invitation is not None:
                replace_file(home.invitation, (invitation.to_text() + "\n").encode("ascii"), _PUBLIC_MODE)
            if inheritance is not None:
                _keep_inheritance(home, genesis, inheritance)
            store = _database(home, keys, genesis).open_or_create()
            try:
                _open_or_create_sign_state(home, keys, genesis, store).close()
            finally:
                store.close()
            if not home.genesis.exists():
                write_new_file(home.genesis, genesis.to_json().encode("utf-8"), _PUBLIC_MODE)
    return keys.node_id


@dataclass(frozen=True, slots=True)
class OpenHome:
    """Everything that a running node needs of its folder; `close` releases it in the right order.

    `migrated` says that the database was of an older format until now, and where that is kept.
    """

    home: Home
    config: Config
    keys: NodeKeys
    description: NodeDescription
    genesis: Genesis
    store: "LmdbStore"
    sign_state: SignStateFile
    lock: HomeLock
    invitation: Invitation | None
    migrated: "Migrated | None" = None

    def close(self) -> None:
        """Close database and files, then release the lock."""
        self.store.close()
        self.sign_state.close()
        self.lock.close()


def open_home(directory: Path, passphrase: SeedPassphrase = unattended_passphrase, *, probes: bool = True) -> OpenHome:
    """Open the node in `directory` for running; the caller closes it.

    Where the ledger says that the node goes on under its next keys, it is these that are open afterwards. Without
    `probes` the database is believed to be sound: this process closed it a moment ago.

    Raises:
        BanyanError: one sentence with the remedy for each thing that can be wrong: no node here, settings, another
            daemon, seed, genesis, database (missing, damaged, newer, of another network), sign-state.
    """
    home = Home(directory)
    with translated_home(home):
        config = read_config(home.config)
        lock = HomeLock(home.lock)
        try:
            finish_change(home)
            opened = _open_locked(home, config, lock, passphrase, probes)
            return under_due_keys(opened, passphrase)
        except BaseException:
            lock.close()
            raise


@contextmanager
def locked_home(directory: Path) -> Iterator[Home]:
    """The files of the node in `directory`, which does not run meanwhile; a change of keys is finished first.

    Raises:
        ConfigError: there is no node in the folder.
        HomeNotWritableError, StorageFullError, HomeLockedError
    """
    home = Home(directory)
    with translated_home(home):
        read_config(home.config)
        with HomeLock(home.lock):
            finish_change(home)
            yield home


def change_keys_now(directory: Path, passphrase: SeedPassphrase = unattended_passphrase) -> Hash:
    """Let the node in `directory` go on under its next keys, whatever its own ledger says; their node id.

    For a node that was down while others registered its next keys and let the old ones leave: it hears of nothing any
    more. Before the next keys are registered, nobody lets the node in.

    Raises:
        HomeError: there are no next keys, and as `open_home`.
    """
    home = Home(directory)
    if not home.next_keys.exists() and not home.changing_keys.exists():
        raise HomeError(
            "the node in {path} has no next keys; make them with `banyan keys next`, and have them registered",
            path=str(directory),
        )
    opened = open_home(directory, passphrase)
    # It may have changed already, where its own ledger says so.
    if home.next_keys.exists():
        with translated_home(home):
            opened = under_next_keys(opened, passphrase)
    node_id = opened.keys.node_id
    opened.close()
    return node_id


def _open_locked(home: Home, config: Config, lock: HomeLock, passphrase: SeedPassphrase, probes: bool) -> OpenHome:
    if home.succeeded.exists():
        raise HomeError(
            "the node in {path} endorsed a successor of its network, so it does not run again; run the new node. If the"
            " successor was given up for good by all who endorsed it, take the file {file} away",
            path=str(home.directory),
            file=str(home.succeeded),
        )
    keys = read_keys(home.seed, passphrase)
    _check_own_description(home, config, keys)
    if not home.genesis.exists():
        raise HomeError(
            "the node in {path} belongs to no network yet; run `banyan join --genesis FILE`", path=str(home.directory)
        )
    genesis = read_home_genesis(home)
    invitation = read_invitation(home.invitation, genesis, keys)
    SyncPlace(home.snapshots, home.database, genesis).take_over()
    migrated: list[Migrated] = []
    store = _database(home, keys, genesis).open(migrated.append, probes=probes)
    try:
        sign_state = _open_or_create_sign_state(home, keys, genesis, store)
    except BaseException:
        store.close()
        raise
    description = NodeDescription.of(config.name, config.listen, keys)
    return OpenHome(home, config, keys, description, genesis, store, sign_state, lock, invitation, *migrated)


def read_home_genesis(home: Home) -> Genesis:
    """The genesis of the network that the folder is tied to.

    Raises:
        GenesisMismatchError: the file is no usable genesis.
    """
    try:
        with home.genesis.open("rb") as file:
            return parse_genesis(file.read(JSON_SIZE_CHARACTERS_MAX + 1).decode("utf-8"))
    except (InvalidGenesisError, UnicodeDecodeError) as error:
        raise GenesisMismatchError(
            "{path} is not a usable genesis ({reason}); put the network's own genesis.json there",
            path=str(home.genesis),
            reason=json_fault(error) if isinstance(error, UnicodeDecodeError) else error,
        ) from error


def _check_own_description(home: Home, config: Config, keys: NodeKeys) -> None:
    """Name and seed are those that the node was made with: others would be a node that nobody knows."""
    if not home.public.exists():
        return
    try:
        with home.public.open("rb") as file:
            made = NodeDescription.from_json(file.read(JSON_SIZE_CHARACTERS_MAX + 1).decode("utf-8"))
    except (InvalidGenesisError, UnicodeDecodeError) as error:
        raise HomeError(
            "{path} is not this node's description ({reason}); put the one back that `banyan init` made, or take it"
            " away: the node runs without it",
            path=str(home.public),
            reason=json_fault(error) if isinstance(error, UnicodeDecodeError) else error,
        ) from error
    if config.name != made.name:
        raise ConfigError(
            'config.toml: the setting `name` is "{name}", but this node was made as "{made}", which stands in its keys;'
            ' write name = "{made}", or make another node with `banyan init`',
            name=config.name,
            made=made.name,
        )
    if keys.node_id != made.node_id:
        raise SeedError(
            "{path} is the seed of another node than the one in {public}; put this node's own seed back",
            path=str(home.seed),
            public=str(home.public),
        )


def _check_same_network(home: Home, ours: Genesis, theirs: Genesis) -> None:
    if ours.network_id != theirs.network_id:
        raise GenesisMismatchError(
            "the node in {path} belongs to the network {name} already; join another network with a node folder of its"
            " own",
            path=str(home.directory),
            name=ours.name,
        )


def _keep_inheritance(home: Home, genesis: Genesis, inheritance: Path) -> None:
    """Keep the inherited records in the folder, once they are those that the genesis names."""
    from storage.inheritance_file import check_inheritance

    if genesis.predecessor is not None and not (home.inheritance.exists() and home.inheritance.samefile(inheritance)):
        check_inheritance(inheritance, genesis.predecessor.inherited_digest)
        copy_file(inheritance, home.inheritance, _SECRET_MODE)


def _database(home: Home, keys: NodeKeys, genesis: Genesis) -> DatabaseFolder:
    return DatabaseFolder(
        home.database,
        genesis,
        home.inheritance,
        lambda: _may_have_signed(home, Binding(keys.node_id, genesis.network_id)),
    )


def _may_have_signed(home: Home, binding: Binding) -> bool:
    """Whether there may be blocks that this node acknowledged; where the sign-state cannot tell, there may."""
    if not home.sign_state.exists():
        return home.genesis.exists()
    try:
        file = SignStateFile(home.sign_state, binding)
    except SignStateError:
        return True
    file.close()
    return file.state.acknowledged_height > 0


def _open_or_create_sign_state(home: Home, keys: NodeKeys, genesis: Genesis, store: "LmdbStore") -> SignStateFile:
    """The sign-state; made only where nothing can have been signed yet."""
    binding = Binding(keys.node_id, genesis.network_id)
    if not home.sign_state.exists():
        # `join` writes the genesis last: where it is, this node may have signed, whatever became of its database.
        if home.genesis.exists() or store.head().tip_height > 0:
            raise _missing_sign_state(home)
        SignStateFile.create(home.sign_state, binding, SignState())
    return SignStateFile(home.sign_state, binding)


def _missing_sign_state(home: Home) -> SignStateError:
    return SignStateError(
        "the sign-state {path} is missing although this node has joined its network; put it back as it was: without it"
        " this node could sign two different blocks of one height",
        path=str(home.sign_state),
    )


@contextmanager
def translated_home(home: Home) -> Iterator[None]:
    """Turn what the system refuses into one sentence."""
    try:
        yield
    except OSError as error:
        path = str(error.filename or home.directory)
        if error.errno in (ENOSPC, EDQUOT):
            raise StorageFullError(
                "there is no room left for {path}; free some space on its disk and try again", path=path
            ) from error
        raise HomeNotWritableError(
            "{path} cannot be used ({reason}); give this user the right to it, or another folder with --home",
            path=path,
            reason=error.strerror or str(error),
        ) from error

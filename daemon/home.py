"""A node's folder: making it, tying it to a network, opening it.

Owns which file lies where and what must fit together: seed, genesis, database and sign-state are of one node and one
network. Never overwrites a seed, a network or a sign-state. Everything is done under the folder's lock.

    config.toml        settings, no secrets        daemon.config
    seed               32 secret bytes, 0600       daemon.seed
    sign-state         what was signed last        daemon.sign_state_file
    node.public.json   what the node publishes     ledger.node_keys
    genesis.json       the network                 ledger.genesis
    invitation         who let this node in        daemon.invited
    invitations        whom this node let in       daemon.hospitality
    db/                the ledger                  storage
    control.sock       the operator's door         daemon.control_socket
    lock               one daemon at a time        daemon.lock
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.config import Config, read_config
from daemon.database_folder import DatabaseFolder
from daemon.durable_file import replace_file, write_new_file
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
from daemon.invited import check_invitation, read_invitation
from daemon.lock import HomeLock
from daemon.seed import create_seed, read_keys
from daemon.sign_state import SignState
from daemon.sign_state_file import Binding, SignStateFile
from ledger.errors import InvalidGenesisError
from ledger.genesis import Genesis, parse_genesis
from ledger.hashing import Hash
from ledger.json_fault import json_fault
from ledger.node_keys import NodeDescription, NodeKeys
from ledger.strict_json import JSON_SIZE_CHARACTERS_MAX
from p2p.invitations import Invitation

if TYPE_CHECKING:
    from storage.lmdb_store import LmdbStore

_PUBLIC_MODE = 0o644
# Nobody but the operator has business in the folder: the control socket in it has the operator's rights.
_HOME_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Home:
    """Where the files of a node lie."""

    directory: Path

    @property
    def config(self) -> Path:
        """Settings."""
        return self.directory / "config.toml"

    @property
    def seed(self) -> Path:
        """The node's secret."""
        return self.directory / "seed"

    @property
    def sign_state(self) -> Path:
        """What was signed last."""
        return self.directory / "sign-state"

    @property
    def public(self) -> Path:
        """What the node publishes of itself."""
        return self.directory / "node.public.json"

    @property
    def genesis(self) -> Path:
        """The network."""
        return self.directory / "genesis.json"

    @property
    def invitation(self) -> Path:
        """By which the node joined, where the genesis does not name it."""
        return self.directory / "invitation"

    @property
    def invitations(self) -> Path:
        """Whom the node has invited."""
        return self.directory / "invitations"

    @property
    def database(self) -> Path:
        """The ledger."""
        return self.directory / "db"

    @property
    def lock(self) -> Path:
        """Held by whoever uses the folder."""
        return self.directory / "lock"


def create_home(directory: Path, name: str, listen: str, http: str = "") -> NodeDescription:
    """Make a node in `directory`: settings, seed, public description; all durable when this returns.

    Args:
        directory: Made if it is not there; a half-made node (of an interrupted call) is finished.
        name: The node's name in keys and signature lines.
        listen: HOST:PORT for other nodes.
        http: HOST:PORT for the HTTP API; empty for none.

    Returns:
        What `node.public.json` holds, for the genesis and for showing the verifier keys.

    Raises:
        ConfigError: name or address cannot be used; nothing was made.
        HomeExistsError: there is a node already.
        HomeNotWritableError, StorageFullError, HomeLockedError, SeedError
    """
    home = Home(directory)
    config = Config(name=name, listen=listen, http=http)
    config.validate()
    with _translated(home):
        directory.mkdir(mode=_HOME_MODE, parents=True, exist_ok=True)
        with HomeLock(home.lock):
            if home.config.exists():
                raise HomeExistsError(
                    "there is a node in {path} already; give another folder with --home", path=str(directory)
                )
            if not home.seed.exists():
                create_seed(home.seed)
            description = NodeDescription.of(name, listen, read_keys(home.seed))
            replace_file(home.public, description.to_json().encode("utf-8"), _PUBLIC_MODE)
            write_new_file(home.config, config.to_toml().encode("utf-8"), _PUBLIC_MODE)
    return description


def join_home(directory: Path, genesis: Genesis, invitation: Invitation | None = None, now_ms: int = 0) -> Hash:
    """Tie the node in `directory` to a network: database at the genesis state, sign-state, genesis.

    Doing it twice with the same genesis changes nothing; an interrupted call is finished by the next one. A node that
    the genesis does not name is let in by the others when the ledger's registry names it, or before that with an
    invitation that holds at `now_ms`, milliseconds since 1970 UTC; a further one takes the place of an earlier one.

    Returns:
        The node's id.

    Raises:
        ConfigError: there is no node in the folder.
        GenesisMismatchError: the folder is of another network.
        InvalidInvitationError: the invitation is not for this node, this network, or this time.
        HomeNotWritableError, StorageFullError, HomeLockedError, SeedError, SignStateError
    """
    home = Home(directory)
    with _translated(home):
        config = read_config(home.config)
        with HomeLock(home.lock):
            keys = read_keys(home.seed)
            _check_own_description(home, config, keys)
            if invitation is not None:
                check_invitation(invitation, genesis, keys, now_ms)
            if home.genesis.exists():
                _check_same_network(home, _read_genesis(home), genesis)
            if home.genesis.exists() and not home.sign_state.exists():
                raise _missing_sign_state(home)
            if invitation is not None:
                replace_file(home.invitation, (invitation.to_text() + "\n").encode("ascii"), _PUBLIC_MODE)
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
    """Everything that a running node needs of its folder; `close` releases it in the right order."""

    home: Home
    config: Config
    keys: NodeKeys
    description: NodeDescription
    genesis: Genesis
    store: "LmdbStore"
    sign_state: SignStateFile
    lock: HomeLock
    invitation: Invitation | None

    def close(self) -> None:
        """Close database and files, then release the lock."""
        self.store.close()
        self.sign_state.close()
        self.lock.close()


def open_home(directory: Path) -> OpenHome:
    """Open the node in `directory` for running; the caller closes it.

    Raises:
        BanyanError: one sentence with the remedy for each thing that can be wrong: no node here, settings, another
            daemon, seed, genesis, database (missing, damaged, newer, of another network), sign-state.
    """
    home = Home(directory)
    with _translated(home):
        config = read_config(home.config)
        lock = HomeLock(home.lock)
        try:
            return _open_locked(home, config, lock)
        except BaseException:
            lock.close()
            raise


def _open_locked(home: Home, config: Config, lock: HomeLock) -> OpenHome:
    keys = read_keys(home.seed)
    _check_own_description(home, config, keys)
    if not home.genesis.exists():
        raise HomeError(
            "the node in {path} belongs to no network yet; run `banyan join --genesis FILE`", path=str(home.directory)
        )
    genesis = _read_genesis(home)
    invitation = read_invitation(home.invitation, genesis, keys)
    store = _database(home, keys, genesis).open()
    try:
        sign_state = _open_or_create_sign_state(home, keys, genesis, store)
    except BaseException:
        store.close()
        raise
    description = NodeDescription.of(config.name, config.listen, keys)
    return OpenHome(home, config, keys, description, genesis, store, sign_state, lock, invitation)


def _read_genesis(home: Home) -> Genesis:
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


def _database(home: Home, keys: NodeKeys, genesis: Genesis) -> DatabaseFolder:
    return DatabaseFolder(
        home.database, genesis, lambda: _may_have_signed(home, Binding(keys.node_id, genesis.network_id))
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
def _translated(home: Home) -> Iterator[None]:
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

"""The node's folder: whether its files are there, are this node's, are whole, and can be read by nobody else.

Owns the looks at files; changes none. What a running node holds open (sign-state, database) is looked at only while no
node runs there, under the folder's lock: a node that runs has read it itself. Of a file that cannot be used, the
sentence and the remedy are those of whoever reads it at a start.
Source: docs/reference/configuration.md, "The folder".
"""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from cli.doctor.finding import Finding, Kind, Severity
from cli.doctor.look import Look
from cli.errors import UnreachableError
from cli.language import N_
from daemon.config import read_config
from daemon.errors import HomeLockedError
from daemon.home import Home
from daemon.lock import HomeLock
from daemon.seed import is_sealed, read_keys
from daemon.seed_passphrase import given_passphrase
from daemon.sign_state_file import Binding, SignStateFile
from ledger.errors import BanyanError, InvalidGenesisError
from ledger.genesis import parse_genesis
from ledger.json_fault import json_fault
from ledger.node_keys import NodeKeys
from ledger.strict_json import JSON_SIZE_CHARACTERS_MAX

_MIB = 1024 * 1024
# As long as the name of a network may be, and a line's end.
_ORIGIN_SIZE_BYTES_MAX = 201
_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

NO_NODE = Kind(
    "no-node",
    _ERROR,
    N_("There is no node in {path}."),
    N_("Name its folder with --home or $BANYAN_HOME, or make a node with `banyan init`."),
)
FOLDER_OPEN = Kind(
    "folder-open",
    _WARNING,
    N_("Others on this machine may enter the node's folder {path} (mode {mode})."),
    N_("Run `chmod 700 {path}`: the control socket in it has the operator's rights."),
)
FILE_FOREIGN = Kind(
    "file-foreign",
    _ERROR,
    N_("{path} belongs to another user than the folder: number {owner} instead of {expected}."),
    N_("Run `chown {expected} {path}`; most likely a command was once run as another user, such as root."),
)
SETTINGS = Kind("settings", _ERROR, N_("The settings cannot be used: {reason}"), N_("Correct config.toml, and start."))
SEED = Kind(
    "seed",
    _ERROR,
    N_("The node has no secret that it could use: {reason}"),
    N_("Do what the sentence says. A node whose seed is lost has to be taken out, and a new one added."),
)
SEED_SEALED = Kind(
    "seed-sealed",
    Severity.INFO,
    N_("The seed {path} is under a passphrase that is not here, so the node's own files were not compared with it."),
    N_("Nothing is to be done if the node is given the passphrase where it starts; the keys' guide tells how."),
)
CHANGE_UNFINISHED = Kind(
    "change-unfinished",
    Severity.INFO,
    N_("A change to new keys was interrupted; {path} holds what is left of it."),
    N_("Start the node: it finishes the change by itself. Never copy or remove anything there."),
)
IDENTITY = Kind(
    "identity",
    _ERROR,
    N_("{path} is of another node than the seed, or of another name than the settings."),
    N_("Put back the files that belong together: config.toml, seed and node.public.json come from one `banyan init`."),
)
NOT_JOINED = Kind(
    "not-joined",
    _ERROR,
    N_("The node in {path} belongs to no network yet."),
    N_("Run `banyan join --genesis FILE`, or with --invite and the invitation that it was given."),
)
GENESIS = Kind(
    "genesis",
    _ERROR,
    N_("{path} cannot be used: {reason}"),
    N_("Put the network's own genesis.json there, as another operator has it."),
)
SIGN_STATE = Kind(
    "sign-state",
    _ERROR,
    N_("What the node has signed is not on record: {reason}"),
    N_(
        "Put the file back as it was last, never an older copy. If it is lost, take this node out of the network, and"
        " add a new one."
    ),
)
DATABASE = Kind(
    "database",
    _ERROR,
    N_("The ledger cannot be opened: {reason}"),
    N_("Do what the sentence says; where other voters have the ledger, a node may always begin anew."),
)
OLD_COPY = Kind(
    "old-copy",
    Severity.INFO,
    N_("A database of an earlier format is kept at {path}: {size_mib} MiB."),
    N_("Take it away once the node has run well with the new one for a while."),
)
SUCCEEDED = Kind(
    "succeeded",
    Severity.INFO,
    N_("This node endorsed {successor}, a successor of its network, and does not run again."),
    N_("Keep the folder to read and to audit; the new node has a folder of its own."),
)
STOPPED = Kind("stopped", _ERROR, N_("No node runs in {path}."), N_("Start it: `banyan run --home {path}`."))
STUCK = Kind(
    "stuck",
    _ERROR,
    N_("A process ({pid}) uses the folder and does not answer: {reason}"),
    N_(
        "It may be starting or stopping: look again in a minute, then at its log; if it stays so, end it and start it"
        " anew."
    ),
)
NOT_ANSWERING = Kind(
    "not-answering",
    _ERROR,
    N_("The node cannot be asked: {reason}"),
    N_("Run the command as the user that runs the node, and in the same version."),
)

KINDS = (
    NO_NODE,
    FOLDER_OPEN,
    FILE_FOREIGN,
    SETTINGS,
    SEED,
    SEED_SEALED,
    CHANGE_UNFINISHED,
    IDENTITY,
    NOT_JOINED,
    GENESIS,
    SIGN_STATE,
    DATABASE,
    OLD_COPY,
    SUCCEEDED,
    STOPPED,
    STUCK,
    NOT_ANSWERING,
)


def check(look: Look) -> Iterator[Finding]:
    """What is wrong in the folder, and whether a node runs there."""
    home = look.home
    if not home.config.exists():
        yield NO_NODE.found(path=str(home.directory))
        return
    yield from _check_rights(home)
    yield from _unusable(SETTINGS, lambda: read_config(home.config))
    keys: list[NodeKeys] = []
    if home.changing_keys.exists():
        # Files of both identities lie side by side until the next start.
        yield CHANGE_UNFINISHED.found(path=str(home.changing_keys))
    else:
        yield from _check_seed(home, keys)
    if keys:
        yield from _check_identity(look, keys[0])
    if not home.genesis.exists():
        yield NOT_JOINED.found(path=str(home.directory))
        return
    yield from _check_genesis(home)
    for kept in sorted(home.directory.glob(f"{home.database.name}.format-*")):
        yield OLD_COPY.found(path=str(kept), size_mib=sum(one.lstat().st_size for one in _inside(kept)) // _MIB)
    if home.succeeded.exists():
        yield SUCCEEDED.found(successor=_successor_of(home))
    elif look.online is None:
        yield from _check_stopped(look, keys[0] if keys else None)


def _check_rights(home: Home) -> Iterator[Finding]:
    found = home.directory.stat()
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield FOLDER_OPEN.found(path=str(home.directory), mode=f"{stat.S_IMODE(found.st_mode):04o}")
    for path in (*sorted(home.directory.iterdir()), *_inside(home.database)):
        owner = path.lstat().st_uid
        if owner != found.st_uid:
            yield FILE_FOREIGN.found(path=str(path), owner=owner, expected=found.st_uid)


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        # Told where it is missing; one that cannot be entered is another user's.
        return []


def _check_seed(home: Home, keys: list[NodeKeys]) -> Iterator[Finding]:
    """Whether there is a seed that can be used; its keys go to `keys` where it can be opened here."""
    try:
        if is_sealed(home.seed) and given_passphrase() is None:
            yield SEED_SEALED.found(path=str(home.seed))
        else:
            keys.append(read_keys(home.seed))
    except BanyanError as error:
        yield SEED.found(reason=error)


def _check_identity(look: Look, keys: NodeKeys) -> Iterator[Finding]:
    config, made = look.config, look.description
    if made is not None and (keys.node_id != made.node_id or (config is not None and config.name != made.name)):
        yield IDENTITY.found(path=str(look.home.public))


def _check_genesis(home: Home) -> Iterator[Finding]:
    try:
        with home.genesis.open("rb") as file:
            parse_genesis(file.read(JSON_SIZE_CHARACTERS_MAX + 1).decode("utf-8"))
    except InvalidGenesisError as error:
        yield GENESIS.found(path=str(home.genesis), reason=error)
    except UnicodeDecodeError as error:
        yield GENESIS.found(path=str(home.genesis), reason=json_fault(error))
    except OSError as error:
        yield GENESIS.found(path=str(home.genesis), reason=error.strerror or str(error))


def _successor_of(home: Home) -> str:
    try:
        with home.succeeded.open("rb") as file:
            return file.read(_ORIGIN_SIZE_BYTES_MAX).decode("utf-8", "replace").strip()
    except OSError as error:
        return error.strerror or str(error)


def _check_stopped(look: Look, keys: NodeKeys | None) -> Iterator[Finding]:
    home, why = look.home, look.why_offline
    if why is not None and not isinstance(why, UnreachableError):
        yield NOT_ANSWERING.found(reason=why)
        return
    try:
        with HomeLock(home.lock):
            yield STOPPED.found(path=str(home.directory))
            if keys is not None and look.genesis is not None:
                yield from _check_record(look, keys, look.genesis.network_id)
    except HomeLockedError as error:
        yield STUCK.found(pid=error.params["pid"], reason=why)
    except BanyanError as error:
        yield NOT_ANSWERING.found(reason=error)


def _check_record(look: Look, keys: NodeKeys, network_id: bytes) -> Iterator[Finding]:
    """What a start would read of sign-state and database."""
    home = look.home
    binding = Binding(keys.node_id, network_id)
    yield from _unusable(SIGN_STATE, lambda: SignStateFile(home.sign_state, binding).close())
    yield from _unusable(DATABASE, lambda: _read_database(home.database, network_id))


def _read_database(path: Path, network_id: bytes) -> None:
    # The store's code, numpy and lmdb with it, only where a database is opened.
    from storage.lmdb_store import LmdbStore
    from storage.probe import probe

    probe(path, network_id)
    LmdbStore.open(path, network_id, readonly=True).close()


def _unusable(kind: Kind, use: Callable[[], object]) -> Iterator[Finding]:
    try:
        use()
    except BanyanError as error:
        yield kind.found(reason=error)

"""`banyan restore`: a node's folder out of a backup, or the refusal where that could make the node sign twice.

Owns which folders a backup may be put into and in what order files appear: the database is made beside its place and
renamed to `db` last, so that an interrupted restore is begun again. A backup holds no secret and no sign-state, so what
a folder has of these decides:

    no seed                          a copy to read and to audit; no node runs from it
    seed, sign-state                 the node's own: it signs again when its chain holds what it signed last
    seed, no sign-state, fresh       a node that never was a voter: as after `banyan join`
    seed, no sign-state, a voter     refused: nobody knows what it signed since
    seed, no sign-state, registered  refused: it may have become a voter since, and signed
    sign-state older than the chain  refused: it was put back from a copy
    the only voter, a newer sign-state   refused: nobody else has the blocks that it signed

Source: docs/protocol.md, sections 1 and 3; docs/adr/0030-backup-and-restore.md.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.node_registry import node_of
from contracts.protocols import builtin_protocols
from contracts.voter_record import current_voters, voters_numbered
from daemon.database_folder import create_store
from daemon.durable_file import sync_directory, write_new_file
from daemon.errors import GenesisMismatchError, HomeError, HomeExistsError, SignStateError
from daemon.home import Home, read_home_genesis, translated_home
from daemon.lock import HomeLock
from daemon.next_keys import finish_change
from daemon.own_signatures import OwnSignatures
from daemon.restoring import Restoring
from daemon.seed import read_keys
from daemon.seed_passphrase import SeedPassphrase, unattended_passphrase
from daemon.sign_state import SignState
from daemon.sign_state_file import Binding, SignStateFile
from ledger.errors import InvalidGenesisError
from ledger.genesis import Genesis, parse_genesis
from ledger.hashing import Hash
from storage.backup.encryption import Identity
from storage.backup.errors import BackupDamagedError, BackupMismatchError
from storage.backup.inherited import restore_inherited
from storage.backup.parsing import PartParser
from storage.backup.part_file import read_part
from storage.backup.part_folder import read_start
from storage.backup.records import PartStart
from storage.interface import StoreHead, StoreReader
from storage.lmdb_store import LmdbStore

_HOME_MODE = 0o700
_PUBLIC_MODE = 0o644
_DRAFT_NAME = "db.restoring"

# How many bytes of all parts were read, and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back. `has_node`: the folder has a seed; `signed_height`: what that node signed last, if the
    restored ledger does not hold it yet, else 0."""

    genesis: Genesis
    head: StoreHead
    value_count: int
    has_node: bool
    is_voter: bool
    signed_height: int


def restore_home(
    directory: Path,
    parts: Sequence[Path],
    identities: Sequence[Identity],
    genesis: Genesis | None,
    progress: Progress,
    passphrase: SeedPassphrase = unattended_passphrase,
) -> Restored:
    """Put the ledger in these parts into the folder `directory`.

    Args:
        directory: Made if it is not there; must hold no database.
        parts: In any order; each is checked and executed.
        identities: For parts that are encrypted.
        genesis: Of the network that it has to be; None takes the folder's own, else the backup's.
        progress: Called now and then.
        passphrase: Asked where the folder's seed is sealed.

    Raises:
        HomeExistsError, SignStateError, HomeError: the folder is none that this may be put into; says what to do.
        GenesisMismatchError, BackupError, StoreError: the backup is of another network, damaged, or the disk refuses.
    """
    home = Home(directory)
    with translated_home(home):
        directory.mkdir(mode=_HOME_MODE, parents=True, exist_ok=True)
        with HomeLock(home.lock):
            _check_has_no_database(home)
            finish_change(home)
            own = OwnSignatures(read_keys(home.seed, passphrase).node_id if home.seed.exists() else b"")
            ordered, network = _ordered(parts, identities)
            trusted = _trusted_genesis(home, genesis, network, str(ordered[0]))
            _check_may_begin(home, trusted, own.node_id)
            return _Restore(home, trusted, own).run(ordered, identities, progress)


class _Restore:
    """One restore into a folder that was found fit for it."""

    def __init__(self, home: Home, genesis: Genesis, own: OwnSignatures) -> None:
        self._home = home
        self._genesis = genesis
        self._own = own
        self._draft = home.directory / _DRAFT_NAME

    def run(self, parts: Sequence[Path], identities: Sequence[Identity], progress: Progress) -> Restored:
        """All of it; what was begun is taken away where it fails."""
        # What an interrupted restore left behind.
        shutil.rmtree(self._draft, ignore_errors=True)
        try:
            restored = self._filled(parts, identities, progress)
        except BaseException:
            shutil.rmtree(self._draft, ignore_errors=True)
            raise
        if self._home.database.exists():
            self._home.database.rmdir()
        self._draft.rename(self._home.database)
        sync_directory(self._home.directory)
        return restored

    def _filled(self, parts: Sequence[Path], identities: Sequence[Identity], progress: Progress) -> Restored:
        self._inherit(parts, identities)
        store = create_store(self._draft, self._genesis, self._home.inheritance)
        try:
            restoring = Restoring(self._genesis, builtin_protocols(), store, self._own)
            _read_all(restoring, parts, identities, progress)
            signed_height = self._settled(store) if self._own.node_id else 0
            if not self._home.genesis.exists():
                write_new_file(self._home.genesis, self._genesis.to_json().encode("utf-8"), _PUBLIC_MODE)
            return Restored(
                self._genesis,
                store.head(),
                restoring.value_count,
                bool(self._own.node_id),
                restoring.voters.key_of(self._own.node_id) is not None,
                signed_height,
            )
        finally:
            store.close()

    def _inherit(self, parts: Sequence[Path], identities: Sequence[Identity]) -> None:
        """Put a successor network's inherited records into the folder, where it has none and a part has them."""
        predecessor, target = self._genesis.predecessor, self._home.inheritance
        if predecessor is None or target.exists():
            return
        for part in parts:
            if restore_inherited(part, identities, target, predecessor.inherited_digest):
                return

    def _settled(self, store: LmdbStore) -> int:
        """Make sure that the node cannot sign twice; what it signed last, where the ledger does not hold that."""
        binding = Binding(self._own.node_id, self._genesis.network_id)
        if not self._home.sign_state.exists():
            if self._own.has_any or _ever_voted(store, self._own.node_id):
                raise _unknown_signatures(self._home)
            if node_of(_State(store), self._own.node_id) is not None:
                raise _perhaps_a_voter(self._home)
            SignStateFile.create(self._home.sign_state, binding, SignState())
            return 0
        file = SignStateFile(self._home.sign_state, binding)
        file.close()
        if not self._own.are_known_to(file.state):
            raise SignStateError(
                "the sign-state {path} is older than the backup: the node signed more than it records, so it was put"
                " back from a copy and the node could sign twice; put the newest one back, or make a new node with"
                " `banyan init` in another folder, restore there, and let it take this one's place with `banyan"
                " voters`",
                path=str(self._home.sign_state),
            )
        return self._missing_height(store, file.state)

    def _missing_height(self, store: LmdbStore, state: SignState) -> int:
        head = store.head()
        known = store.header(state.acknowledged_height) if state.acknowledged_height else None
        holds = known is not None and known.header_hash == state.acknowledged_hash
        if state.acknowledged_height == 0 or holds or head.tip_term > state.acknowledged_term:
            return 0
        voters = current_voters(_State(store)).voter_set
        if len(voters.voters) == 1 and voters.key_of(self._own.node_id) is not None:
            raise SignStateError(
                "the backup ends at block {height}, but this node, the only voter, signed block {signed}: nobody else"
                " has the blocks between, and going on without them would be signing twice; restore a newer backup. If"
                " there is none, restore into a folder without a node and found a successor network from it",
                height=head.executed_height,
                signed=state.acknowledged_height,
            )
        return state.acknowledged_height


class _State:
    """A store's records, as `contracts` reads them."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader

    def get(self, key: bytes) -> bytes | None:
        """The bytes of one record."""
        return self._reader.state(key)


def _read_all(restoring: Restoring, parts: Sequence[Path], identities: Sequence[Identity], progress: Progress) -> None:
    total = sum(part.stat().st_size for part in parts)
    done = 0
    for part in parts:
        parser = PartParser(str(part))
        restoring.begin(str(part))

        def consume(data: bytes, parser: PartParser = parser) -> None:
            nonlocal done
            for record in parser.feed(data):
                restoring.take(record)
            done += len(data)
            progress(min(done, total), total)

        read_part(part, identities, consume)
        parser.finish()


def _ordered(parts: Sequence[Path], identities: Sequence[Identity]) -> tuple[list[Path], PartStart]:
    """The parts by the heights at which they begin, and the beginning of the first."""
    starts = [(read_start(part, identities), part) for part in parts]
    starts.sort(key=lambda one: one[0].first_height)
    first = starts[0][0]
    if first.first_height != 1:
        raise BackupMismatchError(
            "the parts given begin at block {height}; give the whole backup that they continue too",
            height=first.first_height,
        )
    return [part for _, part in starts], first


def _trusted_genesis(home: Home, given: Genesis | None, start: PartStart, name: str) -> Genesis:
    """The network that is to be restored: the folder's own, the one given, or the backup's."""
    try:
        stated = parse_genesis(start.genesis)
    except InvalidGenesisError as error:
        raise BackupDamagedError(
            "the backup {path} holds no usable genesis ({reason}); take another copy of it", path=name, reason=error
        ) from error
    if stated.network_id != start.network_id:
        raise BackupDamagedError(
            "the backup {path} holds the genesis of another network than its blocks are of; take another copy of it",
            path=name,
        )
    trusted = read_home_genesis(home) if home.genesis.exists() else given or stated
    for other in (given, stated):
        if other is not None and other.network_id != trusted.network_id:
            raise GenesisMismatchError(
                "the backup {path} is of the network {found}, not of {expected}; restore it into a folder of its own",
                path=name,
                found=f"{stated.name} ({stated.network_id.hex()[:16]})",
                expected=f"{trusted.name} ({trusted.network_id.hex()[:16]})",
            )
    return trusted


def _check_has_no_database(home: Home) -> None:
    if home.database.exists() and (not home.database.is_dir() or any(home.database.iterdir())):
        raise HomeExistsError(
            "there is a database in {path}, and a restore never takes one away; stop the node, put it aside under"
            " another name, and restore again",
            path=str(home.database),
        )


def _check_may_begin(home: Home, genesis: Genesis, node_id: Hash) -> None:
    """Refuse at once what would be refused after hours."""
    if not node_id:
        if home.sign_state.exists():
            raise HomeError(
                "{path} has a sign-state and no seed; put the node's own seed back, or restore into an empty folder",
                path=str(home.directory),
            )
        return
    if home.sign_state.exists():
        SignStateFile(home.sign_state, Binding(node_id, genesis.network_id)).close()
    elif home.genesis.exists() or any(voter.node_id == node_id for voter in genesis.voters):
        raise _unknown_signatures(home)


def _ever_voted(store: LmdbStore, node_id: Hash) -> bool:
    """Whether the node is or was in a voter set; all of them are in the state."""
    state = _State(store)
    newest = current_voters(state)
    records = (newest, *(voters_numbered(state, number) for number in range(newest.number)))
    return any(one is not None and one.voter_set.key_of(node_id) is not None for one in records)


def _perhaps_a_voter(home: Home) -> SignStateError:
    return SignStateError(
        "the node of the seed in {path} is registered, and its sign-state is missing: it may have become a voter after"
        " this backup, and nobody knows what it signed then. Put the sign-state back as it was when the node last ran;"
        " if it is lost, make a new node with `banyan init` in another folder, restore there, and let it take this"
        " one's place. Only if this node never ran: `banyan join` instead of restoring",
        path=str(home.directory),
    )


def _unknown_signatures(home: Home) -> SignStateError:
    return SignStateError(
        "the seed in {path} is a voter's, and its sign-state is missing: nobody knows what it signed since this backup,"
        " so it could sign twice. Put the sign-state back as it was when the node last ran; if it is lost, make a new"
        " node with `banyan init` in another folder, restore there, and let it take this one's place with `banyan"
        " voters`",
        path=str(home.directory),
    )

"""From a network that lost its quorum for good to its successor: the draft of a genesis, and endorsements under it.

Owns what a survivor's folder says of the old ledger's end: last certified block, newest checkpoint, voters, state, and
what of the state is inherited. Whoever endorses derives all of it again from a ledger of their own. The old node must
not run meanwhile (its folder is locked), and never again after it endorsed (`succeeded` in the folder).

Source: docs/protocol.md, section 6, "Quorum lost for good"; docs/adr/0031-successor-networks.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from consensus.certificates import BlockCertificate
from contracts.genesis_state import PARAMETERS_KEY
from contracts.inheritance import FormerPolicy, check_certified, inherited_records
from contracts.node_registry import holder_of_key
from contracts.record import Record
from contracts.voter_record import VoterRecord, current_voters, voters_numbered
from daemon.durable_file import replace_file
from daemon.errors import GenesisMismatchError, HomeError
from daemon.home import Home, read_home_genesis, translated_home
from daemon.lock import HomeLock
from daemon.policy import all_policies, policy_at
from daemon.seed import read_keys
from daemon.seed_passphrase import SeedPassphrase, unattended_passphrase
from ledger.checkpoint import Checkpoint
from ledger.errors import InvalidGenesisError
from ledger.genesis import Genesis, Parameters
from ledger.hashing import Hash
from ledger.node_keys import NODE_KEY_TYPES, NodeDescription
from ledger.note import Note
from ledger.predecessor import Predecessor, endorse, is_endorsed, voter_key
from ledger.state_digest import StateDigest
from ledger.tree import CompactRange
from ledger.verifier_key import VerifierKey
from storage.inheritance_file import write_inheritance
from storage.interface import StoreReader
from storage.lmdb_store import LmdbStore

_MARK_MODE = 0o644


@dataclass(frozen=True, slots=True)
class _End:
    """Where a survivor's ledger ends, but for the inherited records."""

    genesis: Genesis
    header: bytes
    certificate: bytes
    voters: VoterRecord
    checkpoint: str
    policy: str
    state_digest: Hash
    parameters: Parameters


class _State:
    """A store's records, as `contracts` reads them."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader

    def get(self, key: bytes) -> bytes | None:
        """The bytes of one record."""
        return self._reader.state(key)


def draft_successor(
    directory: Path, name: str, voters: tuple[NodeDescription, ...], now_ms: int, inheritance: Path
) -> Genesis:
    """The genesis of the successor of the network that the folder `directory` belongs to; nobody has endorsed it yet.

    Args:
        directory: A survivor's folder, or one with a restored ledger.
        name: The successor's origin.
        voters: Its first voters.
        now_ms: Milliseconds since 1970 UTC.
        inheritance: Where the inherited records are written; nothing may be there.

    Raises:
        HomeError, InvalidGenesisError, InheritanceError, StoreError
    """
    with _old_ledger(directory) as (home, store):
        _check_new(store, voters)
        end = _end_of(home, store)
        old = end.genesis
        digest = write_inheritance(inheritance, _inherited(old, store))
        predecessor = Predecessor(
            name=old.name,
            base_height=old.base_height + store.head().executed_height,
            header=end.header,
            certificate=end.certificate,
            voters=_listed(end.voters),
            quorum=end.voters.quorum,
            checkpoint=end.checkpoint,
            policy=end.policy,
            state_digest=end.state_digest,
            inherited_digest=digest,
        )
        try:
            return Genesis(
                name=name,
                created_ms=max(now_ms, predecessor.decoded_header.time_ms + 1),
                visibility=old.visibility,
                quorum=old.quorum,
                parameters=end.parameters,
                voters=voters,
                administrators=(),
                predecessor=predecessor,
            )
        except InvalidGenesisError:
            inheritance.unlink(missing_ok=True)
            raise


def endorse_successor(directory: Path, genesis: Genesis, passphrase: SeedPassphrase = unattended_passphrase) -> Genesis:
    """The genesis with the endorsement of the node in `directory`, whose ledger has to end in the very same way.

    The node does not run again afterwards. `passphrase` is asked where its seed is sealed.

    Raises:
        HomeError, GenesisMismatchError, InvalidGenesisError, SeedError, StoreError
    """
    predecessor = genesis.predecessor
    if predecessor is None:
        raise InvalidGenesisError("{name} is no successor of another network", name=genesis.name)
    check_certified(predecessor)
    endorsed = genesis.endorsed_bytes
    for one in predecessor.endorsements:
        if not is_endorsed(endorsed, one):
            raise InvalidGenesisError(
                "the endorsement by {voter} is not of this genesis: it was changed after they signed it",
                voter=one.voter.name,
            )
    with _old_ledger(directory) as (home, store):
        keys = read_keys(home.seed, passphrase)
        _compare(predecessor, genesis, _end_of(home, store), store)
        voter = next((one for one in predecessor.voters if one.public_key == keys.agreement.public), None)
        if voter is None:
            raise HomeError(
                "the node in {path} was no voter when its network ended; only voters can endorse a successor",
                path=str(directory),
            )
        replace_file(home.succeeded, f"{genesis.name}\n".encode(), _MARK_MODE)
        others = tuple(one for one in predecessor.endorsements if one.voter != voter)
        signed = sorted((*others, endorse(endorsed, voter, keys.agreement)), key=lambda one: str(one.voter))
        return replace(genesis, predecessor=replace(predecessor, endorsements=tuple(signed)))


@contextmanager
def _old_ledger(directory: Path) -> Iterator[tuple[Home, LmdbStore]]:
    """The folder, locked, and its database, found sound as far as its records tell."""
    home = Home(directory)
    with translated_home(home), HomeLock(home.lock):
        if not home.genesis.exists():
            raise HomeError("{path} belongs to no network; give a survivor's folder with --home", path=str(directory))
        store = LmdbStore.open(home.database, read_home_genesis(home).network_id, readonly=True, reads_all=True)
        try:
            store.checked_state()
            yield home, store
        finally:
            store.close()


def _check_new(store: LmdbStore, voters: tuple[NodeDescription, ...]) -> None:
    """The successor's voters are new nodes: who endorses does not run again, and lost seeds are to be destroyed."""
    state = _State(store)
    for voter in voters:
        if any(holder_of_key(state, key) is not None for key in (getattr(voter, one) for one in NODE_KEY_TYPES)):
            raise InvalidGenesisError(
                "{name} has a key of a node of the old network, which does not run again; make a new node with `banyan"
                " init` in another folder, and give its node.public.json",
                name=voter.name,
            )


def _end_of(home: Home, store: LmdbStore) -> _End:
    genesis = read_home_genesis(home)
    head = store.head()
    header = store.header(head.executed_height)
    certificate = store.certificate(head.executed_height)
    if header is None or certificate is None or head.checkpoint is None:
        raise HomeError(
            "the ledger in {path} has no checkpoint that a quorum cosigned; nothing can be proven of it, so found a new"
            " network instead",
            path=str(home.directory),
        )
    note = bytes(head.checkpoint)
    size = Checkpoint.parse(Note.parse(note).text).tree_size
    return _End(
        genesis,
        bytes(header.header),
        bytes(certificate),
        _record_of(store, BlockCertificate.decode(bytes(certificate)).voter_set_hash),
        note.decode("utf-8"),
        policy_at(store, genesis, size).encode().decode("utf-8"),
        head.state_digest,
        _parameters(store),
    )


def _record_of(store: LmdbStore, voter_set_hash: Hash) -> VoterRecord:
    """The voters of this hash; the newest set of it."""
    state = _State(store)
    record = current_voters(state)
    while record.voter_set.hash != voter_set_hash:
        before = voters_numbered(state, record.number - 1)
        assert before is not None, "the set that certified an executed block is in the state"
        record = before
    return record


def _parameters(store: LmdbStore) -> Parameters:
    """Those in force; what governance knows beyond a genesis begins anew."""
    data = store.state(PARAMETERS_KEY)
    assert data is not None, "the genesis makes the parameters"
    fields = Record.decode(data).fields
    known = {name: fields[name] for name in Parameters.__dataclass_fields__}
    return Parameters(**known)  # type: ignore[arg-type]


def _listed(record: VoterRecord) -> tuple[VerifierKey, ...]:
    return tuple(sorted((voter_key(one.name, one.agreement) for one in record.voters), key=str))


def _inherited(genesis: Genesis, store: LmdbStore) -> Iterator[tuple[bytes, bytes]]:
    policies = (
        FormerPolicy(one.number, one.from_size, one.origin, one.encode().decode("utf-8"))
        for one in all_policies(store, genesis)
    )
    return inherited_records(genesis.network_id, store.scan_state(b""), store.state, policies)


def _compare(predecessor: Predecessor, genesis: Genesis, end: _End, store: LmdbStore) -> None:
    """What the draft says is what this ledger says."""
    if predecessor.network_id != end.genesis.network_id:
        raise GenesisMismatchError(
            "{successor} is the successor of {name}, and this folder belongs to another network",
            successor=genesis.name,
            name=predecessor.name,
        )
    height, own_height = predecessor.decoded_header.height, store.head().executed_height
    if own_height > height:
        raise GenesisMismatchError(
            "this node's ledger goes on to block {own}, beyond block {height}, where the successor begins: make the"
            " draft from this folder, so that nothing is lost",
            own=own_height,
            height=height,
        )
    if own_height < height:
        raise GenesisMismatchError(
            "this node's ledger ends at block {own}, and the successor begins after block {height}, so this node cannot"
            " tell whether it is right; bring it there first with `banyan backup` and `banyan restore`",
            own=own_height,
            height=height,
        )
    inherited = StateDigest.empty()
    inherited.apply((key, None, value) for key, value in _inherited(end.genesis, store))
    checkpoint = predecessor.verified_checkpoint.checkpoint
    findings = {
        "name": predecessor.name == end.genesis.name,
        "header": predecessor.header == end.header,
        "base_height": predecessor.base_height == end.genesis.base_height + height,
        "voters": predecessor.voters == _listed(end.voters) and predecessor.quorum == end.voters.quorum,
        "policy": predecessor.policy == policy_at(store, end.genesis, checkpoint.tree_size).encode().decode("utf-8"),
        "checkpoint": CompactRange.from_tiles(store, checkpoint.tree_size).root() == checkpoint.root,
        "state_digest": predecessor.state_digest == end.state_digest,
        "inherited_digest": predecessor.inherited_digest == inherited.digest(),
        "parameters": genesis.parameters == end.parameters,
    }
    wrong = [name for name, holds in findings.items() if not holds]
    if wrong:
        raise GenesisMismatchError(
            "what the draft of {successor} says of {name} is not what this node's ledger says: {fields}; do not endorse"
            " it, and ask who made it",
            successor=genesis.name,
            name=predecessor.name,
            fields=", ".join(wrong),
        )

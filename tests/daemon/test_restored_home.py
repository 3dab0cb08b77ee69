"""What a backup may be put into, and what the node there may do afterwards."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.errors import GenesisMismatchError, HomeError, HomeExistsError, SignStateError
from daemon.home import Home, create_home, join_home
from daemon.own_signatures import OwnSignatures
from daemon.restored_home import Restored, restore_home
from daemon.sign_state import RESERVED_HEIGHTS, SignState
from daemon.sign_state_file import Binding, SignStateFile
from ledger.block import Header
from ledger.hashing import Hash
from storage.backup.errors import BackupDamagedError, BackupMismatchError
from storage.backup.parsing import PartBuilder, PartParser
from storage.backup.part_file import read_part
from storage.backup.records import PartBlock, PartCheckpoint, PartEnd, PartRecord, PartStart, PartValues
from tests.audit.builder import NODE_NAME, VOTER, LedgerBuilder, make_genesis
from tests.audit.ledgers import audit, build, make_store
from tests.daemon.ledgers_of_voters import NEWCOMER, call_governance
from tests.daemon.shell import open_sound_home
from tests.free_ports import free_address
from tests.storage.backup.ledgers import make_part, opened, small, small_ledger

GENESIS = make_genesis()


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small ledger of one voter."""
    return small_ledger(tmp_path_factory.mktemp("ledger") / "home")


@pytest.fixture(scope="module")
def parts(ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Its whole backup, and the same in two parts."""
    folder = tmp_path_factory.mktemp("parts")
    store = opened(ledger)
    try:
        made = [
            make_part(store, folder / "all.backup"),
            make_part(store, folder / "1.backup", 1, 3),
            make_part(store, folder / "2.backup", 4),
        ]
    finally:
        store.close()
    return [one.path for one in made]


def _restore(home: Path, *parts: Path) -> Restored:
    return restore_home(home, parts, (), None, lambda done, total: None)


def _voter_home(folder: Path) -> Home:
    """The folder of the ledger's only voter, as `banyan init` makes it."""
    folder.mkdir()
    (folder / "seed").write_bytes(b"\x01" * 32)
    (folder / "seed").chmod(0o600)
    create_home(folder, NODE_NAME, free_address())
    return Home(folder)


def _signed(home: Home, height: int, block_hash: Hash, term: int = 2) -> None:
    """Give the voter a sign-state that says that it acknowledged this block last."""
    state = SignState(term=1).with_term(term, VOTER.node_id).with_acknowledgement(term, height, block_hash)
    home.sign_state.unlink(missing_ok=True)
    SignStateFile.create(home.sign_state, Binding(VOTER.node_id, GENESIS.network_id), state)


def _tip(ledger: Path) -> Header:
    store = opened(ledger)
    try:
        stored = store.header(store.head().tip_height)
        assert stored is not None
        return Header.decode(stored.header)
    finally:
        store.close()


def test_a_restored_ledger_is_the_same_and_passes_the_audit(ledger: Path, parts: list[Path], tmp_path: Path) -> None:
    restored = _restore(tmp_path / "copy", parts[0])
    assert audit(tmp_path / "copy").finding is None
    store, copy = opened(ledger), opened(tmp_path / "copy")
    try:
        assert copy.head() == store.head() == restored.head
        size = store.head().tree_size
        assert [copy.result(index) for index in range(size)] == [store.result(index) for index in range(size)]
        assert list(copy.scan_state(b"")) == list(store.scan_state(b""))
    finally:
        store.close()
        copy.close()
    assert not restored.has_node
    assert restored.value_count == 3
    assert sorted(one.name for one in (tmp_path / "copy").iterdir()) == ["db", "genesis.json", "lock"]


def test_parts_are_restored_in_any_order_and_may_overlap(ledger: Path, parts: list[Path], tmp_path: Path) -> None:
    whole, first, second = parts
    tip = _tip(ledger)
    for number, given in enumerate(([second, first], [second, whole], [whole, second, first])):
        assert _restore(tmp_path / str(number), *given).head.tip_hash == tip.hash
    with pytest.raises(BackupMismatchError, match="begin at block 4"):
        _restore(tmp_path / "gap", second)
    assert not (tmp_path / "gap" / "db").exists()


def test_a_gap_between_parts_is_told(ledger: Path, parts: list[Path], tmp_path: Path) -> None:
    store = opened(ledger)
    try:
        late = make_part(store, tmp_path / "late.backup", 6).path
    finally:
        store.close()
    with pytest.raises(BackupMismatchError, match="begins at block 6, but what was restored before it ends at block 3"):
        _restore(tmp_path / "gap", parts[1], late)


def test_a_database_is_never_taken_away(ledger: Path, parts: list[Path], tmp_path: Path) -> None:
    home = shutil.copytree(ledger, tmp_path / "home")
    before = (home / "db" / "data.mdb").read_bytes()
    with pytest.raises(HomeExistsError, match="put it aside"):
        _restore(home, parts[0])
    assert (home / "db" / "data.mdb").read_bytes() == before


def test_a_fresh_node_follows_from_where_the_backup_ends(parts: list[Path], tmp_path: Path) -> None:
    create_home(tmp_path / "home", "beta", free_address())
    restored = _restore(tmp_path / "home", parts[0])
    assert (restored.has_node, restored.is_voter, restored.signed_height) == (True, False, 0)
    with_node = open_sound_home(tmp_path / "home")
    try:
        assert with_node.store.head() == restored.head
        assert with_node.sign_state.state == SignState()
    finally:
        with_node.close()


def test_a_voter_s_seed_without_its_sign_state_is_refused(parts: list[Path], tmp_path: Path) -> None:
    home = _voter_home(tmp_path / "home")
    with pytest.raises(SignStateError, match="could sign twice"):
        _restore(home.directory, parts[0])
    assert not home.database.exists()
    assert not home.genesis.exists()
    assert not (home.directory / "db.restoring").exists()


def test_a_node_that_joined_and_lost_its_sign_state_is_refused(parts: list[Path], tmp_path: Path) -> None:
    create_home(tmp_path / "home", "beta", free_address())
    join_home(tmp_path / "home", GENESIS)
    home = Home(tmp_path / "home")
    home.sign_state.unlink()
    shutil.rmtree(home.database)
    with pytest.raises(SignStateError, match="could sign twice"):
        _restore(home.directory, parts[0])


def test_a_registered_node_without_its_sign_state_is_refused(tmp_path: Path) -> None:
    """It follows in the backup; what it became and signed afterwards nobody can tell."""

    def write(builder: LedgerBuilder) -> None:
        small(builder)
        call_governance(builder, "node-register", NEWCOMER.to_value())

    store = opened(build(tmp_path / "ledger", write))
    try:
        part = make_part(store, tmp_path / "all.backup").path
    finally:
        store.close()
    home = tmp_path / "home"
    home.mkdir()
    (home / "seed").write_bytes(bytes([2]) * 32)
    (home / "seed").chmod(0o600)
    assert create_home(home, NEWCOMER.name, free_address()).node_id == NEWCOMER.node_id
    with pytest.raises(SignStateError, match="may have become a voter"):
        _restore(home, part)
    assert not Home(home).database.exists()
    assert not Home(home).sign_state.exists()


def test_a_voter_with_its_sign_state_goes_on(ledger: Path, parts: list[Path], tmp_path: Path) -> None:
    home = _voter_home(tmp_path / "home")
    tip = _tip(ledger)
    _signed(home, tip.height, tip.hash)
    restored = _restore(home.directory, parts[0])
    assert (restored.is_voter, restored.signed_height) == (True, 0)
    assert home.genesis.exists()


def test_the_only_voter_with_a_newer_sign_state_is_refused(parts: list[Path], tmp_path: Path) -> None:
    home = _voter_home(tmp_path / "home")
    _signed(home, 9, b"\x09" * 32)
    with pytest.raises(SignStateError, match="successor"):
        _restore(home.directory, parts[0])
    assert not home.database.exists()


def test_a_sign_state_put_back_from_a_copy_is_refused(parts: list[Path], tmp_path: Path) -> None:
    """The ledger's last term is the second: the sign-state that knows of the first alone is none that was kept."""
    home = _voter_home(tmp_path / "home")
    state = SignState().with_term(1, VOTER.node_id).with_acknowledgement(1, 1, b"\x01" * 32)
    SignStateFile.create(home.sign_state, Binding(VOTER.node_id, GENESIS.network_id), state)
    with pytest.raises(SignStateError, match="put back from a copy"):
        _restore(home.directory, parts[0])
    assert not home.database.exists()


def test_what_an_honest_sign_state_knows() -> None:
    own = OwnSignatures(VOTER.node_id)
    assert not own.has_any
    state = SignState().with_term(3, None).with_acknowledgement(3, 10, b"\x01" * 32)
    assert own.are_known_to(SignState())
    own.acknowledged(2, 500)
    assert own.are_known_to(state), "heights of earlier terms may be higher"
    own.acknowledged(3, 10 + RESERVED_HEIGHTS - 1)
    assert own.are_known_to(state)
    own.acknowledged(3, 10 + RESERVED_HEIGHTS)
    assert not own.are_known_to(state)
    later = OwnSignatures(VOTER.node_id)
    later.voted(4)
    assert later.has_any
    assert not later.are_known_to(state)


def test_a_sign_state_without_its_seed_is_refused(parts: list[Path], tmp_path: Path) -> None:
    home = _voter_home(tmp_path / "home")
    _signed(home, 1, b"\x01" * 32)
    home.seed.unlink()
    with pytest.raises(HomeError, match="no seed"):
        _restore(home.directory, parts[0])


def test_another_network_s_backup_is_refused(parts: list[Path], tmp_path: Path) -> None:
    other = make_genesis(name="other.example/ledger")
    with pytest.raises(GenesisMismatchError):
        restore_home(tmp_path / "a", [parts[0]], (), other, lambda done, total: None)
    create_home(tmp_path / "b", "beta", free_address())
    join_home(tmp_path / "b", other)
    shutil.rmtree(tmp_path / "b" / "db")
    with pytest.raises(GenesisMismatchError):
        _restore(tmp_path / "b", parts[0])


def test_an_interrupted_restore_is_begun_again(parts: list[Path], tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    home = tmp_path / "home"
    with pytest.raises(KeyboardInterrupt):
        restore_home(home, [parts[0]], (), None, interrupt)
    assert sorted(one.name for one in home.iterdir()) == ["lock"]
    # A killed one leaves its draft.
    (home / "db.restoring").mkdir()
    (home / "db.restoring" / "data.mdb").write_bytes(b"half")
    assert _restore(home, parts[0]).head.executed_height == 6


def _rewritten(part: Path, target: Path, change: Callable[[PartRecord], PartRecord]) -> Path:
    """A part with changed records and a hash that fits them: nothing but signatures and execution can tell."""
    parser, builder, content = PartParser("part"), PartBuilder(), b""
    records: list[PartRecord] = []
    read_part(part, (), lambda data: records.extend(parser.feed(data)))
    for record in map(change, records):
        if isinstance(record, PartStart):
            content += builder.begin(record)
        elif isinstance(record, PartEnd):
            from dataclasses import replace

            content += builder.finish(replace(record, content_hash=builder.content_hash))
        else:
            content += builder.add(record)
    target.write_bytes(content)
    return target


def _flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("what", ["signature", "certificate", "entry", "election", "value", "checkpoint", "digest"])
def test_a_forged_backup_is_refused(parts: list[Path], tmp_path: Path, what: str) -> None:
    from dataclasses import replace

    from ledger.detached import DetachedValue

    def change(record: PartRecord) -> PartRecord:
        if isinstance(record, PartBlock):
            if what == "signature":
                return replace(record, signature=_flipped(record.signature))
            if what == "certificate":
                return replace(record, certificate=_flipped(record.certificate))
            if what == "entry" and len(record.entries) > 1:
                return replace(record, entries=(*record.entries[:-1], _flipped(record.entries[-1])))
            if what == "election" and record.election_certificate:
                return replace(record, election_certificate=_flipped(record.election_certificate))
        if isinstance(record, PartValues) and what == "value":
            return PartValues(tuple(DetachedValue(_flipped(one.salt), one.value_bytes) for one in record.values))
        if isinstance(record, PartCheckpoint) and what == "checkpoint":
            return PartCheckpoint(_flipped(record.note[:-2]) + record.note[-2:])
        if isinstance(record, PartEnd) and what == "digest":
            return replace(record, state_digest=_flipped(record.state_digest))
        return record

    forged = _rewritten(parts[0], tmp_path / "forged.backup", change)
    with pytest.raises(BackupDamagedError):
        _restore(tmp_path / "home", forged)
    assert sorted(one.name for one in (tmp_path / "home").iterdir()) == ["lock"]


def test_a_ledger_that_others_signed_is_refused(tmp_path: Path) -> None:
    """The genesis names one voter; another one's blocks hold together and are worth nothing."""
    from tests.audit.builder import STRANGER

    store = make_store(tmp_path / "home", GENESIS)
    small(LedgerBuilder(GENESIS, store, voter=STRANGER))
    store.close()
    from storage.errors import StoreDamagedError

    store = opened(tmp_path / "home")
    try:
        with pytest.raises(StoreDamagedError, match="not signed by a voter"):
            make_part(store, tmp_path / "all.backup")
    finally:
        store.close()

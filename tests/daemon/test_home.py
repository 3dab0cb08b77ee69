"""A node's folder: made, joined, opened; and one sentence with the remedy for each thing that can be wrong."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import storage.migration
import storage.probe
from daemon.database_folder import DatabaseFolder
from daemon.errors import (
    ConfigError,
    GenesisMismatchError,
    HomeError,
    HomeExistsError,
    HomeLockedError,
    HomeNotWritableError,
    SeedError,
    SignStateError,
)
from daemon.home import Home, create_home, join_home, open_home
from daemon.lock import HomeLock
from daemon.seed import read_keys
from ledger.errors import BanyanError
from ledger.genesis import Genesis, parse_genesis
from ledger.node_keys import NodeDescription
from storage.environment import Environment
from storage.errors import StoreDamagedError, StoreError
from storage.interface import WriteBatch
from storage.layout import FORMAT_VERSION, META_FORMAT, pack_format
from storage.lmdb_store import LmdbStore
from storage.migration import Migration
from tests.daemon.driver import Driver
from tests.daemon.networks import genesis_text
from tests.daemon.shell import open_sound_home
from tests.daemon.unprivileged import unprivileged


def genesis_for(description: NodeDescription, **changes: object) -> Genesis:
    return parse_genesis(genesis_text(voters=[description.to_value()], **changes))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A node's folder, tied to a network."""
    folder = tmp_path / "home"
    description = create_home(folder, "alpha", "127.0.0.1:7101")
    join_home(folder, genesis_for(description))
    return Home(folder)


def refusal(kind: type[BanyanError], act: Callable[[], object]) -> str:
    """The message; asserts that it is one sentence."""
    with pytest.raises(kind) as caught:
        act()
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    return message


def grow(home: Home) -> None:
    """Give the database a block."""
    opened = open_sound_home(home.directory)
    driver = Driver(genesis=opened.genesis, keys=opened.keys, store=opened.store).start()
    assert driver.executed
    opened.close()


def test_a_new_folder_holds_what_a_node_needs_and_nobody_else_may_look(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home")
    description = create_home(home.directory, "alpha", "127.0.0.1:7101", "127.0.0.1:7180")
    assert home.directory.stat().st_mode & 0o777 == 0o700
    assert home.seed.stat().st_mode & 0o777 == 0o600
    assert NodeDescription.from_json(home.public.read_text("utf-8")) == description
    assert description.node_id == read_keys(home.seed).node_id
    assert "7180" in home.config.read_text("utf-8")
    assert description.to_json().count(read_keys(home.seed).agreement.public.hex()) == 0


def test_a_node_is_never_overwritten(home: Home) -> None:
    before = {path: path.read_bytes() for path in (home.seed, home.config, home.public)}
    message = refusal(HomeExistsError, lambda: create_home(home.directory, "beta", "127.0.0.1:1"))
    assert "another folder" in message
    assert {path: path.read_bytes() for path in before} == before


def test_an_interrupted_init_is_finished_with_the_same_seed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    first = create_home(home.directory, "alpha", "127.0.0.1:7101")
    home.config.unlink()
    home.public.unlink()
    assert create_home(home.directory, "alpha", "127.0.0.1:7101") == first


def test_a_bad_name_makes_nothing(tmp_path: Path) -> None:
    refusal(ConfigError, lambda: create_home(tmp_path / "home", "No Good", "127.0.0.1:7101"))
    assert not (tmp_path / "home").exists()


def test_an_opened_home_holds_the_genesis_state(home: Home) -> None:
    opened = open_home(home.directory)
    head = opened.store.head()
    assert (head.network_id, head.executed_height) == (opened.genesis.network_id, 0)
    assert opened.sign_state.state.term == 0
    assert opened.description == NodeDescription.from_json(home.public.read_text("utf-8"))
    opened.close()
    open_home(home.directory).close()


def test_joining_twice_changes_nothing(home: Home) -> None:
    grow(home)
    before = home.genesis.read_bytes(), home.sign_state.read_bytes()
    join_home(home.directory, parse_genesis(home.genesis.read_text("utf-8")))
    assert (home.genesis.read_bytes(), home.sign_state.read_bytes()) == before
    opened = open_sound_home(home.directory)
    assert opened.store.head().executed_height >= 1
    opened.close()


def test_an_interrupted_join_is_finished(home: Home) -> None:
    genesis = parse_genesis(home.genesis.read_text("utf-8"))
    home.genesis.unlink()
    home.sign_state.unlink()
    join_home(home.directory, genesis)
    opened = open_sound_home(home.directory)
    assert opened.genesis == genesis
    opened.close()


def test_a_node_belongs_to_one_network(home: Home) -> None:
    description = NodeDescription.from_json(home.public.read_text("utf-8"))
    other = genesis_for(description, name="other.example/ledger")
    message = refusal(GenesisMismatchError, lambda: join_home(home.directory, other))
    assert "belongs to the network huaxin.example/ledger already" in message
    assert "folder of its own" in message


def test_a_node_that_the_genesis_does_not_name_may_follow(tmp_path: Path) -> None:
    one = create_home(tmp_path / "one", "alpha", "127.0.0.1:7101")
    other = create_home(tmp_path / "two", "beta", "127.0.0.1:7102")
    assert join_home(tmp_path / "one", genesis_for(other)) == one.node_id
    opened = open_sound_home(tmp_path / "one")
    assert opened.keys.node_id == one.node_id and opened.invitation is None
    opened.close()


def test_a_changed_name_is_refused_with_the_right_one(home: Home) -> None:
    genesis = parse_genesis(home.genesis.read_text("utf-8"))
    settings = home.config.read_text("utf-8")
    home.config.write_text(settings.replace('"alpha"', '"beta"'), "utf-8")
    for act in (lambda: open_home(home.directory), lambda: join_home(home.directory, genesis)):
        message = refusal(ConfigError, act)
        assert "config.toml" in message
        assert '"beta"' in message
        assert 'write name = "alpha"' in message
    home.config.write_text(settings.replace("7101", "7201"), "utf-8")
    opened = open_sound_home(home.directory)
    assert (opened.description.name, opened.description.address) == ("alpha", "127.0.0.1:7201")
    opened.close()


def test_a_public_description_may_be_missing_but_not_wrong(home: Home) -> None:
    home.public.write_bytes(b"\xff")
    assert "put the one back" in refusal(HomeError, lambda: open_home(home.directory))
    home.public.write_text("{")
    assert "put the one back" in refusal(HomeError, lambda: open_home(home.directory))
    home.public.unlink()
    open_home(home.directory).close()


def test_no_node_in_the_folder(tmp_path: Path) -> None:
    assert "banyan init" in refusal(ConfigError, lambda: open_home(tmp_path))
    assert "banyan init" in refusal(ConfigError, lambda: open_home(tmp_path / "missing"))


def test_a_node_without_a_network_is_told_to_join(tmp_path: Path) -> None:
    create_home(tmp_path / "home", "alpha", "127.0.0.1:7101")
    assert "banyan join" in refusal(HomeError, lambda: open_home(tmp_path / "home"))


def test_a_second_daemon_is_refused_with_the_first_ones_process(home: Home) -> None:
    opened = open_home(home.directory)
    script = f"from pathlib import Path; from daemon.home import open_home; open_home(Path({str(home.directory)!r}))"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert other.returncode != 0
    assert f"process id {os.getpid()}" in other.stderr
    refusal(HomeLockedError, lambda: open_home(home.directory))
    opened.close()
    open_home(home.directory).close()


def test_a_lock_is_released_where_opening_fails(home: Home) -> None:
    home.seed.chmod(0o644)
    refusal(SeedError, lambda: open_home(home.directory))
    HomeLock(home.lock).close()


def test_a_world_readable_seed(home: Home) -> None:
    home.seed.chmod(0o604)
    assert "chmod 600" in refusal(SeedError, lambda: open_home(home.directory))


def test_a_missing_seed(home: Home) -> None:
    home.seed.unlink()
    assert "put this node's seed back" in refusal(SeedError, lambda: open_home(home.directory))


def test_another_nodes_seed(home: Home, tmp_path: Path) -> None:
    create_home(tmp_path / "other", "beta", "127.0.0.1:7102")
    shutil.copy(tmp_path / "other" / "seed", home.seed)
    assert "another node" in refusal(SeedError, lambda: open_home(home.directory))


def test_a_changed_genesis(home: Home) -> None:
    text = home.genesis.read_text("utf-8")
    home.genesis.write_text(text.replace('"majority"', '"half"'), "utf-8")
    assert "genesis.json there" in refusal(GenesisMismatchError, lambda: open_home(home.directory))
    home.genesis.write_text(text.replace("huaxin.example", "other.example"), "utf-8")
    message = refusal(GenesisMismatchError, lambda: open_home(home.directory))
    assert "another network" in message
    assert "put back" in message


def sign_a_block(home: Home) -> None:
    """Run the node for one block, and let its sign-state tell of it."""
    opened = open_sound_home(home.directory)
    driver = Driver(genesis=opened.genesis, keys=opened.keys, store=opened.store).start()
    opened.sign_state.save(driver.sign_state, True)
    assert driver.sign_state.acknowledged_height > 0
    opened.close()


def make_empty(database: Path) -> None:
    database.mkdir()


def make_rubbish(database: Path) -> None:
    database.mkdir()
    (database / "notes.txt").write_text("not a database")


def make_a_file(database: Path) -> None:
    database.write_text("not a database")


def make_damaged(database: Path) -> None:
    database.mkdir()
    (database / "data.mdb").write_bytes(bytes(10_000))


ODD_DATABASES = (make_rubbish, make_a_file, make_damaged)


@pytest.mark.parametrize("make", [None, make_empty])
def test_a_missing_database_is_made_anew_while_nothing_is_lost_by_it(
    home: Home, make: Callable[[Path], None] | None
) -> None:
    genesis = parse_genesis(home.genesis.read_text("utf-8"))
    shutil.rmtree(home.database)
    if make is not None:
        make(home.database)
    message = refusal(HomeError, lambda: open_home(home.directory))
    assert "is missing; make a new one with `banyan join --genesis FILE`" in message
    join_home(home.directory, genesis)
    open_home(home.directory).close()


@pytest.mark.parametrize("make", ODD_DATABASES)
def test_an_odd_database_is_taken_away_and_made_anew_while_nothing_is_lost_by_it(
    home: Home, make: Callable[[Path], None]
) -> None:
    genesis = parse_genesis(home.genesis.read_text("utf-8"))
    shutil.rmtree(home.database)
    make(home.database)
    for act in (lambda: open_home(home.directory), lambda: join_home(home.directory, genesis)):
        message = refusal(BanyanError, act)
        assert "take it away, then make a new one with `banyan join --genesis FILE`" in message
    assert home.database.exists(), "nothing is taken away by the node itself"
    home.database.rename(home.directory / "odd")
    join_home(home.directory, genesis)
    open_home(home.directory).close()


@pytest.mark.parametrize("make", [None, make_empty, *ODD_DATABASES])
def test_the_only_voter_that_signed_needs_its_own_database_back(
    home: Home, tmp_path: Path, make: Callable[[Path], None] | None
) -> None:
    """Neither `run` nor `join` sends to the other, and none of them makes a database that the node could not use."""
    genesis = parse_genesis(home.genesis.read_text("utf-8"))
    sign_a_block(home)
    home.database.rename(tmp_path / "kept")
    if make is not None:
        make(home.database)
    for act in (lambda: open_home(home.directory), lambda: join_home(home.directory, genesis)):
        message = refusal(BanyanError, act)
        assert "a copy of it that was made while the node was stopped" in message
        assert "banyan join" not in message
    if make is not None:
        home.database.rename(home.directory / "odd")
    (tmp_path / "kept").rename(home.database)
    open_home(home.directory).close()


def test_one_voter_of_several_may_begin_anew(home: Home, tmp_path: Path) -> None:
    """The others have what it signed, and it signs nothing before it has caught up."""
    genesis = parse_genesis(home.genesis.read_text("utf-8"))
    sign_a_block(home)
    shutil.rmtree(home.database)
    others = [
        create_home(tmp_path / name, name, f"127.0.0.1:{7110 + number}").to_value()
        for number, name in enumerate(("beta", "gamma"))
    ]
    own = NodeDescription.from_json(home.public.read_text("utf-8")).to_value()
    wider = parse_genesis(genesis_text(voters=[own, *others]))
    folder = DatabaseFolder(home.database, wider, tmp_path / "inheritance", lambda: True)
    folder.open_or_create().close()
    folder.open().close()
    with pytest.raises(HomeError, match="of another network"):
        DatabaseFolder(home.database, genesis, tmp_path / "inheritance", lambda: True).open()


def test_before_joining_an_odd_folder_does_not_stand_in_the_way_for_ever(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    genesis = genesis_for(create_home(home.directory, "alpha", "127.0.0.1:7101"))
    for make in ODD_DATABASES:
        make(home.database)
        assert "take it away" in refusal(BanyanError, lambda: join_home(home.directory, genesis))
        assert "banyan join" in refusal(HomeError, lambda: open_home(home.directory))
        home.database.rename(home.directory / make.__name__)
    make_empty(home.database)
    join_home(home.directory, genesis)
    open_home(home.directory).close()


def test_a_damaged_database(home: Home) -> None:
    grow(home)
    file = max(home.database.iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(file.read_bytes())
    content[: len(content)] = b"\xa5" * len(content)
    file.write_bytes(content)
    assert str(home.database) in refusal(StoreError, lambda: open_home(home.directory))


def test_a_truncated_database(home: Home) -> None:
    grow(home)
    file = max(home.database.iterdir(), key=lambda path: path.stat().st_size)
    os.truncate(file, file.stat().st_size // 2 // 4096 * 4096)
    refusal(StoreDamagedError, lambda: open_home(home.directory))


def test_a_missing_sign_state_beside_blocks_is_refused(home: Home) -> None:
    grow(home)
    home.sign_state.unlink()
    message = refusal(SignStateError, lambda: open_home(home.directory))
    assert "two different blocks" in message
    assert "put it back" in message
    assert not home.sign_state.exists()


def test_a_missing_sign_state_is_never_made_again_not_even_with_a_new_database(home: Home) -> None:
    """Both gone and joined again: the node may have signed a history that nobody here remembers."""
    genesis = parse_genesis(home.genesis.read_text("utf-8"))
    home.sign_state.unlink()
    shutil.rmtree(home.database)
    assert "put it back" in refusal(SignStateError, lambda: join_home(home.directory, genesis))
    assert not home.sign_state.exists()


def test_a_folder_that_may_not_be_written(home: Home) -> None:
    with unprivileged(home.directory):
        home.lock.unlink()
        home.directory.chmod(0o500)
        try:
            message = refusal(HomeNotWritableError, lambda: open_home(home.directory))
            assert "make it writable" in message
            assert str(home.directory) in message
        finally:
            home.directory.chmod(0o700)


def test_a_place_where_no_folder_may_be_made(tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    with unprivileged(parent):
        parent.chmod(0o500)
        try:
            message = refusal(HomeNotWritableError, lambda: create_home(parent / "home", "alpha", "127.0.0.1:7101"))
            assert "another folder with --home" in message
        finally:
            parent.chmod(0o700)


def test_opening_leaves_the_store_as_it_was(home: Home) -> None:
    grow(home)
    opened = open_home(home.directory)
    before = opened.store.head()
    opened.close()
    opened = open_home(home.directory)
    assert opened.store.head() == before
    opened.store.apply([WriteBatch()])
    opened.close()


def test_a_database_of_an_older_format_is_brought_forward_when_the_node_starts(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There has been no older format yet, so the test makes one: as today's, but for its number."""
    # The look in a process of its own finds nothing that this one would not.
    monkeypatch.setattr(storage.probe, "probe", lambda *_: None)
    grow(home)
    network_id = parse_genesis(home.genesis.read_text("utf-8")).network_id

    def write_format(environment: Environment, version: int) -> None:
        with environment.write() as transaction:
            transaction.put(META_FORMAT, pack_format(network_id, version), db=environment.tables["meta"])

    environment = Environment(home.database)
    write_format(environment, 0)
    environment.close()
    monkeypatch.setattr(storage.migration, "MIGRATIONS", (Migration(0, FORMAT_VERSION, lambda _: None),))
    assert "start it once with `banyan run`" in refusal(StoreError, lambda: LmdbStore.open(home.database, network_id))
    opened = open_home(home.directory)
    assert opened.migrated is not None
    assert opened.migrated.kept == home.directory / "db.format-0"
    assert (opened.migrated.before, opened.migrated.after) == (0, FORMAT_VERSION)
    assert opened.store.head().executed_height > 0
    opened.close()
    again = open_home(home.directory)
    assert again.migrated is None
    again.close()
    # As a crash between two renames leaves it: the new database is complete, and nothing is in its place.
    home.database.rename(home.directory / "db.migrated")
    found = open_home(home.directory)
    assert found.store.head().executed_height > 0
    found.close()

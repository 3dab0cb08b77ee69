"""The next keys of a node: made beside the old ones, taken over once, whatever interrupts it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from nacl import pwhash

from daemon.errors import HomeError, HomeLockedError, SeedError, SignStateError
from daemon.home import Home, OpenHome, change_keys_now, create_home, join_home, open_home
from daemon.key_change import next_keys_due
from daemon.lock import HomeLock
from daemon.next_keys import decide_change, finish_change, is_change_due, make_next_keys, read_next_description
from daemon.registry_directory import StoredState
from daemon.seed import is_sealed, read_keys, seal_seed
from daemon.seed_passphrase import unattended_passphrase
from daemon.sign_state import SignState
from daemon.sign_state_file import Binding, SignStateFile
from ledger.genesis import Genesis, parse_genesis
from ledger.hashing import Hash
from ledger.node_keys import NodeDescription
from tests.contracts.governed_ledger import node_id
from tests.contracts.test_node_replacement import ReplacingLedger, next_description
from tests.daemon.networks import genesis_text

SIGNED = SignState(term=7, voted_for=b"v" * 32, acknowledged_term=7, acknowledged_height=9, acknowledged_hash=b"h" * 32)
CERTIFICATE = b"why it is in term 7"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A node's folder, tied to a network; it has signed something."""
    folder = tmp_path / "home"
    description = create_home(folder, "alpha", "127.0.0.1:7101")
    join_home(folder, genesis_of(description))
    opened = open_home(folder)
    opened.sign_state.save(SIGNED, flush=True, certificate=CERTIFICATE)
    opened.close()
    return Home(folder)


def genesis_of(description: NodeDescription) -> Genesis:
    return parse_genesis(genesis_text(voters=[description.to_value()], created_ms=1_790_000_000_000))


def make(home: Home) -> NodeDescription:
    return make_next_keys(home, "alpha", "127.0.0.1:7101", unattended_passphrase)


@pytest.fixture(autouse=True)
def _unprobed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look at the database in a process of its own is tested elsewhere, and takes most of a second."""
    monkeypatch.setattr("storage.probe.probe", lambda _path, _network: None)


@pytest.fixture
def is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the registry named the next keys: what it has to say for that is tested apart."""
    monkeypatch.setattr("daemon.key_change.is_change_due", lambda _state, _own, _successor: True)


def test_next_keys_are_made_once_beside_the_old_ones(home: Home) -> None:
    before = {path: path.read_bytes() for path in (home.seed, home.sign_state, home.public)}
    made = make(home)
    assert make(home) == made == read_next_description(home)
    assert made.node_id != read_keys(home.seed).node_id
    assert home.next_keys.stat().st_mode & 0o777 == 0o700
    assert Home(home.next_keys).seed.stat().st_mode & 0o777 == 0o600
    assert {path: path.read_bytes() for path in before} == before
    opened = open_home(home.directory)
    assert next_keys_due(opened) is None
    assert opened.keys.node_id != made.node_id
    opened.close()


def test_they_are_made_while_the_node_runs_and_by_one_at_a_time(home: Home) -> None:
    with HomeLock(home.lock):
        made = make(home)
    with HomeLock(home.next_keys / "lock"), pytest.raises(HomeLockedError):
        make(home)
    assert read_next_description(home) == made


def assert_changed(home: Home, old: Hash, new: Hash) -> None:
    """The folder is the new node's, with all that the old one promised, and nothing of the old one is left."""
    opened = open_home(home.directory)
    try:
        assert opened.keys.node_id == opened.description.node_id == new != old
        assert opened.sign_state.state == SIGNED
        assert opened.sign_state.certificate == CERTIFICATE
        assert NodeDescription.from_json(home.public.read_text("utf-8")).node_id == new
        with pytest.raises(SignStateError):
            SignStateFile(home.sign_state, Binding(old, opened.genesis.network_id))
    finally:
        opened.close()
    assert not home.next_keys.exists()
    assert not home.changing_keys.exists()


@pytest.mark.usefixtures("is_due")
def test_the_node_goes_on_under_its_next_keys_with_what_the_old_ones_promised(home: Home) -> None:
    old, new = read_keys(home.seed).node_id, make(home).node_id
    open_home(home.directory).close()
    assert_changed(home, old, new)


class Killed(BaseException):
    """The process ends here."""


# What a change does to the folder, call by call; more than it has, so that one of them ends undisturbed.
CHANGING_CALLS = ("rename", "replace", "unlink", "rmdir", "fsync", "fdatasync", "pwrite")
CALLS_MAX = 40


def change(home: Home) -> None:
    """What an opening of the folder does of the change."""
    finish_change(home)
    description = read_next_description(home)
    if description is None:
        return
    network_id = genesis_of(description).network_id
    sign_state = SignStateFile(home.sign_state, Binding(read_keys(home.seed).node_id, network_id))
    try:
        decide_change(home, read_keys(Home(home.next_keys).seed), description, sign_state, network_id)
    finally:
        sign_state.close()
    finish_change(home)


def test_a_change_that_is_killed_anywhere_is_through_after_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before each call that changes a folder, in turn; at no point are there two whole identities."""
    made = Home(tmp_path / "made")
    old = create_home(made.directory, "alpha", "127.0.0.1:7101").node_id
    new = make(made)
    network_id = genesis_of(new).network_id
    SignStateFile.create(made.sign_state, Binding(old, network_id), SIGNED)
    ended = []
    for calls in range(CALLS_MAX):
        home = Home(tmp_path / f"home-{calls}")
        shutil.copytree(made.directory, home.directory)
        with monkeypatch.context() as patch:
            _kill_after(patch, calls)
            try:
                change(home)
                ended.append(calls)
            except Killed:
                pass
        is_decided = not home.next_keys.exists()
        change(home)
        assert read_keys(home.seed).node_id == new.node_id
        assert home.public.read_text("utf-8") == new.to_json()
        kept = SignStateFile(home.sign_state, Binding(new.node_id, network_id))
        assert kept.state == SIGNED
        kept.close()
        assert not home.next_keys.exists()
        assert not home.changing_keys.exists()
        assert is_decided or calls not in ended
    assert 10 < min(ended) < CALLS_MAX


def _kill_after(patch: pytest.MonkeyPatch, calls: int) -> None:
    left = [calls]

    def killing(real: Callable[..., object]) -> Callable[..., object]:
        def call(*words: object, **named: object) -> object:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return real(*words, **named)

        return call

    for name in CHANGING_CALLS:
        patch.setattr(os, name, killing(getattr(os, name)))


@pytest.mark.usefixtures("is_due")
def test_what_the_old_keys_signed_after_an_interrupted_attempt_is_inherited(home: Home) -> None:
    old, new = read_keys(home.seed).node_id, make(home).node_id
    # An attempt that ended before it was decided left a sign-state that is older by now.
    network_id = genesis_of(NodeDescription.from_json(home.public.read_text("utf-8"))).network_id
    SignStateFile.create(Home(home.next_keys).sign_state, Binding(new, network_id), SignState(term=1))
    open_home(home.directory).close()
    assert_changed(home, old, new)


def test_a_change_that_was_decided_is_finished_before_anything_is_read(home: Home) -> None:
    old, new = read_keys(home.seed).node_id, make(home).node_id
    decide(home)
    # It does not depend on what the ledger here says any more, and `join` finishes it as well as `run`.
    join_home(home.directory, parse_genesis(home.genesis.read_text("utf-8")))
    assert_changed(home, old, new)
    assert finish_change(home) is False


def decide(home: Home) -> None:
    """Decide the change and be interrupted."""
    opened = open_home(home.directory)
    description = read_next_description(home)
    assert description is not None
    keys = read_keys(Home(home.next_keys).seed)
    decide_change(home, keys, description, opened.sign_state, opened.genesis.network_id)
    opened.close()


def test_the_old_seed_put_back_does_not_sign(home: Home, tmp_path: Path) -> None:
    """After the change, a backup of the old seed opens nothing: the sign-state is the new keys'."""
    shutil.copy2(home.seed, tmp_path / "copy")
    make(home)
    decide(home)
    finish_change(home)
    shutil.copy2(tmp_path / "copy", home.seed)
    with pytest.raises(SeedError, match="the seed of another node"):
        open_home(home.directory)
    home.public.unlink()
    with pytest.raises(SignStateError, match="another node"):
        open_home(home.directory)


def test_a_description_that_is_none_is_told(home: Home) -> None:
    make(home)
    Home(home.next_keys).public.write_text("{}")
    with pytest.raises(HomeError, match="banyan keys next"):
        open_home(home.directory)
    make(home)
    open_home(home.directory).close()


def test_next_keys_of_a_sealed_node_are_sealed_too(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.sealed_secret.OPERATIONS", pwhash.argon2id.OPSLIMIT_MIN)
    monkeypatch.setattr("daemon.sealed_secret.MEMORY_BYTES", pwhash.argon2id.MEMLIMIT_MIN)
    seal_seed(home.seed, "open sesame")
    with pytest.raises(SeedError, match="has a passphrase"):
        make(home)
    # A mistyped passphrase makes nothing: nobody could open the next seed.
    with pytest.raises(SeedError, match="does not open"):
        make_next_keys(home, "alpha", "127.0.0.1:7101", lambda _seed: "open barley")
    assert not Home(home.next_keys).seed.exists()
    asked: list[Path] = []

    def ask(seed: Path) -> str:
        asked.append(seed)
        return "open sesame"

    assert make_next_keys(home, "alpha", "127.0.0.1:7101", ask).name == "alpha"
    assert asked == [home.seed], "one question, though two seeds are opened"
    (tmp_path / "passphrase").write_text("open sesame\n")
    monkeypatch.setenv("BANYAN_SEED_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    made = make(home)
    assert is_sealed(Home(home.next_keys).seed)
    old = read_keys(home.seed).node_id
    monkeypatch.setattr("daemon.key_change.is_change_due", lambda _state, _own, _successor: True)
    open_home(home.directory).close()
    assert is_sealed(home.seed)
    assert_changed(home, old, made.node_id)


# -- when the change is due -------------------------------------------------------------------------------------


def test_a_voter_changes_once_its_next_keys_have_the_vote() -> None:
    ledger, old, new = ReplacingLedger(), node_id(0), next_description(0).node_id

    def is_due_now() -> bool:
        return is_change_due(ledger.state, old, new)

    assert not is_due_now()
    ledger.replace(0)
    assert not is_due_now()
    ledger.step("voter-add", new)
    assert is_due_now()
    # Another node's keys are nobody else's next ones.
    assert not is_change_due(ledger.state, node_id(1), new)
    for method in ("voter-remove", "node-remove"):
        ledger.step(method, old)
        assert is_due_now()
    ledger.step("voter-remove", new, 0, 1)
    ledger.step("node-remove", new, 0, 1)
    assert not is_due_now()


def test_a_node_without_a_vote_changes_once_the_next_keys_are_registered() -> None:
    ledger, new = ReplacingLedger(), next_description(7).node_id
    ledger.register(7)
    assert not is_change_due(ledger.state, node_id(7), new)
    ledger.replace(7)
    assert is_change_due(ledger.state, node_id(7), new)


def test_a_voter_whose_vote_was_taken_changes_at_once() -> None:
    ledger, new = ReplacingLedger(), next_description(0).node_id
    ledger.replace(0)
    ledger.step("voter-remove", node_id(0), 0, 1)
    assert is_change_due(ledger.state, node_id(0), new)


def test_a_node_is_told_to_change_whatever_its_ledger_says(home: Home) -> None:
    with pytest.raises(HomeError, match="has no next keys"):
        change_keys_now(home.directory)
    old, new = read_keys(home.seed).node_id, make(home).node_id
    assert change_keys_now(home.directory) == new
    assert_changed(home, old, new)


def test_an_open_node_asks_its_own_ledger(home: Home) -> None:
    opened: OpenHome = open_home(home.directory)
    make(home)
    assert next_keys_due(opened) is None
    assert is_change_due(StoredState(opened.store), opened.keys.node_id, opened.keys.node_id) is False
    opened.close()

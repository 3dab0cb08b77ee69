"""What can go wrong around a node: each ends in one sentence that names the remedy, and nothing is lost.

A node is made once, loaded, stopped; each test takes a copy, breaks one thing, starts the node as an operator does,
reads what it says, mends the thing as the sentence says, and finds everything in its place.
"""

import ctypes
import os
import random
import resource
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.audit.run import run_audit
from cli.client import NodeClient
from tests.cli.command import Answer, call, process
from tests.e2e.load import Client, Ledger, check_told, submit
from tests.e2e.node_process import NodeProcess, command, make_home, started
from tests.waiting import wait_until

PAGE_SIZE_BYTES = 4096
ENTRIES = 120
MEBIBYTE = 1024 * 1024
# From <linux/prctl.h> and <linux/capability.h>: to override permissions, to read and search, to act as the owner.
_PR_CAPBSET_DROP = 24
_RIGHTS_OVER_FILES = (1, 2, 3)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ledger]:
    """A folder with a stopped node that has a history, and what was reported of it."""
    folder = tmp_path_factory.mktemp("settled")
    home = make_home(folder)
    ledger = Ledger.of(folder)
    node = started(home, folder / "node.log", is_forked=True)
    for _ in range(3):
        submit(home, ledger, [ledger.make()[1] for _ in range(ENTRIES // 3)])
    assert node.stop() == 0
    return folder, ledger


@pytest.fixture
def folder(settled: tuple[Path, Ledger], tmp_path: Path) -> Path:
    """A copy of that folder, to be broken."""
    return Path(shutil.copytree(settled[0], tmp_path / "copy"))


@pytest.fixture
def ledger(settled: tuple[Path, Ledger]) -> Ledger:
    """What was reported of the node before anything broke."""
    original = settled[1]
    return Ledger(original.genesis, original.key, dict(original.committed), number=original.number)


def one_sentence(status: int, said: str) -> str:
    """The sentence of a command that must have failed, foreseen."""
    assert status > 0, said
    assert "Traceback" not in said
    sentences = [line for line in said.splitlines() if line.startswith("Error: ")]
    assert len(sentences) == 1, said
    return sentences[0].removeprefix("Error: ")


def refusal(home: Path, before: Callable[[], None] | None = None) -> str:
    """What a node says that does not start."""
    node = NodeProcess(home, home.parent / "refused.log", before, is_forked=True)
    return one_sentence(node.wait(), node.said)


def comes_back(folder: Path, ledger: Ledger, home: Path | None = None) -> None:
    """The mended node starts by itself, has everything, takes more, and can be audited."""
    home = home or folder / "home"
    node = started(home, folder / "mended.log", is_forked=True)
    check_told(home, ledger.committed)
    submit(home, ledger, [ledger.make()[1]])
    assert node.stop() == 0, node.said
    report = run_audit(str(home), folder / "genesis.json", lambda phase, done, total: None)
    assert report.finding is None, report.finding


# -- seed, genesis, neighbours ------------------------------------------------------------------------------------


def test_a_missing_seed(folder: Path, ledger: Ledger) -> None:
    seed = folder / "home" / "seed"
    kept = seed.rename(folder / "seed.kept")
    sentence = refusal(folder / "home")
    assert str(seed) in sentence
    assert "put back" in sentence or "put" in sentence
    kept.rename(seed)
    comes_back(folder, ledger)


def test_a_seed_that_others_can_read(folder: Path, ledger: Ledger) -> None:
    seed = folder / "home" / "seed"
    seed.chmod(0o644)
    sentence = refusal(folder / "home")
    assert str(seed) in sentence
    assert "chmod 600" in sentence
    assert call("status", "--home", folder / "home").status == 3
    seed.chmod(0o600)
    comes_back(folder, ledger)


def test_a_seed_of_another_node(folder: Path, ledger: Ledger) -> None:
    seed = folder / "home" / "seed"
    kept = seed.read_bytes()
    seed.write_bytes(bytes(range(32)))
    assert "seed of another node" in refusal(folder / "home")
    seed.write_bytes(kept)
    comes_back(folder, ledger)


def test_a_wrong_genesis(folder: Path, ledger: Ledger, tmp_path: Path) -> None:
    home, other = folder / "home", tmp_path / "other.json"
    answer = call(
        *("network", "new", "--name", "other.example/ledger", "--voter", home / "node.public.json"),
        *("--admin", folder / "admin.key", "--out", other),
    )
    assert answer.status == 0, answer.err
    refused = call("join", "--home", home, "--genesis", other)
    assert "another network" in one_sentence(refused.status, refused.err)
    shutil.copy(other, home / "genesis.json")
    assert "genesis.json" in refusal(home)
    shutil.copy(folder / "genesis.json", home / "genesis.json")
    comes_back(folder, ledger)


def test_a_second_daemon_on_the_same_folder(folder: Path, ledger: Ledger) -> None:
    home = folder / "home"
    node = started(home, folder / "first.log", is_forked=True)
    sentence = refusal(home)
    assert str(home) in sentence
    assert str(node.pid) in sentence
    check_told(home, ledger.committed)
    submit(home, ledger, [ledger.make()[1]])
    assert node.stop() == 0
    comes_back(folder, ledger)


def test_a_port_that_is_taken(folder: Path, ledger: Ledger) -> None:
    home = folder / "home"
    config = home / "config.toml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        config.write_text(config.read_text(encoding="utf-8").replace('http = ""', f'http = "{address}"'))
        sentence = refusal(home)
        assert address in sentence
        assert "taken" in sentence
        assert "`http`" in sentence
    comes_back(folder, ledger)


# -- the database's file ------------------------------------------------------------------------------------------


def noise_in_the_middle(data: bytes) -> bytes:
    """Everything but the two first and the last pages is noise."""
    return data[: 2 * PAGE_SIZE_BYTES] + random.Random(5).randbytes(len(data) - 3 * PAGE_SIZE_BYTES) + data[-4096:]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:100],
        lambda data: b"",
        lambda data: bytes(len(data)),
        noise_in_the_middle,
    ],
    ids=["half", "a hundred bytes", "empty", "zeros", "noise"],
)
def test_a_damaged_database(folder: Path, ledger: Ledger, damage: Callable[[bytes], bytes]) -> None:
    data = folder / "home" / "db" / "data.mdb"
    kept = data.read_bytes()
    data.write_bytes(damage(kept))
    sentence = refusal(folder / "home")
    assert str(folder / "home" / "db") in sentence
    assert "put back a copy" in sentence
    assert data.read_bytes() == damage(kept), "the evidence stays as it is"
    data.write_bytes(kept)
    comes_back(folder, ledger)


@pytest.mark.slow
def test_single_pages_of_noise(folder: Path, ledger: Ledger) -> None:
    """A page that a start does not read may stay undiscovered until the audit; it never makes a traceback."""
    pages = (folder / "home" / "db" / "data.mdb").stat().st_size // PAGE_SIZE_BYTES
    chance = random.Random(11)
    for page in chance.sample(range(2, pages), 4):
        # A copy for each: a node that starts signs, and its database may never be older than what it signed.
        home = Path(shutil.copytree(folder / "home", folder / f"page-{page}"))
        with (home / "db" / "data.mdb").open("r+b") as file:
            file.seek(page * PAGE_SIZE_BYTES)
            file.write(chance.randbytes(PAGE_SIZE_BYTES))
        audited = process("audit", "--from", home, "--genesis", folder / "genesis.json")
        assert audited.status in (0, 5), audited.err
        node = NodeProcess(home, folder / "page.log", is_forked=True)
        if node.live_for(1.0):
            node.kill()
            assert "Traceback" not in node.said
        else:
            assert "put back a copy" in one_sentence(node.wait(), node.said)
    comes_back(folder, ledger)


def test_a_database_older_than_what_was_signed(folder: Path, ledger: Ledger) -> None:
    home = folder / "home"
    older = Path(shutil.copytree(home / "db", folder / "older"))
    comes_back(folder, ledger)
    newer = (home / "db").rename(folder / "newer")
    older.rename(home / "db")
    assert "newer database" in refusal(home)
    shutil.rmtree(home / "db")
    newer.rename(home / "db")
    comes_back(folder, ledger)


@pytest.mark.parametrize("name", ["db", "db/data.mdb", "sign-state"])
def test_a_missing_file(folder: Path, ledger: Ledger, name: str) -> None:
    path = folder / "home" / name
    kept = path.rename(folder / "kept")
    sentence = refusal(folder / "home")
    assert str(folder / "home") in sentence
    kept.rename(path)
    comes_back(folder, ledger)


# -- a folder that cannot be written ------------------------------------------------------------------------------


@contextmanager
def read_only(path: Path) -> Iterator[Callable[[], None] | None]:
    """Make everything below `path` read-only: by a mount where root may, else by permissions.

    Gives what a process must do first so that the permissions hold for it too, even if it is root's.
    """
    mounted = os.geteuid() == 0 and _mount("--bind", str(path), str(path))
    if mounted:
        assert _mount("-o", "remount,bind,ro", str(path))
    else:
        for one in (path, *path.rglob("*")):
            one.chmod(one.stat().st_mode & ~0o222)
    try:
        yield None if mounted else _give_up_root_rights
    finally:
        if mounted:
            _unmount(path)
        else:
            for one in (path, *path.rglob("*")):
                one.chmod(one.stat().st_mode | 0o200)


def _give_up_root_rights() -> None:
    """Let the program that is started next be bound by permissions; it changes nothing for an ordinary user."""
    library = ctypes.CDLL(None)
    for capability in _RIGHTS_OVER_FILES:
        library.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def _mount(*words: str) -> bool:
    return subprocess.run(["mount", *words], capture_output=True, check=False, timeout=60).returncode == 0


def _unmount(path: Path) -> None:
    # Lazily: a process that was just ended may hold a file for a moment longer.
    subprocess.run(["umount", "--lazy", str(path)], capture_output=True, check=True, timeout=60)


@pytest.mark.root
def test_a_read_only_folder(folder: Path, ledger: Ledger) -> None:
    home = folder / "home"
    with read_only(home) as before:
        sentence = refusal(home, before)
    assert str(home) in sentence
    assert "writ" in sentence
    comes_back(folder, ledger)


@pytest.mark.root
def test_making_a_node_in_a_read_only_folder(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    with read_only(place) as before:
        answer = command(before, "init", "--home", place / "home", "--name", "alpha", "--listen", "127.0.0.1:7400")
        assert str(place) in one_sentence(answer.status, answer.err)
    answer = process("init", "--home", place / "home", "--name", "alpha", "--listen", "127.0.0.1:7400")
    assert answer.status == 0, answer.err


# -- a disk without room ------------------------------------------------------------------------------------------


@contextmanager
def small_disk(place: Path, size_bytes: int) -> Iterator[bool]:
    """A file system of that size at `place`, where root may mount one; whether there is one."""
    place.mkdir()
    mounted = os.geteuid() == 0 and _mount("-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(place))
    try:
        yield mounted
    finally:
        if mounted:
            _unmount(place)


def on_small_disk(folder: Path, home: Path) -> Path:
    """A copy of the node that leaves nothing of its disk free: the whole disk is smaller than that usually is."""
    shutil.copytree(folder / "home", home)
    with (home / "config.toml").open("a", encoding="utf-8") as config:
        config.write("disk_reserve_mib = 0\n")
    return home


def submit_one(folder: Path, home: Path, *options: str) -> Answer:
    """`banyan submit`, as a person calls it; it waits as long as the transaction may, so it has a process to end."""
    return process(
        *("submit", "notice.post", "--home", home, "--key", folder / "admin.key"),
        *("--arg", "unit=unit-1", "--arg", "title=one more"),
        *options,
    )


def reason_of(home: Path) -> str:
    """Why the node takes no transactions; empty if it does."""
    with NodeClient(home) as client:
        return client.get("/v1/status")["reason"] or ""


@pytest.mark.root
@pytest.mark.slow
def test_a_full_disk(settled: tuple[Path, Ledger], ledger: Ledger, tmp_path: Path) -> None:
    """Nothing reported is lost; reading goes on; with room, so does writing, by itself."""
    folder = settled[0]
    with small_disk(tmp_path / "disk", 12 * MEBIBYTE) as mounted:
        home = on_small_disk(folder, tmp_path / "disk" / "home")
        ballast = tmp_path / "disk" / "ballast"
        node = started(home, tmp_path / "node.log", is_forked=True)
        if mounted:
            ballast.write_bytes(bytes(max(0, shutil.disk_usage(ballast.parent).free - MEBIBYTE)))
        else:
            limit = (home / "db" / "data.mdb").stat().st_size + MEBIBYTE // 2
            resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        client = Client(home, ledger, batch_size=20, disk_may_be_full=True)
        client.start()
        wait_until(lambda: "room" in reason_of(home), 60, "the node says that its disk is full")
        refused = submit_one(folder, home)
        assert "room" in one_sentence(refused.status, refused.err)
        assert call("status", "--home", home).status == 0
        check_told(home, dict(ledger.committed))
        if mounted:
            ballast.unlink()
        else:
            resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        wait_until(lambda: submit_one(folder, home).status == 0, 30, "the node takes transactions again")
        client.end()
        assert not ledger.in_doubt, "a batch waits for room and then goes on"
        assert node.stop() == 0
        assert "Traceback" not in node.said
        comes_back(folder, ledger, home)


@pytest.mark.root
def test_starting_on_a_full_disk(settled: tuple[Path, Ledger], ledger: Ledger, tmp_path: Path) -> None:
    """The node either serves what it has, or says that there is no room; later everything is there."""
    folder = settled[0]
    with small_disk(tmp_path / "disk", 12 * MEBIBYTE) as mounted:
        home = on_small_disk(folder, tmp_path / "disk" / "home")
        ballast = tmp_path / "disk" / "ballast"
        if mounted:
            fill_up(ballast)
        before = None if mounted else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        node = NodeProcess(home, tmp_path / "node.log", before, is_forked=True)
        if node.live_for(4.0):
            check_told(home, dict(list(ledger.committed.items())[:5]))
            # Pages that are free within the database may still take a block or two: what the node takes then is
            # committed at once, or when there is room again.
            answer = submit_one(folder, home, "--no-wait")
            assert answer.status == 0 or "room" in one_sentence(answer.status, answer.err)
            node.stop()
            assert "Traceback" not in node.said
        else:
            assert "room" in one_sentence(node.wait(), node.said)
        ballast.unlink(missing_ok=True)
        comes_back(folder, ledger, home)


def fill_up(ballast: Path) -> None:
    """Write until there is no room at all."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(PAGE_SIZE_BYTES)):
                continue
        except OSError:
            return


@pytest.mark.root
def test_making_a_node_on_a_full_disk(settled: tuple[Path, Ledger], tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", MEBIBYTE) as mounted:
        ballast = tmp_path / "disk" / "ballast"
        home = tmp_path / "disk" / "home"
        words = ("init", "--home", home, "--name", "alpha", "--listen", "127.0.0.1:7400")
        if mounted:
            fill_up(ballast)
            answer = process(*words)
            assert "room" in one_sentence(answer.status, answer.err)
            ballast.unlink()
        answer = process(*words)
        assert answer.status == 0, answer.err

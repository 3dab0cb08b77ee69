"""`kill -9` at any moment: whatever was reported committed is there, nothing is half-applied, no repair is needed.

The node runs as a real process and is killed at random points: while it starts, while it opens its term, under a load
of clients that never pause. `BANYAN_SOAK_KILLS=500` kills it more often than every run of the tests does.
"""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.audit.run import run_audit
from storage.lmdb_store import LmdbStore
from tests.cli.command import environment, process
from tests.e2e.load import Client, Ledger, check_told, submit
from tests.e2e.node_process import NodeProcess, make_home, started

KILLS = int(os.environ.get("BANYAN_SOAK_KILLS", "22"))
SEED = int(os.environ.get("BANYAN_SOAK_SEED", "7"))
# Many small batches make many blocks, each of them a few writes; two large ones fill blocks.
BATCH_SIZES = (1, 1, 1, 5, 5, 20, 200)
# An audit now and then: after a restart, while the node runs.
AUDIT_INTERVAL = 8


def audit_is_clean(home: Path, genesis: Path) -> None:
    """Everything in the folder can be re-derived."""
    report = run_audit(str(home), genesis, lambda phase, done, total: None)
    assert report.finding is None, report.finding


def kill_while_starting(home: Path, log: Path, chance: random.Random) -> None:
    """Kill it before it can serve, or just when it begins to."""
    node = NodeProcess(home, log, is_forked=True)
    node.live_for(chance.uniform(0.0, 0.5))
    node.kill()
    assert "Traceback" not in node.said


def kill_under_load(home: Path, ledger: Ledger, log: Path, chance: random.Random) -> None:
    """Start it, see that nothing reported so far is lost, load it, kill it."""
    node = started(home, log, is_forked=True)
    asked = dict(chance.sample(sorted(ledger.committed.items()), min(100, len(ledger.committed))))
    check_told(home, asked)
    # What was in doubt is either in the ledger already or is taken now; never twice (the audit would find it).
    submit(home, ledger, list(ledger.in_doubt.values()))
    assert not ledger.in_doubt
    clients = [Client(home, ledger, size) for size in BATCH_SIZES]
    for client in clients:
        client.start()
    assert node.live_for(chance.uniform(0.0, 0.8)), node.said
    node.kill()
    for client in clients:
        client.end()
    assert "Traceback" not in node.said


@pytest.mark.slow
def test_kill_at_any_moment(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    home = make_home(tmp_path / "node")
    genesis = tmp_path / "node" / "genesis.json"
    ledger = Ledger.of(tmp_path / "node")
    log = tmp_path / "node.log"
    for number in range(1, KILLS + 1):
        if chance.random() < 0.25:
            kill_while_starting(home, log, chance)
        else:
            kill_under_load(home, ledger, log, chance)
        if number % AUDIT_INTERVAL == 0:
            audit_is_clean(home, genesis)
    node = started(home, log, is_forked=True)
    submit(home, ledger, list(ledger.in_doubt.values()))
    assert node.stop() == 0, node.said
    assert len(ledger.committed) > KILLS
    audit_is_clean(home, genesis)
    store = LmdbStore.open(home / "db", ledger.genesis.network_id, readonly=True)
    try:
        indices = {one: store.index_of(bytes.fromhex(one)) for one in ledger.committed}
    finally:
        store.close()
    assert indices == {one: told.index for one, told in ledger.committed.items()}


@pytest.mark.slow
def test_kill_while_a_folder_is_made(tmp_path: Path) -> None:
    """`join` makes the database; whatever it left behind, doing it again finishes it."""
    chance = random.Random(SEED)
    home = make_home(tmp_path / "first")
    genesis = tmp_path / "first" / "genesis.json"
    fresh = tmp_path / "fresh"
    for _ in range(4):
        _copy_unjoined(home, fresh)
        _kill_command(chance.uniform(0.05, 0.6), "join", "--home", fresh, "--genesis", genesis)
        answer = process("join", "--home", fresh, "--genesis", genesis)
        assert answer.status == 0, answer.err
        audit_is_clean(fresh, genesis)
    node = started(fresh, tmp_path / "node.log", is_forked=True)
    assert node.stop() == 0


def _copy_unjoined(home: Path, fresh: Path) -> None:
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    for name in ("config.toml", "seed", "node.public.json"):
        shutil.copy2(home / name, fresh / name)


def _kill_command(after_s: float, *words: object) -> None:
    command = subprocess.Popen(
        [sys.executable, "-m", "cli", *(str(word) for word in words)],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        command.wait(timeout=after_s)
    except subprocess.TimeoutExpired:
        command.kill()
        command.wait(timeout=60)

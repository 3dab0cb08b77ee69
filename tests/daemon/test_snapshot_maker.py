"""A node makes snapshots beside its work: at heights by rule, on demand, and nothing half."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from shutil import rmtree

import pytest
import trio

from daemon.draft_process import draft_beside
from daemon.home import Home
from daemon.snapshot_maker import ENTRIES_AN_INTERVAL, SnapshotMaker, spread_interval
from ledger.stated_heights import STATED_INTERVAL_BLOCKS
from storage.batch_cut import cut_after, executed_heights
from storage.interface import StoreReader, WriteBatch
from storage.lmdb_store import LmdbStore
from storage.memory import MemoryStore
from storage.record_journal import RecordJournalSizes
from storage.snapshot_check import NoSink, headers_of, take_snapshot
from storage.snapshot_folder import SnapshotFolder, SnapshotWriter
from storage.snapshot_making import SnapshotDraft, stated_height
from storage.snapshot_manifest import SnapshotManifest
from storage.snapshot_process import DraftOrder
from tests.daemon.driver import Driver
from tests.daemon.shell import Served, make_home, served
from tests.daemon.test_api_transactions import assert_problem
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID
from tests.storage.ledger_growth import Ledger
from tests.waiting import wait_until

INTERVAL = STATED_INTERVAL_BLOCKS


def check_whole(folder: SnapshotFolder, manifest: SnapshotManifest, store: StoreReader) -> None:
    """Hold a snapshot against the headers of a store."""

    def encoded(height: int) -> bytes | None:
        stored = store.header(height)
        return None if stored is None else bytes(stored.header)

    numbers = {chunk: number for number, chunk in enumerate(manifest.chunks)}
    take_snapshot(
        manifest, headers_of(encoded), lambda chunk: folder.chunk(manifest.hash, numbers[chunk]) or b"", NoSink()
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = make_home(tmp_path / "home")
    with home.config.open("a") as config:
        config.write(f"snapshot_interval_blocks = {INTERVAL}\n")
    return home


@pytest.fixture
async def node(home: Home) -> AsyncIterator[Served]:
    async with served(home.directory) as running:
        yield running


async def post(node: Served, count: int) -> None:
    for number in range(count):
        (outcome,) = await node.service.submit_many([node.shell.raw_notice(f"notice {number}")])
        assert outcome.result is not None and outcome.result.ok


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what another task does; nothing tells."""
    await trio.to_thread.run_sync(wait_until, holds, 20.0, "a snapshot")


async def until_offered(node: Served, height: int) -> None:
    assert node.service.snapshots is not None
    folder = node.service.snapshots.folder
    await until(lambda: height in [one for one, _ in folder.offers()])


@pytest.mark.trio
async def test_snapshots_are_made_at_heights_by_rule_and_the_newest_two_are_kept(node: Served, home: Home) -> None:
    maker = node.service.snapshots
    assert maker is not None
    assert (await node.tcp.get("/v1/snapshots")).json() == {
        "interval_blocks": INTERVAL,
        "making": None,
        "asked": False,
        "snapshots": [],
    }
    for number in (1, 2, 3):
        await post(node, INTERVAL)
        await until_offered(node, number * INTERVAL)
        # It is offered before the oldest goes and before it is told.
        await until(lambda: maker.making is None)
    assert [height for height, _ in maker.folder.offers()] == [3 * INTERVAL, 2 * INTERVAL]
    assert sorted(one.name for one in home.snapshots.iterdir()) == [str(2 * INTERVAL), str(3 * INTERVAL)]
    for manifest in maker.folder.manifests():
        check_whole(maker.folder, manifest, node.service.store)
    shown = (await node.tcp.get("/v1/snapshots")).json()["snapshots"]
    assert [(one["height"], one["name"]) for one in shown] == [(h, name.hex()) for h, name in maker.folder.offers()]
    made = [fields for event, fields in node.shell.events if event == "snapshot-made"]
    assert [one["height"] for one in made] == [INTERVAL, 2 * INTERVAL, 3 * INTERVAL]


@pytest.mark.parametrize(
    ("millions", "factor"),
    [(0, 1), (0.99, 1), (1, 1), (1.99, 1), (2, 2), (3.99, 2), (4, 4), (7.99, 4), (8, 8), (99, 64)],
)
def test_the_longer_the_log_the_seldomer_snapshots_are(millions: float, factor: int) -> None:
    assert spread_interval(8192, int(millions * ENTRIES_AN_INTERVAL)) == 8192 * factor


@pytest.mark.trio
async def test_heights_of_a_longer_interval_are_passed_over(node: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard: daemon/snapshot_maker.py, `_is_due`, "spread_interval(self.interval_blocks, executed.tree_size)"."""
    # Two entries a block: 96 of them at the third height, from which on every second one counts.
    monkeypatch.setattr("daemon.snapshot_maker.ENTRIES_AN_INTERVAL", 40)
    maker = node.service.snapshots
    assert maker is not None
    for number in (1, 2, 3, 4):
        await post(node, INTERVAL)
        if number != 3:
            await until_offered(node, number * INTERVAL)
        await until(lambda: maker.making is None)
    made = [fields["height"] for event, fields in node.shell.events if event == "snapshot-made"]
    assert made == [INTERVAL, 2 * INTERVAL, 4 * INTERVAL]


@pytest.mark.trio
@pytest.mark.parametrize("is_asked", [False, True])
async def test_it_is_of_its_height_though_the_node_goes_on_before_it_is_begun(
    node: Served, monkeypatch: pytest.MonkeyPatch, is_asked: bool
) -> None:
    """Guard: daemon/snapshot_maker.py, `_begin_if_it_stands`, "self._store.pin_records()"."""
    # Each change would be moved out of the journal at once.
    store = node.shell.opened.store
    monkeypatch.setattr(store._records, "_sizes", RecordJournalSizes(change_count=1, size_bytes=1))
    maker = node.service.snapshots
    assert maker is not None
    came, may_begin = trio.Event(), trio.Event()
    pinned: list[bool] = []

    async def later(order: DraftOrder, begun: Callable[[], None]) -> SnapshotDraft:
        def told() -> None:
            pinned.append(store._records.is_pinned)
            begun()
            pinned.append(store._records.is_pinned)

        came.set()
        await may_begin.wait()
        return await draft_beside(order, told)

    monkeypatch.setattr("daemon.snapshot_maker.draft_beside", later)
    if is_asked:
        await post(node, 3)
        await until(lambda: stated_height(store, store.head()) is not None)
        assert maker.ask() is not None
    else:
        await post(node, INTERVAL)
    await came.wait()
    height = maker.making
    assert height is not None
    await post(node, 5)
    may_begin.set()
    await until_offered(node, height)
    (manifest,) = (one for one in maker.folder.manifests() if one.height == height)
    check_whole(maker.folder, manifest, store)
    # The journal waits for no more than the beginning.
    assert pinned == [True, False]
    await post(node, 1)
    await until(lambda: not store.is_maintenance_due)


# Reads, and is killed.
_DIES_READING = (
    "import os, pathlib, sys; from storage.lmdb_store import LmdbStore;"
    "store = LmdbStore.open(pathlib.Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), readonly=True);"
    "records = store.records_of(1); records.__enter__(); os._exit(9)"
)


@pytest.mark.trio
async def test_a_process_that_dies_leaves_nothing_behind(node: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard: daemon/snapshot_maker.py, `_make`, "self._store.forget_dead_readers()"."""

    def dies(_: str, database: str, network_id: str, *_rest: str) -> list[str]:
        return [sys.executable, "-c", _DIES_READING, database, network_id]

    with monkeypatch.context() as patched:
        patched.setattr("daemon.draft_process.command_of", dies)
        await post(node, INTERVAL)
        await until(lambda: "snapshot-failed" in [event for event, _ in node.shell.events])
    (failed,) = (fields for event, fields in node.shell.events if event == "snapshot-failed")
    assert "ended with status 9" in str(failed["reason"])
    store = node.shell.opened.store
    assert not store._records.is_pinned
    assert store._environment.forget_dead_readers() == 0


@pytest.mark.trio
async def test_the_operator_has_one_made_of_where_the_node_stands(node: Served) -> None:
    maker = node.service.snapshots
    assert maker is not None
    await post(node, 3)
    # A block that states the last notice is under way, or was executed by now.
    asked = (await node.control.post("/v1/snapshots")).json()
    assert asked["asked"] == (asked["making"] is None)
    await until(lambda: maker.making is None and not maker.is_asked)
    assert len(maker.folder.offers()) == 1
    manifest = maker.folder.manifests()[0]
    assert manifest.state_digest == node.service.store.head().state_digest
    check_whole(maker.folder, manifest, node.service.store)
    assert_problem(await node.tcp.post("/v1/snapshots"), 403, "operator-only")


@pytest.mark.trio
async def test_a_disk_that_takes_no_chunks_leaves_nothing_half_and_the_node_goes_on(
    node: Served, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = SnapshotFolder.begin

    def gone(self: SnapshotFolder, height: int) -> SnapshotWriter:
        writer = begin(self, height)
        rmtree(home.snapshots / f"{height}.part")
        return writer

    with monkeypatch.context() as patched:
        # The process that writes the chunks finds no place for them.
        patched.setattr(SnapshotFolder, "begin", gone)
        await post(node, INTERVAL)
        await until(lambda: "snapshot-failed" in [event for event, _ in node.shell.events])
    assert list(home.snapshots.iterdir()) == []
    await post(node, INTERVAL)
    await until_offered(node, 2 * INTERVAL)


def test_every_multiple_of_the_interval_is_stated_also_when_blocks_wait_for_the_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # So few that a block need not be large to be proposed at once.
    monkeypatch.setattr("daemon.leading.BATCH_WORTH_A_BLOCK", 2)
    driver = Driver().start()
    driver.hold_writes = True
    for _ in range(8):
        # Several blocks are proposed before one of them is executed, so that what is stated goes on by leaps.
        for _ in range(5):
            driver.submit(*[driver.notice() for _ in range(2)])
        driver.release()
        driver.tick()
    assert driver.store is not None
    newest = driver.store.head().executed_height
    at = headers_of(lambda height: None if (found := driver.store.header(height)) is None else found.header)  # type: ignore[union-attr]
    stated = [header.executed_height for height in range(1, newest + 1) if (header := at(height)) is not None]
    assert any(after - before > 1 for before, after in pairwise(stated))
    assert {height for height in range(INTERVAL, stated[-1], INTERVAL)} <= set(stated)


def test_a_group_of_writes_is_cut_at_the_height_and_nothing_is_lost() -> None:
    ledger = Ledger().grow(6)
    blocks = WriteBatch(blocks=tuple(block for one in ledger.batches for block in one.blocks), checkpoint=b"note")
    executions = tuple(execution for one in ledger.batches for execution in one.executions)
    groups = [blocks, WriteBatch(executions=executions[:4]), WriteBatch(executions=executions[4:])]
    assert [one.height for one in executed_heights(groups)] == [1, 2, 3, 4, 5, 6]
    for height in range(1, 7):
        first, rest = cut_after(groups, height)
        store = MemoryStore.create(NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES)
        store.apply(first)
        assert store.head().executed_height == height
        store.apply(rest)
        assert store.head().state_digest == ledger.digests[6]
        assert store.head().checkpoint == b"note"


def test_what_an_interrupted_making_left_is_thrown_away_and_damage_is_not_offered(tmp_path: Path) -> None:
    ledger = Ledger().grow(6)
    folder = SnapshotFolder(tmp_path / "snapshots")
    folder.discard_unfinished()
    folder.begin(16).keep(b"a chunk")
    assert SnapshotFolder(tmp_path / "snapshots").offers() == []
    folder.discard_unfinished()
    assert list((tmp_path / "snapshots").iterdir()) == []
    (tmp_path / "snapshots" / "32").mkdir()
    (tmp_path / "snapshots" / "32" / "manifest").write_bytes(b"no manifest")
    (tmp_path / "snapshots" / "incoming").mkdir()
    assert SnapshotFolder(tmp_path / "snapshots").offers() == []
    with closing(LmdbStore.create(tmp_path / "db", NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES)) as store:
        store.apply(ledger.batches)
        maker = SnapshotMaker(store, tmp_path / "db", folder, 0, lambda event, **fields: None)
        assert maker.parts([WriteBatch()]) == [[WriteBatch()]]
        assert maker.ask() is None
        assert maker.is_asked

"""A snapshot is drafted by another process, of a height that the store has left behind."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import LocalError
from storage import snapshot_process
from storage.child_process import command_of, environment_of_child
from storage.lmdb_store import LmdbStore, StoreSizes
from storage.record_journal import RecordJournalSizes
from storage.snapshot_folder import SnapshotFolder
from storage.snapshot_making import SnapshotDraft, draft_snapshot
from storage.snapshot_process import BEGUN, FAILED_STATUS, KEPT, DraftOrder, arguments_of, read_draft
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID
from tests.storage.ledger_growth import Ledger
from tests.storage.snapshots import Chunks

HEIGHT, HEIGHTS = 5, 40
# A step is due after a few blocks.
SIZES = StoreSizes(records=RecordJournalSizes(change_count=12, size_bytes=1 << 20))


@pytest.fixture
def ledger() -> Ledger:
    return Ledger().grow(HEIGHTS)


@pytest.fixture
def store(store_path: Path, ledger: Ledger) -> Iterator[LmdbStore]:
    """A store that stands at the height, and has moved some of its records."""
    made = LmdbStore.create(store_path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES, sizes=SIZES)
    made.apply(ledger.batches[:HEIGHT])
    made.maintain()
    yield made
    made.close()


def order_of(store_path: Path, ledger: Ledger) -> DraftOrder:
    snapshots = store_path.with_name("snapshots")
    return DraftOrder(store_path, NETWORK_ID, snapshots, HEIGHT, HEIGHT, ledger.digests[HEIGHT])


def go_on(store: LmdbStore, ledger: Ledger) -> None:
    """Execute all other blocks, with the background work after each."""
    for batch in ledger.batches[HEIGHT:]:
        store.apply([batch])
        while store.maintain():
            pass


def run(order: DraftOrder) -> "subprocess.CompletedProcess[bytes]":
    command = command_of("storage.snapshot_process", *arguments_of(order))
    return subprocess.run(command, env=environment_of_child(), capture_output=True, check=False, timeout=60)


def wanted(ledger: Ledger) -> SnapshotDraft:
    """What is drafted of a store that stands at the height."""
    at = Ledger()
    at.batches = ledger.batches[:HEIGHT]
    store = at.store()
    return draft_snapshot(store, HEIGHT, ledger.digests[HEIGHT], store.scan_state(b""), Chunks().keep)


def test_the_draft_is_that_of_its_height_though_the_store_went_on(
    store: LmdbStore, store_path: Path, ledger: Ledger
) -> None:
    """Guard: storage/record_journal.py, `_has`, "return is_enough and not self.is_pinned"."""
    order = order_of(store_path, ledger)
    SnapshotFolder(order.snapshots).begin(HEIGHT)
    store.pin_records()
    go_on(store, ledger)
    finished = run(order)
    assert finished.stdout.startswith(BEGUN), finished.stderr
    draft = read_draft(finished.stdout.removeprefix(BEGUN))
    assert draft == wanted(ledger)
    chunk_count = len(draft.record_chunks) + len(draft.leaf_chunks) + len(draft.result_chunks)
    assert finished.stdout.startswith(BEGUN + KEPT * chunk_count + b"{")
    kept = {file.name for file in (order.snapshots / f"{HEIGHT}.part").iterdir()}
    assert kept == {one.hex() for one in (*draft.record_chunks, *draft.leaf_chunks, *draft.result_chunks)}


def test_without_the_pin_it_would_not_be(store: LmdbStore, store_path: Path, ledger: Ledger) -> None:
    order = order_of(store_path, ledger)
    SnapshotFolder(order.snapshots).begin(HEIGHT)
    go_on(store, ledger)
    draft = read_draft(run(order).stdout.removeprefix(BEGUN))
    assert draft.record_chunks != wanted(ledger).record_chunks


def test_what_was_pinned_is_moved_afterwards(store: LmdbStore, ledger: Ledger) -> None:
    store.pin_records()
    go_on(store, ledger)
    assert not store.is_maintenance_due
    store.unpin_records()
    assert store.is_maintenance_due
    assert store.maintain()
    assert store.checked_state() == (HEIGHTS, ledger.digests[HEIGHTS])


def test_it_says_why_there_is_no_draft(store: LmdbStore, store_path: Path, ledger: Ledger) -> None:
    # Nobody began the snapshot.
    finished = run(order_of(store_path, ledger))
    assert finished.returncode == FAILED_STATUS
    assert b"snapshots" in finished.stderr
    assert b"Traceback" not in finished.stderr


def test_it_ends_when_the_node_has(
    store: LmdbStore, store_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guard: storage/snapshot_process.py, `_draft`, "if os.getppid() != node:"."""
    order = order_of(store_path, ledger)
    SnapshotFolder(order.snapshots).begin(HEIGHT)
    parents = iter([100, 1])
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    monkeypatch.setattr(snapshot_process, "_tell", lambda line: None)
    # It opens the store itself.
    store.close()
    with pytest.raises(SystemExit):
        snapshot_process._draft(order)
    assert list((order.snapshots / f"{HEIGHT}.part").iterdir()) == []


def test_a_store_that_is_closed_has_no_readers_to_forget(store: LmdbStore) -> None:
    """Guard: storage/environment.py, `forget_dead_readers`, "except lmdb.Error as error:"."""
    store.close()
    with pytest.raises(LocalError, match="is closed"):
        store.forget_dead_readers()


def test_a_line_that_is_no_draft_is_refused() -> None:
    for line in (b"", b"{}", b"[]", json.dumps({"height": 1}).encode()):
        with pytest.raises((ValueError, TypeError, KeyError)):
            read_draft(line)

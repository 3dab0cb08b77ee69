"""Where snapshots and fetched chunks lie: whole or not at all, shared between snapshots, never under a wrong name."""

from pathlib import Path

import pytest

from storage.incoming_chunks import IncomingChunks
from storage.snapshot_chunks import chunk_hash
from storage.snapshot_errors import WrongChunkError
from storage.snapshot_folder import FETCHED_SECONDS, SnapshotFolder
from storage.snapshot_making import complete_snapshot, draft_snapshot
from storage.snapshot_shelf import MemorySnapshots, SnapshotShelf
from tests.storage.ledger_growth import Ledger
from tests.storage.snapshots import snapshot_of


def write(folder: SnapshotFolder, ledger: Ledger, height: int) -> None:
    then = Ledger()
    then.batches = ledger.batches[:height]
    at = then.store()
    writer = folder.begin(height)
    draft = draft_snapshot(ledger.store(), height, at.head().state_digest, at.scan_state(b""), writer.keep)
    manifest = complete_snapshot(ledger.store(), draft)
    assert manifest is not None
    writer.finish(manifest)


def test_the_newest_two_are_offered_by_every_shelf_alike(tmp_path: Path) -> None:
    ledger = Ledger().grow(12)
    folder, memory = SnapshotFolder(tmp_path / "snapshots"), MemorySnapshots()
    for height in (3, 5, 7):
        write(folder, ledger, height)
        then = Ledger()
        then.batches = ledger.batches[:height]
        store = then.store()
        memory.reached(store)
        memory.complete(store)
        assert len(memory.offers()) < 2 or memory.offers()[0][0] != height, "no header states it yet"
        store.apply(ledger.batches[height:])
        memory.complete(store)
    shelves: list[SnapshotShelf] = [folder, memory, SnapshotFolder(tmp_path / "snapshots")]
    expected = [snapshot_of(ledger, height) for height in (7, 5)]
    for shelf in shelves:
        assert list(shelf.offers()) == [(manifest.height, manifest.hash) for manifest, _ in expected]
        for manifest, chunks in expected:
            assert shelf.manifest(manifest.hash) == manifest.encode()
            assert [shelf.chunk(manifest.hash, number) for number in range(len(manifest.chunks))] == [
                chunks[name] for name in manifest.chunks
            ]
            assert shelf.chunk(manifest.hash, len(manifest.chunks)) is None
            assert shelf.chunk(manifest.hash, -1) is None
        assert shelf.manifest(bytes(32)) is None
        assert shelf.chunk(bytes(32), 0) is None


def test_one_that_somebody_still_fetches_is_kept_for_a_while(tmp_path: Path) -> None:
    ledger, now = Ledger().grow(16), [0.0]
    folder = SnapshotFolder(tmp_path, lambda: now[0])

    def heights_after(height: int) -> list[int]:
        write(folder, ledger, height)
        assert sorted(int(one.name) for one in tmp_path.iterdir()) == sorted(one.height for one in folder.manifests())
        return [one.height for one in folder.manifests()]

    assert heights_after(3) == [3]
    fetched = folder.manifests()[0].hash
    assert heights_after(5) == [5, 3]
    assert folder.chunk(fetched, 0)
    assert heights_after(7) == [7, 5, 3]
    later = folder.manifests()[1].hash
    now[0] += FETCHED_SECONDS - 1
    assert folder.manifest(fetched)
    assert heights_after(8) == [8, 7, 3], "as long as it is fetched from"
    now[0] += 1
    assert folder.manifest(folder.manifests()[1].hash) and folder.manifest(later) is None
    assert heights_after(9) == [9, 8, 7], "one more at most: the one that was fetched from last"
    assert folder.chunk(fetched, 0) is None
    now[0] += FETCHED_SECONDS
    assert heights_after(11) == [11, 9], "nobody wants the old ones any more"


def test_a_chunk_that_the_snapshot_before_has_too_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("chunks", "check", "making"):
        monkeypatch.setattr(f"storage.snapshot_{module}.LEAVES_IN_CHUNK", 256)
    ledger = Ledger(timers_every=1000).grow(9, entries=79)
    folder = SnapshotFolder(tmp_path)
    write(folder, ledger, 4)
    write(folder, ledger, 7)
    first, second = folder.manifests()[1], folder.manifests()[0]
    assert first.leaf_chunks[0] == second.leaf_chunks[0] and first.leaf_chunks[1] != second.leaf_chunks[1]
    shared = first.leaf_chunks[0].hex()
    assert (tmp_path / "4" / shared).stat().st_ino == (tmp_path / "7" / shared).stat().st_ino
    # What a disk damaged is not taken over.
    (tmp_path / "4" / shared).unlink()
    (tmp_path / "4" / shared).write_bytes(b"damaged")
    write(folder, ledger, 6)
    assert folder.read_chunk(6, first.leaf_chunks[0]) == folder.read_chunk(7, first.leaf_chunks[0])


def test_fetched_chunks_are_found_again_and_wrong_ones_never_get_in(tmp_path: Path) -> None:
    chunk, other = b"a chunk", b"another one"
    name, other_name = chunk_hash(chunk), chunk_hash(other)
    incoming = IncomingChunks(tmp_path / "incoming" / "chunks")
    assert incoming.names() == set() and not incoming.has(name)
    with pytest.raises(WrongChunkError) as wrong:
        incoming.add(name, other)
    assert wrong.value.chunk == name
    incoming.add(name, chunk)
    incoming.add(name, chunk)
    incoming.add(other_name, other)
    again = IncomingChunks(tmp_path / "incoming" / "chunks")
    assert again.names() == {name, other_name} and again.has(name)
    assert again.read(name) == chunk
    again.keep_only([other_name])
    assert again.names() == {other_name}
    with pytest.raises(WrongChunkError):
        again.read(name)
    (tmp_path / "incoming" / "chunks" / other_name.hex()).write_bytes(b"what a disk made of it")
    with pytest.raises(WrongChunkError):
        again.read(other_name)
    assert not again.has(other_name), "it is to be fetched again"
    again.add(other_name, other)
    again.clear()
    assert again.names() == set()

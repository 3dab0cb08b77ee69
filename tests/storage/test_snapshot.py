"""Snapshots: the same bytes everywhere, and nothing that the headers do not prove."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from ledger.hashing import Hash, sha256
from ledger.state_digest import StateDigest
from storage.lmdb_store import LmdbStore
from storage.snapshot_check import NoSink, check_manifest, headers_of, take_snapshot
from storage.snapshot_chunks import (
    CHUNK_SIZE_BYTES_MAX,
    LEAVES_IN_CHUNK,
    chunk_hash,
    pack_row_chunks,
    unpack_leaf_chunk,
    unpack_row_chunk,
)
from storage.snapshot_errors import InvalidSnapshotError, WrongChunkError
from storage.snapshot_making import complete_snapshot, draft_snapshot, is_covered, stated_height
from storage.snapshot_manifest import OutcomeProof, SnapshotManifest
from tests.examples import examples
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID
from tests.storage.ledger_growth import Ledger
from tests.storage.snapshots import Chunks, snapshot_of

BASE = 16


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    # Blocks of 15 to 18 state 10, then 15: results of several heights lie between.
    return Ledger(lag=2, every=5).grow(14).grow(8, records=4)


@pytest.fixture(scope="module")
def made(ledger: Ledger) -> tuple[SnapshotManifest, Chunks]:
    return snapshot_of(ledger, 15)


def check(ledger: Ledger, manifest: SnapshotManifest, chunks: dict[bytes, bytes], newest: int | None = None) -> bytes:
    headers = [one.encode() for one in ledger.headers[:newest]]
    at = headers_of(lambda height: headers[height - 1] if height <= len(headers) else None)
    return take_snapshot(manifest, at, chunks.__getitem__, NoSink())


def test_what_was_made_is_proven(ledger: Ledger, made: tuple[SnapshotManifest, Chunks]) -> None:
    manifest, chunks = made
    lanes = check(ledger, manifest, chunks)
    assert StateDigest.from_lanes(lanes).digest() == ledger.digests[15] == manifest.state_digest
    assert manifest.height == 15
    assert len(manifest.outcomes) == 2
    assert manifest.size_bytes == sum(map(len, chunks.values()))
    assert SnapshotManifest.decode(manifest.encode()) == manifest
    check(ledger, manifest, chunks, newest=17)
    with pytest.raises(InvalidSnapshotError, match="the blocks above it"):
        check(ledger, manifest, chunks, newest=16)


def test_every_store_makes_the_same_bytes_also_when_it_has_gone_on(
    ledger: Ledger, made: tuple[SnapshotManifest, Chunks], store_path: object
) -> None:
    manifest, chunks = made
    disk = LmdbStore.create(str(store_path), NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES)
    disk.apply(ledger.batches[:15])
    kept = Chunks()
    digest, records = disk.head().state_digest, disk.scan_state(b"")
    first = next(records)
    disk.apply(ledger.batches[15:16])
    assert not is_covered(disk, 15)
    disk.apply(ledger.batches[16:])
    draft = draft_snapshot(disk, 15, digest, [first, *records], kept.keep)
    assert is_covered(disk, 15)
    assert complete_snapshot(disk, draft) == manifest
    assert kept == chunks
    disk.close()


def test_records_are_read_before_all_else_that_needs_no_moment_of_its_own(ledger: Ledger) -> None:
    """Guard: storage/snapshot_making.py, `draft_snapshot`, "First what keeps pages of their moment"."""
    then = Ledger(lag=2, every=5)
    then.batches = ledger.batches[:16]
    store = then.store()
    kept: list[Hash] = []

    def keep(chunk: bytes) -> Hash:
        kept.append(chunk_hash(chunk))
        return kept[-1]

    draft = draft_snapshot(ledger.store(), 16, store.head().state_digest, store.scan_state(b""), keep)
    assert kept == [*draft.record_chunks, *draft.leaf_chunks, *draft.result_chunks]
    assert draft.record_chunks and draft.leaf_chunks


def test_a_height_that_no_header_states_has_no_snapshot(ledger: Ledger) -> None:
    then = Ledger(lag=2, every=5)
    then.batches = ledger.batches[:16]
    store = then.store()
    draft = draft_snapshot(ledger.store(), 16, store.head().state_digest, store.scan_state(b""), Chunks().keep)
    assert is_covered(ledger.store(), 16)
    assert complete_snapshot(ledger.store(), draft) is None


def test_a_store_that_stands_at_a_stated_state_is_known_by_its_newest_header() -> None:
    idle = Ledger(lag=2).grow(6)
    assert stated_height(idle.store(), idle.store().head()) is None
    assert stated_height(Ledger().store(), Ledger().store().head()) is None
    # Blocks that change nothing: the newest header states what the state still is.
    idle.chain.clear()
    idle.grow(3, entries=0, records=0)
    assert stated_height(idle.store(), idle.store().head()) == 7


def test_a_chunk_is_told_by_its_name(ledger: Ledger, made: tuple[SnapshotManifest, Chunks]) -> None:
    manifest, chunks = made
    for name in manifest.chunks:
        for wrong in (chunks[name] + b"x", chunks[name][:-1], b"", bytes(CHUNK_SIZE_BYTES_MAX + 1)):
            with pytest.raises(WrongChunkError) as caught:
                check(ledger, manifest, chunks | {name: wrong})
            assert caught.value.chunk == name


Forgery = Callable[[SnapshotManifest, Chunks, Ledger], SnapshotManifest]


def _with_rows(
    manifest: SnapshotManifest, chunks: Chunks, field: str, change: Callable[[list[tuple[bytes, bytes]]], object]
) -> SnapshotManifest:
    """Another content under names that fit it, as a liar would make it."""
    names = getattr(manifest, field)
    rows = [row for name in names for row in unpack_row_chunk(chunks[name])]
    size = manifest.size_bytes - sum(len(chunks[name]) for name in names)
    change(rows)
    fresh = [chunks.keep(chunk) for _, chunk in pack_row_chunks(rows)]
    size += sum(len(chunks[name]) for name in fresh)
    changed: dict[str, object] = {field: tuple(fresh), "size_bytes": size}
    if field == "record_chunks":
        changed["record_count"] = len(rows)
    return replace(manifest, **changed)  # type: ignore[arg-type]


def _record_changed(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    return _with_rows(manifest, chunks, "record_chunks", lambda rows: rows.__setitem__(0, (rows[0][0], b"forged")))


def _record_added(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    return _with_rows(manifest, chunks, "record_chunks", lambda rows: rows.append((b"\xff", b"forged")))


def _record_left_out(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    return _with_rows(manifest, chunks, "record_chunks", lambda rows: rows.pop())


def _record_twice(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    return _with_rows(manifest, chunks, "record_chunks", lambda rows: rows.insert(0, rows[0]))


def _digest_of_another(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    forged = _record_changed(manifest, chunks, ledger)
    digest = StateDigest.empty()
    for name in forged.record_chunks:
        for key, value in unpack_row_chunk(chunks[name]):
            digest.add(key, value)
    return replace(forged, state_digest=digest.digest())


def _result_changed(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    other = Ledger(lag=2, every=5).grow(15, size_bytes=99).leaves[14][-1]
    return _with_rows(manifest, chunks, "result_chunks", lambda rows: rows.__setitem__(-1, (rows[-1][0], other)))


def _result_left_out(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    return _with_rows(manifest, chunks, "result_chunks", lambda rows: rows.pop())


def _result_added(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    return _with_rows(manifest, chunks, "result_chunks", lambda rows: rows.append((b"\xff" * 12, rows[-1][1])))


def _result_not_a_result(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    return _with_rows(manifest, chunks, "result_chunks", lambda rows: rows.__setitem__(0, (rows[0][0], b"no leaf")))


def _leaf_changed(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    leaves = bytearray(chunks[manifest.leaf_chunks[0]])
    leaves[40] ^= 1
    return replace(manifest, leaf_chunks=(chunks.keep(bytes(leaves)),))


def _leaf_left_out(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    leaves = chunks[manifest.leaf_chunks[0]][:-32]
    return replace(manifest, leaf_chunks=(chunks.keep(leaves),), size_bytes=manifest.size_bytes - 32)


def _outcome_changed(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    first, *rest = manifest.outcomes
    return replace(manifest, outcomes=(OutcomeProof(first.leaf + b"x", first.path), *rest))


def _outcome_of_another_block(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    return replace(manifest, outcomes=manifest.outcomes[::-1])


def _outcome_left_out(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    return replace(manifest, outcomes=manifest.outcomes[:1])


def _outcome_too_many(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    return replace(manifest, outcomes=(*manifest.outcomes, manifest.outcomes[-1]))


def _another_height(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    return replace(manifest, height=14)


def _another_size(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    return replace(manifest, size_bytes=manifest.size_bytes + 1)


def _another_network(manifest: SnapshotManifest, chunks: Chunks, ledger: Ledger) -> SnapshotManifest:
    return replace(manifest, network_id=sha256(b"another"))


@pytest.mark.parametrize(
    "forge",
    [
        _record_changed,
        _record_added,
        _record_left_out,
        _record_twice,
        _digest_of_another,
        _result_changed,
        _result_left_out,
        _result_added,
        _result_not_a_result,
        _leaf_changed,
        _leaf_left_out,
        _outcome_changed,
        _outcome_of_another_block,
        _outcome_left_out,
        _outcome_too_many,
        _another_height,
        _another_size,
        _another_network,
    ],
)
def test_what_the_headers_do_not_prove_is_refused(
    ledger: Ledger, made: tuple[SnapshotManifest, Chunks], forge: Forgery
) -> None:
    manifest, chunks = made[0], Chunks(made[1])
    with pytest.raises(InvalidSnapshotError):
        check(ledger, forge(manifest, chunks, ledger), chunks)


@settings(max_examples=examples(40), deadline=None)
@given(data=st.data())
def test_bytes_that_are_no_manifest_are_refused_as_such(ledger: Ledger, data: st.DataObject) -> None:
    encoded = bytearray(snapshot_of_once(ledger).encode())
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    try:
        manifest = SnapshotManifest.decode(bytes(encoded))
    except InvalidSnapshotError:
        return
    assert manifest.encode() == encoded
    headers = [one.encode() for one in ledger.headers]
    # What it says of the chunks is held against them afterwards.
    with suppress(InvalidSnapshotError):
        check_manifest(manifest, headers_of(lambda height: headers[height - 1] if height <= len(headers) else None))


_ONCE: list[SnapshotManifest] = []


def snapshot_of_once(ledger: Ledger) -> SnapshotManifest:
    if not _ONCE:
        _ONCE.append(snapshot_of(ledger, 15)[0])
    return _ONCE[0]


@settings(max_examples=examples(50), deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.binary(min_size=1, max_size=20), st.integers(0, 20_000)),
        max_size=150,
        unique_by=lambda row: row[0],
    )
)
def test_rows_come_back_out_of_chunks_that_are_as_full_as_they_can_be(rows: list[tuple[bytes, int]]) -> None:
    written = sorted((key, bytes(size)) for key, size in rows)
    chunks = list(pack_row_chunks(written))
    assert [row for _, chunk in chunks for row in unpack_row_chunk(chunk)] == written
    assert [count for count, _ in chunks] == [len(unpack_row_chunk(chunk)) for _, chunk in chunks]
    assert all(len(chunk) <= CHUNK_SIZE_BYTES_MAX for _, chunk in chunks)
    for (_, chunk), (_, after) in pairwise(chunks):
        key, value = unpack_row_chunk(after)[0]
        assert len(chunk) + 6 + len(key) + len(value) > CHUNK_SIZE_BYTES_MAX


@settings(max_examples=examples(60), deadline=None)
@given(junk=st.binary(max_size=80))
def test_junk_in_the_place_of_a_chunk_is_refused_as_such(junk: bytes) -> None:
    try:
        rows = unpack_row_chunk(junk)
    except InvalidSnapshotError:
        rows = []
    assert not rows or b"".join(len(k).to_bytes(2) + len(v).to_bytes(4) + k + v for k, v in rows) == junk
    try:
        leaves = unpack_leaf_chunk(junk)
    except InvalidSnapshotError:
        leaves = []
    assert not leaves or b"".join(leaves) == junk


def test_the_log_is_cut_into_chunks_of_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    assert LEAVES_IN_CHUNK * 32 == CHUNK_SIZE_BYTES_MAX
    # A tile instead of 128, so that a small log has several chunks.
    for module in ("chunks", "check", "making"):
        monkeypatch.setattr(f"storage.snapshot_{module}.LEAVES_IN_CHUNK", 256)
    ledger = Ledger(timers_every=1000).grow(9, entries=59)
    (early, early_chunks), (late, late_chunks) = snapshot_of(ledger, 4), snapshot_of(ledger, 7)
    assert [len(early_chunks[name]) // 32 for name in early.leaf_chunks] == [240]
    assert [len(late_chunks[name]) // 32 for name in late.leaf_chunks] == [256, 164]
    check(ledger, early, early_chunks)
    check(ledger, late, late_chunks)

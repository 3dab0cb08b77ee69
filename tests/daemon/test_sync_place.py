"""A sync on disk: works carried out with real files, interrupted anywhere, and taken over at a start."""

import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
import trio

from daemon.database_folder import create_store
from daemon.events import SyncDone
from daemon.former_database import PROVEN_BLOCKS
from daemon.inbox import Inbox
from daemon.incoming import IncomingSnapshot, SyncInterruptedError
from daemon.past_judge import WholePast
from daemon.sync_answering import SyncAnswering
from daemon.sync_desk import ANSWERS_MAX, SyncDesk
from daemon.sync_place import SyncPlace
from daemon.sync_progress import Stage, SyncProgress
from daemon.sync_work import (
    AdoptSnapshot,
    AnswerSnapshots,
    BeginIncoming,
    CheckRoom,
    DiscardIncoming,
    FillPast,
    KeepChunk,
    KeepHeaders,
    SyncWork,
    TakeSnapshot,
    Work,
)
from ledger.errors import BanyanError
from ledger.hashing import Hash, sha256
from p2p.effects import SendFrame
from p2p.snapshot_frames import Part, Snapshots, WantPart, WantPast, WantSnapshots
from storage.errors import StoreFullError
from storage.incoming_chunks import IncomingChunks
from storage.interface import CertifiedHeader, StoredBlock, StoredPayload, StoreHead, WriteBatch
from storage.lmdb_store import LmdbStore
from storage.memory import MemoryStore
from tests.daemon.node_cluster import NodeCluster
from tests.daemon.synced_ledger import day_of_work, later
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def network() -> NodeCluster:
    """Three voters at rest, whose snapshot is what comes."""
    return later(day_of_work())


@pytest.fixture
def place(tmp_path: Path, network: NodeCluster) -> SyncPlace:
    """A home with a database at the genesis."""
    create_store(tmp_path / "db", network.genesis, tmp_path / "inheritance").close()
    return SyncPlace(tmp_path / "snapshots", tmp_path / "db", network.genesis)


def opened(place: SyncPlace, folder: str = "db") -> LmdbStore:
    return LmdbStore.open(place.database.with_name(folder), place.genesis.network_id)


def works(network: NodeCluster) -> Iterator[Work]:
    """Everything from nothing to a store that can be used, as the node wants it done."""
    host = network.hosts[0]
    source, shelf = host.store, host.syncing.snapshots
    manifest = shelf.manifests[0]
    yield BeginIncoming(1)
    yield KeepHeaders(headers(source, range(1, source.head().executed_height + 1)))
    for chunk in manifest.chunks:
        yield KeepChunk(chunk, shelf.chunks[chunk])
    yield TakeSnapshot(manifest)
    yield FillPast(past(host.node, source, manifest.height), is_own=False)
    yield AdoptSnapshot()


def headers(source: MemoryStore, heights: range) -> tuple[CertifiedHeader, ...]:
    found = []
    for height in heights:
        header = source.header(height)
        assert header is not None
        found.append(CertifiedHeader(header, bytes(source.certificate(height) or b"")))
    return tuple(found)


def past(node: object, source: MemoryStore, height: int) -> tuple[WholePast, ...]:
    """All blocks from `height` downwards, as a neighbour answers."""
    from daemon.node import Node

    assert isinstance(node, Node)
    answer = SyncAnswering(node._chain, source).past(WantPast(1, height, 256, 0))
    return tuple(WholePast(block.height, block.rows) for block in answer.blocks)


def incoming(place: SyncPlace, own: LmdbStore) -> IncomingSnapshot:
    return IncomingSnapshot(own, place, IncomingChunks(place.chunks))


def test_what_came_takes_the_place_of_the_database_at_the_next_start(place: SyncPlace, network: NodeCluster) -> None:
    own = opened(place)
    desk = incoming(place, own)
    for work in works(network):
        assert desk.do(work) is None
    own.close()
    assert place.take_over()
    assert not place.take_over()
    store = opened(place)
    manifest = network.hosts[0].syncing.snapshots.manifests[0]
    assert store.head().executed_height == manifest.height
    assert store.head().kept_from == 1
    store.close()
    assert sorted(one.name for one in place.database.parent.iterdir()) == ["db", "snapshots"]
    assert list(place.snapshots.iterdir()) == [], "the database at the genesis held nothing"


def test_a_sync_goes_on_after_each_end_of_the_process(place: SyncPlace, network: NodeCluster) -> None:
    for work in works(network):
        own = opened(place)
        desk = incoming(place, own)
        assert desk.do(BeginIncoming(1)) is None
        assert isinstance(work, BeginIncoming) or desk.do(work) is None
        desk.close()
        own.close()
    assert place.take_over()
    store = opened(place)
    assert store.head().kept_from == 1
    store.close()


def test_a_crash_between_the_two_renames_is_mended(place: SyncPlace, network: NodeCluster) -> None:
    own = opened(place)
    desk = incoming(place, own)
    for work in works(network):
        assert desk.do(work) is None
    own.close()
    place.database.rename(place.former.path)
    assert place.take_over()
    store = opened(place)
    assert store.head().executed_height > 0
    store.close()
    assert not place.former.path.exists()


VALUES = tuple(StoredPayload(sha256(b"%d" % one), bytes([one]) * 32, b"v" * one * 1000) for one in range(40))


def replaced(place: SyncPlace, network: NodeCluster, values: tuple[StoredPayload, ...] = VALUES) -> None:
    """A database with a block and some values, and a snapshot's store that is to take its place."""
    source = network.hosts[0].store
    first = source.header(1)
    assert first is not None
    own = opened(place)
    block = StoredBlock(first, tuple(source.entries(0, first.leaf_count)))
    own.apply([WriteBatch(blocks=(block,) if own.head().tip_height == 0 else (), payloads=values)])
    desk = incoming(place, own)
    for work in works(network):
        assert desk.do(work) is None
    own.close()


def values_in(place: SyncPlace) -> list[StoredPayload]:
    store = opened(place)
    found = [store.payload(one.commitment) for one in VALUES]
    store.close()
    return [one for one in found if one is not None]


def test_a_database_with_blocks_stays_beside_the_new_one_which_has_its_values(
    place: SyncPlace, network: NodeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.carrying._PART_SIZE_BYTES", 50_000)
    replaced(place, network)
    assert place.take_over()
    before = opened(place, "db.before-snapshot")
    assert before.head().tip_height == 1
    before.close()
    assert values_in(place) == list(VALUES)
    assert place.former.height == network.hosts[0].syncing.snapshots.manifests[0].height


def test_values_come_along_through_each_crash_and_a_further_snapshot(
    place: SyncPlace, network: NodeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced(place, network, VALUES[:20])
    with monkeypatch.context() as crash:
        crash.setattr(Path, "rename", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            place.take_over()
    assert place.take_over()
    shutil.move(place.database, place.database.with_name("adopted"))
    create_store(place.database, network.genesis, place.database.with_name("inheritance")).close()
    replaced(place, network, VALUES[20:])
    assert place.take_over()
    assert values_in(place) == list(VALUES), "of both"


def test_where_values_cannot_be_carried_over_the_database_stays(place: SyncPlace, network: NodeCluster) -> None:
    replaced(place, network)
    data = place.database / "data.mdb"
    data.write_bytes(b"damaged" * 4096)
    assert place.take_over()
    assert (place.former.path / "data.mdb").exists() and place.former.height is None
    assert opened(place).head().kept_from == 1


@pytest.mark.trio
@pytest.mark.parametrize("keeps_all", [True, False])
async def test_the_former_database_goes_when_the_new_one_has_proven_good(
    place: SyncPlace, network: NodeCluster, autojump_clock: trio.testing.MockClock, keeps_all: bool
) -> None:
    replaced(place, network)
    assert place.take_over()
    height, lines = place.former.height, list[str]()
    assert height is not None
    store = opened(place)
    heads = [
        (replace(store.head(), executed_height=height + more, kept_from=kept), height + more, kept)
        for more, kept in ((0, 9), (PROVEN_BLOCKS - 1, 1), (PROVEN_BLOCKS, 2), (PROVEN_BLOCKS, 1))
    ]
    store.close()
    seen: list[tuple[StoreHead, int, int]] = []

    def head() -> StoreHead:
        assert place.former.path.exists()
        seen.append(heads[len(seen)])
        return seen[-1][0]

    await place.former.watch(head, keeps_all, lambda event, **_: lines.append(event))
    assert len(seen) == (4 if keeps_all else 3)
    assert lines == ["former-database", "former-database-removed"]
    assert not place.former.path.exists()
    await place.former.watch(head, keeps_all, lambda event, **_: lines.append(event))
    assert len(lines) == 2, "there is none any more"


@pytest.mark.trio
async def test_one_that_may_hold_values_of_its_own_is_told_of_and_never_removed(
    place: SyncPlace, network: NodeCluster
) -> None:
    place.former.path.mkdir()
    lines: list[tuple[str, object]] = []
    await place.former.watch(lambda: pytest.fail(), True, lambda event, **told: lines.append((event, told["level"])))
    assert lines == [("former-database", "warning")]
    assert place.former.path.exists()


def test_what_is_wrong_is_told_and_changes_nothing(place: SyncPlace, network: NodeCluster) -> None:
    own = opened(place)
    desk = incoming(place, own)
    begin, keep, *chunks, take, fill, _ = works(network)
    assert isinstance(fill, FillPast)
    assert desk.do(begin) is None and desk.do(keep) is None
    failed = desk.do(take)
    assert failed is not None and failed.chunk is not None, "a chunk is missing"
    for work in chunks:
        assert desk.do(work) is None
    assert desk.do(take) is None
    wrong = WholePast(
        fill.blocks[0].height, (fill.blocks[0].rows[0]._replace(entry=b"other"), *fill.blocks[0].rows[1:])
    )
    failed = desk.do(FillPast((wrong, *fill.blocks[1:]), is_own=False))
    assert failed is not None and failed.error.code == "block-invalid"
    assert desk.do(AdoptSnapshot()) is not None, "ids that could come again are not known"
    assert desk.do(fill) is None and desk.do(AdoptSnapshot()) is None
    own.close()


def test_an_older_snapshot_that_was_left_is_thrown_away(place: SyncPlace, network: NodeCluster) -> None:
    own = opened(place)
    desk = incoming(place, own)
    *first, _, _ = works(network)
    for work in first:
        assert desk.do(work) is None
    assert desk.taken_height > 0
    assert desk.do(BeginIncoming(desk.taken_height + 1)) is None
    assert (desk.taken_height, desk.headers_height) == (0, 0)
    desk.close()
    own.close()


@pytest.mark.trio
async def test_the_desk_works_in_order_answers_and_tells_how_far_it_is(
    place: SyncPlace, network: NodeCluster, autojump_clock: trio.testing.MockClock
) -> None:
    own = opened(place)
    lines: list[dict[str, object]] = []
    desk = SyncDesk(
        incoming(place, own),
        network.hosts[0].syncing.snapshots,
        lambda event, **fields: lines.append({"event": event, **fields}),
    )
    inbox, sent = Inbox(lambda: 5), list[SendFrame]()
    manifest = network.hosts[0].syncing.snapshots.manifests[0]
    stages = iter([SyncProgress(Stage.CHUNKS, 9, 1, 2), *[SyncProgress(Stage.CHUNKS, 9, 2, 2)] * 12, SyncProgress()])
    last = [SyncProgress()]

    def progress() -> SyncProgress:
        last[0] = next(stages, last[0])
        return last[0]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.run, inbox, sent.append, progress)
        for ticket, work in enumerate(works(network), 1):
            desk.take(SyncWork(ticket, work))
        asked: Sequence[WantSnapshots | WantPart] = (
            WantSnapshots(1),
            WantPart(2, manifest.hash, 0),
            WantPart(3, manifest.hash, 1),
            WantPart(4, bytes(32), 1),
        )
        for question in asked:
            desk.take(AnswerSnapshots(b"p" * 32, question))
        for ticket in range(1, 6 + len(manifest.chunks)):
            event = await inbox.next()
            assert event == SyncDone(5, ticket)
        await desk.adopted.wait()
        for _ in range(30):
            autojump_clock.jump(1)
            await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    answers = [one.frame for one in sent]
    assert isinstance(answers[0], Snapshots) and answers[0].offers[0].manifest_hash == manifest.hash
    assert next(one.data for one in answers[1:] if isinstance(one, Part)) == manifest.encode()
    assert isinstance(answers[3], Part) and answers[3].data == b""
    told = [(one["stage"], one["done"]) for one in lines]
    assert told == [("chunks", 1), ("chunks", 2), ("idle", 0)]
    own.close()


@pytest.mark.trio
async def test_without_room_nothing_comes_and_what_came_can_be_thrown_away(
    place: SyncPlace, network: NodeCluster
) -> None:
    own = opened(place)
    lacking = StoreFullError("no room for chunks")

    def lacks(chunks_bytes: int, store_bytes: int) -> BanyanError | None:
        return lacking if chunks_bytes + store_bytes > 9 else None

    there = IncomingSnapshot(own, place, IncomingChunks(place.chunks), lacks)
    desk = SyncDesk(there, network.hosts[0].syncing.snapshots, lambda *_, **__: None, lambda: has_room)
    inbox, has_room = Inbox(lambda: 5), True
    begin, headers_, chunk, *_ = works(network)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.run, inbox, lambda _: None, SyncProgress)

        async def failed(work: Work) -> BanyanError | None:
            desk.take(SyncWork(1, work))
            event = await inbox.next()
            assert isinstance(event, SyncDone)
            return None if event.failed is None else event.failed.error

        assert [await failed(work) for work in (begin, headers_, chunk, CheckRoom(4, 5))] == [None] * 4
        assert await failed(CheckRoom(5, 5)) is lacking
        assert list(place.chunks.iterdir()) != []
        has_room = False
        assert isinstance(await failed(chunk), StoreFullError)
        assert await failed(DiscardIncoming()) is None
        assert there.headers_height == 0 and not place.chunks.parent.exists()
        nursery.cancel_scope.cancel()
    own.close()


@pytest.mark.trio
async def test_a_load_under_way_is_given_up_when_the_node_ends(place: SyncPlace, network: NodeCluster) -> None:
    own = opened(place)
    desk = incoming(place, own)
    *first, take, _, _ = works(network)
    for work in first:
        assert desk.do(work) is None
    reading, go_on = threading.Event(), threading.Event()
    read = desk._chunks.read

    def slowly(name: Hash) -> bytes:
        reading.set()
        go_on.wait(20)
        wait_until(lambda: desk._is_stopping, 20, "it was told to give up")
        return read(name)

    desk._chunks.read = slowly  # type: ignore[method-assign]
    inbox = Inbox(lambda: 5)
    shelf = SyncDesk(desk, network.hosts[0].syncing.snapshots, lambda *_, **__: None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(shelf.run, inbox, lambda _: None, SyncProgress)
        shelf.take(SyncWork(1, take))
        await trio.to_thread.run_sync(reading.wait, 20)
        nursery.cancel_scope.cancel()
        go_on.set()
    again = incoming(place, own)
    assert again.do(BeginIncoming(1)) is None
    assert again.taken_height == 0 and again.headers_height > 0
    assert again.do(take) is None
    again.close()
    own.close()
    assert SyncInterruptedError.code == "sync-interrupted" and ANSWERS_MAX > 0

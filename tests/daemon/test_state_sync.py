"""Nodes that join by snapshot: real nodes, stores in memory, and liars. Source: docs/protocol.md, section 10."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import Mock

import pytest

from daemon.snapshot_inquiry import GONE_MAX
from daemon.sync_progress import Stage
from daemon.sync_work import (
    AdoptSnapshot,
    CheckRoom,
    DiscardIncoming,
    FillPast,
    KeepChunk,
    KeepHeaders,
    TakeSnapshot,
    Work,
)
from ledger.hashing import Hash
from p2p import frames
from p2p.effects import Blame
from p2p.frame import Frame
from p2p.frames import decode_frame, encode_frame
from p2p.snapshot_frames import Headers, Part, Past, PastBlock, Snapshots
from storage.errors import StoreFullError
from storage.memory import MemoryStore
from storage.snapshot_chunks import chunk_hash
from tests.daemon.node_cluster import NodeCluster, NodeHost
from tests.daemon.old_copy import executed_up_to
from tests.daemon.synced_ledger import Ledger, day_of_work, later, notice, until


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return day_of_work()


def did(host: NodeHost, kind: type[Work]) -> int:
    """How often a node had such work done."""
    return sum(isinstance(one, kind) for one in host.syncing.works)


def is_level(host: NodeHost, cluster: NodeCluster) -> bool:
    return host.store.head().executed_height == cluster.hosts[0].store.head().executed_height


def assert_same_ledger(one: MemoryStore, two: MemoryStore) -> None:
    """Both stores hold the same, down to the last link; of the certificates of the newest block there are several."""
    size = two.head().tree_size
    heights = range(1, two.head().executed_height + 1)
    # Of a checkpoint, too: any quorum makes one.
    assert replace(one.head(), checkpoint=None) == replace(two.head(), checkpoint=None)
    assert list(one.entries(0, size)) == list(two.entries(0, size))
    assert [one.result(index) for index in range(size)] == [two.result(index) for index in range(size)]
    assert [one.timer_effects(height) for height in heights] == [two.timer_effects(height) for height in heights]
    assert all(one.certificate(height) for height in heights)
    assert one.subject_links("unit/branch-1") == two.subject_links("unit/branch-1")
    assert list(one.scan_state(b"")) == list(two.scan_state(b""))


def lie(cluster: NodeCluster, liar: NodeHost, changed: Callable[[Frame], Frame]) -> None:
    """From now on everything that this node sends is changed on its way."""

    class Network(type(cluster.network)):  # type: ignore[misc]
        def append(self, frame: tuple[Hash, Hash, bytes]) -> None:
            sender, receiver, data = frame
            if sender == liar.id:
                data = encode_frame(changed(decode_frame(data)))
            super().append((sender, receiver, data))

    cluster.network = Network(cluster.network)


def blamed(host: NodeHost, *others: NodeHost) -> list[str]:
    """What a node ever held against others."""
    ids = [one.id for one in others]
    return [one.offence.value for one in host.other if isinstance(one, Blame) and one.peer in ids]


def test_a_new_node_takes_the_state_and_fills_in_the_rest(ledger: Ledger) -> None:
    cluster = later(ledger)
    late = cluster.hosts[3]
    late.start()
    until(cluster, lambda: did(late, AdoptSnapshot), step_ms=100)
    kept_from = late.store.head().kept_from
    assert 1 < kept_from < late.store.head().executed_height, "what can come again is known before it begins"
    assert not late.executed, "it executed nothing to get there"
    notice(cluster, "afterwards")
    until(cluster, lambda: late.store.head().kept_from == 1)
    cluster.run(1500)
    assert is_level(late, cluster)
    assert_same_ledger(late.store, cluster.hosts[0].store)
    assert late.node is not None and late.node.status().sync.stage is Stage.IDLE
    assert late.reports == [] and late.alarms == []
    assert blamed(late, *cluster.hosts) == []


def test_a_light_node_leaves_out_what_is_old(ledger: Ledger) -> None:
    cluster = later(ledger, keeps_all=False)
    late = cluster.hosts[3]
    late.start()
    until(cluster, lambda: did(late, AdoptSnapshot))
    kept_from = late.store.head().kept_from
    cluster.run(3000)
    assert late.store.head().kept_from == kept_from > 1
    assert is_level(late, cluster)
    # A further node gets from it what it keeps, and the rest from the others.
    assert late.store.header(1) is not None and late.store.certificate(1)


def test_a_node_that_is_only_a_little_behind_executes_the_blocks(ledger: Ledger) -> None:
    cluster = later(ledger, behind=1000)
    late = cluster.hosts[3]
    late.start()
    until(cluster, lambda: is_level(late, cluster))
    assert late.syncing.works == []
    assert len(late.executed) == late.store.head().executed_height


def test_blocks_have_to_do_where_nobody_has_a_snapshot(ledger: Ledger) -> None:
    cluster = later(ledger, snapshots=False)
    late = cluster.hosts[3]
    late.start()
    until(cluster, lambda: is_level(late, cluster))
    assert late.syncing.works == []
    assert len(late.executed) == late.store.head().executed_height


def test_a_voter_that_was_away_goes_on_from_its_own_headers(ledger: Ledger) -> None:
    """It was up to date once, lost its newest blocks with an old copy of its disk, and signed more than it has now."""
    cluster = later(ledger)
    away = cluster.hosts[2]
    away.crash()
    away.store = executed_up_to(cluster.genesis, away.store, 8)
    away.start()
    until(cluster, lambda: did(away, AdoptSnapshot))
    assert did(away, KeepHeaders) == 1
    until(cluster, lambda: is_level(away, cluster) and away.store.head().kept_from == 1)
    assert_same_ledger(away.store, cluster.hosts[0].store)
    assert away.node is not None and away.node.status().role in ("follower", "leader")
    # With one of the others gone, its acknowledgements are needed: it recovered from what it had signed.
    cluster.hosts[0].crash()
    until(cluster, lambda: cluster.leader is not None)
    notice(cluster, "needs two")
    height = away.store.head().executed_height
    until(cluster, lambda: away.store.head().executed_height > height)


def test_wrong_chunks_are_refused_and_their_sender_pays(ledger: Ledger) -> None:
    cluster = later(ledger)
    late = cluster.hosts[3]

    def changed(frame: Frame) -> Frame:
        is_chunk = isinstance(frame, Part) and frame.data[1:9] != b"\xa8snapsho"
        return replace(frame, data=frame.data[:-1] + b"\0" + frame.data[-1:]) if is_chunk else frame  # type: ignore

    for liar in cluster.hosts[:2]:
        lie(cluster, liar, changed)
    late.start()
    until(cluster, lambda: did(late, AdoptSnapshot))
    until(cluster, lambda: late.store.head().kept_from == 1 and is_level(late, cluster))
    assert_same_ledger(late.store, cluster.hosts[2].store)
    assert "invalid-snapshot" in blamed(late, *cluster.hosts[:2])
    assert blamed(late, cluster.hosts[2]) == []


@pytest.mark.parametrize("what", ["state", "records", "height"])
def test_a_snapshot_that_no_header_proves_is_refused(ledger: Ledger, what: str) -> None:
    """A liar's snapshot is newer than that of the others, or another one for the same height, whole and consistent."""
    cluster = later(ledger)
    late, liar = cluster.hosts[3], cluster.hosts[0]
    true = liar.syncing.snapshots.manifests[0]
    if what == "state":
        false = replace(true, state_digest=bytes(32))
    elif what == "height":
        false = replace(true, height=true.height + 1)
    else:
        # A chunk that fits its hash, and holds other records.
        chunk = liar.syncing.snapshots.chunks[true.record_chunks[-1]]
        other = chunk[:-1] + bytes([chunk[-1] ^ 1])
        liar.syncing.snapshots.keep(other)
        false = replace(true, record_chunks=(*true.record_chunks[:-1], chunk_hash(other)))
    liar.syncing.snapshots.manifests = [false]
    for host in cluster.hosts[1:3]:
        host.syncing.snapshots.manifests *= 1 if what == "height" else 0
    late.start()
    until(cluster, lambda: "invalid-snapshot" in blamed(late, liar))
    for host in cluster.hosts[1:3]:
        host.syncing.snapshots.manifests = [true]
    until(cluster, lambda: is_level(late, cluster) and late.store.head().kept_from == 1, 120)
    assert_same_ledger(late.store, cluster.hosts[1].store)
    assert blamed(late, *cluster.hosts[1:]) == []


def _wrong_header(frame: Frame) -> Frame:
    if not isinstance(frame, Headers):
        return frame
    first, *rest = frame.headers
    return replace(frame, headers=(first._replace(signature=bytes(64)), *rest))


def _wrong_result(frame: Frame) -> Frame:
    if not isinstance(frame, Past) or not frame.blocks:
        return frame
    blocks = []
    for block in frame.blocks:
        rows = tuple(row._replace(result=row.result[:-1] + b"\1") if row.result else row for row in block.rows)
        blocks.append(PastBlock(block.height, block.place, rows))
    return replace(frame, blocks=tuple(blocks))


def _wrong_entry(frame: Frame) -> Frame:
    if not isinstance(frame, Past) or not frame.blocks:
        return frame
    block = frame.blocks[0]
    rows = (block.rows[0]._replace(entry=b"other"), *block.rows[1:])
    return replace(frame, blocks=(PastBlock(block.height, block.place, rows), *frame.blocks[1:]))


def _wrong_height(frame: Frame) -> Frame:
    if not isinstance(frame, Past) or not frame.blocks:
        return frame
    block = frame.blocks[0]
    return replace(frame, blocks=(block._replace(height=block.height + 1), *frame.blocks[1:]))


@pytest.mark.parametrize("changed", [_wrong_header, _wrong_result, _wrong_entry, _wrong_height])
def test_wrong_headers_and_past_blocks_are_refused(ledger: Ledger, changed: Callable[[Frame], Frame]) -> None:
    cluster = later(ledger)
    late = cluster.hosts[3]
    for host in cluster.hosts[:2]:
        lie(cluster, host, changed)
    late.start()
    until(cluster, lambda: is_level(late, cluster) and late.store.head().kept_from == 1, 180)
    assert did(late, AdoptSnapshot) == 1
    assert_same_ledger(late.store, cluster.hosts[2].store)
    assert "invalid-block" in blamed(late, *cluster.hosts[:2])
    assert blamed(late, cluster.hosts[2]) == []


def test_an_interrupted_sync_goes_on_where_it_was(ledger: Ledger) -> None:
    """Killed after each kind of work in turn: nothing is fetched twice, and the end is the same."""
    cluster = later(ledger)
    late = cluster.hosts[3]
    late.start()
    for kind in (KeepHeaders, KeepChunk, TakeSnapshot, FillPast):
        until(cluster, lambda kind=kind: did(late, kind) or did(late, AdoptSnapshot))  # type: ignore[misc]
        late.crash()
        late.start()
    until(cluster, lambda: late.store.head().kept_from == 1 and is_level(late, cluster))
    assert (did(late, KeepHeaders), did(late, TakeSnapshot), did(late, AdoptSnapshot)) == (1, 1, 1)
    assert_same_ledger(late.store, cluster.hosts[0].store)


def test_another_source_takes_over_from_one_that_goes(ledger: Ledger) -> None:
    cluster = later(ledger)
    late = cluster.hosts[3]
    late.start()
    until(cluster, lambda: did(late, KeepHeaders))
    cluster.hosts[0].crash()
    until(cluster, lambda: did(late, AdoptSnapshot))
    cluster.run(3000)
    assert late.store.head().executed_height == cluster.hosts[1].store.head().executed_height
    assert_same_ledger(late.store, cluster.hosts[1].store)


def test_a_snapshot_that_is_gone_makes_room_for_the_next(ledger: Ledger) -> None:
    """The sources keep their newest two: while a node fetches one, they may make others."""
    cluster = later(ledger)
    late = cluster.hosts[3]
    late.start()
    until(cluster, lambda: did(late, KeepHeaders))
    for host in cluster.hosts[:3]:
        host.syncing.snapshots.manifests = []
    notice(cluster, "one more")
    cluster.run(2500)
    for host in cluster.hosts[:3]:
        host.syncing.make(host.store)
    until(cluster, lambda: late.store.head().kept_from == 1 and is_level(late, cluster), 90)
    assert_same_ledger(late.store, cluster.hosts[0].store)
    assert blamed(late, *cluster.hosts) == []


def offered_first(cluster: NodeCluster, offers: list[tuple[int, Hash]]) -> Counter[Hash]:
    """Each voter offers these when it is asked for the first time; counts how often each is asked."""
    asked: Counter[Hash] = Counter()
    for host in cluster.hosts[:3]:
        shelf = host.syncing.snapshots

        def first(host: NodeHost = host, now: Callable[[], list[tuple[int, Hash]]] = shelf.offers) -> object:
            asked[host.id] += 1
            return offers if asked[host.id] == 1 else now()

        shelf.offers = first  # type: ignore[method-assign, assignment]
    return asked


def test_a_snapshot_that_was_replaced_meanwhile_costs_a_moment(ledger: Ledger) -> None:
    """A source that has no longer what it offered is asked at once what it has now."""
    cluster = later(ledger)
    late = cluster.hosts[3]
    asked = offered_first(cluster, [(cluster.hosts[0].syncing.snapshots.manifests[0].height, bytes(32))])
    late.start()
    until(cluster, lambda: did(late, AdoptSnapshot), 3, 100)
    assert set(asked.values()) == {2}
    assert blamed(late, *cluster.hosts) == [], "nobody did anything wrong"


def test_sources_that_never_have_what_they_offer_do_not_keep_a_node_from_the_blocks(ledger: Ledger) -> None:
    cluster = later(ledger)
    late = cluster.hosts[3]
    for host in cluster.hosts[:3]:
        host.syncing.snapshots.chunks.clear()
    asked = offered_first(cluster, cluster.hosts[0].syncing.snapshots.offers())
    late.start()
    until(cluster, lambda: is_level(late, cluster), 20)
    assert did(late, TakeSnapshot) == 0 and len(late.executed) == late.store.head().executed_height
    assert 1 < max(asked.values()) <= 1 + GONE_MAX


def test_a_snapshot_that_the_disk_has_no_room_for_is_not_fetched(ledger: Ledger) -> None:
    cluster = later(ledger)
    late = cluster.hosts[3]
    late.syncing.lacking = StoreFullError("no room for it")
    asked = Mock(return_value=None)
    for host in cluster.hosts[:3]:
        host.syncing.snapshots.chunk = asked  # type: ignore[method-assign]
    late.start()
    until(cluster, lambda: is_level(late, cluster), 20)
    assert did(late, CheckRoom) >= 1 and not asked.called
    assert late.reports[0] is late.syncing.lacking
    assert len(late.executed) == late.store.head().executed_height, "the blocks needed less"


@pytest.mark.parametrize("kind", [KeepChunk, TakeSnapshot, FillPast])
def test_what_came_makes_way_where_the_disk_is_full(ledger: Ledger, kind: type[Work]) -> None:
    """A minute later it is tried again; until then the node has what the ledger needs."""
    cluster = later(ledger, keeps_all=False)
    late = cluster.hosts[3]
    late.syncing.full_for = (kind,)
    late.start()
    until(cluster, lambda: did(late, DiscardIncoming), step_ms=100)
    assert (late.syncing.chunks.chunks, late.syncing.loading) == ({}, None)
    tried = len(late.syncing.works)
    cluster.run(1000)
    assert len(late.syncing.works) == tried, "not again and again"
    until(cluster, lambda: is_level(late, cluster), 20)
    assert len(late.executed) == late.store.head().executed_height, "the blocks went on meanwhile"
    assert blamed(late, *cluster.hosts) == []


def test_what_an_abandoned_sync_left_is_thrown_away(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.sync_leftovers.NEAR_MS", 2000)
    cluster = later(ledger)
    late = cluster.hosts[3]
    for host in cluster.hosts[:3]:
        host.syncing.snapshots.chunks.clear()
    late.start()
    until(cluster, lambda: is_level(late, cluster), 20)
    assert late.syncing.loading is not None, "headers came"
    until(cluster, lambda: did(late, DiscardIncoming))
    assert late.syncing.loading is None


def test_nobody_is_answered_what_was_not_asked(ledger: Ledger) -> None:
    cluster = later(ledger)
    host, other = cluster.hosts[:2]
    for frame in (Part(7, b"x"), Headers(7, (), ()), Snapshots(7, ())):
        cluster.network.append((other.id, host.id, encode_frame(frame)))
    cluster.deliver()
    assert blamed(host, other) == [], "a node that does not sync looks at none of it"
    assert frames.KINDS[17] is Snapshots

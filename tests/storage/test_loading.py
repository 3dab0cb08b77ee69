"""A store that begins with a snapshot, in memory and on disk: how it is made, what it answers, how it is filled."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.errors import LocalError
from ledger.tree import CompactRange, inclusion_path, leaf_hash, verify_inclusion
from storage.errors import NotKeptError, StoreDamagedError, StoreExistsError
from storage.interface import Store
from storage.lmdb_loading import LmdbLoading
from storage.lmdb_store import LmdbStore
from storage.loading import Loading
from storage.memory_loading import MemoryLoading
from storage.snapshot_errors import InvalidSnapshotError
from tests.storage.chain_growth import NETWORK_ID, OTHER_NETWORK_ID, transaction_id
from tests.storage.ledger_growth import BLOCK_MS, SUBJECT, Ledger
from tests.storage.snapshots import certified_headers, snapshot_of, take

BASE = 16
NEWEST = 22
# What was entered in the last ten seconds of block time before the base, itself included, is needed.
LIFETIME_MS = 10 * BLOCK_MS


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger().grow(NEWEST)


@pytest.fixture(params=["memory", "lmdb"])
def loading(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Loading]:
    makers: dict[str, Callable[[], Loading]] = {
        "memory": lambda: MemoryLoading(NETWORK_ID),
        "lmdb": lambda: LmdbLoading.begin(tmp_path / "incoming" / "db", NETWORK_ID),
    }
    made = makers[request.param]()
    yield made
    made.close()


def finished(loading: Loading, tmp_path: Path) -> Store:
    """The loaded store."""
    if isinstance(loading, MemoryLoading):
        return loading.finish(LIFETIME_MS)
    assert isinstance(loading, LmdbLoading)
    loading.finish(tmp_path / "db", LIFETIME_MS)
    return LmdbStore.open(tmp_path / "db", NETWORK_ID)


def test_headers_come_in_ranges_and_follow_each_other(ledger: Ledger, loading: Loading) -> None:
    headers = certified_headers(ledger)
    assert loading.headers_height == 0
    loading.add_headers(headers[:5])
    with pytest.raises(LocalError, match="block 7 does not follow"):
        loading.add_headers(headers[6:8])
    loading.add_headers(headers[5:])
    assert loading.headers_height == NEWEST
    loading.drop_headers_from(9)
    assert loading.headers_height == 8
    assert loading.header(9) is None
    loading.add_headers(headers[8:12])
    assert loading.header(12) == headers[11].header
    assert loading.certificate(12) == headers[11].certificate
    assert not loading.is_taken


def test_the_loaded_store_stands_where_the_snapshot_does(ledger: Ledger, loading: Loading) -> None:
    take(loading, ledger, BASE)
    reader, whole = loading.reader, ledger.store()
    head, header = reader.head(), ledger.headers[BASE - 1]
    assert (head.executed_height, head.tip_height, head.tip_hash) == (BASE, BASE, header.hash)
    assert (head.tree_size, head.kept_from) == (header.tree_size, BASE + 1)
    assert head.state_digest == ledger.digests[BASE]
    assert CompactRange.from_tiles(reader, head.tree_size).root() == header.tree_root
    for height in range(1, BASE + 1):
        assert reader.header(height) == whole.header(height)
        assert reader.certificate(height) == whole.certificate(height)
    assert [reader.height_of(index) for index in (0, 4, head.tree_size - 1, head.tree_size)] == [1, 2, BASE, None]
    assert loading.headers_height == BASE


def test_what_is_older_is_not_kept_rather_than_not_there(ledger: Ledger, loading: Loading) -> None:
    take(loading, ledger, BASE)
    reader = loading.reader
    for ask in (
        lambda: reader.entries(0, 5),
        lambda: reader.entries(ledger.headers[BASE - 1].tree_size - 1, 5),
        lambda: reader.result(1),
        lambda: reader.timer_effects(1),
        lambda: reader.subject_links(SUBJECT),
        lambda: reader.subject_links(SUBJECT, 47, 1),
    ):
        with pytest.raises(NotKeptError, match=f"from block {BASE + 1} on"):
            ask()
    assert list(reader.subject_links(SUBJECT, 48)) == []
    assert list(reader.subject_links("unit/unknown")) == []
    assert list(reader.entries(ledger.headers[BASE - 1].tree_size, 5)) == []
    assert reader.index_of(transaction_id(ledger.past[3].entries[1])) is None


def test_the_results_that_the_next_block_states_are_there(ledger: Ledger, loading: Loading) -> None:
    take(loading, ledger, BASE)
    reader = loading.reader
    for height in (BASE - 1, BASE):
        past = ledger.past[height]
        assert [reader.result(one.leaf_index) for one in past.results] == [one.leaf for one in past.results]
        assert tuple(reader.timer_effects(height)) == past.effects
    with pytest.raises(NotKeptError):
        reader.result(ledger.past[BASE - 2].results[0].leaf_index)


def test_it_goes_on_as_a_whole_store_does(ledger: Ledger, loading: Loading, tmp_path: Path) -> None:
    take(loading, ledger, BASE)
    ledger.fill(loading.reader, loading.needed_from(LIFETIME_MS))
    store = finished(loading, tmp_path)
    store.apply(ledger.batches[BASE:])
    head, whole = store.head(), ledger.store().head()
    assert head.kept_from == BASE - 10
    assert (head.tip_hash, head.state_digest, head.tree_size) == (whole.tip_hash, whole.state_digest, whole.tree_size)
    assert dict(store.scan_state(b"")) == ledger.records
    index = ledger.past[BASE - 5].results[0].leaf_index
    path = inclusion_path(store, index, head.tree_size)
    verify_inclusion(leaf_hash(store.entries(index, 1)[0]), index, head.tree_size, path, ledger.tree.root())
    used = transaction_id(ledger.past[BASE - 9].entries[1])
    assert store.duplicates([used], (BASE + 1) * BLOCK_MS) == {used}
    store.close()


def test_a_store_that_is_filled_to_the_first_block_is_whole(ledger: Ledger, loading: Loading, tmp_path: Path) -> None:
    take(loading, ledger, BASE)
    ledger.fill(loading.reader, 5)
    assert loading.reader.head().kept_from == 5
    with pytest.raises(NotKeptError, match="from block 5 on"):
        loading.reader.entries(0, 1)
    first = ledger.past[5].links[0].sequence
    assert loading.reader.subject_links(SUBJECT, first - 1)[0] == ledger.past[5].links[0]
    store = finished(loading, tmp_path)
    store.apply(ledger.batches[BASE:])
    ledger.fill(store, 1)
    whole = ledger.store()
    assert store.head() == whole.head()
    assert list(store.entries(0, 10_000)) == list(whole.entries(0, 10_000))
    assert list(store.subject_links(SUBJECT)) == ledger.chain
    for height in range(1, NEWEST + 1):
        past = ledger.past[height]
        assert tuple(store.timer_effects(height)) == past.effects
        assert [store.result(one.leaf_index) for one in past.results] == [one.leaf for one in past.results]
        assert [store.index_of(one.id) for one in past.ids] == [one.leaf_index for one in past.ids]
    store.close()


def test_only_the_block_below_is_taken_and_only_its_own_entries(ledger: Ledger, loading: Loading) -> None:
    take(loading, ledger, BASE)
    with pytest.raises(LocalError, match="filled downwards"):
        loading.fill([ledger.past[BASE - 1]])
    forged = Ledger().grow(BASE, size_bytes=31).past[BASE]
    with pytest.raises(LocalError, match="entries are not those of block 16"):
        loading.fill([forged])
    with pytest.raises(LocalError, match="filled downwards"):
        loading.fill([ledger.past[BASE], ledger.past[BASE - 2]])
    assert loading.reader.head().kept_from == BASE + 1
    loading.fill([ledger.past[BASE], ledger.past[BASE - 1]])
    assert loading.reader.head().kept_from == BASE - 1


def test_nobody_gets_a_store_that_would_take_a_transaction_twice(
    ledger: Ledger, loading: Loading, tmp_path: Path
) -> None:
    take(loading, ledger, BASE)
    assert loading.needed_from(LIFETIME_MS) == BASE - 10
    assert loading.needed_from(100 * LIFETIME_MS) == 1
    ledger.fill(loading.reader, BASE - 9)
    with pytest.raises(LocalError, match="a node needs it from block 6 on"):
        finished(loading, tmp_path)


def test_a_snapshot_that_fails_leaves_the_headers_and_can_be_tried_again(ledger: Ledger, loading: Loading) -> None:
    manifest, chunks = snapshot_of(ledger, BASE)
    loading.add_headers(certified_headers(ledger))
    wrong = dict(chunks) | {manifest.record_chunks[0]: b"not a chunk"}
    with pytest.raises(InvalidSnapshotError):
        loading.take(manifest, wrong.__getitem__)
    assert not loading.is_taken
    with pytest.raises(LocalError, match="before its snapshot is loaded"):
        loading.reader.head()
    loading.take(manifest, chunks.__getitem__)
    assert dict(loading.reader.scan_state(b"")) != {}
    with pytest.raises(LocalError, match="cannot be changed"):
        loading.drop_headers_from(3)


def test_an_interrupted_load_goes_on_with_its_headers(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "db"
    manifest, chunks = snapshot_of(ledger, BASE)
    first = LmdbLoading.begin(path, NETWORK_ID)
    first.add_headers(certified_headers(ledger, 12))
    first.close()
    with pytest.raises(StoreDamagedError):
        LmdbStore.open(path, NETWORK_ID)
    second = LmdbLoading.begin(path, NETWORK_ID)
    assert second.headers_height == 12
    second.add_headers(certified_headers(ledger)[12:])
    second.take(manifest, chunks.__getitem__)
    second.close()
    third = LmdbLoading.begin(path, NETWORK_ID)
    assert third.is_taken
    ledger.fill(third.reader, 1)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with pytest.raises(StoreExistsError):
        third.finish(tmp_path / "taken", LIFETIME_MS)
    third.finish(tmp_path / "ledger", LIFETIME_MS)
    assert not path.exists()
    store = LmdbStore.open(tmp_path / "ledger", NETWORK_ID)
    assert store.head().kept_from == 1
    store.close()


@pytest.mark.parametrize("leave", ["another network", "damage"])
def test_a_load_of_no_use_is_begun_anew(ledger: Ledger, tmp_path: Path, leave: str) -> None:
    path = tmp_path / "db"
    first = LmdbLoading.begin(path, OTHER_NETWORK_ID if leave == "another network" else NETWORK_ID)
    first.close()
    if leave == "damage":
        (path / "data.mdb").write_bytes(b"what a broken disk left" * 1000)
    second = LmdbLoading.begin(path, NETWORK_ID)
    assert second.headers_height == 0
    second.add_headers(certified_headers(ledger, 2))
    second.close()

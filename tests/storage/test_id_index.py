"""The id index: runs of several levels, ids that share a prefix, and questions while it is rebuilt."""

import random
import threading
from collections.abc import Iterator
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from ledger.errors import LocalError
from ledger.hashing import Hash
from storage.errors import StoreDamagedError
from storage.id_manifest import Garbage, Manifest, Merge, Run
from storage.id_merge import IdIndexSizes
from storage.id_segment import REST_PART_COUNT, pack_ids, unpack_ids
from storage.interface import ExecutedId, StoredBlock, StoredExecution, WriteBatch
from storage.layout import MalformedRecordError
from storage.lmdb_store import LmdbStore, StoreSizes
from tests.examples import examples
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID, Growth
from tests.storage.processes import ended, receive, start_apart
from tests.waiting import join

NUMBERS = st.integers(0, 2**40)


class Filler:
    """Blocks whose entries are empty and whose ids are given: as many ids as one likes, quickly."""

    def __init__(self, path: Path, sizes: IdIndexSizes) -> None:
        self.path, self.sizes = path, sizes
        self.store = LmdbStore.create(path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES, sizes=StoreSizes(ids=sizes))
        self.growth = Growth()
        self.expected: dict[Hash, tuple[int, int]] = {}

    def batch(self, ids: list[Hash], expires_ms: int) -> WriteBatch:
        block: StoredBlock = self.growth.block(len(ids) + 1, size_bytes=0)
        execution: StoredExecution = self.growth.execution()
        first = block.header.first_index + 1
        executed = tuple(ExecutedId(one, expires_ms, first + place) for place, one in enumerate(ids))
        self.expected.update((one.id, (one.expires_ms, one.leaf_index)) for one in executed)
        fields = {name: getattr(execution, name) for name in execution.__dataclass_fields__}
        return WriteBatch(blocks=(block,), executions=(StoredExecution(**(fields | {"ids": executed})),))

    def add(self, ids: list[Hash], expires_ms: int) -> None:
        self.store.apply([self.batch(ids, expires_ms)])

    def check(self, sample: int = 1_000) -> None:
        known = list(self.expected)
        asked = random.Random(1).sample(known, min(sample, len(known)))
        assert {one: self.store.index_of(one) for one in asked} == {one: self.expected[one][1] for one in asked}
        unknown = [sha256(b"unknown %d" % number).digest() for number in range(100)]
        assert [self.store.index_of(one) for one in unknown] == [None] * 100
        for now_ms in (0, 500, 10**9):
            expected = {one for one in asked if self.expected[one][0] >= now_ms}
            assert self.store.duplicates(asked + unknown, now_ms) == expected
            expiries = [self.expected[one][0] for one in asked] + [300] * 100
            assert self.store.duplicates(asked + unknown, now_ms, expiries) == expected

    def manifest(self) -> Manifest:
        """As it is on disk."""
        with self.store._environment.read() as transaction:
            record = transaction.get(b"ids", db=self.store._environment.tables["meta"])
        assert record is not None
        return Manifest.unpack(record)


@pytest.fixture
def filler(store_path: Path) -> Iterator[Filler]:
    made = Filler(store_path, IdIndexSizes(journal_id_count=3_000, segment_id_count=1_000, fan_out=3))
    yield made
    made.store.close()


def random_ids(count: int, seed: int) -> list[Hash]:
    chance = random.Random(seed)
    return [chance.randbytes(32) for _ in range(count)]


def test_a_hundred_thousand_ids_over_several_levels(filler: Filler) -> None:
    for number in range(100):
        filler.add(random_ids(1_000, number), 10 * number)
        filler.store.maintain()
    filler.check()
    while filler.store.maintain():
        pass
    filler.check()
    manifest = filler.manifest()
    # 33 runs were flushed, and 33 is 1020 to the base of 3.
    assert sorted(run.level for run in manifest.runs) == [1, 1, 3]
    assert max(run.segment_bits for run in manifest.runs) >= 5
    assert sum(run.id_count for run in manifest.runs) >= 97_000
    assert (manifest.merges, manifest.garbage) == ((), ())
    for level in {run.level for run in manifest.runs}:
        assert sum(run.level == level for run in manifest.runs) < filler.sizes.fan_out
    with filler.store._environment.read() as transaction:
        rows = transaction.stat(filler.store._environment.tables["id_runs"])["entries"]
    # A column of prefixes a segment and a part of rests for each 2,048 ids begun: nothing else is left behind.
    assert rows <= sum(run.segment_count * (2 + 2_000 // REST_PART_COUNT) for run in manifest.runs)


def test_work_that_is_never_done_in_between_is_done_by_writes(filler: Filler) -> None:
    for number in range(60):
        filler.add(random_ids(1_000, number), 10 * number)
    filler.check()
    manifest = filler.manifest()
    with filler.store._environment.read() as transaction:
        waiting = transaction.stat(filler.store._environment.tables["id_journal"])["entries"]
    assert waiting < 2 * 3
    for level in {run.level for run in manifest.runs}:
        assert sum(run.level == level for run in manifest.runs) <= 2 * filler.sizes.fan_out


def test_ids_that_share_a_prefix_are_told_apart(filler: Filler) -> None:
    crowd = [b"\x55" * 8 + number.to_bytes(24) for number in range(5_000)]
    for number in range(10):
        filler.add(crowd[number::10] + random_ids(700, number), 100 * number)
        is_due = filler.store.is_maintenance_due
        while filler.store.maintain():
            assert is_due
            is_due = filler.store.is_maintenance_due
        assert not is_due
    filler.check(100)
    absent = b"\x55" * 8 + (9_999).to_bytes(24)
    assert filler.store.index_of(absent) is None
    assert filler.store.duplicates([absent, *crowd[:20]], 0) == set(crowd[:20])


def test_the_edges_of_the_number_range(filler: Filler) -> None:
    edges = [bytes(32), b"\xff" * 32, b"\x80" + bytes(31), b"\x7f" + b"\xff" * 31, b"\xff" * 8 + bytes(24)]
    for number in range(12):
        filler.add(random_ids(1_000, number) + edges[number : number + 1], 1_000)
        while filler.store.maintain():
            pass
    assert [filler.store.index_of(one) for one in edges] == [filler.expected[one][1] for one in edges]
    assert filler.store.duplicates(edges * 4, 0) == set(edges)


def test_an_id_is_not_executed_twice(filler: Filler) -> None:
    first, second = random_ids(2, 1)
    filler.add([first], 10)
    batch = filler.batch([second, first], 10)
    with pytest.raises(LocalError, match=first.hex()):
        filler.store.apply([batch])
    assert filler.store.index_of(second) is None


def look_up_from_outside(connection: Connection, path: Path, sizes: IdIndexSizes) -> None:
    """Another process, which only reads: answer each list of ids with the log indexes."""
    reader = LmdbStore.open(path, NETWORK_ID, readonly=True, sizes=StoreSizes(ids=sizes))
    try:
        while True:
            ids = connection.recv()
            assert reader.duplicates(ids, 0) == {one for one in ids if reader.index_of(one) is not None}
            connection.send([reader.index_of(one) for one in ids])
    except EOFError:
        reader.close()


def test_another_process_follows_the_index_as_it_is_rebuilt(filler: Filler) -> None:
    process, connection = start_apart(look_up_from_outside, filler.path, filler.sizes)
    for number in range(40):
        filler.add(random_ids(1_000, number), 10 * number)
        filler.store.maintain()
        known = list(filler.expected)
        asked = [sha256(b"unknown").digest(), *random.Random(number).sample(known, 20), known[-1]]
        connection.send(asked)
        found = receive(connection)
        assert found == [filler.expected[one][1] if one in filler.expected else None for one in asked]
    connection.close()
    assert ended(process) == 0


def test_a_missing_segment_is_damage(filler: Filler) -> None:
    ids = random_ids(4_000, 1)
    filler.add(ids, 10)
    assert filler.store.maintain()
    with filler.store._environment.write() as transaction:
        transaction.drop(filler.store._environment.tables["id_runs"], delete=False)
    with pytest.raises(StoreDamagedError):
        filler.store.index_of(ids[0])
    with pytest.raises(StoreDamagedError):
        filler.store.duplicates(ids[:1], 0)
    with pytest.raises(StoreDamagedError):
        filler.store.duplicates(ids, 0)


def test_questions_from_other_threads_never_miss_what_is_committed(filler: Filler) -> None:
    """While blocks are written and runs are merged, whoever knows that a block is executed finds all its ids."""
    batches = [filler.batch(random_ids(200, number), 1_000) for number in range(150)]
    blocks_of_ids = [[one.id for one in batch.executions[0].ids] for batch in batches]
    mistakes: list[str] = []
    done = threading.Event()

    def ask(seed: int) -> None:
        chance = random.Random(seed)
        while not done.is_set() and not mistakes:
            height = filler.store.head().executed_height
            if height == 0:
                continue
            known = blocks_of_ids[chance.randrange(height)]
            if filler.store.duplicates(known, 0) != set(known):
                mistakes.append(f"a batch below height {height}")
            newest = chance.choice(blocks_of_ids[height - 1])
            if filler.store.index_of(newest) is None:
                mistakes.append(f"an id at height {height}")
            # What is about to be executed is not there, unless it became so while it was asked for.
            if height + 1 >= len(batches):
                continue
            later = blocks_of_ids[height + 1][0]
            if filler.store.index_of(later) is not None and filler.store.head().executed_height < height + 2:
                mistakes.append(f"an id above height {height}")

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    try:
        for batch in batches:
            filler.store.apply([batch])
            filler.store.maintain()
    finally:
        done.set()
        for thread in threads:
            join(thread)
    assert mistakes == []
    assert filler.manifest().runs


@given(st.lists(st.builds(ExecutedId, st.binary(min_size=32, max_size=32), NUMBERS, NUMBERS)))
def test_a_journal_row_comes_back(ids: list[ExecutedId]) -> None:
    assert unpack_ids(pack_ids(ids)) == ids


def test_a_cut_journal_row_is_refused() -> None:
    with pytest.raises(MalformedRecordError):
        unpack_ids(pack_ids([ExecutedId(bytes(32), 1, 2)])[:-1])


RUNS = st.builds(Run, NUMBERS, st.integers(0, 9), st.integers(0, 24), NUMBERS, NUMBERS, NUMBERS)
MANIFESTS = st.builds(
    Manifest,
    NUMBERS,
    st.lists(RUNS, max_size=4).map(tuple),
    st.lists(st.builds(Merge, RUNS, st.lists(NUMBERS, max_size=4).map(tuple), NUMBERS), max_size=3).map(tuple),
    st.lists(st.builds(Garbage, NUMBERS, NUMBERS, NUMBERS), max_size=3).map(tuple),
)


@given(MANIFESTS)
def test_a_manifest_comes_back(manifest: Manifest) -> None:
    assert Manifest.unpack(manifest.pack()) == manifest


@settings(max_examples=examples(80))
@given(MANIFESTS, st.data())
def test_a_changed_manifest_is_refused(manifest: Manifest, data: st.DataObject) -> None:
    record = bytearray(manifest.pack())
    record[data.draw(st.integers(0, len(record) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(MalformedRecordError):
        Manifest.unpack(bytes(record))


@given(st.integers(1, 10**9))
def test_segments_hold_about_what_they_should(count: int) -> None:
    sizes = IdIndexSizes()
    average = count / (1 << sizes.segment_bits(count))
    assert average <= 1.5 * sizes.segment_id_count
    assert average >= 0.74 * sizes.segment_id_count or sizes.segment_bits(count) == 0

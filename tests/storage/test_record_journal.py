"""Records whose changes wait in the journal and records in their table are the same to whoever asks. Source: ADR 42."""

import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.changes import StateChange
from ledger.encoding import encode
from storage.chunks import CHUNK_SIZE_BYTES_MAX
from storage.environment import Environment
from storage.errors import StoreDamagedError, StoreFullError
from storage.id_index import IdIndex
from storage.id_merge import IdIndexSizes
from storage.interface import WriteBatch
from storage.layout import FORMAT_VERSION, META_FORMAT, pack_format
from storage.lmdb_reader import LmdbReader
from storage.lmdb_store import LmdbStore, StoreSizes
from storage.record_journal import RecordJournal, RecordJournalSizes, is_journal_key, pack_changes, unpack_changes
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID, Growth
from tests.storage.no_room import no_room

SIZES = RecordJournalSizes(change_count=12, size_bytes=1 << 20)
SUBJECTS = ("root", "member/1", "member/2")
GONE = b"unit\0member/1"


def made(path: Path, sizes: RecordJournalSizes = SIZES) -> LmdbStore:
    return LmdbStore.create(path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES, sizes=StoreSizes(records=sizes))


def batch_of(growth: Growth, subjects: Sequence[str] = SUBJECTS, removed: tuple[bytes, ...] = ()) -> WriteBatch:
    """A block that changes a record for each subject, executed."""
    block = growth.block(len(subjects) + 1)
    return WriteBatch(blocks=(block,), executions=(growth.execution(tuple(subjects), removed),))


def rows_of(path: Path) -> dict[bytes, bytes]:
    """What is in the table; nobody has the store open."""
    environment = Environment(path)
    try:
        with environment.read() as transaction:
            return dict(transaction.cursor(environment.tables["state"]))
    finally:
        environment.close()


def journaled(path: Path) -> list[bytes]:
    return [key for key in rows_of(path) if is_journal_key(key)]


def assert_whole(store: LmdbReader, records: dict[bytes, bytes]) -> None:
    keys = sorted(records)
    assert list(store.scan_state(b"")) == sorted(records.items())
    assert list(store.scan_state(b"", b"")) == sorted(records.items())
    for after in (b"", *keys, GONE):
        wanted = [key for key in keys if key > after]
        assert store.next_state_key(b"unit\0", after) == (wanted[0] if wanted else None)
        assert [key for key, _ in store.scan_state(b"unit\0", after)] == wanted
    with store.states() as state:
        for key in (*keys, GONE, b"unit\0nobody"):
            assert store.state(key) == state.get(key) == records.get(key)
    assert store.checked_state()[0] == store.head().executed_height


def test_changes_wait_in_the_journal_and_are_put_in_together(store_path: Path) -> None:
    store, growth = made(store_path), Growth()
    for _ in range(4):
        assert not store.is_maintenance_due
        store.apply([batch_of(growth)])
        assert_whole(store, growth.records)
    assert store.is_maintenance_due
    assert store.maintain()
    assert not store.is_maintenance_due
    assert not store.maintain()
    assert_whole(store, growth.records)
    store.close()
    assert rows_of(store_path) == growth.records


def test_records_that_are_removed_and_come_back(store_path: Path) -> None:
    store, growth = made(store_path), Growth()
    for number in range(24):
        # In the table, in the journal, in both, in neither.
        store.apply([batch_of(growth, SUBJECTS[number % 2 :: 2], (GONE,) if number % 3 else ())])
        assert_whole(store, growth.records)
        if number % 5 == 4:
            while store.maintain():
                pass
            assert_whole(store, growth.records)
    store.close()
    store = LmdbStore.open(store_path, NETWORK_ID, sizes=StoreSizes(records=SIZES))
    assert_whole(store, growth.records)
    store.close()


def test_much_in_few_changes_is_put_in_too(store_path: Path) -> None:
    store, growth = made(store_path, RecordJournalSizes(change_count=1000, size_bytes=300)), Growth()
    while not store.is_maintenance_due:
        assert len(growth.blocks) < 10
        store.apply([batch_of(growth)])
    assert store.maintain()
    assert_whole(store, growth.records)
    store.close()
    assert journaled(store_path) == []


def test_work_that_is_never_done_in_between_is_done_by_writes(store_path: Path) -> None:
    store, growth = made(store_path), Growth()
    for number in range(1, 21):
        store.apply([batch_of(growth)])
        assert_whole(store, growth.records)
        # Three changes a block, and twice twelve are too many.
        assert store.is_maintenance_due == (number % 8 >= 4)
    store.close()
    assert len(journaled(store_path)) == 4


def test_it_is_counted_again_when_the_store_is_opened(store_path: Path) -> None:
    store, growth = made(store_path), Growth()
    for _ in range(4):
        store.apply([batch_of(growth)])
    store.close()
    with_default_sizes = LmdbStore.open(store_path, NETWORK_ID)
    assert not with_default_sizes.is_maintenance_due
    with_default_sizes.close()
    by_size = LmdbStore.open(store_path, NETWORK_ID, sizes=StoreSizes(records=RecordJournalSizes(1000, 4 * 30)))
    assert by_size.is_maintenance_due
    by_size.close()
    store = LmdbStore.open(store_path, NETWORK_ID, sizes=StoreSizes(records=SIZES))
    assert store.is_maintenance_due
    assert store.maintain()
    assert_whole(store, growth.records)
    store.close()


def test_a_write_that_fails_is_not_seen(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, growth = made(store_path), Growth()
    store.apply([batch_of(growth)])
    before = dict(growth.records)
    batch = batch_of(growth, removed=(GONE,))
    with no_room(monkeypatch):
        for _ in range(8):
            with pytest.raises(StoreFullError):
                store.apply([batch])
    assert not store.is_maintenance_due
    assert_whole(store, before)
    store.apply([batch])
    assert_whole(store, growth.records)
    store.close()


def test_a_step_that_finds_no_room_changes_nothing(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, growth = made(store_path), Growth()
    for _ in range(4):
        store.apply([batch_of(growth)])
    with no_room(monkeypatch), pytest.raises(StoreFullError):
        store.maintain()
    assert store.is_maintenance_due
    assert_whole(store, growth.records)
    assert store.maintain()
    assert_whole(store, growth.records)
    store.close()


def test_steps_that_never_find_room_do_not_let_the_journal_grow(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where small writes find room still. Guard: storage/lmdb_store.py, `apply`, "_make_up"."""
    store, growth = made(store_path), Growth()

    def full(self: RecordJournal) -> bool:
        raise StoreFullError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(RecordJournal, "step", full)
        for _ in range(8):
            store.apply([batch_of(growth)])
        before, batch = dict(growth.records), batch_of(growth)
        for _ in range(3):
            with pytest.raises(StoreFullError):
                store.apply([batch])
        assert_whole(store, before)
    store.apply([batch])
    assert_whole(store, growth.records)
    store.close()


def test_a_scan_stays_at_its_moment(store_path: Path) -> None:
    """Snapshots are made while blocks are written and the journal is emptied."""
    store, growth = made(store_path), Growth()
    store.apply([batch_of(growth)])
    for steps in (False, True):
        then = dict(growth.records)
        records = store.scan_state(b"")
        found = [next(records)]
        for _ in range(4):
            store.apply([batch_of(growth, removed=(GONE,))])
        while steps and store.maintain():
            pass
        assert [*found, *records] == sorted(then.items())
    store.close()


def test_what_is_asked_of_one_moment_finds_records_that_a_step_moves_meanwhile(store_path: Path) -> None:
    store, growth = made(store_path), Growth()
    while not store.is_maintenance_due:
        store.apply([batch_of(growth, removed=(GONE,))])
    with store.states() as state:
        assert store.maintain()
        assert {key: state.get(key) for key in (*growth.records, GONE)} == {**growth.records, GONE: None}
        assert state.next_key(b"unit\0", b"unit\0branch") == b"unit\0member/2"
    store.close()


def test_nobody_sees_an_older_record_than_before(store_path: Path) -> None:
    """One thread writes and puts changes in their places, another asks all the time."""
    store, growth = made(store_path), Growth()
    batches = [batch_of(growth) for _ in range(300)]
    key = b"unit\0member/2"
    values = [change.new for one in batches for change in one.executions[0].changes if change.key == key]
    ages = {value: age for age, value in enumerate(values)}
    assert len(ages) == len(batches)
    store.apply(batches[:1])

    def write() -> None:
        for batch in batches[1:]:
            store.apply([batch])
            store.maintain()

    writer = threading.Thread(target=write)
    writer.start()
    seen, is_over = 0, False
    while not is_over:
        is_over = not writer.is_alive()
        for asked in (store.state(key), dict(store.scan_state(b"unit\0"))[key]):
            assert ages[asked] >= seen
            seen = ages[asked]
        with store.states() as state:
            assert state.next_key(b"unit\0", b"unit\0member/1") == key
    writer.join()
    assert seen == len(batches) - 1
    store.close()


def test_a_reader_in_another_program_sees_both(store_path: Path) -> None:
    """It knows of the writes by what lies on disk alone."""
    store, growth = made(store_path), Growth()
    environment = store._environment
    beside = LmdbReader(environment, NETWORK_ID, IdIndex(environment, IdIndexSizes()))
    for number in range(14):
        store.apply([batch_of(growth, SUBJECTS, (GONE,) if number % 2 else ())])
        assert_whole(beside, growth.records)
        store.maintain()
        assert_whole(beside, growth.records)
    store.close()
    readonly = LmdbStore.open(store_path, NETWORK_ID, readonly=True)
    assert_whole(readonly, growth.records)
    readonly.close()


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_store_of_an_older_format_is_read_as_it_is(store_path: Path, version: int) -> None:
    store, growth = made(store_path), Growth()
    store.apply([batch_of(growth)])
    store.close()
    # As an older program left it: every record in its place, and the older number.
    environment = Environment(store_path)
    state, meta = environment.tables["state"], environment.tables["meta"]
    with environment.write() as transaction:
        transaction.drop(state, delete=False)
        for key, value in growth.records.items():
            transaction.put(key, value, db=state)
        transaction.put(META_FORMAT, pack_format(NETWORK_ID, version), db=meta)
    environment.close()
    store = LmdbStore.open(store_path, NETWORK_ID, sizes=StoreSizes(records=SIZES))
    assert_whole(store, growth.records)
    for _ in range(6):
        store.apply([batch_of(growth, removed=(GONE,))])
        store.maintain()
        assert_whole(store, growth.records)
    store.close()
    assert version < FORMAT_VERSION


@pytest.mark.parametrize(
    ("key", "row"),
    [
        (bytes(7) + b"\x01" + bytes(2), encode([b"unit\0a"])),
        (bytes(7) + b"\x01" + bytes(2), encode([None, b"unit\0a"])),
        # What would be found among the journal's rows, and what is of no kind.
        (bytes(7) + b"\x01" + bytes(2), encode([b"unit\0a", b"x", b"\0unit", b"y"])),
        (bytes(7) + b"\x01" + bytes(2), encode([b"unit\1a", b"x"])),
        (bytes(7) + b"\x01" + bytes(2), encode(["unit", b"a"])),
        (bytes(7) + b"\x01" + bytes(2), b"\xc1"),
        (bytes(7) + b"\x01", encode([b"unit\0a", b"a"])),
    ],
)
def test_a_damaged_row_is_told(store_path: Path, key: bytes, row: bytes) -> None:
    made(store_path).close()
    environment = Environment(store_path)
    with environment.write() as transaction:
        transaction.put(key, row, db=environment.tables["state"])
    environment.close()
    with pytest.raises(StoreDamagedError, match="journal of records"):
        LmdbStore.open(store_path, NETWORK_ID)


@given(st.lists(st.one_of(st.none(), st.integers(0, 70_000)), max_size=60))
def test_rows_hold_all_changes_and_are_of_one_size(sizes: list[int | None]) -> None:
    changes = [
        StateChange(b"unit\0%d" % number, None, None if size is None else bytes(size))
        for number, size in enumerate(sizes)
    ]
    rows = list(pack_changes(changes))
    assert [one for row in rows for one in unpack_changes(row)] == [(key, new) for key, _, new in changes]
    for row, following in pairwise(rows):
        assert len(row) <= CHUNK_SIZE_BYTES_MAX or len(unpack_changes(row)) == 1
        first = unpack_changes(following)[0]
        assert len(row) + len(first[0]) + len(first[1] or b"") > CHUNK_SIZE_BYTES_MAX - 8 * (len(changes) + 2)

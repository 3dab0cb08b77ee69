"""Links that wait in the journal and links in their chains are the same to whoever asks. Source: ADR 40."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import storage.links
from contracts.changes import SubjectLink
from storage.environment import Environment, stored_format
from storage.errors import StoreDamagedError, StoreFullError
from storage.interface import WriteBatch
from storage.layout import FORMAT_VERSION, META_FORMAT, number_key, pack_format, unpack_format
from storage.link_journal import LinkJournalSizes, is_journal_key
from storage.links import (
    LINK_SIZE_BYTES,
    ROW_LINK_COUNT_MAX,
    chain_rows,
    keyed,
    row_key,
    row_sequence,
    subject_key,
    unpack_row,
)
from storage.lmdb_store import LmdbStore, StoreSizes
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID, Growth
from tests.storage.no_room import no_room

SIZES = LinkJournalSizes(link_count=12, row_count=100, block_link_count_max=9)
SUBJECTS = ("unit/root", "member/1", "member/2")


def made(path: Path, sizes: LinkJournalSizes = SIZES) -> LmdbStore:
    return LmdbStore.create(path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES, sizes=StoreSizes(links=sizes))


def grow(store: LmdbStore, growth: Growth, links: int, subjects: Sequence[str] = SUBJECTS) -> None:
    """A block with so many links, executed."""
    block = growth.block(links + 1)
    store.apply([WriteBatch(blocks=(block,), executions=(growth.execution(tuple(subjects)),))])


def keys_of(path: Path) -> list[bytes]:
    environment = Environment(path)
    try:
        with environment.read() as transaction, transaction.cursor(environment.tables["links"]) as cursor:
            return list(cursor.iternext(values=False))
    finally:
        environment.close()


def assert_whole(store: LmdbStore, growth: Growth) -> None:
    for subject in SUBJECTS:
        chain = growth.chains.get(subject, [])
        assert list(store.subject_links(subject)) == chain
        for after in range(len(chain) + 1):
            assert list(store.subject_links(subject, after, 3)) == chain[after : after + 3], after


def test_links_wait_in_the_journal_and_are_moved_together(store_path: Path) -> None:
    store, growth = made(store_path), Growth()
    for _ in range(3):
        grow(store, growth, 3)
        assert not store.is_maintenance_due
        assert_whole(store, growth)
    grow(store, growth, 3)
    assert store.is_maintenance_due
    assert store.maintain()
    assert not store.is_maintenance_due
    assert not store.maintain()
    assert_whole(store, growth)
    grow(store, growth, 3)
    assert_whole(store, growth)
    store.close()
    keys = keys_of(store_path)
    assert [key for key in keys if is_journal_key(key)] == [number_key(5)]
    # Four blocks brought four links each: one row a chain.
    assert len(keys) == 1 + len(SUBJECTS)


def test_many_small_blocks_are_moved_too(store_path: Path) -> None:
    store, growth = made(store_path, LinkJournalSizes(link_count=1000, row_count=4)), Growth()
    for _ in range(4):
        assert not store.is_maintenance_due
        grow(store, growth, 1, SUBJECTS[:1])
    assert store.maintain()
    assert_whole(store, growth)
    store.close()
    assert not any(map(is_journal_key, keys_of(store_path)))


def test_work_that_is_never_done_in_between_is_done_by_writes(store_path: Path) -> None:
    store, growth = made(store_path), Growth()
    for _ in range(40):
        grow(store, growth, 3)
        assert_whole(store, growth)
    store.close()
    journaled = [key for key in keys_of(store_path) if is_journal_key(key)]
    assert 0 < len(journaled) < 2 * SIZES.link_count / 3


def test_a_block_with_many_links_does_not_wait(store_path: Path) -> None:
    store, growth = made(store_path), Growth()
    grow(store, growth, 2)
    # Above what waits, and below what comes: whoever asks has to put it together.
    grow(store, growth, SIZES.block_link_count_max + 1)
    grow(store, growth, 2)
    assert_whole(store, growth)
    while store.maintain():
        pass
    assert_whole(store, growth)
    store.close()
    assert [key for key in keys_of(store_path) if is_journal_key(key)] == [number_key(1), number_key(3)]


def test_it_is_counted_again_when_the_store_is_opened(store_path: Path) -> None:
    store, growth = made(store_path), Growth()
    for _ in range(4):
        grow(store, growth, 3)
    store.close()
    with_default_sizes = LmdbStore.open(store_path, NETWORK_ID)
    assert not with_default_sizes.is_maintenance_due
    with_default_sizes.close()
    store = LmdbStore.open(store_path, NETWORK_ID, sizes=StoreSizes(links=SIZES))
    assert store.is_maintenance_due
    assert store.maintain()
    assert_whole(store, growth)
    store.close()


def test_a_write_that_fails_is_not_counted(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, growth = made(store_path), Growth()
    grow(store, growth, 11)
    with no_room(monkeypatch):
        block = growth.block(3)
        batch = WriteBatch(blocks=(block,), executions=(growth.execution(SUBJECTS),))
        for _ in range(8):
            with pytest.raises(StoreFullError):
                store.apply([batch])
    assert not store.is_maintenance_due
    store.apply([batch])
    assert_whole(store, growth)
    store.close()


def test_a_step_that_finds_no_room_changes_nothing(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, growth = made(store_path), Growth()
    for _ in range(4):
        grow(store, growth, 3)
    with no_room(monkeypatch), pytest.raises(StoreFullError):
        store.maintain()
    assert store.is_maintenance_due
    assert_whole(store, growth)
    assert store.maintain()
    assert_whole(store, growth)
    store.close()


@pytest.mark.parametrize("version", [1, 2])
def test_a_store_of_an_older_format_gets_the_new_one_with_its_first_write(store_path: Path, version: int) -> None:
    growth = Growth()
    store = made(store_path)
    grow(store, growth, 3)
    store.close()
    # As an older program left it: every link in its chain, and the older number.
    environment = Environment(store_path)
    links, meta = environment.tables["links"], environment.tables["meta"]
    with environment.write() as transaction:
        transaction.drop(links, delete=False)
        for subject in SUBJECTS:
            for key, row in chain_rows(keyed(growth.chains[subject])):
                transaction.put(key, row, db=links)
        transaction.put(META_FORMAT, pack_format(NETWORK_ID, version), db=meta)
    environment.close()

    store = LmdbStore.open(store_path, NETWORK_ID)
    assert_whole(store, growth)
    assert _version(store_path, store) == version
    store = LmdbStore.open(store_path, NETWORK_ID)
    grow(store, growth, 3)
    assert_whole(store, growth)
    assert _version(store_path, store) == FORMAT_VERSION


def _version(path: Path, store: LmdbStore) -> int:
    store.close()
    record = stored_format(path)
    assert record is not None
    return unpack_format(record)[0]


def test_subjects_that_were_ground_hide_nothing(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever finds a subject whose key lies between heights puts its rows between those of the journal."""
    keys = {"unit/root": number_key(1) + b"x" * 12, "member/1": number_key(2) + bytes(12), "member/2": bytes(20)}
    monkeypatch.setattr(storage.links, "subject_key", keys.__getitem__)
    monkeypatch.setattr("storage.link_journal.subject_key", keys.__getitem__)
    monkeypatch.setattr("storage.lmdb_reader.subject_key", keys.__getitem__)
    store, growth = made(store_path), Growth()
    for number in range(30):
        grow(store, growth, 3)
        assert_whole(store, growth)
        if number % 7 == 6:
            store.maintain()
            assert_whole(store, growth)
    store.close()
    store = LmdbStore.open(store_path, NETWORK_ID, sizes=StoreSizes(links=SIZES))
    assert_whole(store, growth)
    store.close()


def test_rows_of_chains_are_not_looked_through(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of all subjects have a key that begins with a zero bit, as a number key does."""
    subjects = [f"unit/{number}" for number in range(300)]
    store, growth = made(store_path, LinkJournalSizes(link_count=300, block_link_count_max=1000)), Growth()
    grow(store, growth, 300, subjects)
    assert store.maintain()
    for _ in range(3):
        grow(store, growth, 3)
    visited = 0

    def counted(key: bytes) -> bool:
        nonlocal visited
        visited += 1
        return is_journal_key(key)

    monkeypatch.setattr("storage.link_journal.is_journal_key", counted)
    assert_whole(store, growth)
    asked = sum(len(growth.chains[subject]) + 2 for subject in SUBJECTS)
    assert 0 < visited <= 3 * asked
    store.close()
    visited = 0
    LmdbStore.open(store_path, NETWORK_ID).close()
    assert visited == 3


def test_no_more_of_a_long_chain_is_read_than_was_asked_for(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = LinkJournalSizes(link_count=1000, row_count=1000, block_link_count_max=1000)
    store, growth = made(store_path, sizes), Growth()
    for _ in range(20):
        grow(store, growth, 50, SUBJECTS[:1])
        if len(growth.blocks) == 10:
            while store.maintain():
                pass
    chain, read = growth.chains[SUBJECTS[0]], 0

    def counted(subject: str, first_sequence: int, row: bytes) -> list[SubjectLink]:
        nonlocal read
        links = list(unpack_row(subject, first_sequence, row))
        read += len(links)
        return links

    monkeypatch.setattr("storage.link_journal.unpack_row", counted)
    for after in (0, 100, 480, 505, 700, len(chain) - 3, len(chain)):
        read = 0
        assert list(store.subject_links(SUBJECTS[0], after, 25)) == chain[after : after + 25], after
        assert read <= 25, after
    store.close()


def test_a_reader_in_another_program_sees_both(store_path: Path) -> None:
    store, growth = made(store_path), Growth()
    for _ in range(5):
        grow(store, growth, 3)
    store.maintain()
    grow(store, growth, 3)
    store.close()
    beside = LmdbStore.open(store_path, NETWORK_ID, readonly=True)
    assert_whole(beside, growth)
    beside.close()


def test_a_damaged_row_is_told(store_path: Path) -> None:
    store, growth = made(store_path), Growth()
    grow(store, growth, 3)
    store.close()
    environment = Environment(store_path)
    with environment.write() as transaction:
        transaction.put(number_key(1), bytes(67), db=environment.tables["links"])
    environment.close()
    with pytest.raises(StoreDamagedError, match="journal of links"):
        LmdbStore.open(store_path, NETWORK_ID)


@given(
    st.lists(
        st.tuples(st.sampled_from(SUBJECTS), st.integers(1, 3 * ROW_LINK_COUNT_MAX)), unique=True, max_size=200
    ).map(sorted)
)
def test_rows_hold_what_follows_on_each_other(places: list[tuple[str, int]]) -> None:
    links = [SubjectLink(subject, sequence, sequence, bytes(32)) for subject, sequence in places]
    rows = chain_rows(keyed(links))
    assert rows == sorted(rows)
    subjects = {subject_key(subject): subject for subject in SUBJECTS}
    found = [link for key, row in rows for link in unpack_row(subjects[key[:20]], row_sequence(key), row)]
    assert sorted(found) == links
    starts = {key for key, _ in rows}
    for key, row in rows:
        count = len(row) // LINK_SIZE_BYTES
        # Only after a full row the next one goes on without a gap.
        assert count == ROW_LINK_COUNT_MAX or row_key(key[:20], row_sequence(key) + count) not in starts

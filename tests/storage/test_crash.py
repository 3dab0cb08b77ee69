"""A process that is killed while it writes: what it had reported is there, whole, and the next one goes on."""

import os
import random
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from ledger.tree import CompactRange
from storage.environment import WriteTransaction
from storage.id_merge import IdIndexSizes
from storage.interface import WriteBatch
from storage.link_journal import LinkJournalSizes
from storage.lmdb_store import LmdbStore, StoreSizes
from storage.record_journal import RecordJournalSizes
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID, Growth, expiry_ms, transaction_id
from tests.storage.processes import ended, receive, start_apart

# So small that every few blocks bring a flush, a merge or a clearing away.
# And every few links and records are enough for a step of theirs.
SIZES = StoreSizes(
    IdIndexSizes(journal_id_count=20, segment_id_count=8, fan_out=2),
    LinkJournalSizes(link_count=12, row_count=4, block_link_count_max=9),
    RecordJournalSizes(change_count=7, size_bytes=400),
)
SUBJECTS = ("unit/root", "member/1", "member/2")
ROUND_COUNT = 20


def grown_to(height: int) -> Growth:
    """The growth of every run of these tests, at some height: it does not depend on who made it."""
    growth = Growth()
    for _ in range(height):
        next_batch(growth)
    return growth


def next_batch(growth: Growth) -> WriteBatch:
    block = growth.block(2 + len(growth.blocks) % 7, size_bytes=100)
    removed = (b"unit\0member/2",) if len(growth.blocks) % 5 == 0 else ()
    return WriteBatch(blocks=(block,), executions=(growth.execution(SUBJECTS, removed),))


def write_until_killed(connection: Connection, path: Path) -> None:
    """Go on from wherever the store stands; tell each height after it is stored."""
    store = LmdbStore.open(path, NETWORK_ID, sizes=SIZES)
    growth = grown_to(store.head().executed_height)
    while True:
        group = [next_batch(growth) for _ in range(1 + len(growth.blocks) % 3)]
        store.apply(group)
        connection.send(len(growth.blocks))
        store.maintain()


def check_everything(path: Path, reported: int) -> int:
    """Open the store and compare all of it with what must be there; returns the executed height."""
    store = LmdbStore.open(path, NETWORK_ID, sizes=SIZES)
    head = store.head()
    assert head.executed_height >= reported
    growth = grown_to(head.executed_height)
    assert head.tip_height == head.executed_height
    assert head.digest_lanes == growth.digest.lanes_bytes()
    assert dict(store.scan_state(b"")) == growth.records
    entries = [entry for block in growth.blocks for entry in block.entries]
    assert head.tree_size == len(entries)
    assert list(store.entries(0, len(entries) + 1)) == entries
    assert CompactRange.from_tiles(store, len(entries)).root() == growth.tree.root()
    for subject in SUBJECTS:
        assert list(store.subject_links(subject, 0, 10**6)) == growth.chains.get(subject, [])
    expected = {}
    for block in growth.blocks:
        assert store.header(block.header.height) == block.header
        assert store.certificate(block.header.height) is not None
        for index, entry in enumerate(block.entries[1:], block.header.first_index + 1):
            expected[transaction_id(entry)] = index
            assert store.result(index) == b"result of " + entry
    assert {one: store.index_of(one) for one in expected} == expected
    assert store.duplicates(list(expected), expiry_ms(1)) == set(expected)
    store.close()
    return head.executed_height


@pytest.fixture
def empty_store(store_path: Path) -> Path:
    LmdbStore.create(store_path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES, sizes=SIZES).close()
    return store_path


def test_nothing_is_lost_when_a_writer_is_killed_at_random(empty_store: Path) -> None:
    chance = random.Random(7)
    height = 0
    for _ in range(ROUND_COUNT):
        process, connection = start_apart(write_until_killed, empty_store)
        reported = height
        for _ in range(chance.randrange(1, 25)):
            message = receive(connection)
            assert isinstance(message, int)
            reported = message
        # Between the last report and here the writer went on for a while: where the signal meets it is chance.
        process.kill()
        ended(process)
        while connection.poll():
            try:
                message = connection.recv()
            except EOFError:
                break
            assert isinstance(message, int)
            reported = message
        height = check_everything(empty_store, reported)
    assert height >= ROUND_COUNT


def write_and_die(connection: Connection, path: Path, steps: int, inside: bool) -> None:
    """Do some steps, a write and a step of background work in turn, and die after the last, or inside it."""
    store = LmdbStore.open(path, NETWORK_ID, sizes=SIZES)
    growth = grown_to(store.head().executed_height)
    work: list[Callable[[], object]] = [lambda: store.apply([next_batch(growth)]), store.maintain]
    for step in range(steps):
        if inside and step == steps - 1:
            # Everything of the last transaction is done but for its commit; where there is none, nothing is left out.
            WriteTransaction.__exit__ = end_at_once  # type: ignore[method-assign]
        work[step % 2]()
        connection.send(store.head().executed_height)
    end_at_once()


def end_at_once(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("inside", [False, True])
def test_nothing_is_lost_between_and_inside_the_steps_of_background_work(empty_store: Path, inside: bool) -> None:
    # Coprime to the rhythm of flushes and merges, so that deaths fall on every kind of step.
    for round_number in range(24):
        process, connection = start_apart(write_and_die, empty_store, 5 + round_number % 7, inside)
        reported = 0
        try:
            while True:
                message = receive(connection)
                assert isinstance(message, int)
                reported = message
        except EOFError:
            assert ended(process) == -signal.SIGKILL
        check_everything(empty_store, reported)


def create_and_die(connection: Connection, path: Path) -> None:
    Path.rename = end_at_once  # type: ignore[method-assign, assignment]
    LmdbStore.create(path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES)


def test_a_store_that_was_not_made_to_the_end_does_not_exist(store_path: Path) -> None:
    process, _ = start_apart(create_and_die, store_path)
    assert ended(process) == -signal.SIGKILL
    assert not store_path.exists()
    LmdbStore.create(store_path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES).close()

"""Random writes, reopenings and background work: the store on disk answers as the one in memory does."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.hashing import sha256
from storage.id_merge import IdIndexSizes
from storage.interface import StoredPayload, WriteBatch
from storage.link_journal import LinkJournalSizes
from storage.lmdb_store import LmdbStore, StoreSizes
from storage.memory import MemoryStore
from storage.record_journal import RecordJournalSizes
from tests.examples import examples
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID, Growth, expiry_ms, transaction_id

# So small that a few blocks are enough for flushes, merges of several levels, and clearing away.
# And every few links and records are enough for a step of theirs.
SIZES = StoreSizes(
    IdIndexSizes(journal_id_count=6, segment_id_count=3, fan_out=2),
    LinkJournalSizes(link_count=12, row_count=4, block_link_count_max=9),
    RecordJournalSizes(change_count=7, size_bytes=400),
)
SUBJECTS = ("unit/root", "unit/branch", "member/1")


class StoresAgree(RuleBasedStateMachine):
    @initialize()
    def make(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="store-machine-"))
        self.disk = LmdbStore.create(self.folder / "db", NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES, sizes=SIZES)
        self.memory = MemoryStore.create(NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES)
        self.growth = Growth()
        self.waiting: list[WriteBatch] = []
        self.entries: list[bytes] = []
        self.expiry_of: dict[bytes, int] = {}

    def note(self, entries: tuple[bytes, ...], height: int) -> None:
        self.entries += entries
        self.expiry_of.update(dict.fromkeys(entries, expiry_ms(height)))

    def write(self, batch: WriteBatch, at_once: bool) -> None:
        self.waiting.append(batch)
        if at_once:
            self.disk.apply(self.waiting)
            self.memory.apply(self.waiting)
            self.waiting = []

    @rule(count=st.integers(1, 9), size=st.sampled_from((0, 30, 400, 40_000)), at_once=st.booleans())
    def store_block(self, count: int, size: int, at_once: bool) -> None:
        self.write(WriteBatch(blocks=(self.growth.block(count, size_bytes=size),)), at_once)

    @precondition(lambda self: self.growth.executed < len(self.growth.blocks))
    @rule(
        subjects=st.integers(1, 3),
        at_once=st.booleans(),
        remove=st.booleans(),
        timers=st.integers(0, 2),
        late=st.integers(0, 3),
    )
    def execute(self, subjects: int, at_once: bool, remove: bool, timers: int = 0, late: int = 0) -> None:
        block = self.growth.blocks[self.growth.executed]
        self.note(block.entries[1:], block.header.height)
        removed = (b"unit\0unit/branch",) if remove else ()
        execution = self.growth.execution(SUBJECTS[:subjects], removed, (b"an effect",) * timers)
        unstated = tuple(bytes([height]) * 32 for height in range(max(execution.height - late, 0), execution.height))
        self.write(WriteBatch(executions=(replace(execution, unstated_digests=unstated),)), at_once)

    @rule(count=st.integers(1, 40))
    def grow(self, count: int) -> None:
        block = self.growth.block(count)
        while self.growth.executed < len(self.growth.blocks) - 1:
            self.execute(1, False, False)
        self.note(block.entries[1:], block.header.height)
        self.write(WriteBatch(blocks=(block,), executions=(self.growth.execution(),)), True)

    @rule(above=st.integers(0, 3), at_once=st.booleans())
    def drop(self, above: int, at_once: bool) -> None:
        height = self.growth.executed + 1 + above
        self.growth.drop(height)
        self.write(WriteBatch(drop_blocks_from=height), at_once)

    @rule(number=st.integers(0, 3), checkpoint=st.one_of(st.none(), st.binary(max_size=9)), at_once=st.booleans())
    def pay_load(self, number: int, checkpoint: bytes | None, at_once: bool) -> None:
        payload = StoredPayload(sha256(bytes([number])), bytes(32), bytes([number]))
        self.write(WriteBatch(payloads=(payload,), checkpoint=checkpoint), at_once)

    @rule(steps=st.integers(1, 30))
    def maintain(self, steps: int) -> None:
        for _ in range(steps):
            if not self.disk.maintain():
                break

    @rule()
    def reopen(self) -> None:
        self.disk.close()
        self.disk = LmdbStore.open(self.folder / "db", NETWORK_ID, sizes=SIZES)

    @rule()
    def open_again_beside(self) -> None:
        """What a second reader would see."""
        head = self.disk.head()
        self.disk.close()
        other = LmdbStore.open(self.folder / "db", NETWORK_ID, readonly=True, sizes=SIZES)
        assert other.head() == head
        other.close()
        self.disk = LmdbStore.open(self.folder / "db", NETWORK_ID, sizes=SIZES)

    @invariant()
    def the_chain_is_the_same(self) -> None:
        head = self.memory.head()
        assert self.disk.head() == head
        assert self.disk.unstated_digests() == self.memory.unstated_digests()
        count = max(0, head.tree_size - 20)
        assert list(self.disk.entries(count, 10_000)) == list(self.memory.entries(count, 10_000))
        for height in range(max(0, head.tip_height - 3), head.tip_height + 2):
            assert self.disk.header(height) == self.memory.header(height)
            assert self.disk.certificate(height) == self.memory.certificate(height)
            assert list(self.disk.timer_effects(height)) == list(self.memory.timer_effects(height))
        for index in (0, 1, head.tree_size // 2, head.tree_size - 1, head.tree_size, head.tree_size + 3):
            assert self.disk.result(index) == self.memory.result(index)
            assert self.disk.height_of(index) == self.memory.height_of(index)

    @invariant()
    def the_state_is_the_same(self) -> None:
        assert list(self.disk.scan_state(b"")) == list(self.memory.scan_state(b""))
        for after in (b"", b"unit\0branch", b"unit\0unit/branch", b"unit\0unit/root"):
            assert self.disk.next_state_key(b"unit\0", after) == self.memory.next_state_key(b"unit\0", after)
        for subject in SUBJECTS:
            assert list(self.disk.subject_links(subject)) == list(self.memory.subject_links(subject))
        payload = sha256(bytes([1]))
        assert self.disk.payload(payload) == self.memory.payload(payload)

    @invariant()
    def the_ids_are_the_same(self) -> None:
        ids = [transaction_id(entry) for entry in self.entries] + [sha256(b"unknown")]
        self.expiries = [self.expiry_of[entry] for entry in self.entries] + [expiry_ms(2)]
        for now_ms in (0, expiry_ms(3), expiry_ms(self.growth.executed), expiry_ms(self.growth.executed) + 1):
            assert self.disk.duplicates(ids, now_ms) == self.memory.duplicates(ids, now_ms)
            assert self.disk.duplicates(ids[-5:], now_ms) == self.memory.duplicates(ids[-5:], now_ms)
            expected = self.memory.duplicates(ids, now_ms)
            assert self.disk.duplicates(ids, now_ms, self.expiries) == expected
            few = slice(len(ids) // 2, len(ids) // 2 + 4)
            assert self.disk.duplicates(ids[few], now_ms, self.expiries[few]) == expected & set(ids[few])
        for one in ids[-40:] + ids[:10]:
            assert self.disk.index_of(one) == self.memory.index_of(one)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.disk.close()
            shutil.rmtree(self.folder)


StoresAgree.TestCase.settings = settings(
    max_examples=examples(20), stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestStoresAgree = StoresAgree.TestCase

"""What every store promises: the same questions to the store in memory and to the one on disk."""

from dataclasses import replace
from hashlib import sha256

import pytest

from contracts.changes import SubjectLink
from ledger.errors import LocalError
from ledger.tree import CompactRange, MissingTileError, inclusion_path, leaf_hash, verify_inclusion
from storage.interface import ExecutedId, Store, StoredPayload, WriteBatch
from storage.links import ROW_LINK_COUNT_MAX
from tests.storage.chain_growth import (
    GENESIS_LANES,
    GENESIS_RECORDS,
    NETWORK_ID,
    Growth,
    digest_of,
    expiry_ms,
    make_block,
    transaction_id,
)


def grow(store: Store, growth: Growth, blocks: int = 1, entry_count: int = 3) -> None:
    """Store and execute blocks, each in a batch of its own."""
    for _ in range(blocks):
        block = growth.block(entry_count)
        store.apply([WriteBatch(blocks=(block,), executions=(growth.execution(),))])


def test_a_new_store_stands_at_the_genesis(store: Store) -> None:
    head = store.head()
    assert (head.tip_height, head.tip_term, head.executed_height, head.tree_size) == (0, 0, 0, 0)
    assert head.network_id == head.tip_hash == NETWORK_ID
    assert head.digest_lanes == GENESIS_LANES
    assert head.state_digest == digest_of(GENESIS_RECORDS).digest()
    assert head.checkpoint is None
    assert dict(store.scan_state(b"")) == GENESIS_RECORDS
    assert store.state(b"unit\0root") == b"the first record"


def test_many_records_are_looked_up_at_one_moment(store: Store) -> None:
    with store.states() as state:
        assert state.get(b"unit\0root") == b"the first record"
        assert state.get(b"unit\0none") is None
        assert state.get(b"") is None
        assert state.next_key(b"unit\0") == b"unit\0branch"
        assert state.next_key(b"unit\0", b"unit\0branch") == b"unit\0root"
        assert state.next_key(b"unit\0", b"unit\0root") is None


def test_a_new_store_has_nothing_else(store: Store) -> None:
    assert store.header(1) is None
    assert store.header(0) is None
    assert store.height_of(0) is None
    assert list(store.entries(0, 10)) == []
    assert store.certificate(1) is None
    assert store.result(0) is None
    assert list(store.results(0, 3)) == list(store.results(-1, 3)) == []
    assert list(store.timer_effects(1)) == []
    assert store.index_of(transaction_id(b"x")) is None
    assert store.duplicates([transaction_id(b"x")], 0) == set()
    assert list(store.subject_links("unit/root")) == []
    assert store.payload(bytes(32)) is None
    assert store.state(b"unit\0none") is None
    with pytest.raises(MissingTileError):
        store.tile(0, 0)


def test_a_stored_block_is_found_before_it_is_executed(store: Store) -> None:
    growth = Growth()
    first, second = growth.block(3), growth.block(2, term=4)
    store.apply([WriteBatch(blocks=(first, second))])
    head = store.head()
    assert (head.tip_height, head.tip_term, head.tip_hash) == (2, 4, second.header.header_hash)
    assert (head.executed_height, head.tree_size) == (0, 0)
    assert store.header(1) == first.header
    assert store.header(2) == second.header
    assert store.header(3) is None
    assert list(store.entries(0, 100)) == [*first.entries, *second.entries]
    assert [store.height_of(index) for index in range(6)] == [1, 1, 1, 2, 2, None]
    assert store.index_of(transaction_id(first.entries[1])) is None


def test_an_execution_brings_everything_at_once(store: Store) -> None:
    growth = Growth()
    block = growth.block(4)
    execution = growth.execution()
    store.apply([WriteBatch(blocks=(block,), executions=(execution,))])
    head = store.head()
    assert (head.executed_height, head.tree_size) == (1, 4)
    assert head.digest_lanes == execution.digest_lanes
    assert head.state_digest == execution.state_digest
    assert store.certificate(1) == b"certificate of 1"
    assert store.result(0) is None
    assert [store.result(index) for index in (1, 2, 3)] == [b"result of " + entry for entry in block.entries[1:]]
    assert store.result(4) is None
    assert list(store.results(1, 3)) == [b"result of " + entry for entry in block.entries[1:]]
    assert list(store.results(2, 1)) == [b"result of " + block.entries[2]]
    assert list(store.results(1, 0)) == list(store.results(4, 1)) == []
    assert [store.index_of(transaction_id(entry)) for entry in block.entries] == [None, 1, 2, 3]
    assert store.tile(0, 0) == b"".join(leaf_hash(entry) for entry in block.entries)
    assert list(store.subject_links("unit/root")) == growth.chains["unit/root"]
    assert dict(store.scan_state(b"")) == growth.records


def test_entries_are_read_from_anywhere(store: Store) -> None:
    growth = Growth()
    for count in (1, 2, 7, 300, 1):
        block = growth.block(count, size_bytes=200)
        store.apply([WriteBatch(blocks=(block,))])
    everything = [entry for block in growth.blocks for entry in block.entries]
    for first, count in ((0, 311), (0, 1), (1, 2), (2, 9), (9, 301), (150, 100), (310, 5), (305, 100)):
        assert list(store.entries(first, count)) == everything[first : first + count], (first, count)
    assert list(store.entries(311, 5)) == []
    assert list(store.entries(5, 0)) == []


def test_entries_of_every_size_come_back(store: Store) -> None:
    sizes = (0, 1, 65_535, 32_000, 700, 65_535, 3)
    block = make_block(1, 0, tuple(bytes([number]) * size for number, size in enumerate(sizes)))
    store.apply([WriteBatch(blocks=(block,))])
    assert tuple(store.entries(0, 10)) == block.entries
    assert list(store.entries(2, 1)) == [block.entries[2]]


def test_a_header_comes_back_with_signature_and_certificate(store: Store) -> None:
    block = make_block(1, 0, (b"outcome",), term=9, certificate=b"c" * 3000)
    store.apply([WriteBatch(blocks=(block,))])
    assert store.header(1) == block.header


def test_dropped_blocks_give_way_to_others(store: Store) -> None:
    growth = Growth()
    grow(store, growth, blocks=2)
    doomed = [growth.block(entry_count) for entry_count in (4, 2, 300)]
    store.apply([WriteBatch(blocks=tuple(doomed))])
    growth.drop(4)
    fresh = growth.block(2, term=7)
    store.apply([WriteBatch(drop_blocks_from=4, blocks=(fresh,))])
    head = store.head()
    assert (head.tip_height, head.tip_term, head.tip_hash) == (4, 7, fresh.header.header_hash)
    assert store.header(3) == doomed[0].header
    assert store.header(4) == fresh.header
    assert store.header(5) is None
    assert list(store.entries(0, 1000)) == [entry for block in growth.blocks for entry in block.entries]
    assert store.height_of(growth.next_index - 1) == 4
    assert store.height_of(growth.next_index) is None


def test_all_blocks_can_be_dropped_while_none_is_executed(store: Store) -> None:
    growth = Growth()
    store.apply([WriteBatch(blocks=(growth.block(), growth.block()))])
    store.apply([WriteBatch(drop_blocks_from=1)])
    assert store.head().tip_hash == NETWORK_ID
    assert store.head().tip_height == 0
    assert list(store.entries(0, 10)) == []


def test_dropping_above_the_tip_changes_nothing(store: Store) -> None:
    growth = Growth()
    grow(store, growth)
    before = store.head()
    store.apply([WriteBatch(drop_blocks_from=2)])
    assert store.head() == before


def test_executed_blocks_are_never_dropped(store: Store) -> None:
    growth = Growth()
    grow(store, growth, blocks=2)
    with pytest.raises(LocalError):
        store.apply([WriteBatch(drop_blocks_from=2)])
    assert store.header(2) == growth.blocks[1].header


def test_a_contradiction_leaves_nothing_of_the_whole_group(store: Store) -> None:
    growth = Growth()
    grow(store, growth)
    before = store.head(), dict(store.scan_state(b""))
    block = growth.block()
    sound = WriteBatch(blocks=(block,), executions=(growth.execution(),), checkpoint=b"a note")
    after_a_gap = WriteBatch(blocks=(make_block(9, 99, (b"outcome",)),))
    with pytest.raises(LocalError):
        store.apply([sound, after_a_gap])
    assert (store.head(), dict(store.scan_state(b""))) == before
    assert store.index_of(transaction_id(block.entries[1])) is None
    assert store.duplicates([transaction_id(block.entries[1])], 0) == set()
    store.apply([sound])
    assert store.head().checkpoint == b"a note"
    assert store.index_of(transaction_id(block.entries[1])) == block.header.first_index + 1


def test_contradictory_batches_are_refused(store: Store) -> None:
    growth = Growth()
    grow(store, growth)
    block = growth.block()
    execution = growth.execution()
    header = block.header
    later = tuple(gained._replace(start=gained.start + 1) for gained in execution.tile_hashes)
    wrong = (
        WriteBatch(blocks=(make_block(3, header.first_index, block.entries),)),
        WriteBatch(blocks=(make_block(2, header.first_index + 1, block.entries),)),
        WriteBatch(blocks=(type(block)(header, block.entries[1:]),)),
        WriteBatch(executions=(execution,)),
        WriteBatch(blocks=(type(block)(replace(header, header_hash=bytes(32)), block.entries),)),
        WriteBatch(blocks=(block,), executions=(replace(execution, tree_size=execution.tree_size + 1),)),
        WriteBatch(blocks=(block,), executions=(replace(execution, height=3),)),
        WriteBatch(blocks=(block,), executions=(replace(execution, state_digest=bytes(32)),)),
        WriteBatch(blocks=(block,), executions=(replace(execution, ids=execution.ids[:1] * 2),)),
        WriteBatch(blocks=(block,), executions=(replace(execution, links=execution.links[::-1]),)),
        WriteBatch(blocks=(block,), executions=(replace(execution, tile_hashes=later),)),
    )
    for number, batch in enumerate(wrong):
        with pytest.raises(LocalError):
            store.apply([batch])
        assert store.head().tip_height == 1, number
    store.apply([WriteBatch(blocks=(block,), executions=(execution,))])


def test_an_id_is_a_duplicate_until_it_expires_and_found_for_ever(store: Store) -> None:
    growth = Growth()
    grow(store, growth, blocks=3, entry_count=4)
    ids = [transaction_id(entry) for block in growth.blocks for entry in block.entries[1:]]
    unknown = [sha256(b"unknown %d" % number).digest() for number in range(20)]
    assert store.duplicates(unknown + ids, expiry_ms(1)) == set(ids)
    assert store.duplicates(ids, expiry_ms(1) + 1) == set(ids[3:])
    assert store.duplicates(ids, expiry_ms(3)) == set(ids[6:])
    assert store.duplicates(ids, expiry_ms(3) + 1) == set()
    assert store.duplicates([], 0) == set()
    assert [store.index_of(one) for one in ids] == [1, 2, 3, 5, 6, 7, 9, 10, 11]
    assert store.index_of(unknown[0]) is None


def test_tiles_prove_every_entry_as_they_grow(store: Store) -> None:
    growth = Growth()
    leaves: list[bytes] = []
    for count in (1, 200, 90, 255, 1, 600):
        grow(store, growth, entry_count=count)
        leaves += [leaf_hash(entry) for entry in growth.blocks[-1].entries]
        size = len(leaves)
        assert CompactRange.from_tiles(store, size).root() == growth.tree.root()
        for index in (0, size // 2, size - 1):
            path = inclusion_path(store, index, size)
            verify_inclusion(leaves[index], index, size, path, growth.tree.root())
    assert len(store.tile(0, 0)) == 256 * 32
    assert len(store.tile(1, 0)) == len(leaves) // 256 * 32


@pytest.mark.parametrize("size_bytes", [1, 300, 60_000])
def test_the_effects_of_a_blocks_timers_stand_beside_its_results(store: Store, size_bytes: int) -> None:
    growth = Growth()
    effects = tuple(b"\x9b\xa5timer %d " % number + b"." * size_bytes for number in range(5))
    batches = []
    for count, some in ((1, effects), (3, ()), (1, ()), (4, effects[:1])):
        block = growth.block(count)
        batches.append(WriteBatch(blocks=(block,), executions=(growth.execution(effects=some),)))
    store.apply(batches)
    assert [tuple(store.timer_effects(height)) for height in range(6)] == [(), effects, (), (), effects[:1], ()]
    for block in growth.blocks:
        first = block.header.first_index
        assert store.result(first) is None
        for index, entry in enumerate(block.entries[1:], first + 1):
            assert store.result(index) == b"result of " + entry
        expected = [b"result of " + entry for entry in block.entries[1:]]
        assert list(store.results(first + 1, block.header.leaf_count - 1)) == expected


def test_digests_that_headers_were_late_to_state_are_kept(store: Store) -> None:
    """The newest that came stay until others come; a store that was never told of any has none."""
    growth = Growth()
    assert store.unstated_digests() == {}
    digests = [bytes([number]) * 32 for number in range(5)]
    found = []
    for some in ((), digests[:1], digests[1:4], (), digests[4:]):
        block = growth.block()
        execution = replace(growth.execution(), unstated_digests=tuple(some))
        store.apply([WriteBatch(blocks=(block,), executions=(execution,))])
        found.append(dict(store.unstated_digests()))
    late = {0: digests[1], 1: digests[2], 2: digests[3]}
    assert found == [{}, {1: digests[0]}, late, late, {4: digests[4]}]


def test_state_is_scanned_by_prefix_and_place(store: Store) -> None:
    growth = Growth()
    growth.block()
    subjects = tuple(f"member/{number:02d}" for number in range(20))
    store.apply([WriteBatch(blocks=tuple(growth.blocks), executions=(growth.execution(subjects),))])
    expected = sorted((key, value) for key, value in growth.records.items() if key.startswith(b"unit\0member/"))
    assert list(store.scan_state(b"unit\0member/")) == expected
    assert list(store.scan_state(b"unit\0member/", expected[4][0])) == expected[5:]
    assert list(store.scan_state(b"unit\0member/", b"unit\0member/045")) == expected[5:]
    assert list(store.scan_state(b"unit\0member/", b"a")) == expected
    assert list(store.scan_state(b"unit\0member/", expected[-1][0])) == []
    assert list(store.scan_state(b"zebra")) == []


def test_the_next_key_is_the_first_of_a_scan(store: Store) -> None:
    growth = Growth()
    growth.block()
    subjects = tuple(f"member/{number:02d}" for number in range(20))
    store.apply([WriteBatch(blocks=tuple(growth.blocks), executions=(growth.execution(subjects, (b"unit\0root",)),))])
    places = [b"", b"a", b"unit\0", b"unit\0member/045", b"unit\0root", b"zebra", *sorted(growth.records)]
    for prefix in (b"unit\0", b"unit\0member/", b"unit\0member/1", b"unit\0root", b"unit\0z", b"zebra\0", b"a\0"):
        for after in places:
            expected = next((key for key, _ in store.scan_state(prefix, after)), None)
            assert store.next_state_key(prefix, after) == expected, (prefix, after)
            with store.states() as state:
                assert state.next_key(prefix, after) == expected, (prefix, after)


def test_a_removed_record_is_gone(store: Store) -> None:
    growth = Growth()
    growth.block()
    execution = growth.execution(removed=(b"unit\0branch", b"unit\0never"))
    store.apply([WriteBatch(blocks=tuple(growth.blocks), executions=(execution,))])
    assert store.state(b"unit\0branch") is None
    assert dict(store.scan_state(b"")) == growth.records


def test_the_links_of_a_subject_come_in_order_from_anywhere(store: Store) -> None:
    growth = Growth()
    subjects = ("unit/root", "unit/" + "x" * 480, "Ünit/ß")
    for count in (4, 8, 10 * ROW_LINK_COUNT_MAX, 2):
        block = growth.block(count)
        store.apply([WriteBatch(blocks=(block,), executions=(growth.execution(subjects),))])
    for subject in subjects:
        chain = growth.chains[subject]
        assert [link.sequence for link in chain] == list(range(1, len(chain) + 1))
        assert list(store.subject_links(subject)) == chain
        for after in (0, 1, 2, 3, 7, ROW_LINK_COUNT_MAX, len(chain) - 1, len(chain), len(chain) + 5):
            assert list(store.subject_links(subject, after)) == chain[after:], after
            assert list(store.subject_links(subject, after, 5)) == chain[after : after + 5]
    assert list(store.subject_links("unit/roo")) == []
    assert list(store.subject_links("unit/root", 0, 0)) == []


def test_links_without_order_between_subjects(store: Store) -> None:
    growth = Growth()
    block = growth.block(3)
    execution = growth.execution()
    links = tuple(SubjectLink(subject, 1, 1, bytes(32)) for subject in ("b/2", "a/1", "c/3"))
    store.apply([WriteBatch(blocks=(block,), executions=(replace(execution, links=links),))])
    for link in links:
        assert list(store.subject_links(link.subject)) == [link]


def test_payloads_lie_under_their_commitments(store: Store) -> None:
    payloads = tuple(
        StoredPayload(sha256(bytes([number])).digest(), bytes([number]) * 32, b"v" * size)
        for number, size in enumerate((0, 10, 100_000))
    )
    store.apply([WriteBatch(payloads=payloads)])
    assert [store.payload(one.commitment) for one in payloads] == list(payloads)
    store.apply([WriteBatch(payloads=payloads[:1])])
    assert store.payload(payloads[0].commitment) == payloads[0]


def test_the_newest_checkpoint_stays(store: Store) -> None:
    store.apply([WriteBatch(checkpoint=b"one"), WriteBatch(), WriteBatch(checkpoint=b"two")])
    store.apply([WriteBatch()])
    store.apply([])
    assert store.head().checkpoint == b"two"


def test_a_group_may_store_in_one_batch_and_execute_in_another(store: Store) -> None:
    growth = Growth()
    blocks = tuple(growth.block() for _ in range(3))
    store.apply([WriteBatch(blocks=blocks), *(WriteBatch(executions=(growth.execution(),)) for _ in range(3))])
    assert store.head().executed_height == 3
    assert store.index_of(transaction_id(blocks[2].entries[2])) == 8


def test_a_block_without_transactions(store: Store) -> None:
    growth = Growth()
    grow(store, growth, blocks=3, entry_count=1)
    assert store.head().tree_size == 3
    assert store.result(1) is None
    assert ExecutedId(bytes(32), 0, 0).id == bytes(32)
    assert store.duplicates([bytes(32)], 0) == set()


def test_without_work_there_is_nothing_to_maintain(store: Store) -> None:
    grow(store, Growth(), blocks=2)
    assert store.maintain() is False

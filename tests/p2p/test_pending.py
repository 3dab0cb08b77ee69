"""Waiting transactions compared: equal sets look equal, and two nodes end with the same set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.hashing import Hash, sha256
from p2p import pending
from p2p.frames import PENDING_IDS_MAX, PendingSummary
from p2p.pending import SETTLED_AFTER_MS, PendingIds

numbers = st.sets(st.integers(0, 200), max_size=60)


def transaction_id(number: int) -> Hash:
    return sha256(number.to_bytes(4, "big"))


def filled(chosen: set[int]) -> PendingIds:
    made = PendingIds(settled_after_ms=0)
    for number in chosen:
        made.add(transaction_id(number), 0)
    return made


@given(numbers, numbers, numbers)
def test_equal_sets_and_no_others_have_equal_summaries(chosen: set[int], more: set[int], other_set: set[int]) -> None:
    one, other = filled(chosen), filled(chosen | more)
    other.summary(0)
    for number in more - chosen:
        other.remove(transaction_id(number))
    assert one.summary(0) == other.summary(0)
    assert len(one) == len(other) == len(chosen)
    assert (filled(other_set).summary(0) == one.summary(0)) == (other_set == chosen)


@given(numbers, numbers)
def test_each_tells_the_other_what_it_lacks(left: set[int], right: set[int]) -> None:
    one, other = filled(left), filled(right)
    told = one.to_tell(other.summary(0), 0)
    assert set(other.lacking(told)) == {transaction_id(number) for number in left - right}
    for id in other.lacking(told):
        other.add(id, 0)
    for id in one.lacking(other.to_tell(one.summary(0), 0)):
        one.add(id, 0)
    assert one.summary(0) == other.summary(0)
    assert one.to_tell(other.summary(0), 0) == ()


def test_what_came_a_moment_ago_is_not_compared() -> None:
    ids = PendingIds()
    empty = ids.summary(0)
    ids.add(transaction_id(1), 100)
    assert ids.summary(100 + SETTLED_AFTER_MS - 1) == empty == PendingSummary(0, (bytes(32),) * 16)
    assert ids.to_tell(empty, 100 + SETTLED_AFTER_MS) == (transaction_id(1),)
    assert ids.summary(100 + SETTLED_AFTER_MS).id_count == 1
    ids.remove(transaction_id(1))
    assert ids.summary(10_000) == empty
    assert transaction_id(1) not in ids


def test_what_waited_before_is_compared_at_once() -> None:
    ids = PendingIds()
    for number in (1, 2, 2):
        ids.add(transaction_id(number), 100)
        ids.settle(transaction_id(2))
    ids.settle(transaction_id(3))
    assert ids.to_tell(PendingIds().summary(0), 100) == (transaction_id(2),)
    assert len(ids) == 2
    ids.remove(transaction_id(2))
    assert ids.summary(100) == PendingIds().summary(0)


def test_only_the_buckets_that_differ_are_told() -> None:
    ids = filled(set(range(2000)))
    theirs = filled(set(range(1999)))
    told = ids.to_tell(theirs.summary(0), 0)
    assert transaction_id(1999) in told
    assert 50 <= len(told) <= 250
    assert len({id[0] >> 4 for id in told}) == 1


def test_a_large_difference_is_told_in_several_frames() -> None:
    count = 3 * PENDING_IDS_MAX - 10
    ids, theirs = filled(set(range(count))), PendingIds(settled_after_ms=0)
    rounds = 0
    while len(theirs) < count:
        told = ids.to_tell(theirs.summary(0), 0)
        assert 0 < len(told) <= PENDING_IDS_MAX
        for id in told[: PENDING_IDS_MAX // 2]:
            theirs.add(id, 0)
        rounds += 1
        assert rounds < 30, "what is asked for next begins where the last frame ended"


def test_what_is_beyond_the_bound_is_not_compared() -> None:
    ids = filled(set(range(pending.COUNT_MAX)))
    ids.add(b"more" * 8, 0)
    assert len(ids) == pending.COUNT_MAX
    ids.remove(b"more" * 8)
    assert len(ids) == pending.COUNT_MAX


@pytest.mark.parametrize("neighbours", [1, 2, 3, 4, 6])
def test_each_neighbour_is_told_everything_however_many_take_turns(neighbours: int) -> None:
    count = 4 * PENDING_IDS_MAX
    ids, nothing = filled(set(range(count))), PendingIds().summary(0)
    told: list[set[bytes]] = [set() for _ in range(neighbours)]
    for turn in range(neighbours * 24):
        told[turn % neighbours].update(ids.to_tell(nothing, 0))
    assert [len(one) for one in told] == [count] * neighbours

"""The pool: bounds, fairness between senders, order within one, expiry."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from daemon.mempool import Mempool, MempoolFullError
from ledger.detached import DetachedValue
from ledger.signing import SigningKey
from ledger.transaction import Transaction, build_transaction

KEY = SigningKey.from_seed(b"\x07" * 32)


def _any(transaction: Transaction) -> bool:
    return True


def transaction(sender: int, number: int, expires_ms: int = 1000, title: str = "t") -> Transaction:
    return build_transaction(
        b"n" * 32, bytes([sender]) * 32, "notice.post", {"title": title}, number.to_bytes(16, "big"), expires_ms, [KEY]
    )


def test_within_a_sender_first_come_first_served_between_senders_in_turn() -> None:
    pool = Mempool()
    for number in range(3):
        pool.add(transaction(1, number), ())
    pool.add(transaction(2, 10), ())
    pool.add(transaction(3, 20), ())
    order = [
        (one.transaction.sender[0], int.from_bytes(one.transaction.nonce, "big")) for one in pool.take(10, 10**6, _any)
    ]
    assert order == [(1, 0), (2, 10), (3, 20), (1, 1), (1, 2)]
    assert len(pool) == 0
    assert pool.size_bytes == 0


def test_a_flood_of_one_sender_leaves_room_for_others() -> None:
    pool = Mempool(transactions_max=4, sender_transactions_max=2)
    pool.add(transaction(1, 1), ())
    pool.add(transaction(1, 2), ())
    with pytest.raises(MempoolFullError, match="share"):
        pool.add(transaction(1, 3), ())
    pool.add(transaction(2, 1), ())
    pool.add(transaction(3, 1), ())
    with pytest.raises(MempoolFullError, match="waiting"):
        pool.add(transaction(4, 1), ())


def test_bytes_are_bounded_too() -> None:
    one = transaction(1, 1)
    pool = Mempool(size_bytes_max=2 * len(one.envelope))
    pool.add(one, ())
    pool.add(transaction(2, 1), ())
    with pytest.raises(MempoolFullError):
        pool.add(transaction(3, 1), ())


def test_one_sender_cannot_take_the_whole_pool_by_size() -> None:
    """Detached values count: a few large ones leave half of the bytes to everybody else."""
    pool = Mempool(size_bytes_max=100_000)
    large = (DetachedValue(b"s" * 32, bytes(20_000)),)
    pool.add(transaction(1, 1), large)
    pool.add(transaction(1, 2), large)
    with pytest.raises(MempoolFullError, match="share"):
        pool.add(transaction(1, 3), large)
    pool.add(transaction(2, 1), large)
    pool.take(10, 10**6, _any)
    pool.add(transaction(1, 4), large)


def test_what_there_is_no_room_for_comes_first_in_the_next_block() -> None:
    """However many others come after it: without that, a dear one is overtaken in every block."""
    pool = Mempool()
    dear = transaction(100, 1)
    for sender in range(1, 21):
        pool.add(transaction(sender, sender), ())
    pool.add(dear, ())

    def take() -> list[Transaction]:
        room = [10]

        def may_take(one: Transaction) -> bool:
            cost = 8 if one is dear else 1
            if cost > room[0]:
                return False
            room[0] -= cost
            return True

        return [one.transaction for one in pool.take(100, 10**6, may_take)]

    assert len(take()) == 10
    for sender in range(21, 41):
        pool.add(transaction(sender, sender), ())
    second = take()
    assert len(second) == 10 and dear not in second
    third = take()
    assert third[0] is dear and len(third) == 3
    assert [one.sender[0] for one in third[1:]] == [21, 22]


def test_a_block_takes_what_fits_and_leaves_the_rest_in_order() -> None:
    pool = Mempool()
    large, small = transaction(1, 1, title="x" * 2000), transaction(2, 1)
    pool.add(large, ())
    pool.add(small, ())
    assert [one.transaction for one in pool.take(10, 1000, _any)] == [small]
    assert large.id in pool
    assert [one.transaction for one in pool.take(10, 10_000, _any)] == [large]


def test_expired_ones_leave() -> None:
    pool = Mempool()
    pool.add(transaction(1, 1, expires_ms=100), ())
    pool.add(transaction(1, 2, expires_ms=200), ())
    assert [one.transaction.expires_ms for one in pool.drop_expired(101)] == [100]
    assert pool.drop_expired(101) == []
    assert len(pool) == 1
    assert pool.waiting_of(bytes([1]) * 32) == 1


class PoolMachine(RuleBasedStateMachine):
    """Against a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = Mempool(transactions_max=12, sender_transactions_max=6)
        self.model: list[Transaction] = []
        self.number = 0

    @rule(sender=st.integers(1, 3), expires_ms=st.integers(1, 20))
    def add(self, sender: int, expires_ms: int) -> None:
        self.number += 1
        one = transaction(sender, self.number, expires_ms)
        of_sender = sum(1 for other in self.model if other.sender == one.sender)
        try:
            self.pool.add(one, ())
        except MempoolFullError:
            assert len(self.model) == 12 or of_sender == 6
        else:
            assert len(self.model) < 12
            assert of_sender < 6
            self.model.append(one)

    @rule(count=st.integers(0, 5))
    def take(self, count: int) -> None:
        taken = [one.transaction for one in self.pool.take(count, 10**6, _any)]
        assert len(taken) == min(count, len(self.model))
        for one in taken:
            oldest = next(other for other in self.model if other.sender == one.sender)
            assert one is oldest
            self.model.remove(one)

    @rule(now_ms=st.integers(1, 20))
    def expire(self, now_ms: int) -> None:
        gone = {one.transaction.id for one in self.pool.drop_expired(now_ms)}
        assert gone == {one.id for one in self.model if one.expires_ms < now_ms}
        self.model = [one for one in self.model if one.id not in gone]

    @invariant()
    def sums_hold(self) -> None:
        assert len(self.pool) == len(self.model)
        assert self.pool.size_bytes == sum(len(one.envelope) for one in self.model)
        assert all(one.id in self.pool for one in self.model)


PoolMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestPoolMachine = PoolMachine.TestCase

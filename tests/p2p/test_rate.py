"""Token buckets: a burst, then a steady rate, whatever the clock does."""

from hypothesis import given
from hypothesis import strategies as st

from p2p.rate import Rate, TokenBucket


def test_a_burst_and_then_the_rate() -> None:
    bucket = TokenBucket(Rate(per_second=10, burst=3), 0)
    assert [bucket.take(1, 0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(1, 99)
    assert bucket.take(1, 100)
    assert not bucket.take(4, 10_000), "more than the bucket ever holds"
    assert bucket.take(3, 10_000)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 5)), max_size=100))
def test_never_more_than_the_burst_and_the_rate_of_the_time(uses: list[tuple[int, int]]) -> None:
    bucket = TokenBucket(Rate(per_second=100, burst=7), 0)
    now_ms = taken = 0
    for wait_ms, amount in uses:
        now_ms += wait_ms
        taken += amount * bucket.take(amount, now_ms)
        assert taken * 1000 <= 7 * 1000 + now_ms * 100


def test_a_clock_that_steps_back_gives_nothing() -> None:
    bucket = TokenBucket(Rate(per_second=1, burst=1), 5000)
    assert bucket.take(1, 5000)
    assert not bucket.take(1, 1000)
    assert bucket.take(1, 2000)

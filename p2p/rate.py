"""How much of something is allowed in a time: a bucket that fills steadily and is emptied by use.

Owns one amount; never reads a clock. All numbers are integers, so that every machine counts the same.
"""

from typing import NamedTuple


class Rate(NamedTuple):
    """`per_second` in the long run, and `burst` at once after a pause."""

    per_second: int
    burst: int


class TokenBucket:
    """One bucket, full at the beginning."""

    def __init__(self, rate: Rate, now_ms: int) -> None:
        assert rate.per_second >= 1 and rate.burst >= 1, "a bucket that never holds anything allows nothing"
        self._rate = rate
        # In thousandths, so that a millisecond adds a whole number.
        self._filled = rate.burst * 1000
        self._at_ms = now_ms

    def take(self, amount: int, now_ms: int) -> bool:
        """Use up `amount` if so much is there; whether it was. A step back of the clock adds nothing."""
        elapsed_ms = max(now_ms - self._at_ms, 0)
        self._filled = min(self._filled + elapsed_ms * self._rate.per_second, self._rate.burst * 1000)
        self._at_ms = now_ms
        if amount * 1000 > self._filled:
            return False
        self._filled -= amount * 1000
        return True

"""Where random numbers come from: handed in, so that a run can be repeated.

Owns nothing but the shape; the shell's numbers are unpredictable, the simulator's come from its seed.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Chance(Protocol):
    """Random numbers."""

    def below(self, limit: int, /) -> int:
        """An integer from 0 to `limit` - 1, each as likely; `limit` >= 1."""


def one_of(items: Sequence[Item], chance: Chance) -> Item:
    """One of `items`, which are not empty, each as likely."""
    return items[chance.below(len(items))]


def jittered(span_ms: int, chance: Chance) -> int:
    """`span_ms` and up to half of it more: what many nodes begin together does not happen again together."""
    return span_ms + chance.below(span_ms // 2 + 1)

"""Random numbers from a seed: a stream of its own for each concern.

Owns the streams; a concern is a name such as `disk/3`, and what is drawn for one never shifts another, so that a fault
can be left out of a run without changing what happens elsewhere. Everything is made from `random()` and
`getrandbits()`, which Python promises to keep as they are: a seed means the same under every version.
"""

from collections.abc import MutableSequence, Sequence
from random import Random
from typing import TypeVar

_Item = TypeVar("_Item")
_NONCE_BITS = 128


class Chance:
    """One stream. Also serves as `consensus.settings.Chance` of a simulated node."""

    __slots__ = ("_stream", "random")

    def __init__(self, seed: int, concern: str) -> None:
        # Nothing here is a secret: a run has to be repeatable.
        self._stream = Random(f"{seed}/{concern}")  # noqa: S311
        self.random = self._stream.random

    def below(self, limit: int) -> int:
        """An integer from 0 to `limit` - 1."""
        return int(self.random() * limit)

    def between(self, lowest: int, highest: int) -> int:
        """An integer from `lowest` to `highest`, both included."""
        return lowest + int(self.random() * (highest - lowest + 1))

    def happens(self, probability: float) -> bool:
        """True in this share of the cases."""
        return self.random() < probability

    def pick(self, items: Sequence[_Item]) -> _Item:
        """One of the items."""
        return items[int(self.random() * len(items))]

    def shuffle(self, items: MutableSequence[_Item]) -> None:
        """Put the items into another order, in place."""
        for last in range(len(items) - 1, 0, -1):
            other = int(self.random() * (last + 1))
            items[last], items[other] = items[other], items[last]

    def sample(self, items: Sequence[_Item], count: int) -> list[_Item]:
        """`count` different places of `items`, in any order."""
        mixed = list(items)
        self.shuffle(mixed)
        return mixed[:count]

    def nonce(self) -> bytes:
        """16 bytes that were not drawn before."""
        return self._stream.getrandbits(_NONCE_BITS).to_bytes(_NONCE_BITS // 8, "big")

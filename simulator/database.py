"""The database of a simulated node: the memory store, and how to get an older one back.

Owns the store and the batches that made it. A batch is applied when it is durable, and what was not applied is what a
crash loses: nothing is ever copied for a crash. Batches are shared and never changed, so that remembering all of them
costs a pointer each; only a restore from a backup applies them again.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from copy import deepcopy

from storage.interface import WriteBatch
from storage.memory import MemoryStore

MakeStore = Callable[[], MemoryStore]


class Database:
    """What is on the disk; `make` gives a store at the genesis."""

    __slots__ = ("_applied", "_make", "_times_us", "store")

    def __init__(self, make: MakeStore) -> None:
        self._make = make
        self.store = make()
        self._applied: list[WriteBatch] = []
        self._times_us: list[int] = []

    @classmethod
    def begun_at(cls, store: MemoryStore) -> "Database":
        """A database that began with a snapshot; nothing older is to be had back."""
        origin = deepcopy(store)
        return cls(lambda: deepcopy(origin))

    def __len__(self) -> int:
        """How many batches were applied."""
        return len(self._applied)

    def apply(self, batches: Sequence[WriteBatch], now_us: int) -> None:
        """Put the batches on the disk, in order.

        Raises:
            LocalError: a batch contradicts what is stored; nothing of it is applied.
        """
        self.store.apply(batches)
        self._applied.extend(batches)
        self._times_us.extend([now_us] * len(batches))

    def backup(self, time_us: int) -> "Database":
        """A database as this one was at `time_us`; costs applying all of it again."""
        count = bisect_right(self._times_us, time_us)
        restored = Database(self._make)
        for batch, written_us in zip(self._applied[:count], self._times_us[:count], strict=True):
            restored.apply([batch], written_us)
        return restored

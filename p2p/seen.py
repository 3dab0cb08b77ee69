"""What was seen before: a set that forgets the oldest part of itself.

Owns two generations of ids: new ones go into the younger; when that is full it becomes the older one, and what was
older is forgotten. So the newest `capacity` ids are always known, at most twice as many are held, and nothing is ever
searched for. An id that is asked for again counts as new: it moves into the younger generation.
"""

from ledger.hashing import Hash

# A minute of a busy network (21 voters, 50 blocks a second and their acknowledgements); a message is under way for
# seconds. Two generations of them take about 15 MB.
CAPACITY = 65_536


class SeenCache:
    """A bounded set of ids; every operation is O(1)."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        assert capacity >= 1, "a cache of nothing sees nothing twice"
        self._capacity = capacity
        self._younger: set[Hash] = set()
        self._older: set[Hash] = set()

    def __len__(self) -> int:
        """How many ids are held, at most twice the capacity."""
        return len(self._younger) + len(self._older)

    def __contains__(self, id: Hash) -> bool:
        return id in self._younger or id in self._older

    def add(self, id: Hash) -> bool:
        """Remember `id`; whether it was not known."""
        if id in self._younger:
            return False
        known = id in self._older
        self._older.discard(id)
        if len(self._younger) >= self._capacity:
            self._older = self._younger
            self._younger = set()
        self._younger.add(id)
        return not known

    def forget(self, id: Hash) -> None:
        """Take `id` as never seen."""
        self._younger.discard(id)
        self._older.discard(id)

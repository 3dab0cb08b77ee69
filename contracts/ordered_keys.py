"""Keys in order: those that a layer above a state adds, and those of the state below that it hides.

Owns the two structures that whoever lays writes over records needs to answer `next_key`; never holds a value. Both
keep the keys of each kind apart, as a question is always about one kind. Invariants: an answer is the one that a sorted
list of the same keys gives; a question costs O(log n), and what changed since the last one, whatever was removed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from typing import TypeAlias

# The smallest key of a state that starts with the first argument and is above the second.
NextKey: TypeAlias = Callable[[bytes, bytes], bytes | None]

# More changes than this between two questions: sorting afresh costs less than moving keys one by one.
_CHANGES_MAX = 1024


def kind_prefix(key: bytes) -> bytes:
    """The part of a key that all records of its kind share: the kind and a zero byte."""
    return key[: key.index(b"\0") + 1]


def first_key(keys: list[bytes], prefix: bytes, after: bytes) -> bytes | None:
    """The smallest of ascending `keys` that starts with `prefix` and is above `after`; O(log n)."""
    position = bisect_right(keys, after) if after >= prefix else bisect_left(keys, prefix)
    found = keys[position] if position < len(keys) else None
    return found if found is not None and found.startswith(prefix) else None


class OrderedKeys:
    """A set of keys that is asked for the next one. Nothing is sorted before somebody asks for its kind."""

    __slots__ = ("_kinds",)

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        # As many as there are kinds, a few dozen.
        self._kinds: dict[bytes, _KindKeys] = {}
        for key in keys:
            self.add(key)

    def add(self, key: bytes) -> None:
        """Take the key in; it may be there already."""
        kind = kind_prefix(key)
        keys = self._kinds.get(kind)
        if keys is None:
            keys = self._kinds[kind] = _KindKeys()
        keys.add(key)

    def discard(self, key: bytes) -> None:
        """Take the key out, if it is there."""
        keys = self._kinds.get(kind_prefix(key))
        if keys is not None:
            keys.discard(key)

    def next_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The smallest key that starts with `prefix`, a kind and more, and is above `after`."""
        keys = self._kinds.get(kind_prefix(prefix))
        return None if keys is None else first_key(keys.ascending(), prefix, after)


class _KindKeys:
    """The keys of one kind."""

    __slots__ = ("_ascending", "_changed", "_keys")

    def __init__(self) -> None:
        self._keys: set[bytes] = set()
        # None until somebody asks, and again when too much has changed since.
        self._ascending: list[bytes] | None = None
        self._changed: set[bytes] = set()

    def add(self, key: bytes) -> None:
        self._keys.add(key)
        self._note(key)

    def discard(self, key: bytes) -> None:
        self._keys.discard(key)
        self._note(key)

    def ascending(self) -> list[bytes]:
        if self._ascending is None:
            self._ascending = sorted(self._keys)
        for key in self._changed:
            position = bisect_left(self._ascending, key)
            is_there = position < len(self._ascending) and self._ascending[position] == key
            if key in self._keys and not is_there:
                self._ascending.insert(position, key)
            elif key not in self._keys and is_there:
                del self._ascending[position]
        self._changed.clear()
        return self._ascending

    def _note(self, key: bytes) -> None:
        if self._ascending is None:
            return
        self._changed.add(key)
        if len(self._changed) > _CHANGES_MAX:
            self._ascending = None
            self._changed.clear()


class HiddenKeys:
    """Keys of the state below that a layer removed. A question remembers how far it had to go over them.

    Without that, whoever takes the first record of a queue again and again would go over everything taken before.
    """

    __slots__ = ("_hidden", "_jumps")

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        self._hidden = set(keys)
        # From a hidden key to a later key of its kind below, None at the end; everything between them is hidden.
        self._jumps: dict[bytes, bytes | None] = {}

    def __contains__(self, key: bytes) -> bool:
        return key in self._hidden

    def hide(self, key: bytes) -> None:
        """Pass over the key from now on, whether or not it is below."""
        self._hidden.add(key)

    def show(self, key: bytes) -> None:
        """Pass over it no longer."""
        if key in self._hidden:
            self._hidden.remove(key)
            self._jumps.clear()

    def changed_below(self) -> None:
        """The state below has other keys than before: nothing that was remembered of it holds."""
        self._jumps.clear()

    def next_key(self, below: NextKey, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The smallest key of `below` that starts with `prefix`, is above `after` and is not hidden.

        Cost: one question to `below`, and one more for each hidden key on the way that nobody went over before.
        """
        found = below(prefix, after)
        if found is None or found not in self._hidden:
            return found
        kind = kind_prefix(prefix)
        passed: list[bytes] = []
        while found is not None and found in self._hidden and found.startswith(prefix):
            passed.append(found)
            found = self._jumps[found] if found in self._jumps else below(kind, found)
        for key in passed:
            self._jumps[key] = found
        return found if found is not None and found.startswith(prefix) else None

"""The newest values of records whose changes wait in the journal, laid over the table `state`.

Owns what a question has to know of the journal: for each key in it the newest value, and which keys the table has not
yet, or no longer. Never reads a store. One thread lays blocks on top, questions may come from any. Invariant: nothing
that is laid here is taken away again; where the journal is emptied, an empty layer takes this one's place, and whoever
still asks this one is told the same as the table says by then. Bounded as the journal is, see
`storage.record_journal`: what a step takes, and a group of writes more.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from contracts.ordered_keys import HiddenKeys, NextKey, OrderedKeys


class Span(NamedTuple):
    """The first and the last height whose changes are in a journal; rows of a height never change, so it names them."""

    first_height: int
    last_height: int


NOTHING = Span(0, 0)


class RecordLayer:
    """What the journal says; `newest` is the value of each key in it, None where the record was removed."""

    __slots__ = ("_created", "_lock", "_removed", "newest", "span")

    def __init__(self) -> None:
        self.newest: dict[bytes, bytes | None] = {}
        self.span = NOTHING
        # For what is more than one look-up; held for microseconds.
        self._lock = threading.Lock()
        self._created = OrderedKeys()
        self._removed = HiddenKeys()

    def lay(self, height: int, newest: Mapping[bytes, bytes | None], created: Sequence[bytes]) -> None:
        """Lay the changes of a block on top.

        Args:
            height: Above all that are here.
            newest: The values by key.
            created: Those of the keys that the state below did not have; more of them do no harm.
        """
        with self._lock:
            self.newest.update(newest)
            for key in created:
                self._created.add(key)
                self._removed.show(key)
            for key in [key for key, value in newest.items() if value is None]:
                self._created.discard(key)
                self._removed.hide(key)
            self.span = Span(self.span.first_height or height, height)

    def changes_at(self, span: Span) -> dict[bytes, bytes | None] | None:
        """All newest values as they were with the last of these heights; None where something came or went since.

        Cost: 0.2 ms for a full journal.
        """
        with self._lock:
            return dict(self.newest) if span == self.span else None

    def next_key(self, below: NextKey, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The smallest key that starts with `prefix`, a kind and more, and is above `after`; see `OrderedState`."""
        with self._lock:
            created = self._created.next_key(prefix, after)
            stored = self._removed.next_key(below, prefix, after)
        if created is None or stored is None:
            return stored if created is None else created
        return min(created, stored)


def laid_over(
    stored: Iterable[tuple[bytes, bytes]], changes: Mapping[bytes, bytes | None]
) -> Iterator[tuple[bytes, bytes]]:
    """Records by ascending key: those of the table, and the changes in the place of what they change.

    Args:
        stored: By ascending key.
        changes: Values by key, None for a record that was removed; none outside of what was asked for.
    """
    waiting = sorted(changes.items(), reverse=True)
    for key, value in stored:
        while waiting and waiting[-1][0] < key:
            yield from _present(waiting.pop())
        if waiting and waiting[-1][0] == key:
            yield from _present(waiting.pop())
        else:
            yield key, value
    while waiting:
        yield from _present(waiting.pop())


def _present(change: tuple[bytes, bytes | None]) -> Iterator[tuple[bytes, bytes]]:
    key, value = change
    if value is not None:
        yield key, value

"""Which rows may be sent now.

Owns the order: steps one after the other; within one, what writes the same record in the order of the rows, and what
needs a record after the row that makes it. Everything else may be under way at once. Never waits and never sends.
Invariants: a row is handed out once; what builds on a row that failed is held back and never handed out. Cost:
constant for each row and dependency.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple


class ScheduledRow(NamedTuple):
    """A row by its number in the schedule (any, but each once), the record it makes and those it needs (or empty)."""

    number: int
    makes: str
    needs: tuple[str, ...]


class Schedule:
    """All rows of an import that are to be sent."""

    def __init__(self, steps: Sequence[Sequence[ScheduledRow]]) -> None:
        self._steps = deque(steps)
        self._ready: deque[int] = deque()
        # Rows of the step in hand: how many others they wait for, and who waits for them.
        self._waits_for: dict[int, int] = {}
        self._waiters: dict[int, list[int]] = {}
        # Records that a row of an earlier step was to make and that are not there.
        self._lost: set[str] = set()
        self._makes: dict[int, str] = {}
        self._open: set[int] = set()
        self.held: list[int] = []
        self._advance()

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to hand out or to settle."""
        return not self._open and not self._steps

    def take(self, most: int) -> list[int]:
        """Up to `most` rows that may be sent; empty if what is under way has to be settled first."""
        return [self._ready.popleft() for _ in range(min(most, len(self._ready)))]

    def settle(self, number: int, *, holds: bool) -> None:
        """A row that was handed out is decided; `holds` says that others may build on it."""
        if not holds:
            self._lose(number)
        else:
            for waiter in self._close(number):
                self._waits_for[waiter] -= 1
                if self._waits_for[waiter] == 0 and waiter in self._open:
                    self._ready.append(waiter)
        if not self._open:
            self._advance()

    def _lose(self, number: int) -> None:
        """Hold back whatever builds on this row, however far."""
        lost = [number]
        while lost:
            one = lost.pop()
            makes = self._makes.get(one, "")
            if makes:
                self._lost.add(makes)
            for waiter in self._close(one):
                if waiter in self._open:
                    self._open.discard(waiter)
                    self.held.append(waiter)
                    lost.append(waiter)

    def _close(self, number: int) -> list[int]:
        self._open.discard(number)
        return self._waiters.pop(number, [])

    def _advance(self) -> None:
        """Take up the next step that has something to send."""
        while not self._open and self._steps:
            self._take_up(self._steps.popleft())

    def _take_up(self, rows: Sequence[ScheduledRow]) -> None:
        last_maker: dict[str, int] = {}
        self._waits_for, self._waiters, self._makes = {}, {}, {}
        self._open = {row.number for row in rows}
        for row in rows:
            records = {*row.needs, *((row.makes,) if row.makes else ())}
            self._makes[row.number] = row.makes
            if records & self._lost:
                self._open.discard(row.number)
                self.held.append(row.number)
                if row.makes:
                    self._lost.add(row.makes)
                continue
            before = {last_maker[record] for record in records if record in last_maker}
            self._waits_for[row.number] = len(before)
            for one in before:
                self._waiters.setdefault(one, []).append(row.number)
            if not before:
                self._ready.append(row.number)
            if row.makes:
                last_maker[row.makes] = row.number

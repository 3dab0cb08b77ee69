"""What clients of a real network asked and were told, and when: a history that can be judged."""

import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from simulator.checkers.append_list import AppendList
from simulator.checkers.history import Operation, explain


class NeverHappenedError(Exception):
    """The operation was refused: it has no effect and never will."""


class NobodyKnowsError(Exception):
    """No answer came: the operation may have taken effect, may yet, or never will."""


@dataclass
class Call:
    """One operation under way; the caller puts its answer here."""

    key: str
    kind: str
    argument: Hashable
    began_ns: int
    ended_ns: int | None = None
    result: Hashable = 0

    def operation(self) -> Operation:
        return Operation(self.kind, self.argument, self.began_ns, self.ended_ns, self.result)


class RecordedHistory:
    """Collects operations on lists, each list under its key, from any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    @contextmanager
    def call(self, key: str, kind: str, argument: Hashable = 0) -> Iterator[Call]:
        """Time an operation: what `result` holds at the end is the answer, `NeverHappenedError` takes it out again,
        after `NobodyKnowsError` it stays open. Any other error is raised on."""
        call = Call(key, kind, argument, time.monotonic_ns())
        with self._lock:
            self._calls.append(call)
        try:
            yield call
            call.ended_ns = time.monotonic_ns()
        except NeverHappenedError:
            with self._lock:
                self._calls = [one for one in self._calls if one is not call]
        except NobodyKnowsError:
            pass

    def by_key(self) -> dict[str, list[Operation]]:
        """All operations."""
        found: dict[str, list[Operation]] = {}
        with self._lock:
            for one in self._calls:
                found.setdefault(one.key, []).append(one.operation())
        return found

    def counts(self) -> tuple[int, int]:
        """How many operations were answered, and how many are open."""
        answered = sum(one.ended_ns is not None for one in self._calls)
        return answered, len(self._calls) - answered

    def check(self) -> None:
        """Fail unless each list's operations can have happened one after the other."""
        for key, operations in self.by_key().items():
            verdict = explain(operations, AppendList.of(operations))
            if not verdict.holds:
                what = "are too tangled to be judged" if verdict.holds is None else "have no order that explains them"
                told = "\n".join(map(str, sorted(operations, key=lambda one: one.began)))
                raise AssertionError(f"{key}: the operations {what}, none gets past {verdict.blocked}:\n{told}")

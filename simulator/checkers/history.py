"""Is there an order of all operations that explains what everybody was told? The search, for any small object.

Owns the search of Wing and Gong (1993), with Lowe's memory of what was tried (2017). Knows the object only as a model.
An operation takes effect at one moment between its beginning and its end; one without an end may take effect at any
time after its beginning, or never. Bounded: `STEPS_MAX` steps, after which the answer is "undecided".
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

# Some hundred operations with a few at a time need some thousand; what needs more is badly tangled.
STEPS_MAX = 200_000
# Kinds of operations that change nothing: without an answer they say nothing.
ASKING = frozenset(("read", "count"))


@dataclass(frozen=True, slots=True)
class Operation:
    """One call: `ended` is None and `result` without meaning where no answer came.

    Times are any numbers that rise; two operations overlap unless one ended before the other began. What an operation
    is asked for and answers is between it and the model; an operation that only asks is a `read` or `count`.
    """

    kind: str
    argument: Hashable
    began: int
    ended: int | None
    result: Hashable = 0


class Model(Protocol):
    """A small object: its state and what an operation does to it."""

    def first(self) -> Hashable:
        """The state before all operations."""

    def after(self, state: Hashable, operation: Operation) -> Hashable | None:
        """The state after the operation; None if it would have answered something else."""


class Register:
    """`write` puts its argument, `read` answers the newest one; 0 at first."""

    def first(self) -> Hashable:
        """Nothing written."""
        return 0

    def after(self, state: Hashable, operation: Operation) -> Hashable | None:
        """Write, or compare what was read."""
        if operation.kind == "write":
            return operation.argument
        return state if operation.ended is None or operation.result == state else None


class Counter:
    """`post` adds one and answers the new count, `read` answers the count; 0 at first."""

    def first(self) -> Hashable:
        """Nothing posted."""
        return 0

    def after(self, state: Hashable, operation: Operation) -> Hashable | None:
        """Add, or compare what was read."""
        assert isinstance(state, int), "a count is a number"
        new = state + 1 if operation.kind == "post" else state
        return new if operation.ended is None or operation.result == new else None


class Verdict:
    """What the search found; `steps` it took."""

    def __init__(self, holds: bool | None, steps: int, blocked: Operation | None) -> None:
        # None where the search was given up.
        self.holds = holds
        self.steps = steps
        self.blocked = blocked


def explain(operations: Sequence[Operation], model: Model, steps_max: int = STEPS_MAX) -> Verdict:
    """Whether the operations can have happened one after the other.

    Reads without an answer say nothing and are left out. Of open operations of one kind and argument only the one that
    began first is tried: they are interchangeable.

    Cost: linear for a history without much overlap; exponential in the operations under way at one time.
    """
    closed = sorted((one for one in operations if one.ended is not None), key=lambda one: one.began)
    opened = sorted(
        (one for one in operations if one.ended is None and one.kind not in ASKING), key=lambda one: one.began
    )
    # Where the search stands: so many closed ones from the front are done, these beyond them, these open ones.
    start: _Place = (0, frozenset(), frozenset(), model.first())
    tried = {start}
    stack = [start]
    steps, furthest = 0, 0
    while stack:
        front, beyond, used, state = stack.pop()
        furthest = max(furthest, front)
        if front == len(closed):
            return Verdict(True, steps, None)
        first_end, next_closed = _next_closed(closed, front, beyond)
        following: list[_Place] = []
        for index in next_closed:
            new = model.after(state, closed[index])
            if new is not None:
                following.append((*_done(front, beyond, index), used, new))
        for index in _next_open(opened, used, first_end):
            new = model.after(state, opened[index])
            # One that would change nothing may as well never have happened.
            if new is not None and new != state:
                following.append((front, beyond, used | {index}, new))
        steps += 1 + len(following)
        # The last one is tried first: closed operations in the order of their beginnings, open ones after them.
        fresh = [place for place in reversed(following) if place not in tried]
        tried.update(fresh)
        stack.extend(fresh)
        if steps > steps_max:
            return Verdict(None, steps, None)
    return Verdict(False, steps, closed[furthest] if furthest < len(closed) else None)


_Place = tuple[int, frozenset[int], frozenset[int], Hashable]


def _next_closed(closed: Sequence[Operation], front: int, beyond: frozenset[int]) -> tuple[int, list[int]]:
    """Closed operations that may come next, none that is not done having ended before; and the first end of them."""
    found: list[int] = []
    first_end: int | None = None
    for index in range(front, len(closed)):
        one = closed[index]
        if first_end is not None and one.began > first_end:
            break
        if index not in beyond:
            assert one.ended is not None, "these are the closed ones"
            first_end = one.ended if first_end is None else min(first_end, one.ended)
            found.append(index)
    assert first_end is not None, "the one at the front is not done"
    return first_end, [index for index in found if closed[index].began <= first_end]


def _next_open(opened: Sequence[Operation], used: frozenset[int], first_end: int) -> list[int]:
    """Of each sort of open operations that began by then, the first that is not used."""
    found: dict[tuple[str, Hashable], int] = {}
    for index, one in enumerate(opened):
        if one.began > first_end:
            break
        if index not in used:
            found.setdefault((one.kind, one.argument), index)
    return list(found.values())


def _done(front: int, beyond: frozenset[int], index: int) -> tuple[int, frozenset[int]]:
    done = beyond | {index}
    while front in done:
        done -= {front}
        front += 1
    return front, done

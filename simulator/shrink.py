"""Making a failing list of faults short: delta debugging.

Owns the search (Zeller and Hildebrandt 2002, "ddmin"), nothing of what a failure is. Bounded by a number of runs; what
it has by then is as good a failure as the first one, only longer. Deterministic.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

_Item = TypeVar("_Item")


def shrink(
    items: Sequence[_Item], fails: Callable[[tuple[_Item, ...]], bool], runs_max: int
) -> tuple[tuple[_Item, ...], int]:
    """A part of `items`, in their order, with which it still fails; and how many runs that took.

    Args:
        items: With all of them it fails.
        fails: Runs with some of them.
        runs_max: Called at most so often.

    Where `runs_max` is enough, leaving out any single one of the result makes the failure go away.
    """
    left = tuple(items)
    parts = 2
    runs = 0
    if left and runs_max > 0:
        runs += 1
        if fails(()):
            return (), runs
    while len(left) >= 2 and runs < runs_max:
        smaller = None
        for start, stop in _spans(len(left), parts):
            rest = left[:start] + left[stop:]
            runs += 1
            if fails(rest):
                smaller = rest
                break
            if runs >= runs_max:
                break
        if smaller is not None:
            left = smaller
            parts = max(parts - 1, 2)
        elif parts >= len(left):
            break
        else:
            parts = min(parts * 2, len(left))
    return left, runs


def _spans(length: int, parts: int) -> list[tuple[int, int]]:
    edges = [length * part // parts for part in range(parts + 1)]
    return [(start, stop) for start, stop in pairwise(edges) if start < stop]

"""Cutting a group of writes after the execution of one height, so that the store stands there for a moment. Pure.

Owns the cut. Both parts are whole writes: the store stands between them where a node that ended just then would go on
from. Source: docs/reference/storage.md, "Snapshots".
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from storage.interface import WriteBatch


class ExecutedHeight(NamedTuple):
    """A height that is executed, and the log's size after it."""

    height: int
    tree_size: int


def executed_heights(batches: Sequence[WriteBatch]) -> list[ExecutedHeight]:
    """The heights that a group of writes executes, ascending."""
    return [ExecutedHeight(one.height, one.tree_size) for batch in batches for one in batch.executions]


def cut_after(batches: Sequence[WriteBatch], height: int) -> tuple[list[WriteBatch], list[WriteBatch]]:
    """The writes up to the execution of `height`, which is one of theirs, and the rest, which may be nothing."""
    for number, batch in enumerate(batches):
        heights = [one.height for one in batch.executions]
        if height not in heights:
            continue
        count = heights.index(height) + 1
        first = [*batches[:number], replace(batch, executions=batch.executions[:count])]
        rest = [WriteBatch(executions=batch.executions[count:])] if batch.executions[count:] else []
        return first, [*rest, *batches[number + 1 :]]
    raise AssertionError("the height is executed by one of the writes")

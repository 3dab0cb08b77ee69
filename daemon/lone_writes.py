"""Which writes are made where the node stands, without a thread. Pure.

Owns what is small, and whether the disk has been quick of late. A thread that is woken for one flush, and wakes the
event loop afterwards, takes several times the flush where the processor is shared; but on a slow disk the node would
stand still for as long as the flush takes. It takes `QUICK_SECONDS_MAX` as a rule; a disk that becomes slow, or stalls
now and then, is met once here, and then `QUICK_COUNT` times by the thread before it is trusted again.
"""

from collections import deque
from collections.abc import Sequence

from storage.interface import WriteBatch

ENTRY_COUNT_MAX = 8
CHANGE_COUNT_MAX = 64
SIZE_BYTES_MAX = 32 * 1024
# Two flushes of a solid-state disk; a spinning one and a memory card take longer.
QUICK_SECONDS_MAX = 0.004
QUICK_COUNT = 16


class LoneWrites:
    """What small writes have taken of late."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=QUICK_COUNT)

    def took(self, seconds: float) -> None:
        """A small write was made, wherever."""
        self._seconds.append(seconds)

    @property
    def are_quick(self) -> bool:
        """Whether the next one will be, as far as one can know."""
        return len(self._seconds) == QUICK_COUNT and max(self._seconds) <= QUICK_SECONDS_MAX


def is_small(batches: Sequence[WriteBatch]) -> bool:
    """Whether a group of writes is that of a transaction or a few, timers and all; 5 µs where it is."""
    if any(batch.drop_blocks_from is not None for batch in batches):
        return False
    executions = [execution for batch in batches for execution in batch.executions]
    entries = [entry for batch in batches for block in batch.blocks for entry in block.entries]
    values = [payload.value for batch in batches for payload in batch.payloads]
    changed = [change.new for execution in executions for change in execution.changes]
    leaves = [leaf for execution in executions for leaf in execution.effects]
    leaves += [result.leaf for execution in executions for result in execution.results]
    if max(len(entries) + len(values), len(leaves)) > ENTRY_COUNT_MAX or len(changed) > CHANGE_COUNT_MAX:
        return False
    return sum(len(one) for one in (*entries, *values, *leaves, *filter(None, changed))) <= SIZE_BYTES_MAX

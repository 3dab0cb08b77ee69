"""How fast this machine works: microseconds for a unit of work, learnt from what steps have taken. Pure.

Owns one number. Never reads a clock: whoever runs the node measures, and tells. Without that (in the simulator) a unit
takes a microsecond. Invariant: the number stays within what any machine can be.
Source: docs/adr/0037-work-of-blocks.md.
"""

# What a leader puts into a block: a quarter of the least time after which one that says nothing is given up. That is
# room for another block under way, for an estimate that is wrong by as much again, and for writing it all.
BLOCK_WORK_MS_MAX = 250
# Below this a step's time is that of everything else in it.
WORTH_TIMING = 10_000
# In 1024ths of a microsecond: from a machine eight times as fast as the one of the weights to one 64 times as slow.
_UNIT = 1024
_LEAST, _MOST = _UNIT // 8, _UNIT * 64
# Up quickly, down slowly: a machine that is busy with other things is slow now.
_UP_SHIFT = 2
_DOWN_SHIFT = 4


class Pace:
    """The machine's pace."""

    __slots__ = ("_level",)

    def __init__(self) -> None:
        self._level = _UNIT

    def learn(self, work: int, elapsed_us: int) -> None:
        """A step did so many units of work in so much time; too little work says nothing."""
        if work < WORTH_TIMING:
            return
        change = min(max(elapsed_us * _UNIT // work, _LEAST), _MOST) - self._level
        self._level += change >> _UP_SHIFT if change > 0 else change >> _DOWN_SHIFT

    def units_in(self, milliseconds: int) -> int:
        """How many units of work this machine does in that time."""
        return milliseconds * 1000 * _UNIT // self._level

"""How much work a leader puts into its blocks, so that no voter is busy with one of them for long. Pure.

Owns the budget of the next block and what this node knows about work: what kinds of transactions have cost, and how
fast the machine is. Never refuses a block of anybody else's: this is a leader's choice and no rule of validity
(docs/protocol.md, section 5).

Bounds: one block has at most `block_work_ms_max` of this machine's time by the estimates, or a single transaction; on
top of blocks that are not executed another one is built only while these have at most one block's worth together, as
one certificate commits, and one step of the node executes, all of them.
Source: docs/adr/0037-work-of-blocks.md.
"""

from collections.abc import Iterable

from contracts.registry import Registry
from daemon.block_builder import BuiltBlock
from daemon.chain import ExecutedBlock
from daemon.effects import Worked
from daemon.pace import WORTH_TIMING, Pace
from daemon.work_memory import WorkMemory
from ledger.hashing import Hash
from ledger.transaction import Transaction


class BlockRoom:
    """The work that the next block may still take."""

    __slots__ = ("_memory", "_units_max", "used")

    def __init__(self, memory: WorkMemory, units_max: int) -> None:
        self._memory = memory
        self._units_max = units_max
        self.used = 0

    def work_of(self, transaction: Transaction) -> int | None:
        """The estimate for one that there is room for; None where there is none. The first one always has room."""
        if self.used >= self._units_max:
            return None
        work = self._memory.estimate(transaction)
        return work if not self.used or self.used + work <= self._units_max else None


class Filling:
    """What one node knows of work, and how it fills blocks when it leads."""

    def __init__(self, registry: Registry, block_work_ms_max: int) -> None:
        self._memory = WorkMemory(registry)
        self._pace = Pace()
        self._block_work_ms_max = block_work_ms_max
        # The estimates for blocks that are not executed, by their hashes; bounded by the window.
        self._under_way: dict[Hash, int] = {}
        self._worked = 0

    def room(self, unexecuted: Iterable[BuiltBlock]) -> BlockRoom | None:
        """The room of a block on top of these; None while they are enough."""
        units_max = self._pace.units_in(self._block_work_ms_max)
        known = self._under_way
        self._under_way = {}
        for block in unexecuted:
            work = known.get(block.header.hash)
            if work is None:
                work = sum(map(self._memory.estimate, block.transactions))
            self._under_way[block.header.hash] = work
        if sum(self._under_way.values()) > units_max:
            return None
        return BlockRoom(self._memory, units_max)

    def built(self, block: BuiltBlock, room: BlockRoom) -> None:
        """The block was made of what `room` had room for."""
        self._under_way[block.header.hash] = room.used

    def executed(self, executed: ExecutedBlock) -> None:
        """Learn what the block's transactions have cost."""
        self._memory.learn(executed.block.transactions, executed.works)
        self._worked += executed.timer_work + sum(executed.works)

    def take_worked(self) -> list[Worked]:
        """What was done since the last time, where it is worth timing."""
        worked, self._worked = self._worked, 0
        return [Worked(worked)] if worked >= WORTH_TIMING else []

    def timed(self, work: int, elapsed_us: int) -> None:
        """So much work took the machine so long."""
        self._pace.learn(work, elapsed_us)

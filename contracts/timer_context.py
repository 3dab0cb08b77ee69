"""What a timer's function sees and may do: a run that nobody signed.

Owns what a due timer has beyond any other run. It has no sender and no signers, so no function that asks for them takes
it: what a timer may do was decided when it was set. Source: docs/reference/contracts.md, "Timers".
"""

from contracts.block_facts import BlockFacts
from contracts.contract import Contract
from contracts.run_context import RunContext


class TimerContext(RunContext):
    """One timer under way. `timer_id` is its id; `due_ms` when it was due, at or before `time_ms`, the block's time."""

    __slots__ = ("due_ms", "timer_id")

    def __init__(self, block: BlockFacts, contract: Contract, timer_id: str, due_ms: int) -> None:
        """A timer of `contract`."""
        super().__init__(block, contract, timer_id.encode("ascii"))
        self.timer_id = timer_id
        self.due_ms = due_ms

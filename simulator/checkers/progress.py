"""Rule: progress resumes within a stated time after the last fault, and everybody catches up.

A transaction that was handed in after the faults is committed by then, and from then on no such time goes by without
one; at the end every node runs and has executed what was told `CATCH_UP_US` before. Judged only where the run is long
enough after its faults.
"""

from typing import Any, ClassVar

from simulator.observation import Acknowledged, BlockTold, CalmBegan, NodeAtEnd
from simulator.schedule import SECOND_US

# Neighbours compare heads every second or so, and ask one question at a time.
CATCH_UP_US = 10 * SECOND_US


class Progress:
    """Remembers when calm began, when the first transaction after it was committed, and how far the ledger was."""

    RULE: ClassVar[str] = "progress resumes"
    KINDS: ClassVar[tuple[type, ...]] = (Acknowledged, BlockTold, CalmBegan, NodeAtEnd)

    def __init__(self) -> None:
        self._calm: CalmBegan | None = None
        self._resumed_us: int | None = None
        self._newest_us = 0
        self._longest_us = 0
        self._told: list[tuple[int, int]] = []
        self._at_end: list[NodeAtEnd] = []

    def see(self, observation: Any) -> str | None:
        """Follow what is told and committed."""
        match observation:
            case CalmBegan():
                self._calm = observation
            case Acknowledged() if self._calm is not None:
                self._acknowledged(observation, self._calm)
            case BlockTold() if not self._told or observation.height > self._told[-1][1]:
                self._told.append((observation.time_us, observation.height))
            case NodeAtEnd():
                self._at_end.append(observation)
            case _:
                pass
        return None

    def _acknowledged(self, told: Acknowledged, calm: CalmBegan) -> None:
        if self._resumed_us is None:
            if told.submitted_us < calm.time_us:
                return
            self._resumed_us = told.time_us
        else:
            self._longest_us = max(self._longest_us, told.time_us - self._newest_us)
        self._newest_us = told.time_us

    def end(self, time_us: int) -> str | None:
        """Compare with the time that was stated."""
        calm = self._calm
        if calm is None or not calm.until_us:
            return None
        if self._resumed_us is None or self._resumed_us > calm.until_us:
            when = "none was by the end" if self._resumed_us is None else f"it took until {self._resumed_us // 1000} ms"
            return (
                f"the last fault ended at {calm.time_us // 1000} ms, a new transaction had to be committed by"
                f" {calm.until_us // 1000} ms: {when}"
            )
        longest_us = max(self._longest_us, time_us - self._newest_us)
        if longest_us > calm.until_us - calm.time_us:
            return f"for {longest_us // 1000} ms without faults, no transaction was committed"
        if time_us - calm.time_us < CATCH_UP_US:
            return None
        known = max((height for when_us, height in self._told if when_us <= time_us - CATCH_UP_US), default=0)
        for node in self._at_end:
            if not node.running:
                return f"node {node.node} does not run at the end, although the faults are over"
            if node.executed_height < known:
                return f"node {node.node} ends at height {node.executed_height}, {known} was told long before"
        return None

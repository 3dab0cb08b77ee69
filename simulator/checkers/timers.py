"""Rule: a timer runs once, in the same block on every node, never before its time, and in the order of times.

Source: docs/protocol.md, section 4, "Timers".
"""

from typing import Any, ClassVar

from contracts.limits import TIMERS_PER_BLOCK_MAX
from contracts.timer_effect import TimerEffect
from ledger.block import Header
from simulator.observation import BatchDurable, DatabaseReplaced


class Timers:
    """Remembers what the timers of each height did, and which timer ran where."""

    RULE: ClassVar[str] = "each timer once and in time"
    KINDS: ClassVar[tuple[type, ...]] = (BatchDurable, DatabaseReplaced)

    def __init__(self) -> None:
        self._did: dict[int, tuple[bytes, ...]] = {}
        self._ran: dict[str, int] = {}
        # The headers of each node's blocks that are not executed; those of a database that was put in place are not
        # known, and the times of such blocks are judged on another node.
        self._headers: dict[int, dict[int, bytes]] = {}

    def see(self, observation: Any) -> str | None:
        """Compare a write's effects with those of the others, and with the time of their block."""
        if isinstance(observation, DatabaseReplaced):
            self._headers.pop(observation.node, None)
            return None
        headers = self._headers.setdefault(observation.node, {})
        headers.update((block.header.height, block.header.header) for block in observation.batch.blocks)
        for execution in observation.batch.executions:
            header = headers.pop(execution.height, None)
            found = execution.effects
            before = self._did.setdefault(execution.height, found)
            if before != found:
                return (
                    f"node {observation.node} says of {len(found)} timers what they did at height {execution.height},"
                    f" others said otherwise, of {len(before)}"
                )
            effects = [TimerEffect.decode(leaf) for leaf in found]
            fault = self._fault(execution.height, effects, header) if effects else None
            if fault is not None:
                return f"node {observation.node} executed height {execution.height}: {fault}"
        return None

    def end(self, time_us: int) -> str | None:
        """Nothing is left to say."""
        return None

    def _fault(self, height: int, effects: list[TimerEffect], header: bytes | None) -> str | None:
        ids = [effect.timer_id for effect in effects]
        if ids != sorted(set(ids)) or [effect.number for effect in effects] != list(range(1, len(effects) + 1)):
            return "its timers are not in order"
        if len(effects) > TIMERS_PER_BLOCK_MAX:
            return f"it ran {len(effects)} timers"
        for timer_id in ids:
            ran = self._ran.setdefault(timer_id, height)
            if ran != height:
                return f"the timer {timer_id} ran at height {ran} before"
            if header is not None and int(timer_id.partition("/")[0]) > Header.decode(header).time_ms:
                return f"the timer {timer_id} ran before its time"
        return None

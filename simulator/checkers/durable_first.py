"""Rule: what is told is on the disk of whoever tells it.

Source: docs/adr/0011-pure-node-and-effects.md, "Told means on disk, executed".
"""

from typing import Any, ClassVar

from simulator.observation import BatchDurable, BlockTold, DatabaseReplaced, NodeStarted


class DurableFirst:
    """Remembers how far each node's disk is."""

    RULE: ClassVar[str] = "durable before told"
    KINDS: ClassVar[tuple[type, ...]] = (BatchDurable, BlockTold, NodeStarted, DatabaseReplaced)

    def __init__(self) -> None:
        self._executed: dict[int, int] = {}

    def see(self, observation: Any) -> str | None:
        """Follow the disks; compare what is told."""
        node = observation.node
        match observation:
            case NodeStarted():
                self._executed[node] = observation.executed_height
            case DatabaseReplaced():
                self._executed.pop(node, None)
            case BatchDurable() if observation.batch.executions:
                self._executed[node] = observation.batch.executions[-1].height
            case BlockTold() if observation.height > self._executed.get(node, 0):
                return (
                    f"node {node} told of block {observation.height}, its disk has only executed"
                    f" {self._executed.get(node, 0)}"
                )
            case _:
                pass
        return None

    def end(self, time_us: int) -> str | None:
        """Nothing is left to say."""
        return None
